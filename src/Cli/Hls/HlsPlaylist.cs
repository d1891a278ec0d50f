using System.Globalization;

namespace Roomcast.Cli.Hls;

/// <summary>A segment that a media playlist lists.</summary>
/// <param name="Number">Its media sequence number.</param>
/// <param name="Address">Where it is.</param>
/// <param name="Duration">How long it plays.</param>
/// <param name="Date">The wall clock at its beginning; null when the playlist does not say.</param>
/// <param name="Init">Where the init section is that it needs; null for none.</param>
/// <param name="IsGap">Whether it is missing.</param>
internal sealed record HlsSegment(long Number, Uri Address, TimeSpan Duration, DateTimeOffset? Date, Uri? Init, bool IsGap);

/// <summary>A playlist as far as a viewer of whole segments needs it (RFC 8216). Lines that are not known are passed over.</summary>
internal sealed class HlsPlaylist
{
    private const int MaxEntries = 100_000;

    /// <summary>The variants, most bits first; empty in a media playlist.</summary>
    public List<(long BandwidthBps, Uri Address)> Variants { get; } = [];

    /// <summary>The segments, oldest first.</summary>
    public List<HlsSegment> Segments { get; } = [];

    /// <summary>Longest a segment is.</summary>
    public TimeSpan TargetDuration { get; private set; } = TimeSpan.FromSeconds(6);

    /// <summary>Whether nothing will follow.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Whether the server answers a request for a later playlist when there is one.</summary>
    public bool CanBlock { get; private set; }

    /// <summary>Reads a playlist.</summary>
    /// <param name="text">The playlist.</param>
    /// <param name="address">Where it came from.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static HlsPlaylist Read(string text, Uri address)
    {
        var playlist = new HlsPlaylist();
        var lines = text.Split('\n');
        if (lines[0].TrimEnd('\r') != "#EXTM3U")
        {
            throw new InvalidDataException("This is no playlist: it does not begin with #EXTM3U.");
        }

        long number = 0;
        long? bandwidth = null;
        TimeSpan? duration = null;
        DateTimeOffset? date = null;
        Uri? init = null;
        var isGap = false;
        foreach (var raw in lines.Skip(1))
        {
            var line = raw.Trim();
            if (playlist.Segments.Count + playlist.Variants.Count > MaxEntries)
            {
                throw new InvalidDataException($"The playlist lists more than {MaxEntries} entries.");
            }

            if (line.StartsWith("#EXT-X-MEDIA-SEQUENCE:", StringComparison.Ordinal))
            {
                number = (long)NumberIn(line);
            }
            else if (line.StartsWith("#EXT-X-TARGETDURATION:", StringComparison.Ordinal))
            {
                playlist.TargetDuration = Seconds(NumberIn(line));
            }
            else if (line.StartsWith("#EXT-X-STREAM-INF:", StringComparison.Ordinal))
            {
                bandwidth = long.TryParse(AttributeOf(line, "BANDWIDTH"), NumberStyles.None, CultureInfo.InvariantCulture, out var told) ? told : 0;
            }
            else if (line.StartsWith("#EXT-X-SERVER-CONTROL:", StringComparison.Ordinal))
            {
                playlist.CanBlock = AttributeOf(line, "CAN-BLOCK-RELOAD") == "YES";
            }
            else if (line.StartsWith("#EXT-X-MAP:", StringComparison.Ordinal))
            {
                init = AttributeOf(line, "URI") is { } at ? Resolve(address, at) : init;
            }
            else if (line.StartsWith("#EXT-X-PROGRAM-DATE-TIME:", StringComparison.Ordinal))
            {
                date = DateTimeOffset.TryParse(line["#EXT-X-PROGRAM-DATE-TIME:".Length..], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
            }
            else if (line.StartsWith("#EXTINF:", StringComparison.Ordinal))
            {
                duration = Seconds(NumberIn(line));
            }
            else if (line == "#EXT-X-GAP")
            {
                isGap = true;
            }
            else if (line == "#EXT-X-ENDLIST")
            {
                playlist.IsEnded = true;
            }
            else if (line.Length > 0 && line[0] != '#' && bandwidth is { } bits)
            {
                playlist.Variants.Add((bits, Resolve(address, line)));
                bandwidth = null;
            }
            else if (line.Length > 0 && line[0] != '#' && duration is { } lasts)
            {
                playlist.Segments.Add(new HlsSegment(number++, Resolve(address, line), lasts, date, init, isGap));
                date += lasts; // Until the playlist says otherwise.
                duration = null;
                isGap = false;
            }
        }

        playlist.Variants.Sort(static (one, other) => other.BandwidthBps.CompareTo(one.BandwidthBps));
        return playlist;
    }

    private static double NumberIn(string line)
    {
        var value = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..];
        var comma = value.IndexOf(',', StringComparison.Ordinal);
        return double.TryParse(comma < 0 ? value : value[..comma], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number is >= 0 and < 1e12
            ? number
            : throw new InvalidDataException($"The playlist has a line that cannot be read: {Output.Text.Plain(line, 80)}");
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 86_400));

    private static Uri Resolve(Uri address, string reference) => Uri.TryCreate(address, reference, out var uri) && uri.Scheme is "http" or "https"
        ? uri
        : throw new InvalidDataException($"The playlist names an address that cannot be used: {Output.Text.Plain(reference, 80)}");

    private static string? AttributeOf(string line, string name)
    {
        for (var at = line.IndexOf(':', StringComparison.Ordinal) + 1; at > 0 && at < line.Length;)
        {
            var equals = line.IndexOf('=', at);
            if (equals < 0)
            {
                return null;
            }

            var isQuoted = equals + 1 < line.Length && line[equals + 1] == '"';
            var end = isQuoted ? line.IndexOf('"', equals + 2) : line.IndexOf(',', equals);
            end = end < 0 ? line.Length : end;
            if (line.AsSpan(at, equals - at).Trim().SequenceEqual(name))
            {
                return line[(equals + (isQuoted ? 2 : 1))..end];
            }

            at = isQuoted ? line.IndexOf(',', end) + 1 : end + 1;
        }

        return null;
    }
}
