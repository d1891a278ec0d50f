using System.Globalization;
using System.Text.Json;
using Roomcast.Interop.Browser;
using Roomcast.Interop.Push;
using Roomcast.TestKit;
using Roomcast.TestKit.S3;
using Xunit.Abstractions;

namespace Roomcast.Interop.Meetings;

/// <summary>What goes wrong around a meeting that is live and recorded, on the real server, and what viewers see of it.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class LiveFaultTests(ITestOutputHelper output)
{
    private const string Preset = "livestream_host";

    [Fact]
    public async Task A_server_that_was_killed_while_recording_repairs_and_uploads_at_its_next_start()
    {
        await using var nginx = await RecordingSink.StartNginxAsync();
        await using var own = await OwnServer.StartAsync(new MeetingServer { Arguments = ["--push-private-networks", "127.0.0.0/8,::1/128"] });
        var server = own.Server;
        var (meeting, ada, livestream) = await GoLiveAsync(server);
        await PushAsync(server, livestream, nginx);
        var recording = await RecordAsync(server, meeting);
        await using var sink = new StampedSink($"{nginx.Address}/key", Path.Combine(server.Folder, "pushed.flv"));
        await sink.FollowAsync(TimeSpan.FromSeconds(6), () => server.Server.Errors);

        var url = await ada.EvaluateAsync<string>("meeting.livestream.playbackUrl");
        var killed = StampedPicture.StampOf(TimeProvider.System.GetUtcNow());
        await server.RestartAsync();
        var back = StampedPicture.StampOf(TimeProvider.System.GetUtcNow());

        // The server that is started next pushes to the same place, and does so soon.
        var left = (await sink.ReadAsync()).Last(each => each.Look.First is { } first && StampedPicture.Between(killed, first) <= 0).Look.First!.Value;

        // Viewers go on at the same address, and see what she shows now, not what was there before.
        await ada.WaitAsync(server, $"meeting.livestream.state === 'LIVESTREAMING' && meeting.livestream.playbackUrl === '{url}'");
        // She comes in while they watch already, so it is her place in all that a player gets which is waited for.
        var began = TimeProvider.System.GetTimestamp();
        while ((await WatchAsync(server, livestream, IsBack)) is var seen && !seen.All(IsBack))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"{seen[0]} to {seen[^1]}\n{server.Server.Errors}");
        }

        bool IsBack(StampedLook look) => look is { Layout: StampedLayout.Alone, First: { } first } && StampedPicture.Between(back, first) > 0;
        var now = await AssertWatchedAsync(server, livestream);
        Assert.True(StampedPicture.Between(back, now) > 0, $"Viewers see what was drawn {StampedPicture.Between(now, back)} ms before the server was back.");
        var again = await server.GetAsync($"/meetings/{meeting}/active-livestream");
        Assert.Equal(livestream.GetProperty("id").GetString(), again.GetProperty("id").GetString());
        var done = await UntilAsync(server, recording, "UPLOADED");
        Assert.Equal("INTERNAL_ERROR", done.GetProperty("stop_reason").GetProperty("reason").GetString());
        var file = await DownloadAsync(server, done, "killed.mp4");

        // Nothing that had left the server is missing of more than two seconds.
        var reading = await StampedReading.OfAsync(file);
        var last = reading.Frames.Last(frame => frame.Look.First is not null).Look.First!.Value;
        Print($"Of what had been pushed when the server was killed, the recording lacks {StampedPicture.Between(last, left)} ms.");
        Assert.InRange(StampedPicture.Between(last, left), int.MinValue, 2_000);
        Assert.All(reading.Frames.Zip(reading.Frames.Skip(1)), pair => Assert.True((pair.Second.At - pair.First.At).TotalMilliseconds >= 32));
        Assert.Empty(reading.Complaints);

        // And it sounds when it shows. The browser's own share is in the figure.
        var offsets = reading.OffsetsMs(MeetProbe.Tones[0], await ada.EvaluateAsync<List<double>>("stamped.swells()")).Order().ToList();
        Assert.True(offsets.Count >= 3, $"{offsets.Count} swells were found.");
        Print($"Sound minus picture: {offsets[offsets.Count / 2]:F0} ms in the middle of {offsets.Count}.");
        Assert.InRange(Math.Abs(offsets[offsets.Count / 2]), 0, 60);
        await ada.CloseAsync();
    }

    [Fact]
    public async Task A_bucket_that_is_away_for_half_a_minute_gets_the_recording_afterwards_and_viewers_notice_nothing()
    {
        await using var bucket = await S3Server.StartAsync();
        await using var own = await OwnServer.StartAsync(new MeetingServer { Arguments = [
            "--s3-bucket", bucket.Bucket, "--s3-endpoint", bucket.Endpoint, "--s3-access-key", S3Server.Key, "--s3-secret-key", S3Server.Key, "--s3-path-style", "true"] });
        var server = own.Server;
        var (meeting, ada, livestream) = await GoLiveAsync(server);
        var recording = await RecordAsync(server, meeting);
        await Task.Delay(TimeSpan.FromSeconds(3));
        bucket.Kill();
        var away = TimeProvider.System.GetTimestamp();
        await PutAsync(server, recording, "stop");
        await server.Server.WaitForLogAsync("could not be uploaded");
        while (TimeProvider.System.GetElapsedTime(away) < TimeSpan.FromSeconds(30))
        {
            await AssertWatchedAsync(server, livestream);
        }

        Assert.Equal("UPLOADING", (await server.GetAsync($"/recordings/{recording}")).GetProperty("status").GetString());
        await bucket.StartAgainAsync();
        var done = await UntilAsync(server, recording, "UPLOADED");
        var reading = await StampedReading.OfAsync(await DownloadAsync(server, done, "uploaded.mp4"));
        Assert.Contains(reading.Frames, frame => frame.Look.Layout is StampedLayout.Alone);
        Assert.Single(bucket.Objects);
        await AssertWatchedAsync(server, livestream);
        await LeaveAsync(ada);
    }

    [Fact]
    public async Task A_full_disk_ends_the_recording_and_not_the_livestream()
    {
        using var disk = SmallDisk.Mount(sizeKiB: 64 << 10);
        await using var own = await OwnServer.StartAsync(
            new MeetingServer { DataFolder = Path.Combine(disk.Path, "data"), Arguments = ["--min-free-disk", "1MiB"] });
        var server = own.Server;
        var (meeting, ada, livestream) = await GoLiveAsync(server);
        var recording = await RecordAsync(server, meeting);
        await Task.Delay(TimeSpan.FromSeconds(3));
        disk.Fill();
        var failed = await UntilAsync(server, recording, "ERRORED");
        Assert.Contains("disk", failed.GetProperty("err_message").GetString(), StringComparison.Ordinal);
        Assert.Contains("full", failed.GetProperty("err_message").GetString(), StringComparison.Ordinal);
        var before = await AssertWatchedAsync(server, livestream);
        for (var look = 0; look < 3; look++)
        {
            await Task.Delay(TimeSpan.FromSeconds(2));
            var now = await AssertWatchedAsync(server, livestream);
            Assert.True(StampedPicture.Between(before, now) > 0, "Viewers see what they have seen before.");
            before = now;
        }

        // There is room again: what had been written can be had.
        disk.Grow(sizeKiB: 256 << 10);
        var kept = await UntilAsync(server, recording, "ERRORED", each => each.GetProperty("download_url").ValueKind is JsonValueKind.String);
        var reading = await StampedReading.OfAsync(await DownloadAsync(server, kept, "kept.mp4"));
        Assert.Contains(reading.Frames, frame => frame.Look.Layout is StampedLayout.Alone);
        await AssertWatchedAsync(server, livestream);
        await LeaveAsync(ada);
    }

    [Fact]
    public async Task Who_crashes_is_gone_from_the_picture_and_the_others_stay()
    {
        await using var own = await OwnServer.StartAsync(new MeetingServer());
        var server = own.Server;
        var (meeting, ada, livestream) = await GoLiveAsync(server);
        var ben = await KitPage.OpenAsync(server, meeting, 1, Preset, sends: true, script: StampedSource.ScriptOf(1));
        await WatchAsync(server, livestream, look => look is { Layout: StampedLayout.Two, Second: not null });
        await ben.CrashAsync();
        await WatchAsync(server, livestream, look => look.Layout is StampedLayout.Alone);
        var again = await KitPage.OpenAsync(server, meeting, 1, Preset, sends: true, script: StampedSource.ScriptOf(1));
        await WatchAsync(server, livestream, look => look is { Layout: StampedLayout.Two, Second: not null });
        await again.CloseAsync();
        await LeaveAsync(ada);
    }

    private static async Task<(string Meeting, BrowserPage Ada, JsonElement Livestream)> GoLiveAsync(MeetingServer server)
    {
        var meeting = await server.CreateMeetingAsync("Faults");
        var ada = await KitPage.OpenAsync(server, meeting, 0, Preset, sends: true, script: StampedSource.ScriptOf(0));
        await ada.RunAsync("meeting.livestream.start()");
        await ada.WaitAsync("meeting.livestream.state === 'LIVESTREAMING' && meeting.livestream.playbackUrl", MeetTab.Patience);
        var livestream = await server.GetAsync($"/meetings/{meeting}/active-livestream");
        await WatchAsync(server, livestream, look => look.Layout is StampedLayout.Alone);
        return (meeting, ada, livestream);
    }

    private static async Task PushAsync(MeetingServer server, JsonElement livestream, RecordingSink sink)
    {
        var path = $"/livestreams/{livestream.GetProperty("id").GetString()}/outputs";
        var made = await server.PostAsync(path, new { url = sink.Address, stream_key = "key" });
        await UntilAsync(
            server, async () => await server.GetAsync($"{path}/{made.GetProperty("id").GetString()}"), each => each.GetProperty("state").GetString() == "publishing");
    }

    private static async Task<string> RecordAsync(MeetingServer server, string meeting)
    {
        var made = await server.PostAsync("/recordings", new { meeting_id = meeting });
        var id = made.GetProperty("id").GetString()!;
        await UntilAsync(server, id, "RECORDING");
        return id;
    }

    private static async Task PutAsync(MeetingServer server, string recording, string action)
    {
        using var api = server.Server.CreateApiClient();
        using var body = new StringContent($$"""{"action":"{{action}}"}""", System.Text.Encoding.UTF8, "application/json");
        using var answer = await api.PutAsync(new Uri($"{server.Server.AppPath}/recordings/{recording}", UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static Task<JsonElement> UntilAsync(MeetingServer server, string recording, string status, Func<JsonElement, bool>? andAlso = null) => UntilAsync(
        server,
        () => server.GetAsync($"/recordings/{recording}"),
        each => each.GetProperty("status").GetString() == status && (andAlso?.Invoke(each) ?? true));

    private static async Task<JsonElement> UntilAsync(MeetingServer server, Func<Task<JsonElement>> ask, Func<JsonElement, bool> isSo)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var now = await ask();
            if (isSo(now))
            {
                return now;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"{now}\n{server.Server.Errors}");
            await Task.Delay(200);
        }
    }

    private static async Task<string> DownloadAsync(MeetingServer server, JsonElement recording, string name)
    {
        var path = Path.Combine(server.Folder, name);
        using var http = server.Server.CreateHttpsClient();
        await File.WriteAllBytesAsync(path, await http.GetByteArrayAsync(new Uri(recording.GetProperty("download_url").GetString()!)));
        return path;
    }

    /// <summary>A player that comes now sees Ada, for whom time goes by as it does for the player; answers her last stamp.</summary>
    private static async Task<int> AssertWatchedAsync(MeetingServer server, JsonElement livestream)
    {
        var seen = await WatchAsync(server, livestream, look => look.Layout is StampedLayout.Alone);
        var stamps = seen.Select(look => look.First).OfType<int>().ToList();
        var (passed, watched) = (StampedPicture.Between(stamps[0], stamps[^1]), seen.Count * 1_000 / 30);
        Assert.True(
            passed > watched / 2 && passed < watched * 2,
            $"{passed} ms of Ada are seen in {watched} ms, by {stamps.Distinct().Count()} pictures of her.\n{server.Server.Errors}");
        return stamps[^1];
    }

    /// <summary>Watches two seconds as a player that has just come, again and again, until the last picture is as wanted.</summary>
    private static async Task<IReadOnlyList<StampedLook>> WatchAsync(MeetingServer server, JsonElement livestream, Func<StampedLook, bool> isSo)
    {
        var url = livestream.GetProperty("playback_url").GetString()!;
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var seen = await StampedLayouts.WatchAsync(url, TimeSpan.FromSeconds(2));
            if (seen.Count > 0 && isSo(seen[^1]))
            {
                return seen;
            }

            Assert.True(
                TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience,
                $"{seen.Count} pictures, the last {(seen.Count > 0 ? seen[^1] : default)}\n{server.Server.Errors}");
        }
    }

    private static async Task LeaveAsync(BrowserPage page)
    {
        await page.RunAsync("meeting.leave()");
        await page.CloseAsync();
    }

    /// <summary>A server of a test's own, with its browsers.</summary>
    private sealed class OwnServer : IAsyncDisposable
    {
        private OwnServer(MeetingServer server) => Server = server;

        public MeetingServer Server { get; }

        public static async Task<OwnServer> StartAsync(MeetingServer server)
        {
            await server.InitializeAsync();
            return new OwnServer(server);
        }

        public ValueTask DisposeAsync() => new(Server.DisposeAsync());
    }

    private void Print(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
