namespace Roomcast.Hls;

/// <summary>How a livestream is cut into parts and segments for HLS viewers, and how much of it is kept.</summary>
/// <remarks>Immutable for the life of an <see cref="HlsStream"/>; check it with <see cref="Validate"/> before use.</remarks>
public sealed record HlsOptions
{
    /// <summary>Segments whose parts are listed besides the open one, at least; parts within three target durations always are.</summary>
    internal const int PartListingDepth = 3;

    /// <summary>CAN-SKIP-UNTIL and the part listing, in target durations (rfc8216bis 4.4.3.8 and 6.2.2).</summary>
    internal const int SkipUntilTargets = 6;

    /// <summary>
    /// Length a segment aims at: it ends at the first keyframe at or after it. 1 s to 10 s; default 2 s. Encoders should
    /// send a keyframe each 2 s.
    /// </summary>
    public TimeSpan SegmentTarget { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Longest a part may be. 200 ms to 1 s; default 500 ms. Viewers in low-latency mode stay three of these behind.
    /// A source whose frames are longer, or do not fit well, gets a longer or shorter one, chosen before the first playlist.
    /// </summary>
    public TimeSpan PartTarget { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How far back a playlist reaches. 10 s to 12 h; default 60 s. Never shorter than three target durations. What
    /// leaves the playlist can still be fetched for about as long again (rfc8216bis 6.2.2).
    /// </summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Memory that one livestream may hold in media, in bytes. 1 MiB or more; default 64 MiB. Older segments go to
    /// <see cref="Packaging.ISegmentSpill"/>; without one, or when it refuses, the window gets shorter instead.
    /// </summary>
    public long MaxBytesInMemory { get; init; } = 64L << 20;

    /// <summary>
    /// The media sequence number of the first segment, 0 or more; default 0. Delivery begins at 1: hls.js 1.7.4 takes the
    /// number 0 for none in its tracking of parts, and loads a first segment again and again that ends a frame early.
    /// </summary>
    public long FirstMediaSequence { get; init; }

    /// <summary>Says everything that is wrong with the values, one sentence each; empty when all is well.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        Check(nameof(SegmentTarget), SegmentTarget, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        Check(nameof(PartTarget), PartTarget, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1));
        Check(nameof(Window), Window, TimeSpan.FromSeconds(10), TimeSpan.FromHours(12));
        if (PartTarget * 2 > SegmentTarget)
        {
            faults.Add($"{nameof(PartTarget)} is {Text(PartTarget)}: more than half of {nameof(SegmentTarget)}, {Text(SegmentTarget)}.");
        }

        if (MaxBytesInMemory < 1 << 20)
        {
            faults.Add($"{nameof(MaxBytesInMemory)} is {MaxBytesInMemory}: it must be at least 1048576 bytes.");
        }

        return faults;

        void Check(string name, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                faults.Add($"{name} is {Text(value)}: it must be {Text(least)} to {Text(most)}.");
            }
        }
    }

    private static string Text(TimeSpan value) => FormattableString.Invariant($"{value.TotalSeconds:0.###} s");
}
