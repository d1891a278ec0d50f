using System.Globalization;

namespace Roomcast.TestKit.Hls;

/// <summary>A part as a playlist lists it.</summary>
/// <param name="Uri">Its address as written.</param>
/// <param name="Duration">In seconds.</param>
/// <param name="IsIndependent">INDEPENDENT=YES.</param>
public sealed record ListedPart(string Uri, double Duration, bool IsIndependent);

/// <summary>A segment as a playlist lists it; the last one may be growing.</summary>
public sealed record ListedSegment
{
    /// <summary>Its media sequence number.</summary>
    public required long Msn { get; init; }

    /// <summary>Its address; null while it is growing.</summary>
    public string? Uri { get; init; }

    /// <summary>EXTINF in seconds; the sum of its parts while it is growing.</summary>
    public required double Duration { get; init; }

    /// <summary>Its parts, where they are listed.</summary>
    public required IReadOnlyList<ListedPart> Parts { get; init; }

    /// <summary>Whether EXT-X-DISCONTINUITY stands before it.</summary>
    public bool IsDiscontinuity { get; init; }

    /// <summary>Whether EXT-X-GAP stands before it.</summary>
    public bool IsGap { get; init; }

    /// <summary>EXT-X-PROGRAM-DATE-TIME, when it has one.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>The address of the EXT-X-MAP in force.</summary>
    public string? Map { get; init; }

    /// <summary>Whether it is whole.</summary>
    public bool IsComplete => Uri is not null;
}

/// <summary>A rendition report.</summary>
/// <param name="Uri">URI.</param>
/// <param name="LastMsn">LAST-MSN.</param>
/// <param name="LastPart">LAST-PART, or null.</param>
public sealed record ListedReport(string Uri, long LastMsn, int? LastPart);

/// <summary>A media playlist, read as strictly as a player may. Faults of form are collected, not thrown.</summary>
public sealed class MediaPlaylist
{
    private readonly List<string> _faults = [];

    private MediaPlaylist(string text) => Text = text;

    /// <summary>As received.</summary>
    public string Text { get; }

    /// <summary>What is wrong with its form.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>EXT-X-VERSION.</summary>
    public int Version { get; private set; } = 1;

    /// <summary>EXT-X-TARGETDURATION in seconds.</summary>
    public int TargetDuration { get; private set; }

    /// <summary>PART-TARGET in seconds; 0 when there are no parts.</summary>
    public double PartTarget { get; private set; }

    /// <summary>The attributes of EXT-X-SERVER-CONTROL.</summary>
    public IReadOnlyDictionary<string, string> ServerControl { get; private set; } = new Dictionary<string, string>();

    /// <summary>EXT-X-MEDIA-SEQUENCE.</summary>
    public long MediaSequence { get; private set; }

    /// <summary>EXT-X-DISCONTINUITY-SEQUENCE.</summary>
    public long DiscontinuitySequence { get; private set; }

    /// <summary>SKIPPED-SEGMENTS of a delta update; 0 for a whole playlist.</summary>
    public int Skipped { get; private set; }

    /// <summary>Whether EXT-X-INDEPENDENT-SEGMENTS is there.</summary>
    public bool SaysIndependent { get; private set; }

    /// <summary>Whether EXT-X-ENDLIST is there.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>The hinted part's address, or null.</summary>
    public string? HintedPart { get; private set; }

    /// <summary>The hinted EXT-X-MAP's address, or null.</summary>
    public string? HintedMap { get; private set; }

    /// <summary>The rendition reports.</summary>
    public IReadOnlyList<ListedReport> Reports { get; private set; } = [];

    /// <summary>The segments, without those skipped; the growing one is the last if it has parts.</summary>
    public IReadOnlyList<ListedSegment> Segments { get; private set; } = [];

    /// <summary>The finished segments.</summary>
    public IEnumerable<ListedSegment> Complete => Segments.Where(segment => segment.IsComplete);

    /// <summary>The growing segment if it has parts.</summary>
    public ListedSegment? Open => Segments is [.., { IsComplete: false } open] ? open : null;

