using System.Collections.Concurrent;

namespace Roomcast.TestKit.Hls;

/// <summary>A rule that a stream breaks.</summary>
/// <param name="Rule">Its name, of <see cref="LlHlsRules"/>.</param>
/// <param name="Detail">Where and how, one sentence.</param>
public sealed record LlHlsViolation(string Rule, string Detail);

/// <summary>What following a stream has shown.</summary>
public sealed class LlHlsReport
{
    private const int MostPerRule = 20;

    private readonly ConcurrentQueue<LlHlsViolation> _violations = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private int _playlists;
    private int _deltas;
    private int _parts;
    private int _segments;
    private int _hinted;
    private int _compressed;

    /// <summary>The rules broken, at most twenty times each.</summary>
    public IReadOnlyCollection<LlHlsViolation> Violations => _violations;

    /// <summary>Media playlists read.</summary>
    public int Playlists => _playlists;

    /// <summary>Delta updates put together and compared.</summary>
    public int Deltas => _deltas;

    /// <summary>Parts read.</summary>
    public int Parts => _parts;

    /// <summary>Segments read and compared with their parts.</summary>
    public int Segments => _segments;

    /// <summary>Parts asked for before they were there.</summary>
    public int HintedParts => _hinted;

    /// <summary>Compressed playlists compared with plain ones.</summary>
    public int Compressed => _compressed;

    /// <summary>Whether EXT-X-ENDLIST was seen in all renditions.</summary>
    public bool HasEnded { get; internal set; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Playlists} playlists, {Deltas} deltas, {Parts} parts ({HintedParts} hinted), {Segments} segments, {Compressed} compressed; "
        + (_violations.IsEmpty ? "no violations." : "violations:\n" + string.Join('\n', _violations.Select(violation => $"{violation.Rule}: {violation.Detail}")));

    internal void Add(string rule, string detail)
    {
        if (_counts.AddOrUpdate(rule, 1, (_, count) => count + 1) <= MostPerRule)
        {
            _violations.Enqueue(new LlHlsViolation(rule, detail));
        }
    }

    internal void Require(bool isKept, string rule, string detail)
    {
        if (!isKept)
        {
            Add(rule, detail);
        }
    }

    internal void CountPlaylist() => Interlocked.Increment(ref _playlists);

    internal void CountDelta() => Interlocked.Increment(ref _deltas);

    internal void CountPart() => Interlocked.Increment(ref _parts);

    internal void CountSegment() => Interlocked.Increment(ref _segments);

    internal void CountHinted() => Interlocked.Increment(ref _hinted);

    internal void CountCompressed() => Interlocked.Increment(ref _compressed);
}

/// <summary>The rules that <see cref="LlHlsValidator"/> checks. Sections are of rfc8216bis unless another source is named.</summary>
public static class LlHlsRules
{
    /// <summary>A playlist can be read: each tag where and as it must be (4.4).</summary>
    public const string PlaylistForm = "playlist-form";

    /// <summary>The multivariant playlist describes each variant: BANDWIDTH, CODECS, RESOLUTION with a picture (4.4.6.2).</summary>
    public const string Multivariant = "multivariant";

    /// <summary>EXT-X-SERVER-CONTROL with CAN-BLOCK-RELOAD, and PART-HOLD-BACK of three part targets or more (4.4.3.8).</summary>
    public const string ServerControl = "server-control";

    /// <summary>Target durations never change (6.2.1).</summary>
    public const string TargetConstant = "target-constant";

    /// <summary>EXTINF, rounded, is at most the target duration (4.4.3.1).</summary>
    public const string TargetKept = "target-kept";

    /// <summary>No part is longer than PART-TARGET, and none but the last of a segment or an independent one shorter than 85 % of it (4.4.4.9).</summary>
    public const string PartLength = "part-length";

    /// <summary>EXTINF is the sum of the parts.</summary>
    public const string SegmentSum = "segment-sum";

    /// <summary>What was listed stays as it was; sequence numbers rise by what has left (6.2.1, 6.2.2).</summary>
    public const string History = "history";

    /// <summary>Each segment has a program date, and they rise (B.1).</summary>
    public const string ProgramDate = "program-date";

    /// <summary>Parts are listed within three target durations of the end, and not far beyond (6.2.2).</summary>
    public const string PartListing = "part-listing";

    /// <summary>The next part is always hinted at, and comes under that address (4.4.5.3).</summary>
    public const string PreloadHint = "preload-hint";

    /// <summary>A rendition report for each other rendition, and up to date (4.4.5.4).</summary>
    public const string RenditionReport = "rendition-report";

    /// <summary>Renditions share sequence numbers, discontinuities and program dates (6.2.4).</summary>
    public const string RenditionsTogether = "renditions-together";

    /// <summary>A blocking reload is held, and its answer holds what was asked for (6.2.5.2).</summary>
    public const string BlockingReload = "blocking-reload";

    /// <summary>A delta update put together is the whole playlist, and skips only before the skip boundary (6.2.5.1).</summary>
    public const string DeltaUpdate = "delta-update";

    /// <summary>EXT-X-ENDLIST is the last word: no hint, and every held request is answered (4.4.3.4, 6.2.5.2).</summary>
    public const string EndList = "endlist";

    /// <summary>Parts put together are the segment.</summary>
    public const string PartsAreSegment = "parts-are-segment";

    /// <summary>Media lasts as long as its playlist says.</summary>
    public const string MediaLength = "media-length";

    /// <summary>INDEPENDENT is said of parts that begin with a keyframe only, and EXT-X-INDEPENDENT-SEGMENTS is true.</summary>
    public const string Independent = "independent";

    /// <summary>Decode times go on from part to part without holes or overlaps, but at a discontinuity.</summary>
    public const string MediaTimes = "media-times";

    /// <summary>Program dates agree with the media's own times, by one offset for the whole stream: over discontinuities too.</summary>
    public const string DateOfMedia = "date-of-media";

    /// <summary>Media can be read, with the EXT-X-MAP in force.</summary>
    public const string MediaForm = "media-form";

    /// <summary>A new EXT-X-MAP comes with a discontinuity only.</summary>
    public const string MapChange = "map-change";

    /// <summary>Every answer may be read by any page, errors too.</summary>
    public const string Cors = "cors";

    /// <summary>Playlists and media have the right type.</summary>
    public const string ContentType = "content-type";

    /// <summary>The length is said beforehand.</summary>
    public const string ContentLength = "content-length";

    /// <summary>Media is immutable, playlists are short-lived, errors shorter.</summary>
    public const string Caching = "caching";

    /// <summary>The compressed twin is the same text; media is not compressed.</summary>
    public const string Compression = "compression";

    /// <summary>Wrong requests are answered by 400, 404 or 405, not otherwise.</summary>
    public const string WrongRequests = "wrong-requests";

    /// <summary>A request is held for three target durations at most and then answered by 503.</summary>
    public const string HoldLimit = "hold-limit";

    /// <summary>What is listed can be fetched.</summary>
    public const string Available = "available";
}
