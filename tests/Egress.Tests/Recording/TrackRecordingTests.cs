using System.IO.Compression;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Recording.Tracks;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.Storage;
using Roomcast.TestKit;

namespace Roomcast.Egress.Tests.Recording;

/// <summary>Packets of two peers become a file for each track, laid in time by their senders' reports.</summary>
public sealed class TrackRecordingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualClock _clock = new();
    private readonly TestSource _source = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_microphone_becomes_a_file_and_reports_keep_them_together()
    {
        await using var host = await StartHostAsync();
        var asked = await StartAsync(host, new RecordingPlan { FileNamePrefix = "team" });
        _source.Show(("a", 1), ("b", 2));

        // The second peer speaks a second later by its report; its packets come with the others.
        _source.Report(1, secondsOfSender: 1_000, timestamp: 5_000);
        _source.Report(2, secondsOfSender: 77, timestamp: 90_000);
        for (var i = 0; i < 200; i++)
        {
            _source.Send(1, (ushort)i, (uint)(5_000 + (960 * i)));
            _source.Send(2, (ushort)(65_500 + i), (uint)(90_000 + 48_000 + (960 * i)));
            _clock.Advance(TimeSpan.FromMilliseconds(20));
        }

        await host.WaitForAsync(asked, RecordingStatus.Recording);
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.Equal(2, done.TrackFiles.Count);
        Assert.EndsWith("_tracks.zip", done.MediaFile, StringComparison.Ordinal);
        using var zip = new ZipArchive(new MemoryStream(await host.DownloadAsync(done, done.MediaFile)));
        Assert.Equal(done.TrackFiles.Select(file => file.FileName), zip.Entries.Select(entry => entry.Name));
        Assert.Matches("^team_user-a_a_peer_audio_[0-9]+\\.webm$", done.TrackFiles[0].FileName);

        var first = await TimesOfAsync(await host.DownloadAsync(done, done.TrackFiles[0].FileName));
        var second = await TimesOfAsync(await host.DownloadAsync(done, done.TrackFiles[1].FileName));
        Assert.Equal((200, 200), (first.Count, second.Count));
        Assert.Equal(1.0, second[0] - first[0], 2);
        Assert.Equal(3.98, first[^1] - first[0], 2);

        // Of a sound nothing is said but that it is heard: a height of 0 once had it held back, and recordings fell silent.
        Assert.Empty(_source.Heights);
    }

    [Fact]
    public async Task Only_those_asked_for_are_recorded_a_lost_packet_leaves_its_gap_and_a_pause_none()
    {
        await using var host = await StartHostAsync();
        var asked = await StartAsync(host, new RecordingPlan { UserIds = ["custom-b"] });
        _source.Show(("a", 1), ("b", 2));
        _source.Report(2, secondsOfSender: 77, timestamp: 0);
        for (var i = 0; i < 100; i++)
        {
            if (i != 50)
            {
                _source.Send(2, (ushort)i, (uint)(960 * i));
            }

            _source.Send(1, (ushort)i, (uint)(960 * i));
            _clock.Advance(TimeSpan.FromMilliseconds(20));
        }

        await host.WaitForAsync(asked, RecordingStatus.Recording);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await host.Recordings.PauseAsync(asked.AppId, asked.Id, CancellationToken.None);
        _clock.Advance(TimeSpan.FromSeconds(10));
        await host.Recordings.ResumeAsync(asked.AppId, asked.Id, CancellationToken.None);
        for (var i = 650; i < 700; i++)
        {
            _source.Send(2, (ushort)i, (uint)(960 * i));
            _clock.Advance(TimeSpan.FromMilliseconds(20));
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded);
        var file = Assert.Single(done.TrackFiles);
        var times = await TimesOfAsync(await host.DownloadAsync(done, file.FileName));
        Assert.InRange(times.Count, 145, 149);
        Assert.Equal(0.04, times[50] - times[49], 3);
        Assert.InRange(times[^1] - times[0], 3.5, 5.5);
    }

    [Fact]
    public async Task The_longest_time_runs_by_the_clock_when_all_are_muted()
    {
        await using var host = await StartHostAsync();
        var asked = await StartAsync(host, new RecordingPlan { MaxLength = TimeSpan.FromSeconds(300) });
        await SpeakAsync(host, asked, packets: 100);

        // A pause does not count, the silence does.
        await host.Recordings.PauseAsync(asked.AppId, asked.Id, CancellationToken.None);
        _clock.Advance(TimeSpan.FromSeconds(400));
        await host.Recordings.ResumeAsync(asked.AppId, asked.Id, CancellationToken.None);
        await PassAsync(seconds: 290);
        Assert.Equal(RecordingStatus.Recording, (await FindAsync(host, asked)).Status);
        await AdvanceUntilAsync(host, asked, now => now is not RecordingStatus.Recording);
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.Equal(RecordingStopReason.MaxLength, done.StopReason);
        Assert.InRange(done.Duration.TotalSeconds, 300, 310);
    }

    [Fact]
    public async Task Silence_at_the_start_is_no_fault_however_long_it_lasts()
    {
        await using var host = await StartHostAsync();
        var asked = await StartAsync(host, new RecordingPlan());
        await PassAsync(seconds: 300);
        Assert.Equal(RecordingStatus.Invoked, (await FindAsync(host, asked)).Status);
        await SpeakAsync(host, asked, packets: 100);
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded);
        var times = await TimesOfAsync(await host.DownloadAsync(done, Assert.Single(done.TrackFiles).FileName));
        Assert.InRange(times[0], 299, 301);
    }

    [Fact]
    public async Task It_began_when_the_time_of_its_files_did_however_late_anybody_spoke()
    {
        await using var host = await StartHostAsync();
        var began = _clock.GetUtcNow();
        var asked = await StartAsync(host, new RecordingPlan());
        await PassAsync(seconds: 20);
        await SpeakAsync(host, asked, packets: 100);
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.Equal(StoredTime.Of(began), done.StartedAt);
        Assert.InRange(done.Duration, TimeSpan.FromSeconds(21), done.StoppedAt!.Value - done.StartedAt!.Value);
    }

    [Fact]
    public async Task One_that_is_stopped_before_its_first_file_was_begun_has_a_start_as_it_has_a_file()
    {
        await using var host = await StartHostAsync();
        var began = _clock.GetUtcNow();
        var asked = await StartAsync(host, new RecordingPlan());

        // Nobody has reported a clock yet, and so nothing is laid in time before the end.
        _source.Show(("a", 1));
        for (var i = 0; i < 40; i++)
        {
            _source.Send(1, (ushort)i, (uint)(960 * i));
            _clock.Advance(TimeSpan.FromMilliseconds(20));
        }

        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.Single(done.TrackFiles);
        Assert.Equal(StoredTime.Of(began), done.StartedAt);
        Assert.Equal(StoredTime.Of(began), host.Changes.First(change => change.Status is RecordingStatus.Uploading).StartedAt);
    }

    [Fact]
    public async Task The_longest_prefix_makes_names_that_the_disk_takes()
    {
        await using var host = await StartHostAsync();
        var (peer, participant) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        var asked = await StartAsync(host, new RecordingPlan { FileNamePrefix = new string('a', RecordingPlan.MaxPrefixLength) });
        host.Sessions.Peers[peer] = new RecordedPeer(participant, "custom");
        _source.Show((peer, 1));
        _source.Report(1, secondsOfSender: 1_000, timestamp: 0);
        for (var i = 0; i < 50; i++)
        {
            _source.Send(1, (ushort)i, (uint)(960 * i));
            _clock.Advance(TimeSpan.FromMilliseconds(20));
        }

        await host.WaitForAsync(asked, RecordingStatus.Recording);
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded, RecordingStatus.Errored);
        Assert.Equal((RecordingStatus.Uploaded, null), (done.Status, done.ErrorMessage));

        // On a server of SFTP it has a dot in front and .part behind for as long as it comes. The name of a screen's sound is the longest.
        var name = Assert.Single(done.TrackFiles).FileName.Replace("_peer_", "_screenshare_", StringComparison.Ordinal);
        Assert.Matches($"^a+_{participant}_{peer}_screenshare_audio_[0-9]+\\.webm$", name);
        Assert.InRange($".{name}.part".Length, 200, 255);
        Assert.NotEmpty(await host.DownloadAsync(done, done.TrackFiles[0].FileName));
    }

    [Fact]
    public async Task Who_comes_while_more_packets_wait_than_may_is_recorded_all_the_same()
    {
        await using var host = await StartHostAsync();
        var asked = await StartAsync(host, new RecordingPlan());
        await using var capture = await OpenAsync(host, asked);
        _source.Show(("a", 1));
        for (var i = 0; i < 10_000; i++)
        {
            _source.Send(1, (ushort)i, (uint)(960 * i));
        }

        Assert.True(capture.DroppedFrames > 0);
        _source.Show(("a", 1), ("b", 2));
        capture.Read();
        _source.Send(2, 1, 960);
        capture.Read();
        capture.Close();
        var files = Directory.GetFiles(host.Service<RecordingFolder>().Of(asked.Id), "*.webm").Select(Path.GetFileName);
        Assert.Equal(2, files.Count());
        Assert.Single(files, file => file!.StartsWith("user-b_b_peer_audio_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_first_packet_of_who_has_just_come_is_recorded()
    {
        await using var host = await StartHostAsync();
        var asked = await StartAsync(host, new RecordingPlan());
        await using var capture = await OpenAsync(host, asked);
        _source.Show(("a", 1));
        _source.Send(1, 1, 960);
        _source.Show(("a", 1), ("b", 2));
        _source.Send(2, 1, 960);
        Assert.True(await capture.WaitAsync());
        capture.Read();
        capture.Close();
        Assert.Equal(2, Directory.GetFiles(host.Service<RecordingFolder>().Of(asked.Id), "*.webm").Length);
    }

    [Fact]
    public async Task A_scene_alone_wakes_whoever_reads()
    {
        await using var host = await StartHostAsync();
        var asked = await StartAsync(host, new RecordingPlan { RecordsPictures = true });
        await using var capture = await OpenAsync(host, asked);
        capture.Read();
        var waiting = capture.WaitAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        _source.Show(("a", 1));
        Assert.True(await waiting.WaitAsync(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task A_session_with_as_many_followers_as_may_be_refuses_and_says_how_many_that_is()
    {
        await using var host = await StartHostAsync();
        var meeting = Guid.NewGuid();
        host.Sessions.Begin(meeting);
        _source.Refusal = new CompositionException(CompositionRefusal.TooMany, "a session has at most 8");
        var answer = await host.Recordings.StartAsync(host.Wish(meeting) with { Kind = RecordingKind.Tracks }, CancellationToken.None);
        Assert.Equal((RecordingRefusal.Unavailable, "a session has at most 8"), (answer.Refusal, answer.Message));
        Assert.Empty(Directory.GetDirectories(_folder.PathOf("recordings")));
    }

    [Fact]
    public async Task Single_tracks_are_no_composition_and_take_everybody()
    {
        await using var host = await StartHostAsync();
        await using var capture = await OpenAsync(host, await StartAsync(host, new RecordingPlan()));
        Assert.False(((ICompositionInput)capture).IsComposition);
    }

    // Beside the recording of the host, which does not hear of the session from then on.
    private async Task<ICapture> OpenAsync(RecordingHost host, RecordingRecord asked)
    {
        var metrics = host.Service<RecordingMetrics>();
        var parts = new RecordingParts(
            host.Service<RecordingStore>(),
            host.Service<RecordingDelivery>(),
            host.Service<RecordingFolder>(),
            new RecordingDisk(metrics, 0),
            host.Sessions,
            [],
            metrics,
            _clock,
            NullLogger.Instance);
        return await TrackCapture.OpenAsync(asked, _source, parts, CancellationToken.None);
    }

    private async Task SpeakAsync(RecordingHost host, RecordingRecord recording, int packets)
    {
        _source.Show(("a", 1));
        _source.Report(1, secondsOfSender: 1_000, timestamp: 0);
        for (var i = 0; i < packets; i++)
        {
            _source.Send(1, (ushort)i, (uint)(960 * i));
            _clock.Advance(TimeSpan.FromMilliseconds(20));
        }

        await host.WaitForAsync(recording, RecordingStatus.Recording);
    }

    // Time goes on only when told, and the loop may not wait for it yet: a little at a time, until it noticed.
    private async Task AdvanceUntilAsync(RecordingHost host, RecordingRecord recording, Func<RecordingStatus, bool> condition)
    {
        for (var i = 0; i < 1_000 && !condition((await FindAsync(host, recording)).Status); i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(5);
        }
    }

    // Step by step: who had just worked out how long to wait, and waits after a leap, would wait for the length of the leap too long.
    private async Task PassAsync(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(2);
        }
    }

    private static async Task<RecordingRecord> FindAsync(RecordingHost host, RecordingRecord recording) =>
        (await host.Recordings.FindAsync(recording.AppId, recording.Id, CancellationToken.None))!;

    private static async Task<RecordingRecord> StartAsync(RecordingHost host, RecordingPlan plan)
    {
        var meeting = Guid.NewGuid();
        host.Sessions.Begin(meeting);
        host.Sessions.Peers["a"] = new RecordedPeer("user-a", "custom-a");
        host.Sessions.Peers["b"] = new RecordedPeer("user-b", "custom-b");
        var answer = await host.Recordings.StartAsync(host.Wish(meeting, plan) with { Kind = RecordingKind.Tracks }, CancellationToken.None);
        Assert.Null(answer.Message);
        return answer.Recording!;
    }

    private Task<RecordingHost> StartHostAsync() => RecordingHost.StartAsync(
        _folder.Path, _clock, more: services => services.AddSingleton<ICompositionSource>(_source));

    private async Task<List<double>> TimesOfAsync(byte[] file)
    {
        var path = _folder.PathOf($"{Guid.NewGuid():N}.webm");
        await File.WriteAllBytesAsync(path, file);
        using var process = Process.Start(new ProcessStartInfo(
            "ffprobe", ["-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path]) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => double.Parse(line.Trim().TrimEnd(','), CultureInfo.InvariantCulture))];
    }
}
