using System.IO.Compression;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Recording.Tracks;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.Media.Containers.Mp4;
using Roomcast.TestKit;

namespace Roomcast.Egress.Tests.Recording;

/// <summary>
/// Files of recordings are made where there is room for them beside what others need of the disk, and where there is none, what was
/// recorded is delivered as it is. They were once written until nothing was free, which ended every recording under way.
/// </summary>
public sealed class DeliveryRoomTests(EncodedMinute encoded) : IClassFixture<EncodedMinute>, IDisposable
{
    private const int DiskKiB = 8 << 10;
    private const long MinFree = 2L << 20;
    private const long Kept = MinFree + (MinFree / 4); // What files that are made leave free.

    private readonly TemporaryFolder _folder = new();
    private readonly SmallDisk _disk = SmallDisk.Mount(DiskKiB);
    private readonly ManualClock _clock = new();
    private readonly TestSource _source = new();

    public void Dispose()
    {
        _disk.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Where_a_second_copy_would_take_the_room_of_others_the_fragments_are_delivered()
    {
        await using var host = await StartHostAsync();
        var asked = await RecordAsync(host, new RecordingPlan());
        LeaveFree(Kept + (FragmentsOf(asked).Length / 2));
        var done = await StopAsync(host, asked);
        Assert.Equal((RecordingStatus.Uploaded, null), (done.Status, done.ErrorMessage));
        await AssertIsFragmentsAsync(host, done);
    }

    [Fact]
    public async Task Where_there_is_room_for_both_the_file_is_made()
    {
        await using var host = await StartHostAsync();
        var asked = await RecordAsync(host, new RecordingPlan());
        LeaveFree(Kept + (FragmentsOf(asked).Length * 3 / 2));
        var file = await host.DownloadAsync(await StopAsync(host, asked), (await FindAsync(host, asked)).MediaFile);
        Assert.Equal((false, true), (HasBox(file, "moof"u8), HasBox(file, "stsz"u8)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_asked_for_besides_and_finds_no_room_is_told(bool holdsMessages)
    {
        await using var host = await StartHostAsync();
        var asked = await RecordAsync(host, holdsMessages ? new RecordingPlan { HoldsMessages = true } : new RecordingPlan { ExportsAudio = true, ExportsVideo = false });
        LeaveFree(Kept + 10_000);
        var done = await StopAsync(host, asked);
        Assert.Equal(RecordingStatus.Errored, done.Status);
        Assert.Contains("no room", done.ErrorMessage, StringComparison.Ordinal);
        Assert.EndsWith(".mp4", done.MediaFile, StringComparison.Ordinal);
        await AssertIsFragmentsAsync(host, done);
    }

    [Fact]
    public async Task Where_there_is_room_for_the_picture_and_not_for_the_sound_alone_the_picture_is_made()
    {
        await using var host = await StartHostAsync();
        var asked = await RecordAsync(host, new RecordingPlan { ExportsAudio = true });
        using (var source = FragmentsOf(asked).Open(FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            var recorded = Mp4RecordedFile.Read(source);
            LeaveFree(Kept + Mp4ProgressiveFile.Measure(recorded).Length + (Mp4ProgressiveFile.Measure(recorded, Mp4Selection.Sound).Length * 2 / 3));
        }

        var done = await StopAsync(host, asked);
        Assert.Equal((RecordingStatus.Errored, null), (done.Status, done.AudioFile));
        Assert.Contains("no room for the file of the sound alone", done.ErrorMessage, StringComparison.Ordinal);
        var file = await host.DownloadAsync(done, done.MediaFile);
        Assert.Equal((false, true), (HasBox(file, "moof"u8), HasBox(file, "stsz"u8)));
    }

    [Fact]
    public void A_file_that_is_made_ends_when_others_take_the_room_and_nothing_is_left_of_it()
    {
        var path = Path.Combine(_disk.Path, "made.mp4");
        var written = 0;
        var fault = Assert.Throws<IOException>(() => DeliveredFile.Make(path, MinFree, file =>
        {
            file.Begin(4 << 20);
            for (; written < 4 << 20; written += 64 << 10)
            {
                if (written == 2 << 20)
                {
                    LeaveFree(Kept + (512 << 10));
                }

                file.Write(new byte[64 << 10]);
                Assert.True(Free >= MinFree, "It takes the room that recordings leave.");
            }

            return 0;
        }));
        Assert.True(RecordingFile.IsNoRoom(fault));
        Assert.InRange(written, 2 << 20, 3 << 20);
        Assert.False(File.Exists(path));
        Assert.True(RecordingFile.IsNoRoom(Assert.Throws<IOException>(() => DeliveredFile.Make(path, MinFree, file =>
        {
            file.Begin(Free - Kept + 1);
            return 0;
        }))));
        Assert.Equal(0, DeliveredFile.Make(path, MinFree, file =>
        {
            file.Begin(Free - Kept);
            return 0;
        }));
    }

    [Fact]
    public async Task Without_room_for_an_archive_the_tracks_are_delivered_alone_and_deleted_in_time()
    {
        await using var host = await StartHostAsync();
        var asked = await SpeakAsync(host);
        LeaveFree(Kept + 10);
        var done = await StopAsync(host, asked);
        Assert.Equal((RecordingStatus.Uploaded, null), (done.Status, done.MediaFile));
        Assert.Contains("archive", done.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(2, done.TrackFiles.Count);
        Assert.Equal(done.FileSize, done.TrackFiles.Sum(track => track.Length));
        foreach (var track in done.TrackFiles)
        {
            Assert.Equal(track.Length, (await host.DownloadAsync(done, track.FileName)).Length);
        }

        await RecordingHost.UntilAsync(() => !Directory.Exists(FolderOf(done)), "nothing is left on the disk");
        var blobs = Path.Combine(_folder.Path, "blobs");
        Assert.Equal(2, Directory.GetFiles(blobs, "*", SearchOption.AllDirectories).Length);
        _clock.Advance(TimeSpan.FromDays(8));
        await host.Recordings.ClearAsync(CancellationToken.None);
        Assert.Empty(Directory.GetFiles(blobs, "*", SearchOption.AllDirectories));
        Assert.Empty((await FindAsync(host, asked)).TrackFiles);
    }

    [Fact]
    public async Task A_recording_of_tracks_that_a_full_disk_ended_can_be_had()
    {
        await using var host = await StartHostAsync(minFree: 0);
        var asked = await SpeakAsync(host);
        _disk.Fill();
        Send(200, 600);
        var done = await UntilAsync(host, asked, now => now is { Status: RecordingStatus.Errored, LinksExpireAt: not null });
        Assert.Contains("full", done.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal((null, 2), (done.MediaFile, done.TrackFiles.Count));
        foreach (var track in done.TrackFiles)
        {
            Assert.Equal(track.Length, (await host.DownloadAsync(done, track.FileName)).Length);
        }

        await RecordingHost.UntilAsync(() => !Directory.Exists(FolderOf(done)), "nothing is left on the disk");
    }

    [Fact]
    public async Task Tracks_that_were_stored_before_the_server_was_killed_are_not_forgotten_for_want_of_an_archive()
    {
        var (record, folder) = await LeaveTracksAsync();
        var first = TrackFiles.Pack(record, folder, minFreeBytes: 1L << 50, CancellationToken.None);
        Assert.Equal((null, 2, 2), (first.Media, first.Tracks.Count, first.TrackPaths.Count));
        Assert.Empty(Directory.GetFiles(folder, "*.tmp"));
        File.Delete(first.TrackPaths[0]);
        var again = TrackFiles.Pack(record, folder, minFreeBytes: 0, CancellationToken.None);
        Assert.Equal(first.Tracks, again.Tracks);
        Assert.Equal((null, first.TrackPaths[1]), (again.Media, Assert.Single(again.TrackPaths)));
    }

    [Fact]
    public async Task What_does_not_fit_out_of_an_archive_stays_where_it_was_stored_and_nothing_torn_is_taken_for_it()
    {
        var (record, folder) = await LeaveTracksAsync();
        var first = TrackFiles.Pack(record, folder, minFreeBytes: 0, CancellationToken.None);
        Assert.EndsWith("_tracks.zip", first.Media, StringComparison.Ordinal);
        var content = await File.ReadAllBytesAsync(first.TrackPaths[0]);
        File.Delete(first.TrackPaths[0]);
        var full = TrackFiles.Pack(record, folder, minFreeBytes: 1L << 50, CancellationToken.None);
        Assert.Equal(first.Tracks, full.Tracks);
        Assert.Equal((first.Media, first.TrackPaths[1]), (full.Media, Assert.Single(full.TrackPaths)));
        Assert.Empty(Directory.GetFiles(folder, "*.tmp"));

        var again = TrackFiles.Pack(record, folder, minFreeBytes: 0, CancellationToken.None);
        Assert.Equal(first.TrackPaths, again.TrackPaths);
        Assert.Equal(content, await File.ReadAllBytesAsync(first.TrackPaths[0]));
        using var zip = ZipFile.OpenRead(again.Media!);
        Assert.Equal(first.Tracks.Select(track => (track.FileName, track.Length)), zip.Entries.Select(entry => (entry.Name, entry.Length)));
    }

    private long Free => new DriveInfo(_disk.Path).AvailableFreeSpace;

    private static bool HasBox(byte[] file, ReadOnlySpan<byte> type) => file.AsSpan().IndexOf(type) >= 0;

    private string FolderOf(RecordingRecord recording) => Path.Combine(_disk.Path, "recordings", recording.Id.ToString());

    private FileInfo FragmentsOf(RecordingRecord recording) => new(Path.Combine(FolderOf(recording), "fragments.mp4"));

    /// <summary>Has something else take the disk, but for so much, to the page.</summary>
    private void LeaveFree(long bytes)
    {
        using var other = File.Create(Path.Combine(_disk.Path, "other"));
        other.Write(new byte[Free - bytes]);
    }

    private Task<RecordingHost> StartHostAsync(long minFree = MinFree) => RecordingHost.StartAsync(
        _folder.Path,
        _clock,
        options => options.MinFreeBytes = minFree,
        recordingsFolder: Path.Combine(_disk.Path, "recordings"),
        more: services => services.AddSingleton<ICompositionSource>(_source));

    private async Task<RecordingRecord> RecordAsync(RecordingHost host, RecordingPlan plan)
    {
        var meeting = Guid.NewGuid();
        var session = host.Sessions.Begin(meeting);
        var asked = (await host.Recordings.StartAsync(host.Wish(meeting, plan), CancellationToken.None)).Recording!;
        host.Compositions.Of(session).Publish(encoded.Source, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        await host.WaitForAsync(asked, RecordingStatus.Recording);

        // Nineteen seconds of it and what they hold are in the file; the last one follows with the end.
        await RecordingHost.UntilAsync(
            () =>
            {
                using var file = FragmentsOf(asked).Open(FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                return Mp4RecordedFile.Read(file).FragmentCount >= 18;
            },
            "it is written");
        return asked;
    }

    private static async Task<RecordingRecord> StopAsync(RecordingHost host, RecordingRecord asked)
    {
        Assert.Null((await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None)).Refusal);
        return await host.WaitForAsync(asked, RecordingStatus.Uploaded, RecordingStatus.Errored);
    }

    private static async Task<RecordingRecord> FindAsync(RecordingHost host, RecordingRecord asked) =>
        (await host.Recordings.FindAsync(asked.AppId, asked.Id, CancellationToken.None))!;

    private async Task AssertIsFragmentsAsync(RecordingHost host, RecordingRecord done)
    {
        var file = await host.DownloadAsync(done, done.MediaFile);
        Assert.Equal((true, false), (HasBox(file, "moof"u8), HasBox(file, "stsc"u8) && HasBox(file, "co64"u8)));
        using var stream = new MemoryStream(file);
        var recorded = Mp4RecordedFile.Read(stream);
        Assert.Equal((file.LongLength, false), (recorded.Length, recorded.IsTorn));
        await RecordingHost.UntilAsync(() => !Directory.Exists(FolderOf(done)), "nothing is left on the disk");
    }

    private async Task<RecordingRecord> SpeakAsync(RecordingHost host)
    {
        var meeting = Guid.NewGuid();
        host.Sessions.Begin(meeting);
        host.Sessions.Peers["a"] = new RecordedPeer("user-a", "custom-a");
        host.Sessions.Peers["b"] = new RecordedPeer("user-b", "custom-b");
        var asked = (await host.Recordings.StartAsync(
            host.Wish(meeting) with { Kind = RecordingKind.Tracks }, CancellationToken.None)).Recording!;
        _source.Show(("a", 1), ("b", 2));
        _source.Report(1, secondsOfSender: 1_000, timestamp: 0);
        _source.Report(2, secondsOfSender: 1_000, timestamp: 0);
        Send(0, 200);
        await host.WaitForAsync(asked, RecordingStatus.Recording);
        await RecordingHost.UntilAsync(
            () => new DirectoryInfo(FolderOf(asked)).GetFiles("*.webm") is { Length: 2 } files && files.All(file => file.Length > 0), "both are written");
        return asked;
    }

    private void Send(int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            _source.Send(1, (ushort)i, (uint)(960 * i));
            _source.Send(2, (ushort)i, (uint)(960 * i));
            _clock.Advance(TimeSpan.FromMilliseconds(20));
        }
    }

    private async Task<RecordingRecord> UntilAsync(RecordingHost host, RecordingRecord asked, Func<RecordingRecord, bool> condition)
    {
        for (var look = 0; look < 2_000; look++)
        {
            if (await FindAsync(host, asked) is var now && condition(now))
            {
                return now;
            }

            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(10);
        }

        throw new TimeoutException($"{await FindAsync(host, asked)}: {(await FindAsync(host, asked)).ErrorMessage}");
    }

    /// <summary>Records two tracks, and keeps what is on the disk of them.</summary>
    private async Task<(RecordingRecord Record, string Folder)> LeaveTracksAsync()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_disk.Path, "left")).FullName;
        await using var host = await StartHostAsync();
        var asked = await SpeakAsync(host);
        foreach (var file in Directory.GetFiles(FolderOf(asked), "*.webm"))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        return (asked, folder);
    }
}
