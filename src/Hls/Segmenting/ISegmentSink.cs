namespace Roomcast.Hls.Segmenting;

/// <summary>What a <see cref="Segmenter"/> decides is done here. Times are in units of <see cref="HlsClock"/>.</summary>
internal interface ISegmentSink
{
    /// <summary>Adds a part to the open segment. The samples are lent for the call.</summary>
    void AddPart(in PartCut cut, ReadOnlySpan<Sample> video, ReadOnlySpan<Sample> audio);

    /// <summary>Ends the open segment, which has at least one part.</summary>
    void EndSegment();

    /// <summary>Adds a whole segment that lists no parts: it holds one frame longer than a part may be.</summary>
    void AddSegmentWithoutParts(in PartCut cut, ReadOnlySpan<Sample> video, ReadOnlySpan<Sample> audio);

    /// <summary>Adds a segment for a time of which there is no media.</summary>
    void AddGap(long from, long to);

    /// <summary>Says that the next segment does not continue the last one.</summary>
    void MarkDiscontinuity();
}

/// <summary>Where a part was cut.</summary>
/// <param name="From">Its first moment.</param>
/// <param name="To">The first moment after it.</param>
/// <param name="IsIndependent">Whether decoding can start with its first frame.</param>
internal readonly record struct PartCut(long From, long To, bool IsIndependent)
{
    /// <summary>Its length.</summary>
    public long Units => To - From;
}
