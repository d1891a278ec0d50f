using System.Globalization;
using System.Text;
using System.Text.Json;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;

namespace Roomcast.Transcripts.Records;

/// <summary>The forms in which a transcript can be downloaded.</summary>
public enum TranscriptFormat
{
    /// <summary>Comma-separated values without a header: start in ms, peer, participant, custom id, name, text.</summary>
    Csv,

    /// <summary>A JSON array.</summary>
    Json,

    /// <summary>SubRip subtitles.</summary>
    Srt,

    /// <summary>WebVTT subtitles.</summary>
    Vtt,
}

/// <summary>Transcripts as text.</summary>
public static class TranscriptText
{
    /// <summary>Writes a transcript. Times count from the beginning of the session, but for the JSON's peers.</summary>
    /// <param name="lines">By the time each begins.</param>
    /// <param name="format">How.</param>
    /// <param name="startedAt">When the session began.</param>
    /// <param name="peers">Those who spoke, for the JSON; those that are not among them are told without their times.</param>
    public static byte[] Write(
        IReadOnlyList<TranscriptLine> lines, TranscriptFormat format, DateTimeOffset startedAt, IReadOnlyDictionary<PeerId, PeerRecord> peers)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentNullException.ThrowIfNull(peers);
        if (format is TranscriptFormat.Json)
        {
            return WriteJson(lines, startedAt, peers);
        }

        var text = new StringBuilder(format is TranscriptFormat.Vtt ? "WEBVTT\n\n" : "");
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i];
            text.Append(format switch
            {
                TranscriptFormat.Csv => CsvText.Line(
                    Milliseconds(line.StartedAt - startedAt).ToString(CultureInfo.InvariantCulture),
                    line.PeerId.ToString(),
                    line.ParticipantId.ToString(),
                    line.CustomId,
                    line.Name,
                    line.Text),
                TranscriptFormat.Srt =>
                    $"{i + 1}\n{Clock(line.StartedAt - startedAt, ',')} --> {Clock(line.EndedAt - startedAt, ',')}\n{Cue(line)}\n\n",
                _ => $"{Clock(line.StartedAt - startedAt, '.')} --> {Clock(line.EndedAt - startedAt, '.')}\n"
                    + $"{Cue(line).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)}\n\n",
            });
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>One line as the web client reads it: Unix seconds, peer, participant, custom id, name, text.</summary>
    public static string LiveLine(TranscriptLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return string.Join(
            ',',
            line.StartedAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            line.PeerId,
            line.ParticipantId,
            Cell(line.CustomId, isForced: false),
            Cell(line.Name, isForced: false),
            Cell(line.Text, isForced: true));
    }

    private static string Cell(string text, bool isForced)
    {
        var flat = Flat(text);
        return isForced || flat.AsSpan().ContainsAny(',', '"') ? $"\"{flat.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : flat;
    }

    private static string Cue(TranscriptLine line) => $"{Flat(line.Name)}: {Flat(line.Text)}";

    // A line break would end a cue, or a line.
    private static string Flat(string text) => text.ReplaceLineEndings(" ").Replace("-->", "->", StringComparison.Ordinal);

    private static string Moment(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static long Milliseconds(TimeSpan time) => Math.Max(0, (long)time.TotalMilliseconds);

    private static string Clock(TimeSpan time, char point)
    {
        var at = TimeSpan.FromMilliseconds(Milliseconds(time));
        return string.Create(CultureInfo.InvariantCulture, $"{(int)at.TotalHours:00}:{at.Minutes:00}:{at.Seconds:00}{point}{at.Milliseconds:000}");
    }

    private static byte[] WriteJson(
        IReadOnlyList<TranscriptLine> lines, DateTimeOffset startedAt, IReadOnlyDictionary<PeerId, PeerRecord> peers)
    {
        using var output = new MemoryStream();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartArray();
            foreach (var line in lines)
            {
                json.WriteStartObject();
                json.WriteNumber("startTime", Milliseconds(line.StartedAt - startedAt));
                json.WriteNumber("endTime", Milliseconds(line.EndedAt - startedAt));
                json.WriteString("sentence", line.Text);
                json.WriteStartObject("peerData");
                json.WriteString("id", line.PeerId.ToString());
                json.WriteString("userId", line.ParticipantId.ToString());
                json.WriteString("displayName", line.Name);
                json.WriteString("cpi", line.CustomId);
                if (peers.TryGetValue(line.PeerId, out var peer))
                {
                    json.WriteString("joinedAt", Moment(peer.JoinedAt));
                    if (peer.LeftAt is { } leftAt)
                    {
                        json.WriteString("leftAt", Moment(leftAt));
                    }
                }

                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return output.ToArray();
    }
}
