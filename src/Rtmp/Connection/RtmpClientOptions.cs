using Roomcast.Rtmp.Handshake;

namespace Roomcast.Rtmp.Connection;

/// <summary>How a client speaks.</summary>
public sealed record RtmpClientOptions
{
    /// <summary>What the client calls itself.</summary>
    public string Encoder { get; init; } = "FMLE/3.0 (compatible; Roomcast)";

    /// <summary>How the handshake begins.</summary>
    public RtmpHandshakeForm Handshake { get; init; } = RtmpHandshakeForm.Simple;

    /// <summary>Largest body of a chunk it sends, 128 to 65,536 bytes; default 4,096.</summary>
    public int ChunkSize { get; init; } = 4_096;

    /// <summary>Whether continued chunks repeat an extended timestamp, as the specification says; old encoders do not.</summary>
    public bool RepeatsExtendedTimestamp { get; init; } = true;

    /// <summary>Whether connect tells of Enhanced RTMP.</summary>
    public bool IsEnhanced { get; init; } = true;

    /// <summary>
    /// After how many bytes the server is asked to acknowledge what it has received; default 0: as the server proposes. Some
    /// acknowledge nothing whatever they are asked.
    /// </summary>
    public int AcknowledgementWindowBytes { get; init; }
}
