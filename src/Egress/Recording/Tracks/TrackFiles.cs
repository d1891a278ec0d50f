using System.Globalization;
using System.IO.Compression;
using Roomcast.Egress.Composition;

namespace Roomcast.Egress.Recording.Tracks;

/// <summary>The files of a track recording: how they are called, and the archive that holds them all.</summary>
internal static class TrackFiles
{
    private const int MaxPartLength = 64;

    /// <summary>How the file of a track is called: prefix, participant, peer, stream, medium and time.</summary>
    public static string NameOf(
        RecordingRecord recording, string userId, string peerId, string streamKind, SceneCodec codec, DateTimeOffset now)
    {
        var prefix = recording.Plan.FileNamePrefix is { Length: > 0 } given ? $"{given}_" : "";
        var kind = codec is SceneCodec.Vp8 ? "video" : "audio";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{prefix}{Clean(userId)}_{Clean(peerId)}_{streamKind}_{kind}_{now.ToUnixTimeMilliseconds()}.webm");
    }

    /// <summary>Packs the files of a recording into an archive, beside them.</summary>
    /// <exception cref="RecordingFault">There is none.</exception>
    public static RecordedFiles Pack(RecordingRecord recording, string folder, CancellationToken cancellationToken)
    {
        var archive = Path.Combine(folder, $"{recording.MeetingId:D}_{recording.CreatedAt.ToUnixTimeMilliseconds()}_tracks.zip");
        if (File.Exists(archive))
        {
            Unpack(archive, folder); // Some may have been stored, and so moved, before the server was killed.
        }

        var tracks = !Directory.Exists(folder) ? [] : new DirectoryInfo(folder).GetFiles("*.webm")
            .Where(file => file.Length > 0)
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .ToArray();
        if (tracks.Length == 0)
        {
            throw new RecordingFault("Nothing was recorded.");
        }

        if (!File.Exists(archive))
        {
            var temporary = $"{archive}.tmp";
            using (var output = new FileStream(temporary, FileMode.Create))
            {
                using (var zip = new ZipArchive(output, ZipArchiveMode.Create, leaveOpen: true))
                {
                    foreach (var track in tracks)
                    {
                        cancellationToken.ThrowIfCancellationRequested();

                        // Media does not get smaller.
                        zip.CreateEntryFromFile(track.FullName, track.Name, CompressionLevel.NoCompression);
                    }
                }

                output.Flush(flushToDisk: true);
            }

            File.Move(temporary, archive);
        }

        return new RecordedFiles(
            archive,
            null,
            [.. tracks.Select(track => new RecordedTrackFile(track.Name, recording.Plan.Layer, track.Length))],
            TimeSpan.Zero,
            IsWhole: true)
        {
            TrackPaths = [.. tracks.Select(track => track.FullName)],
        };
    }

    private static void Unpack(string archive, string folder)
    {
        using var zip = ZipFile.OpenRead(archive);
        foreach (var entry in zip.Entries)
        {
            var path = Path.Combine(folder, Path.GetFileName(entry.Name));
            if (!File.Exists(path))
            {
                entry.ExtractToFile(path);
            }
        }
    }

    // Clients choose their peer ids.
    private static string Clean(string part)
    {
        var clean = new string([.. part.Take(MaxPartLength).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' ? c : '-')]);
        return clean.Length == 0 ? "unknown" : clean;
    }
}