    /// <summary>The media sequence number after the last finished segment.</summary>
    public long NextMsn => Segments.LastOrDefault(segment => segment.IsComplete)?.Msn + 1 ?? MediaSequence + Skipped;

    /// <summary>The index of the next part.</summary>
    public int NextPart => Open?.Parts.Count ?? 0;

    /// <summary>All its lengths together, without what was skipped, in seconds.</summary>
    public double Length => Segments.Sum(segment => segment.Duration);

    /// <summary>Reads one.</summary>
    public static MediaPlaylist Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var playlist = new MediaPlaylist(text);
        playlist.ReadLines(text);
        return playlist;
    }

    /// <summary>Puts a delta update together with the playlist before it (rfc8216bis 6.3.7).</summary>
    /// <returns>The segments of the whole playlist; null when the older one lacks what was skipped.</returns>
    public IReadOnlyList<ListedSegment>? Complement(IReadOnlyList<ListedSegment> older)
    {
        var skipped = older.Where(segment => segment.IsComplete && segment.Msn >= MediaSequence && segment.Msn < MediaSequence + Skipped).ToList();
        if (skipped.Count != Skipped)
        {
            return null;
        }

        // Where the update says no EXT-X-MAP the one before it goes on.
        var map = skipped.LastOrDefault()?.Map;
        return [.. skipped, .. Segments.Select(segment => segment.Map is null ? segment with { Map = map } : segment)];
    }

    /// <summary>Reads an attribute list.</summary>
    public static Dictionary<string, string> ReadAttributes(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        var at = 0;
        while (at < text.Length)
        {
            var equals = text.IndexOf('=', at);
            if (equals < 0)
            {
                break;
            }

            var name = text[at..equals];
            int end;
            if (equals + 1 < text.Length && text[equals + 1] == '"')
            {
                end = text.IndexOf('"', equals + 2);
                end = end < 0 ? text.Length : end;
                attributes[name] = text[(equals + 2)..end];
                end = Math.Min(end + 1, text.Length);
            }
            else
            {
                end = text.IndexOf(',', equals);
                end = end < 0 ? text.Length : end;
                attributes[name] = text[(equals + 1)..end];
            }

            at = end + 1;
        }

        return attributes;
    }

    private void ReadLines(string text)
    {
        var lines = text.Split('\n');
        if (lines[0] != "#EXTM3U")
        {
            _faults.Add("The first line is not #EXTM3U.");
        }

        if (text.Contains('\r', StringComparison.Ordinal) || !text.EndsWith('\n'))
        {
            _faults.Add("Lines do not all end with a line feed.");
        }

        var segments = new List<ListedSegment>();
        var reports = new List<ListedReport>();
        var parts = new List<ListedPart>();
        var isDiscontinuity = false;
        var isGap = false;
        DateTimeOffset? date = null;
        string? map = null;
        double? duration = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);

        foreach (var line in lines.Skip(1))
        {
            if (line.Length == 0)
            {
                continue;
            }

            if (!line.StartsWith('#'))
            {
                if (duration is null)
                {
                    _faults.Add($"The address {line} has no EXTINF.");
                }

                segments.Add(NewSegment(line, duration ?? 0));
                continue;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (tag, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..]);
            switch (tag)
            {
                case "#EXT-X-VERSION":
                    Once();
                    Version = Integer();
                    break;
                case "#EXT-X-TARGETDURATION":
                    Once();
                    TargetDuration = Integer();
                    break;
                case "#EXT-X-SERVER-CONTROL":
                    Once();
                    ServerControl = ReadAttributes(value);
                    break;
                case "#EXT-X-PART-INF":
                    Once();
                    PartTarget = Decimal(ReadAttributes(value).GetValueOrDefault("PART-TARGET"));
                    break;
                case "#EXT-X-MEDIA-SEQUENCE":
                    Once();
                    BeforeSegments();
                    MediaSequence = Integer();
                    break;
                case "#EXT-X-DISCONTINUITY-SEQUENCE":
                    Once();
                    BeforeSegments();
                    DiscontinuitySequence = Integer();
                    break;
                case "#EXT-X-INDEPENDENT-SEGMENTS":
                    Once();
                    SaysIndependent = true;
                    break;
                case "#EXT-X-SKIP":
                    Once();
                    BeforeSegments();
                    Skipped = (int)Decimal(ReadAttributes(value).GetValueOrDefault("SKIPPED-SEGMENTS"));
                    break;
                case "#EXT-X-ENDLIST":
                    Once();
                    IsEnded = true;
                    break;
                case "#EXT-X-DISCONTINUITY":
                    BeforeParts();
                    isDiscontinuity = true;
                    break;
                case "#EXT-X-GAP":
                    isGap = true;
                    break;
                case "#EXT-X-MAP":
                    BeforeParts();
                    map = ReadAttributes(value).GetValueOrDefault("URI");
                    break;
                case "#EXT-X-PROGRAM-DATE-TIME":
                    BeforeParts();
                    if (DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var read))
                    {
                        date = read;
                    }
                    else
                    {
                        _faults.Add($"{value} is no date.");
                    }

                    break;
                case "#EXT-X-PART":
                    var part = ReadAttributes(value);
                    parts.Add(new ListedPart(
                        part.GetValueOrDefault("URI") ?? Missing("URI"),
                        Decimal(part.GetValueOrDefault("DURATION")),
                        part.GetValueOrDefault("INDEPENDENT") == "YES"));
                    break;
                case "#EXTINF":
                    duration = Decimal(value.Split(',')[0]);
                    break;
                case "#EXT-X-PRELOAD-HINT":
                    var hint = ReadAttributes(value);
                    Once(hint.GetValueOrDefault("TYPE"));
                    if (hint.GetValueOrDefault("TYPE") == "PART")
                    {
                        HintedPart = hint.GetValueOrDefault("URI");
                    }
                    else
                    {
                        HintedMap = hint.GetValueOrDefault("URI");
                    }

                    break;
                case "#EXT-X-RENDITION-REPORT":
                    var report = ReadAttributes(value);
                    reports.Add(new ListedReport(
                        report.GetValueOrDefault("URI") ?? Missing("URI"),
                        (long)Decimal(report.GetValueOrDefault("LAST-MSN")),
                        report.TryGetValue("LAST-PART", out var last) ? (int)Decimal(last) : null));
                    break;
                default:
                    if (tag.StartsWith("#EXT", StringComparison.Ordinal))
                    {
                        _faults.Add($"{tag} is not expected in a media playlist.");
                    }

                    break;
            }

            void Once(string? kind = null)
            {
                if (!seen.Add(tag + kind))
                {
                    _faults.Add($"{tag} is given twice.");
                }
            }

            void BeforeSegments()
            {
                if (segments.Count + parts.Count > 0)
                {
                    _faults.Add($"{tag} stands behind a segment.");
                }
            }

            void BeforeParts()
            {
                if (parts.Count > 0)
                {
                    _faults.Add($"{tag} stands behind a part of its segment.");
                }
            }

            int Integer()
            {
                if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    _faults.Add($"{line} has no decimal integer.");
                }

                return number;
            }

            double Decimal(string? text)
            {
                if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                {
                    _faults.Add($"{line} has no decimal number.");
                }

                return number;
            }

            string Missing(string attribute)
            {
                _faults.Add($"{line} has no {attribute}.");
                return "";
            }
        }

        if (parts.Count > 0)
        {
            segments.Add(NewSegment(null, parts.Sum(part => part.Duration)));
        }

        Segments = segments;
        Reports = reports;
        return;

        ListedSegment NewSegment(string? uri, double length)
        {
            var segment = new ListedSegment
            {
                Msn = MediaSequence + Skipped + segments.Count,
                Uri = uri,
                Duration = length,
                Parts = [.. parts],
                IsDiscontinuity = isDiscontinuity,
                IsGap = isGap,
                Date = date,
                Map = map,
            };
            parts.Clear();
            isDiscontinuity = false;
            isGap = false;
            date = null;
            duration = null;
            return segment;
        }
    }
}
