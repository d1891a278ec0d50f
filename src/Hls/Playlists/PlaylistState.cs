using System.Collections.Immutable;
using Roomcast.Hls.Packaging;

namespace Roomcast.Hls.Playlists;

/// <summary>What stays the same for the life of a playlist.</summary>
/// <param name="Rendition">The rendition's name in addresses.</param>
/// <param name="RunTag">What media names begin with.</param>
/// <param name="TargetSeconds">EXT-X-TARGETDURATION.</param>
/// <param name="PartTarget">PART-TARGET.</param>
/// <param name="PartHoldBack">PART-HOLD-BACK, at least three times the longest PART-TARGET of all renditions.</param>
internal sealed record PlaylistHeader(string Rendition, string RunTag, int TargetSeconds, TimeSpan PartTarget, TimeSpan PartHoldBack)
{
    /// <summary>Parts that a request may be ahead of the last one (rfc8216bis 6.2.5.2, Advance Part Limit).</summary>
    public int AdvancePartLimit { get; } = PartTarget < TimeSpan.FromSeconds(1) ? (int)Math.Ceiling(TimeSpan.FromSeconds(3) / PartTarget) : 3;

    /// <summary>CAN-SKIP-UNTIL.</summary>
    public TimeSpan SkipUntil => TimeSpan.FromSeconds((long)TargetSeconds * HlsOptions.SkipUntilTargets);
}

/// <summary>How far another rendition has come.</summary>
/// <param name="Rendition">Its name.</param>
/// <param name="LastMsn">The media sequence number of its last part.</param>
/// <param name="LastPart">The index of that part; null when that segment has none.</param>
internal readonly record struct RenditionReport(string Rendition, long LastMsn, int? LastPart);

/// <summary>The segment that is growing.</summary>
/// <param name="Head">What stands before it.</param>
/// <param name="Parts">Its parts, one or more.</param>
internal sealed record OpenSegment(SegmentHead Head, OpenPart[] Parts);

/// <summary>Everything a media playlist says at one moment, and everything that can be fetched then. Immutable.</summary>
/// <remarks>
/// <see cref="Segments"/> is shared by many states: the writer only ever adds behind what any state shows. Each of the two
/// texts is rendered once, by the first who asks.
/// </remarks>
internal sealed class PlaylistState
{
    private readonly Lock _renderLock = new();
    private PlaylistText? _full;
    private PlaylistText? _delta;

    public required PlaylistHeader Header { get; init; }

    /// <summary>Finished segments; those from <see cref="RetainedFrom"/> to <see cref="End"/> count.</summary>
    public required Segment[] Segments { get; init; }

    /// <summary>The first that can still be fetched.</summary>
    public required int RetainedFrom { get; init; }

    /// <summary>The first that is listed.</summary>
    public required int ListedFrom { get; init; }

    /// <summary>One after the last.</summary>
    public required int End { get; init; }

    /// <summary>The segment that is growing, or null while it has no part.</summary>
    public required OpenSegment? Open { get; init; }

    /// <summary>The media sequence number of the growing segment, or of the one that would come.</summary>
    public required long NextMsn { get; init; }

    /// <summary>EXT-X-DISCONTINUITY-SEQUENCE: discontinuities that have left the playlist.</summary>
    public required long DiscontinuitySequence { get; init; }

    /// <summary>Whether EXT-X-ENDLIST stands at the end.</summary>
    public required bool IsEnded { get; init; }

    /// <summary>The initialisation section that the next part will need.</summary>
    public required int InitNumber { get; init; }

    /// <summary>The initialisation sections that can be fetched, by number.</summary>
    public required ImmutableDictionary<long, MediaPayload> Inits { get; init; }

    /// <summary>What the multivariant playlist says of the rendition.</summary>
    public required VariantFigures Figures { get; init; }

    /// <summary>How far the other renditions have come.</summary>
    public required RenditionReport[] Reports { get; init; }

    /// <summary>Told of each rendering.</summary>
    public required IHlsObserver? Observer { get; init; }

    /// <summary>The first listed media sequence number.</summary>
    public long MediaSequence => ListedFrom < End ? Segments[ListedFrom].Msn : NextMsn;

    /// <summary>The index that the next part will have.</summary>
    public int NextPart => Open?.Parts.Length ?? 0;

    /// <summary>Whether a playlist request can be answered by this state (rfc8216bis 6.2.5.2).</summary>
    public bool Satisfies(in PlaylistQuery query)
    {
        if (IsEnded || query.Msn is not { } msn || msn < NextMsn - 1)
        {
            return true;
        }

        if (msn == NextMsn - 1)
        {
            // A part beyond the end of its segment means the first part of the next one.
            return query.Part is not { } index || index == 0 || index < LastPartCount || NextPart > 0;
        }

        return msn == NextMsn && query.Part is { } part && part < NextPart;
    }

    /// <summary>Says which rule a request breaks by asking too far ahead; null when it breaks none.</summary>
    public string? FindFault(in PlaylistQuery query)
    {
        if (IsEnded || query.Msn is not { } msn)
        {
            return null;
        }

        // The last segment of the playlist is NextMsn - 1.
        if (msn > NextMsn + 1)
        {
            return "_HLS_msn is more than two ahead of the last segment.";
        }

        return msn == NextMsn && query.Part is { } part && part > NextPart - 1 + Header.AdvancePartLimit
            ? "_HLS_part is too far ahead of the last part."
            : null;
    }

    /// <summary>The finished segment of a media sequence number, if it can be fetched.</summary>
    public Segment? Find(long msn)
    {
        // Sequence numbers have no holes, so the place is known.
        var index = End - (NextMsn - msn);
        return index >= RetainedFrom && index < End ? Segments[index] : null;
    }

    /// <summary>The text, whole or as a delta update; a delta that would skip nothing is the whole.</summary>
    public PlaylistText Render(bool asDelta)
    {
        if (asDelta && MediaPlaylistWriter.CountSkippable(this) is > 0 and var skipped)
        {
            return RenderOnce(ref _delta, skipped);
        }

        return RenderOnce(ref _full, 0);
    }

    private int LastPartCount => End > RetainedFrom ? Segments[End - 1].Parts.Length : 0;

    private PlaylistText RenderOnce(ref PlaylistText? place, int skipped)
    {
        if (Volatile.Read(ref place) is { } done)
        {
            return done;
        }

        lock (_renderLock)
        {
            if (place is null)
            {
                var text = new PlaylistText(MediaPlaylistWriter.Write(this, skipped));
                Observer?.PlaylistRendered(text.Bytes.Length, skipped > 0);
                Volatile.Write(ref place, text);
            }

            return place;
        }
    }
}
