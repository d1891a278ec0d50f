using System.Globalization;
using System.IO.Compression;
using Roomcast.Egress.Composition;
using Roomcast.Media.Containers.WebM;

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

    /// <summary>Packs the files of a recording into an archive, beside them. Those that nobody ended are mended before.</summary>
    /// <exception cref="RecordingFault">There is none.</exception>
    public static RecordedFiles Pack(RecordingRecord recording, string folder, CancellationToken cancellationToken)
    {
        var archive = Path.Combine(folder, $"{recording.MeetingId:D}_{recording.CreatedAt.ToUnixTimeMilliseconds()}_tracks.zip");
        if (File.Exists(archive))
        {
            Unpack(archive, folder); // Some may have been stored, and so moved, before the server was killed.
        }

        var (tracks, duration) = Mend(folder, cancellationToken);
        if (tracks.Count == 0)
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
            duration > recording.Duration ? duration : recording.Duration, // There may have been silence at the end.
            IsWhole: true)
        {
            TrackPaths = [.. tracks.Select(track => track.FullName)],
        };
    }

    /// <returns>Those that hold anything, in the order of their names, and when the last of them ends.</returns>
    private static (IReadOnlyList<FileInfo> Tracks, TimeSpan Duration) Mend(string folder, CancellationToken cancellationToken)
    {
        var tracks = new List<FileInfo>();
        var duration = TimeSpan.Zero;
        foreach (var file in Directory.Exists(folder) ? new DirectoryInfo(folder).GetFiles("*.webm") : [])
        {
            using var stream = new FileStream(file.FullName, new FileStreamOptions { Access = FileAccess.ReadWrite, BufferSize = 64 << 10 });
            var recorded = WebMRecordedFile.Read(stream, cancellationToken);
            if (recorded.Mend())
            {
                stream.Flush(flushToDisk: true);
                file.Refresh();
                tracks.Add(file);
                duration = recorded.Duration > duration ? recorded.Duration : duration;
            }
        }

        tracks.Sort(static (one, other) => string.CompareOrdinal(one.Name, other.Name));
        return (tracks, duration);
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
