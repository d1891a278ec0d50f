using System.Globalization;
using System.Text;
using Roomcast.Media.Containers.Mp4;

namespace Roomcast.Egress.Recording.Interactive;

/// <summary>The file of a recording that has messages in it: an archive of a stream of HLS.</summary>
/// <remarks>
/// Source: RFC 8216 (a media playlist of fragmented MP4, version 7). Each segment is about <see cref="SegmentTarget"/> long, begins with
/// a keyframe and has the messages of its time in front. Nothing of it is in memory but the playlist.
/// </remarks>
internal static class InteractiveArchive
{
    /// <summary>How long segments are to be, 6 s. They end with the next keyframe, of which there is one every two seconds.</summary>
    public static readonly TimeSpan SegmentTarget = TimeSpan.FromSeconds(6);

    // Keyframes are not to the millisecond where they should be.
    private static readonly TimeSpan Lenience = TimeSpan.FromMilliseconds(500);

    /// <summary>Writes the archive.</summary>
    /// <param name="media">The frames.</param>
    /// <param name="messages">The messages: the same, or what was recorded where the frames were encoded anew.</param>
    /// <param name="source">The file of the frames.</param>
    /// <param name="output">Where it goes; need not be seekable.</param>
    /// <param name="begin">Called with the bytes that it takes, before the first is written.</param>
    /// <param name="modifiedAt">The time its files are told to be of.</param>
    /// <param name="cancellationToken">Stops; the output is of no use then.</param>
    /// <returns>How long it plays; zero, and nothing is written, when there is no frame.</returns>
    public static TimeSpan Write(
        Mp4RecordedFile media,
        Mp4RecordedFile messages,
        Stream source,
        Stream output,
        Action<long> begin,
        DateTimeOffset modifiedAt,
        CancellationToken cancellationToken)
    {
        var file = Mp4SegmentedFile.Measure(media, messages, SegmentTarget - Lenience, cancellationToken);
        if (file.Segments.Count == 0)
        {
            return TimeSpan.Zero;
        }

        var archive = new TarWriter(output, modifiedAt);
        var playlist = Encoding.UTF8.GetBytes(PlaylistOf(file.Segments));
        begin(TarWriter.LengthOf([playlist.Length, .. file.Inits.Select(static init => (long)init.Length), .. file.Segments.Select(static segment => segment.Length)]));
        archive.Begin("index.m3u8", playlist.Length);
        output.Write(playlist);
        foreach (var (number, init) in file.Inits.Index())
        {
            archive.Begin(InitName(number), init.Length);
            output.Write(init);
        }

        file.Write(source, output, number => archive.Begin(SegmentName(number), file.Segments[number].Length), cancellationToken);
        archive.End();
        return file.Duration;
    }

    internal static string PlaylistOf(IReadOnlyList<Mp4Segment> segments)
    {
        // Of each the nearest whole second counts (RFC 8216 section 4.3.3.1).
        var target = segments.Max(static segment => (long)Math.Round(segment.Duration.TotalSeconds, MidpointRounding.AwayFromZero));
        var text = new StringBuilder("#EXTM3U\n#EXT-X-VERSION:7\n")
            .Append(CultureInfo.InvariantCulture, $"#EXT-X-TARGETDURATION:{Math.Max(1, target)}\n")
            .Append("#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n");
        for (var number = 0; number < segments.Count; number++)
        {
            var segment = segments[number];
            if (number == 0 || segments[number - 1].Section != segment.Section)
            {
                text.Append(number == 0 ? "" : "#EXT-X-DISCONTINUITY\n").Append(CultureInfo.InvariantCulture, $"#EXT-X-MAP:URI=\"{InitName(segment.Section)}\"\n");
            }

            if (segment.Date is { } date)
            {
                text.Append(CultureInfo.InvariantCulture, $"#EXT-X-PROGRAM-DATE-TIME:{date.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"#EXTINF:{segment.Duration.TotalSeconds:F6},\n{SegmentName(number)}\n");
        }

        return text.Append("#EXT-X-ENDLIST\n").ToString();
    }

    private static string InitName(int section) => section == 0 ? "init.mp4" : string.Create(CultureInfo.InvariantCulture, $"init-{section}.mp4");

    private static string SegmentName(int number) => string.Create(CultureInfo.InvariantCulture, $"segment-{number:D5}.m4s");
}
