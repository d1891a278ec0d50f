using Microsoft.Extensions.Options;

namespace Roomcast.Livestreams.Ingest;

/// <summary>What encoders may do, and for how long they may do nothing.</summary>
public sealed class IngestOptions
{
    /// <summary>RTMP and RTMPS connections at once; 1 to 100,000; default 2,000.</summary>
    public int MaxConnections { get; set; } = 2_000;

    /// <summary>Of these, connections of one address (an IPv6 /64 counts as one); 1 to 100,000; default 200.</summary>
    public int MaxConnectionsPerAddress { get; set; } = 200;

    /// <summary>Of these, connections of one address that publish nothing yet; 1 to 10,000; default 32.</summary>
    public int MaxPendingPerAddress { get; set; } = 32;

    /// <summary>Longest an encoder may take for the handshake, TLS counted separately; 1 s to 60 s; default 5 s.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest it may then take until it asks to publish; 1 s to 60 s; default 10 s.</summary>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest the question whether it may publish may take; 1 s to 60 s; default 5 s.</summary>
    public TimeSpan AdmissionTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A publisher from which no byte comes for this long is disconnected; 5 s to 10 min; default 20 s.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Longest one may send over this and more than <see cref="MaxBitrateBps"/> before it is disconnected; 1 s to 60 s; default 10 s.
    /// </summary>
    public TimeSpan BitrateWindow { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Bits per second that one publisher may send, averaged over <see cref="BitrateWindow"/>; 100,000 to 1,000,000,000; default 60,000,000.</summary>
    public long MaxBitrateBps { get; set; } = 60_000_000;

    /// <summary>
    /// Bytes of one frame at most; 256 KiB to 15 MiB; default 8 MiB. A keyframe of 8 MiB is more than a second of 60 Mbit/s.
    /// </summary>
    public int MaxFrameBytes { get; set; } = 8 << 20;

    /// <summary>
    /// How long to wait for both sound and picture before going on air with what there is; 0 s to 10 s; default 1.5 s. Streams
    /// that have both start as soon as both are there.
    /// </summary>
    public TimeSpan ProbeTime { get; set; } = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// A track that falls silent for this long while the other goes on is taken out, and put back when it returns;
    /// 2 s to 10 min; default 10 s.
    /// </summary>
    public TimeSpan TrackSilence { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A step of the encoder's clock beyond this is a jump: the program goes on from now, after a discontinuity; 500 ms to 60 s;
    /// default 3 s. Backwards, 500 ms is the limit.
    /// </summary>
    public TimeSpan MaxClockStep { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How often what encoders have sent is fetched; 5 ms to 100 ms; default 20 ms. Half of it is latency on the average; a
    /// publisher costs the less the longer it is.
    /// </summary>
    public TimeSpan ReceiveInterval { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How long the last words to an encoder are given to arrive before its connection is closed; 100 ms to 10 s; default 2 s.</summary>
    public TimeSpan CloseLinger { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>Checks <see cref="IngestOptions"/>.</summary>
public sealed class IngestOptionsValidator : IValidateOptions<IngestOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, IngestOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        CheckCount(options.MaxConnections, 1, 100_000, nameof(options.MaxConnections));
        CheckCount(options.MaxConnectionsPerAddress, 1, 100_000, nameof(options.MaxConnectionsPerAddress));
        CheckCount(options.MaxPendingPerAddress, 1, 10_000, nameof(options.MaxPendingPerAddress));
        CheckCount(options.MaxBitrateBps, 100_000, 1_000_000_000, nameof(options.MaxBitrateBps));
        CheckCount(options.MaxFrameBytes, 256 << 10, 15 << 20, nameof(options.MaxFrameBytes));
        CheckTime(options.HandshakeTimeout, 1, 60, nameof(options.HandshakeTimeout));
        CheckTime(options.PublishTimeout, 1, 60, nameof(options.PublishTimeout));
        CheckTime(options.AdmissionTimeout, 1, 60, nameof(options.AdmissionTimeout));
        CheckTime(options.IdleTimeout, 5, 600, nameof(options.IdleTimeout));
        CheckTime(options.BitrateWindow, 1, 60, nameof(options.BitrateWindow));
        CheckTime(options.ProbeTime, 0, 10, nameof(options.ProbeTime));
        CheckTime(options.TrackSilence, 2, 600, nameof(options.TrackSilence));
        CheckTime(options.MaxClockStep, 0.5, 60, nameof(options.MaxClockStep));
        CheckTime(options.ReceiveInterval, 0.005, 0.1, nameof(options.ReceiveInterval));
        CheckTime(options.CloseLinger, 0.1, 10, nameof(options.CloseLinger));
        return result.Build();

        void CheckCount(long value, long least, long most, string property)
        {
            if (value < least || value > most)
            {
                result.AddError($"{value} is outside {least} to {most}.", property);
            }
        }

        void CheckTime(TimeSpan value, double leastSeconds, double mostSeconds, string property)
        {
            if (value.TotalSeconds < leastSeconds || value.TotalSeconds > mostSeconds)
            {
                result.AddError($"{value.TotalSeconds} s is outside {leastSeconds} s to {mostSeconds} s.", property);
            }
        }
    }
}
