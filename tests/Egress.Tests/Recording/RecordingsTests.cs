using System.Diagnostics;
using System.Net;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Hls;

namespace Roomcast.Egress.Tests.Recording;

/// <summary>Recordings of a composition that carries what a real encoder made, from the wish to the file.</summary>
public sealed class RecordingsTests : IClassFixture<EncodedMinute>, IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualClock _clock = new();
    private readonly EncodedSource _source;
    private RecordingHost _host = null!;

    public RecordingsTests(EncodedMinute encoded) => _source = encoded.Source;

    public async Task InitializeAsync() => _host = await RecordingHost.StartAsync(_folder.Path, _clock);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_recording_passes_through_its_states_and_ends_as_a_file_that_plays()
    {
        var (meeting, session) = Begin();
        var asked = await StartAsync(meeting);
        Assert.Equal(RecordingStatus.Invoked, asked.Status);
        Assert.Equal($"{meeting:D}_{_clock.GetUtcNow().ToUnixTimeMilliseconds()}.mp4", asked.OutputFileName);

        Publish(session, 0, 5);
        var recording = await _host.WaitForAsync(asked, RecordingStatus.Recording);
        Assert.NotNull(recording.StartedAt);
        await WaitForMediaAsync(asked, 4);
        var stopped = await _host.Recordings.StopAsync(_host.App, asked.Id, new RecordingCaller(true, "7", "Ada"), CancellationToken.None);
        Assert.Equal(RecordingStatus.Uploading, stopped.Recording!.Status);
        Assert.NotNull(stopped.Recording.StoppedAt);

        var done = await _host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.Equal((RecordingStopReason.Asked, new RecordingCaller(true, "7", "Ada")), (done.StopReason, done.Stopper!));
        Assert.InRange(done.Duration.TotalSeconds, 4.9, 5.2);
        var file = await _host.DownloadAsync(done, done.MediaFile);
        Assert.Equal(done.FileSize, file.Length);
        Assert.InRange(await DurationOfAsync(file), 4.9, 5.2);
        Assert.Equal(
            [RecordingStatus.Invoked, RecordingStatus.Recording, RecordingStatus.Uploading, RecordingStatus.Uploaded],
            _host.Changes.Select(change => change.Status));
        await RecordingHost.UntilAsync(() => _host.Compositions.LeaseCount == 0, "the composition is given back");
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "recordings", done.Id.ToString())));
    }

    [Fact]
    public async Task Nothing_is_done_while_nothing_comes()
    {
        var (meeting, session) = Begin();
        var asked = await StartAsync(meeting);
        await RestsAsync();

        Publish(session, 0, 3);
        await _host.WaitForAsync(asked, RecordingStatus.Recording);
        await WaitForMediaAsync(asked, 2);
        await RestsAsync();

        await _host.Recordings.PauseAsync(_host.App, asked.Id, CancellationToken.None);
        await RestsAsync();

        // A loop that does not wait reads the clock some hundred thousand times.
        async Task RestsAsync()
        {
            await Task.Delay(TimeSpan.FromMilliseconds(300));
            var before = _clock.Readings;
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            Assert.InRange(_clock.Readings - before, 0, 50);
        }
    }

    [Fact]
    public async Task One_that_is_slow_to_begin_holds_up_no_other_and_counts_as_one()
    {
        await using var host = await RecordingHost.StartAsync(Path.Combine(_folder.Path, "few"), _clock, options => options.MaxRecordings = 3);
        var (slow, quick, third) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        var begins = new TaskCompletionSource();
        host.Compositions.Beginnings[host.Sessions.Begin(slow)] = begins.Task;
        host.Sessions.Begin(quick);
        host.Sessions.Begin(third);
        Task<RecordingAnswer>[] asked = [AskAsync(slow), AskAsync(slow)];
        Assert.Null((await AskAsync(quick)).Refusal);
        Assert.Equal(RecordingRefusal.Unavailable, (await AskAsync(third)).Refusal);
        Assert.All(asked, each => Assert.False(each.IsCompleted));

        // Of the two of one meeting there is one.
        begins.SetResult();
        var answers = await Task.WhenAll(asked);
        Assert.Equal([null, RecordingRefusal.AlreadyRunning], answers.Select(answer => answer.Refusal).Order());
        Assert.Null((await AskAsync(third)).Refusal);
        var fourth = Guid.NewGuid();
        host.Sessions.Begin(fourth);
        Assert.Equal(RecordingRefusal.Unavailable, (await AskAsync(fourth)).Refusal);

        Task<RecordingAnswer> AskAsync(Guid meeting) => host.Recordings.StartAsync(
            new RecordingWish(host.App, meeting, RecordingKind.Composite, new RecordingPlan(), AllowsOthers: false, RecordingStartReason.Asked, null),
            CancellationToken.None);
    }

    [Fact]
    public async Task A_pause_records_no_time()
    {
        var (meeting, session) = Begin();
        var asked = await StartAsync(meeting);
        Publish(session, 0, 3);
        await WaitForMediaAsync(asked, 2);
        Assert.Equal(RecordingStatus.Paused, (await PauseAsync(asked)).Recording!.Status);
        Publish(session, 3, 8);
        Assert.Equal(RecordingStatus.Recording, (await ResumeAsync(asked)).Recording!.Status);
        Publish(session, 8, 12);
        await WaitForMediaAsync(asked, 6);
        await StopAsync(asked);
        var done = await _host.WaitForAsync(asked, RecordingStatus.Uploaded);

        // A keyframe every second: what came between the keyframes and the requests may be in it or not.
        Assert.InRange(done.Duration.TotalSeconds, 5.9, 8.2);
        Assert.InRange(await DurationOfAsync(await _host.DownloadAsync(done, done.MediaFile)), 5.9, 8.2);
    }

    [Fact]
    public async Task What_a_state_does_not_allow_is_a_conflict()
    {
        var (meeting, session) = Begin();
        var asked = await StartAsync(meeting);
        Assert.Equal(RecordingRefusal.IllegalChange, (await PauseAsync(asked)).Refusal);
        Assert.Equal(RecordingRefusal.IllegalChange, (await ResumeAsync(asked)).Refusal);
        Publish(session, 0, 2);
        await _host.WaitForAsync(asked, RecordingStatus.Recording);
        Assert.Equal(RecordingRefusal.IllegalChange, (await ResumeAsync(asked)).Refusal);
        Assert.Null((await PauseAsync(asked)).Refusal);
        Assert.Equal(RecordingRefusal.IllegalChange, (await PauseAsync(asked)).Refusal);
        Assert.Null((await StopAsync(asked)).Refusal);
        Assert.Equal(RecordingRefusal.IllegalChange, (await StopAsync(asked)).Refusal);
        await _host.WaitForAsync(asked, RecordingStatus.Uploaded);
        foreach (var refused in new[] { await StopAsync(asked), await PauseAsync(asked), await ResumeAsync(asked) })
        {
            Assert.Equal(RecordingRefusal.IllegalChange, refused.Refusal);
            Assert.Contains("UPLOADED", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(
            RecordingRefusal.NotFound,
            (await _host.Recordings.StopAsync(_host.App, new RecordingId(Guid.NewGuid()), null, CancellationToken.None)).Refusal);
    }

    [Fact]
    public async Task One_recording_of_a_meeting_runs_unless_more_are_allowed()
    {
        var (meeting, session) = Begin();
        var first = await StartAsync(meeting);
        Assert.Equal(RecordingRefusal.AlreadyRunning, (await _host.Recordings.StartAsync(_host.Wish(meeting), CancellationToken.None)).Refusal);
        var second = (await _host.Recordings.StartAsync(_host.Wish(meeting, allowsOthers: true), CancellationToken.None)).Recording!;
        Publish(session, 0, 2);
        await _host.WaitForAsync(first, RecordingStatus.Recording);
        await _host.WaitForAsync(second, RecordingStatus.Recording);
        Assert.Equal(2, (await _host.Recordings.FindActiveAsync(_host.App, meeting, CancellationToken.None)).Count);
        await StopAsync(first);
        await StopAsync(second);
        await _host.WaitForAsync(first, RecordingStatus.Uploaded);
        Assert.Null((await _host.Recordings.StartAsync(_host.Wish(meeting), CancellationToken.None)).Refusal);
    }

    [Fact]
    public async Task It_stops_by_itself_when_it_is_as_long_as_it_may_be()
    {
        var (meeting, session) = Begin();
        var asked = await StartAsync(meeting, new RecordingPlan { MaxLength = TimeSpan.FromSeconds(4) });
        Publish(session, 0, 7);
        var done = await _host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.Equal(RecordingStopReason.MaxLength, done.StopReason);
    }

    [Fact]
    public async Task It_stops_when_the_session_ends()
    {
        var (meeting, session) = Begin();
        var asked = await StartAsync(meeting);
        Publish(session, 0, 2);
        await _host.WaitForAsync(asked, RecordingStatus.Recording);
        _host.Sessions.Set(session, new SessionPresence(0, HasEnded: true));
        Assert.Equal(RecordingStopReason.SessionEnded, (await _host.WaitForAsync(asked, RecordingStatus.Uploaded)).StopReason);
    }

    [Fact]
    public async Task It_stops_when_nobody_was_there_for_a_minute_and_not_when_somebody_returned()
    {
        var (meeting, session) = Begin();
        var asked = await StartAsync(meeting);
        Publish(session, 0, 2);
        await _host.WaitForAsync(asked, RecordingStatus.Recording);
        _host.Sessions.Set(session, new SessionPresence(0, false));
        await TimerAsync(TimeSpan.FromSeconds(50));
        _host.Sessions.Set(session, new SessionPresence(1, false));
        Publish(session, 2, 3);
        await WaitForMediaAsync(asked, 2);
        _clock.Advance(TimeSpan.FromSeconds(50));
        Publish(session, 3, 4);
        await WaitForMediaAsync(asked, 3);
        Assert.Equal(RecordingStatus.Recording, (await FindAsync(asked)).Status);

        _host.Sessions.Set(session, new SessionPresence(0, false));
        await AdvanceUntilAsync(async () => (await FindAsync(asked)).Status is not RecordingStatus.Recording);
        Assert.Equal(RecordingStopReason.AllPeersLeft, (await _host.WaitForAsync(asked, RecordingStatus.Uploaded)).StopReason);
    }

    [Fact]
    public async Task It_stops_and_keeps_what_there_is_when_the_composition_is_gone()
    {
        var (meeting, session) = Begin();
        var asked = await StartAsync(meeting);
        Publish(session, 0, 3);
        await _host.WaitForAsync(asked, RecordingStatus.Recording);
        _host.Compositions.Of(session).Feed.End();
        await AdvanceUntilAsync(async () => (await FindAsync(asked)).Status is not RecordingStatus.Recording);
        var done = await _host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.Equal(RecordingStopReason.InternalError, done.StopReason);
        Assert.InRange(await DurationOfAsync(await _host.DownloadAsync(done, done.MediaFile)), 2.9, 3.2);
    }

    [Fact]
    public async Task A_recording_of_nothing_is_a_fault_with_a_reason()
    {
        var (meeting, _) = Begin();
        var asked = await StartAsync(meeting);
        await StopAsync(asked);
        var done = await _host.WaitForAsync(asked, RecordingStatus.Errored);
        Assert.Equal("Nothing was recorded.", done.ErrorMessage);

        var other = await StartAsync(meeting);
        await AdvanceUntilAsync(async () => (await FindAsync(other)).Status is RecordingStatus.Errored);
        Assert.Equal("There was nothing to record for 60 s after the start.", (await FindAsync(other)).ErrorMessage);
    }

    [Fact]
    public async Task Without_a_session_or_a_composition_it_does_not_begin()
    {
        var nobody = await _host.Recordings.StartAsync(_host.Wish(Guid.NewGuid()), CancellationToken.None);
        Assert.Equal(RecordingRefusal.NoSession, nobody.Refusal);

        var (meeting, _) = Begin();
        _host.Compositions.Refusal = new CompositionException(CompositionRefusal.NoLibraries, "The codecs are not installed.");
        var refused = await _host.Recordings.StartAsync(_host.Wish(meeting), CancellationToken.None);
        Assert.Equal((RecordingRefusal.Unavailable, "The codecs are not installed."), (refused.Refusal, refused.Message));
        Assert.Empty(_host.Changes);
        Assert.Empty(Directory.GetDirectories(Path.Combine(_folder.Path, "recordings")));
    }

    [Fact]
    public async Task The_sound_is_a_file_of_its_own_where_it_is_asked_for()
    {
        var (meeting, session) = Begin();
        var both = await StartAsync(meeting, new RecordingPlan { ExportsAudio = true, FileNamePrefix = "weekly" });
        var sound = (await _host.Recordings.StartAsync(
            _host.Wish(meeting, new RecordingPlan { ExportsAudio = true, ExportsVideo = false }, allowsOthers: true), CancellationToken.None)).Recording!;
        Publish(session, 0, 3);
        foreach (var recording in new[] { both, sound })
        {
            await WaitForMediaAsync(recording, 2);
            await StopAsync(recording);
        }

        var done = await _host.WaitForAsync(both, RecordingStatus.Uploaded);
        Assert.StartsWith("weekly_", done.MediaFile, StringComparison.Ordinal);
        Assert.EndsWith(".m4a", done.AudioFile, StringComparison.Ordinal);
        Assert.Equal("aac", await CodecsOfAsync(await _host.DownloadAsync(done, done.AudioFile)));
        Assert.Equal("aac,h264", await CodecsOfAsync(await _host.DownloadAsync(done, done.MediaFile)));
        var alone = await _host.WaitForAsync(sound, RecordingStatus.Uploaded);
        Assert.Null(alone.MediaFile);
        Assert.Equal("aac", await CodecsOfAsync(await _host.DownloadAsync(alone, alone.AudioFile)));
    }

    [Fact]
    public async Task An_address_is_signed_holds_for_its_time_and_gives_any_part()
    {
        var (meeting, session) = Begin();
        var asked = await StartAsync(meeting);
        Publish(session, 0, 2);
        await WaitForMediaAsync(asked, 1);
        await StopAsync(asked);
        var done = await _host.WaitForAsync(asked, RecordingStatus.Uploaded);
        var address = new Uri(_host.Address + _host.Recordings.AddressOf(done, done.MediaFile));
        var whole = await _host.Client.GetByteArrayAsync(address);

        using (var request = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { { "Range", "bytes=100-199" } } })
        using (var part = await _host.Client.SendAsync(request))
        {
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(whole[100..200], await part.Content.ReadAsByteArrayAsync());
        }

        var text = address.ToString();
        foreach (var wrong in new[]
        {
            text[..text.IndexOf('?', StringComparison.Ordinal)],
            text[..^1] + (text[^1] == 'A' ? 'B' : 'A'),
            text.Replace("expires=", "expires=1", StringComparison.Ordinal),
            text.Replace(done.Id.ToString(), Guid.NewGuid().ToString("D"), StringComparison.Ordinal),
            text.Replace($"{done.Id}/", $"{done.Id}/%2e%2e%2f", StringComparison.Ordinal),
        })
        {
            using var refused = await _host.Client.GetAsync(new Uri(wrong));
            Assert.True(refused.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.NotFound, $"{wrong}: {refused.StatusCode}");
        }

        _clock.Advance(TimeSpan.FromDays(7));
        using (var late = await _host.Client.GetAsync(address))
        {
            Assert.Equal(HttpStatusCode.Forbidden, late.StatusCode);
        }

        Assert.Null(_host.Recordings.AddressOf(done, done.MediaFile));
        _clock.Advance(TimeSpan.FromHours(2));
        await RecordingHost.UntilAsync(
            () => !Directory.Exists(Path.Combine(_folder.Path, "blobs", done.Id.ToString())), "the file whose time is over is deleted");
    }

    [Fact]
    public async Task A_server_that_stops_leaves_recordings_that_the_next_one_stores()
    {
        var (meeting, session) = Begin();
        var asked = await StartAsync(meeting);
        Publish(session, 0, 4);
        await WaitForMediaAsync(asked, 3);
        await _host.DisposeAsync();

        _host = await RecordingHost.StartAsync(_folder.Path, _clock);
        var done = await _host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.Equal(RecordingStopReason.ServerStopped, done.StopReason);
        Assert.InRange(await DurationOfAsync(await _host.DownloadAsync(done, done.MediaFile)), 3.9, 4.2);
    }

    private (Guid Meeting, Guid Session) Begin()
    {
        var meeting = Guid.NewGuid();
        return (meeting, _host.Sessions.Begin(meeting));
    }

    private async Task<RecordingRecord> StartAsync(Guid meeting, RecordingPlan? plan = null)
    {
        var answer = await _host.Recordings.StartAsync(_host.Wish(meeting, plan), CancellationToken.None);
        Assert.Null(answer.Message);
        return answer.Recording!;
    }

    private Task<RecordingAnswer> PauseAsync(RecordingRecord recording) =>
        _host.Recordings.PauseAsync(recording.AppId, recording.Id, CancellationToken.None);

    private Task<RecordingAnswer> ResumeAsync(RecordingRecord recording) =>
        _host.Recordings.ResumeAsync(recording.AppId, recording.Id, CancellationToken.None);

    private Task<RecordingAnswer> StopAsync(RecordingRecord recording) =>
        _host.Recordings.StopAsync(recording.AppId, recording.Id, null, CancellationToken.None);

    private async Task<RecordingRecord> FindAsync(RecordingRecord recording) =>
        (await _host.Recordings.FindAsync(recording.AppId, recording.Id, CancellationToken.None))!;

    private void Publish(Guid session, double from, double until) =>
        _host.Compositions.Of(session).Publish(_source, TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(until));

    // A second of this source is 30 pictures and 47 pieces of sound; what is on the disk tells how far the recording has come.
    private Task WaitForMediaAsync(RecordingRecord recording, int seconds) => RecordingHost.UntilAsync(
        () =>
        {
            var file = new FileInfo(Path.Combine(_folder.Path, "recordings", recording.Id.ToString(), "fragments.mp4"));
            if (!file.Exists)
            {
                return false;
            }

            using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return Roomcast.Media.Containers.Mp4.Mp4RecordedFile.Read(stream).FragmentCount >= seconds;
        },
        $"{seconds} s are on the disk");

    // Time goes on only when told, and the loop may not wait for it yet: a little at a time, until it noticed.
    private async Task AdvanceUntilAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 2_000 && !await condition(); i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }

        Assert.True(await condition());
    }

    private async Task TimerAsync(TimeSpan time)
    {
        await Task.Delay(50);
        _clock.Advance(time);
    }

    private async Task<double> DurationOfAsync(byte[] file)
    {
        var path = Path.Combine(_folder.Path, $"{Guid.NewGuid():N}.mp4");
        await File.WriteAllBytesAsync(path, file);
        await EncodedSource.RunAsync("-v", "error", "-i", path, "-f", "null", "-");
        return double.Parse(await ProbeAsync("format=duration", path), System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task<string> CodecsOfAsync(byte[] file)
    {
        var path = Path.Combine(_folder.Path, $"{Guid.NewGuid():N}.mp4");
        await File.WriteAllBytesAsync(path, file);
        return string.Join(',', (await ProbeAsync("stream=codec_name", path)).Split('\n').Select(line => line.Trim()).Order(StringComparer.Ordinal));
    }

    private static async Task<string> ProbeAsync(string entries, string path)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "ffprobe", ["-v", "error", "-show_entries", entries, "-of", "csv=p=0", path]) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return output.Trim();
    }
}

/// <summary>Encoded once for all tests: half a minute, a keyframe every second.</summary>
public sealed class EncodedMinute : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public EncodedSource Source { get; private set; } = null!;

    public async Task InitializeAsync() => Source = await EncodedSource.EncodeAsync(
        _folder.Path, TimeSpan.FromSeconds(30), "-c:v libx264 -preset ultrafast -g 30 -bf 0 -pix_fmt yuv420p", "-c:a aac -ac 2 -ar 48000");

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();
}
