using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Roomcast.Egress.Composition;
using Roomcast.Media.Containers.WebM;

namespace Roomcast.Egress.Recording.Tracks;

/// <summary>The files of a track recording: how they are called, and the archive that holds them all.</summary>
internal static class TrackFiles
{
    private const string TrackList = "tracks.json";
    private const int MaxPartLength = 64;
    private const int MostPerEntry = 2_048; // Two heads, each with a name.

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

    /// <summary>
    /// Packs the files of a recording into an archive, beside them. Those that nobody ended are mended before. Where there is no room
    /// for the archive there is none, and the files are all there is.
    /// </summary>
    /// <exception cref="RecordingFault">There is none.</exception>
    public static RecordedFiles Pack(RecordingRecord recording, string folder, long minFreeBytes, CancellationToken cancellationToken)
    {
        var archive = Path.Combine(folder, $"{recording.MeetingId:D}_{recording.CreatedAt.ToUnixTimeMilliseconds()}_tracks.zip");
        var list = Path.Combine(folder, TrackList);

        // Some may have been stored, and so moved, before the server was killed.
        var known = File.Exists(archive) ? Unpack(archive, folder, recording.Plan.Layer, minFreeBytes) : ReadList(list);
        var (files, duration) = Mend(folder, cancellationToken);
        var moved = known.Where(track => files.All(file => file.Name != track.FileName)).ToList();
        RecordedTrackFile[] tracks =
        [
            .. files.Select(file => new RecordedTrackFile(file.Name, recording.Plan.Layer, file.Length)).Concat(moved)
                .OrderBy(static track => track.FileName, StringComparer.Ordinal),
        ];
        if (tracks.Length == 0)
        {
            throw new RecordingFault("Nothing was recorded.");
        }

        var isPacked = File.Exists(archive) || (moved.Count == 0 && TryPack(files, archive, minFreeBytes, cancellationToken));
        if (!isPacked)
        {
            WriteList(list, tracks);
        }

        return new RecordedFiles(
            isPacked ? archive : null,
            null,
            tracks,
            duration > recording.Duration ? duration : recording.Duration, // There may have been silence at the end.
            IsWhole: true)
        {
            TrackPaths = [.. files.Select(track => track.FullName)],
        };
    }

    private static bool TryPack(IReadOnlyList<FileInfo> files, string archive, long minFreeBytes, CancellationToken cancellationToken)
    {
        var temporary = $"{archive}.tmp";
        try
        {
            DeliveredFile.Make(temporary, minFreeBytes, output =>
            {
                output.Begin(files.Sum(file => file.Length + MostPerEntry));
                using var zip = new ZipArchive(output, ZipArchiveMode.Create, leaveOpen: true);
                foreach (var file in files)
                {
                    cancellationToken.ThrowIfCancellationRequested();

                    // Media does not get smaller.
                    zip.CreateEntryFromFile(file.FullName, file.Name, CompressionLevel.NoCompression);
                }

                return files.Count;
            });
        }
        catch (IOException fault) when (RecordingFile.IsNoRoom(fault))
        {
            return false;
        }

        File.Move(temporary, archive);
        return true;
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

    /// <summary>Puts back what is missing. Where there is no room for it, it stays where it was stored.</summary>
    /// <returns>All that the archive holds.</returns>
    private static List<RecordedTrackFile> Unpack(string archive, string folder, string layer, long minFreeBytes)
    {
        using var zip = ZipFile.OpenRead(archive);
        var known = new List<RecordedTrackFile>();
        foreach (var entry in zip.Entries)
        {
            var path = Path.Combine(folder, Path.GetFileName(entry.Name));
            known.Add(new RecordedTrackFile(Path.GetFileName(path), layer, entry.Length));
            if (File.Exists(path))
            {
                continue;
            }

            try
            {
                var temporary = $"{path}.tmp"; // A torn one would be taken for what was recorded.
                DeliveredFile.Make(temporary, minFreeBytes, output =>
                {
                    output.Begin(entry.Length);
                    using var content = entry.Open();
                    content.CopyTo(output);
                    return entry.Length;
                });
                File.Move(temporary, path);
            }
            catch (IOException fault) when (RecordingFile.IsNoRoom(fault))
            {
                // Whoever took it away has it.
            }
        }

        return known;
    }

    // Storing takes files away, and without an archive nothing else tells which there were.
    private static void WriteList(string path, IReadOnlyList<RecordedTrackFile> tracks)
    {
        var temporary = $"{path}.tmp";
        try
        {
            File.WriteAllText(temporary, JsonSerializer.Serialize(tracks, RecordingJson.Default.IReadOnlyListRecordedTrackFile));
            File.Move(temporary, path, overwrite: true);
        }
        catch (IOException fault) when (RecordingFile.IsNoRoom(fault))
        {
            RecordingFiles.DeleteQuietly(temporary); // It is needed only where the server is killed in the middle of storing them.
        }
    }

    private static IReadOnlyList<RecordedTrackFile> ReadList(string path)
    {
        try
        {
            return File.Exists(path)
                ? JsonSerializer.Deserialize(File.ReadAllText(path), RecordingJson.Default.IReadOnlyListRecordedTrackFile) ?? []
                : [];
        }
        catch (JsonException)
        {
            return []; // Cut off by a power failure.
        }
    }

    // Clients choose their peer ids.
    private static string Clean(string part)
    {
        var clean = new string([.. part.Take(MaxPartLength).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' ? c : '-')]);
        return clean.Length == 0 ? "unknown" : clean;
    }
}
