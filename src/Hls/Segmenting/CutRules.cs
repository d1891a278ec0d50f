namespace Roomcast.Hls.Segmenting;

/// <summary>The lengths by which a rendition is cut, in units of <see cref="HlsClock"/>.</summary>
/// <param name="PartTarget">No part is longer.</param>
/// <param name="SegmentTarget">A segment ends at the first keyframe at or after it.</param>
/// <param name="SegmentMost">No segment is longer: its length would round to more than EXT-X-TARGETDURATION.</param>
/// <param name="StallLimit">A track this far behind another no longer decides where to cut.</param>
internal sealed record CutRules(long PartTarget, long SegmentTarget, long SegmentMost, long StallLimit)
{
    /// <summary>A part that is not the last of its segment is at least 85 % of the target (rfc8216bis 4.4.4.9).</summary>
    public long PartLeast { get; } = ((PartTarget * 85) + 99) / 100;

    /// <summary>Keyframes may come this much early: their times are rounded, and missing one costs a whole interval.</summary>
    public long SegmentTolerance { get; } = SegmentTarget / 20;

    /// <summary>Sound from this long before the first picture is kept, what is older is dropped.</summary>
    public long AudioReach => PartTarget;

    /// <summary>Rules for a target duration.</summary>
    /// <param name="options">The options.</param>
    /// <param name="partTarget">The part target as chosen for the rendition.</param>
    /// <param name="targetSeconds">EXT-X-TARGETDURATION.</param>
    public static CutRules Of(HlsOptions options, TimeSpan partTarget, int targetSeconds) => new(
        HlsClock.Units(partTarget),
        HlsClock.Units(options.SegmentTarget),
        // EXTINF is rounded to the nearest integer, a half up.
        ((long)targetSeconds * HlsClock.Hz) + (HlsClock.Hz / 2) - 1,
        HlsClock.Units(options.SegmentTarget));
}
