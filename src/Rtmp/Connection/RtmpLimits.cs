namespace Roomcast.Rtmp.Connection;

/// <summary>What one peer may make an engine hold. Beyond any of these the connection ends.</summary>
public sealed record RtmpLimits
{
    /// <summary>
    /// Bytes of one message once a publish was accepted; default 8 MiB, at most 16,777,215, which is what the format can say.
    /// A keyframe of 8 MiB is far above what a stream of 50 Mbit/s sends.
    /// </summary>
    public int MaxMessageBytes { get; init; } = 8 << 20;

    /// <summary>Bytes of one message before that, when only commands are due; default 64 KiB.</summary>
    public int MaxCommandBytes { get; init; } = 64 << 10;

    /// <summary>
    /// Bytes in unfinished messages of all chunk streams together, by their announced lengths, once a publish was accepted; default 16 MiB.
    /// Before that it is twice <see cref="MaxCommandBytes"/>.
    /// </summary>
    public int MaxBufferedBytes { get; init; } = 16 << 20;

    /// <summary>Chunk streams in use; default 64. Encoders use three to six.</summary>
    public int MaxChunkStreams { get; init; } = 64;

    /// <summary>Message streams that createStream hands out; default 8. Encoders use one.</summary>
    public int MaxMessageStreams { get; init; } = 8;
}
