using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Roomcast.Egress.Composition.Layouts;
using Roomcast.Interop.Browser;
using Roomcast.TestKit.Hls;
using Roomcast.TestKit.Video;
using Xunit.Abstractions;

namespace Roomcast.Interop.Meetings;

/// <summary>A meeting goes live by the official client, unmodified: what viewers are served shows who is on stage.</summary>
[Collection(MeetingServerTests.Name)]
public sealed partial class LiveMeetingTests(MeetingServer server, ITestOutputHelper output) : IAsyncLifetime
{
    // A tone that is there for less than half of the time, through two codecs.
    private const double AudibleDb = -30;
    private const double SilentDb = -60;

    // The letters of a slate are a sixteenth of the picture's height, on one line in the middle.
    private const int LetterSize = 45;
    private static readonly TileArea Whole = new(0, 0, 1_280, 720);
    private static readonly TileArea Words = new(100, 320, 1_080, 80);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task A_host_starts_and_stops_and_everybody_learns_where_to_watch()
    {
        var meeting = await server.CreateMeetingAsync("Live");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "livestream_host", sends: true);
        var eve = await KitPage.OpenAsync(server, meeting, 1, "livestream_viewer", sends: false, browser: 0);
        await eve.WaitAsync("meeting.livestream.state === 'IDLE' && meeting.livestream.viewerCount === 2", MeetTab.Patience);

        await ada.RunAsync("meeting.livestream.start()");
        await ada.WaitAsync("meeting.livestream.state === 'LIVESTREAMING' && meeting.livestream.playbackUrl", MeetTab.Patience);
        await eve.WaitAsync("meeting.livestream.state === 'LIVESTREAMING' && meeting.livestream.playbackUrl", MeetTab.Patience);
        var url = await eve.EvaluateAsync<string>("meeting.livestream.playbackUrl");
        Assert.Equal(url, await ada.EvaluateAsync<string>("meeting.livestream.playbackUrl"));
        Assert.Equal("LIVE", (await GetAsync($"/meetings/{meeting}/active-livestream")).GetProperty("status").GetString());

        // Said to be live only when it can be played: the very first answer has media.
        using var http = new HttpClient();
        var multivariant = await http.GetStringAsync(new Uri(url));
        Assert.Contains("avc1.64", multivariant, StringComparison.Ordinal);
        Assert.Contains("mp4a.40.2", multivariant, StringComparison.Ordinal);

        var seen = await WatchUntilAsync(
            url, reading => IsAtFullRate(reading) && reading.LoudestOf(MeetProbe.Tones[0]) > AudibleDb && reading.Shows(reading.Pictures.Count - 1, 0.5, 0.5, 0));
        Assert.True(seen.Changes() > 20, $"{seen.Changes()} of {seen.Pictures.Count} pictures moved.");
        Assert.True(seen.LevelOf(MeetProbe.Tones[1]) < SilentDb);

        // Somebody who comes late knows it too.
        var late = await KitPage.OpenAsync(server, meeting, 2, "livestream_viewer", sends: false, browser: 0);
        await late.WaitAsync($"meeting.livestream.state === 'LIVESTREAMING' && meeting.livestream.playbackUrl === '{url}'", MeetTab.Patience);
        await eve.WaitAsync("meeting.livestream.viewerCount === 3", MeetTab.Patience);

        await ada.RunAsync("meeting.livestream.stop()");
        foreach (var page in (BrowserPage[])[ada, eve, late])
        {
            await page.WaitAsync("meeting.livestream.state === 'IDLE'", MeetTab.Patience);
        }

        var media = multivariant.Split('\n').First(line => line.EndsWith(".m3u8", StringComparison.Ordinal) && !line.StartsWith('#'));
        Assert.Contains("#EXT-X-ENDLIST", await http.GetStringAsync(new Uri(new Uri(url), media)), StringComparison.Ordinal);
        foreach (var page in (BrowserPage[])[ada, eve, late])
        {
            await page.RunAsync("meeting.leave()");
            await page.CloseAsync();
        }
    }

    [Fact]
    public async Task A_second_host_who_starts_what_is_live_is_left_with_the_livestream_that_is()
    {
        var meeting = await server.CreateMeetingAsync("Twice");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "livestream_host", sends: true);
        var ben = await KitPage.OpenAsync(server, meeting, 1, "livestream_host", sends: false, browser: 0);
        await ada.RunAsync("meeting.livestream.start()");
        foreach (var page in (BrowserPage[])[ada, ben])
        {
            await page.WaitAsync("meeting.livestream.state === 'LIVESTREAMING' && meeting.livestream.playbackUrl", MeetTab.Patience);
            await page.RunAsync("(globalThis.states = [], meeting.livestream.on('livestreamUpdate', (state) => states.push(state)), null)");
        }

        var url = await ada.EvaluateAsync<string>("meeting.livestream.playbackUrl");
        var before = await GetAsync($"/meetings/{meeting}/active-livestream");

        // The client forgets what it knew when it begins and is refused; what it is told then is what stays.
        await ben.RunAsync("meeting.livestream.start().then(() => null, () => null)");
        await ben.WaitAsync("states.length > 1 && states.at(-1) === 'LIVESTREAMING'", MeetTab.Patience);
        await ada.RunAsync("meeting.chat.sendTextMessage('after')");
        await ben.WaitAsync("!!kit.message('after')", MeetTab.Patience);
        output.WriteLine(await ben.EvaluateAsync<string>("states.join()"));
        foreach (var page in (BrowserPage[])[ada, ben])
        {
            Assert.Equal("LIVESTREAMING", await page.EvaluateAsync<string>("meeting.livestream.state"));
            Assert.Equal(url, await page.EvaluateAsync<string>("meeting.livestream.playbackUrl"));
        }

        Assert.Equal(0, await ada.EvaluateAsync<int>("states.length"));
        var after = await GetAsync($"/meetings/{meeting}/active-livestream");
        Assert.Equal((before.GetProperty("id").GetString(), "LIVE"), (after.GetProperty("id").GetString(), after.GetProperty("status").GetString()));

        // And it is one that ends for both, by the one who did not begin it.
        await ben.RunAsync("meeting.livestream.stop()");
        foreach (var page in (BrowserPage[])[ada, ben])
        {
            await page.WaitAsync("meeting.livestream.state === 'IDLE'", MeetTab.Patience);
            await page.RunAsync("meeting.leave()");
            await page.CloseAsync();
        }
    }

    [Fact]
    public async Task A_host_goes_live_and_records_from_the_page_and_everybody_in_the_meeting_is_told()
    {
        var meeting = await server.CreateMeetingAsync("From the page");
        var ada = await server.JoinAsync(meeting, 0, "livestream_host");
        var ben = await server.JoinAsync(meeting, 1, "livestream_host");

        // The client knows of livestreams where the preset is for them, and of recordings always.
        var cleo = await server.JoinAsync(meeting, 2, "group_call_participant");
        await cleo.WaitForOthersAsync(ada.Name, ben.Name);
        Assert.False(await cleo.Page.EvaluateAsync<bool>("document.getElementById('on-air').checkVisibility()"));

        await ada.Page.ClickAsync("#on-air");
        await ada.Page.ClickAsync("#live-act");
        await SayAsync("live-badge", "Live", ada, ben);
        Assert.Equal("LIVE", (await GetAsync($"/meetings/{meeting}/active-livestream")).GetProperty("status").GetString());
        await ada.WaitAsync("document.getElementById('live-link').checkVisibility()");

        await ada.Page.ClickAsync("#recording-act");
        await SayAsync("recording-badge", "Recording", ada, ben, cleo);
        await cleo.WaitAsync("document.getElementById('toasts').innerText.includes('The meeting is being recorded')");
        await ada.Page.ClickAsync("#recording-pause");
        await SayAsync("recording-badge", "Recording paused", ada, ben, cleo);
        await ada.Page.ClickAsync("#recording-pause");
        await SayAsync("recording-badge", "Recording", ada, ben, cleo);
        await ada.Page.ClickAsync("#recording-act");
        await SayAsync("recording-badge", "", ada, ben, cleo);
        await SayAsync("live-badge", "Live", ada, ben);
        await ada.Page.ClickAsync("#live-act");
        await SayAsync("live-badge", "", ada, ben);
        await ada.WaitAsync("document.getElementById('live-act').innerText === 'Go live'");

        static async Task SayAsync(string badge, string words, params MeetTab[] tabs)
        {
            foreach (var tab in tabs)
            {
                var isShown = words.Length > 0 ? "true" : "false";
                await tab.WaitAsync($"document.getElementById('{badge}').textContent === '{words}' && document.getElementById('{badge}').checkVisibility() === {isShown}");
            }
        }
    }

    [Fact]
    public async Task Who_comes_mutes_and_goes_is_seen_and_heard_so()
    {
        var meeting = await server.CreateMeetingAsync("Stage");
        var ada = await server.JoinAsync(meeting, 0);
        var livestream = await PostAsync($"/meetings/{meeting}/livestreams");
        var url = livestream.GetProperty("playback_url").GetString()!;
        await WaitUntilLiveAsync(meeting);
        await WatchUntilAsync(url, reading => Alone(reading, 0));

        var ben = await server.JoinAsync(meeting, 1, "group_call_participant");
        await WatchUntilAsync(url, reading =>
            reading.Shows(reading.Pictures.Count - 1, 0.25, 0.5, 0) && reading.Shows(reading.Pictures.Count - 1, 0.75, 0.5, 1)
            && reading.LoudestOf(MeetProbe.Tones[0]) > AudibleDb && reading.LoudestOf(MeetProbe.Tones[1]) > AudibleDb
            && reading.Changes() > 20 && IsAtFullRate(reading));
        await KeepAsync(url, "live-two");

        // Muted: neither seen nor heard, and the place stays.
        await ben.ClickAsync("#mic");
        await ben.ClickAsync("#camera");
        await WatchUntilAsync(url, reading =>
            reading.Shows(reading.Pictures.Count - 1, 0.25, 0.5, 0) && !reading.Shows(reading.Pictures.Count - 1, 0.75, 0.5, 1)
            && reading.LevelOf(MeetProbe.Tones[1]) < SilentDb);
        await KeepAsync(url, "live-muted");

        await ben.LeaveAsync();
        await WatchUntilAsync(url, reading => Alone(reading, 0));
        await ada.LeaveAsync();
        await PostAsync($"/meetings/{meeting}/active-livestream/stop");
    }

    [Fact]
    public async Task Who_has_come_to_watch_sees_the_livestream_in_the_meeting_page()
    {
        var meeting = await server.CreateMeetingAsync("Audience");
        var ada = await server.JoinAsync(meeting, 0, "livestream_host");
        var eve = await server.JoinAsync(meeting, 1, "livestream_viewer", browser: 0);
        await eve.WaitAsync("document.getElementById('audience-title').textContent === 'The livestream has not begun' && !document.getElementById('audience').hidden");
        await PostAsync($"/meetings/{meeting}/livestreams");
        await WaitUntilLiveAsync(meeting);
        var own = CodedPicture.Colours[0];
        await eve.WaitAsync($$"""
            (() => {
              const video = document.querySelector('#livestream:not([hidden]) video');
              const seen = probe.picture(video)?.colour ?? [0, 0, 0];
              return video?.currentTime > 0 && [{{own.Red}}, {{own.Green}}, {{own.Blue}}].every((own, at) => Math.abs(own - seen[at]) < 50);
            })()
            """);
        Assert.True(await eve.Page.EvaluateAsync<bool>("document.getElementById('audience').hidden && probe.names().length === 0"));
        if (Environment.GetEnvironmentVariable("ROOMCAST_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await eve.Page.ScreenshotAsync(Path.Combine(folder, "meet-livestream-viewer.png"));
        }

        await PostAsync($"/meetings/{meeting}/active-livestream/stop");
        await eve.WaitAsync("document.getElementById('livestream').hidden && !document.getElementById('audience').hidden");
        await eve.LeaveAsync();
        await ada.LeaveAsync();
    }

    [Fact]
    public async Task A_host_publishes_by_an_encoder_of_its_own()
    {
        var meeting = await server.CreateMeetingAsync("Manual");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "livestream_host", sends: false);
        var eve = await KitPage.OpenAsync(server, meeting, 1, "livestream_viewer", sends: false, browser: 0);
        await ada.RunAsync("meeting.livestream.start({ manualIngestion: true })");
        await ada.WaitAsync("meeting.livestream.state === 'WAITING_ON_MANUAL_INGESTION'", MeetTab.Patience);
        await eve.WaitAsync("meeting.livestream.state === 'WAITING_ON_MANUAL_INGESTION'", MeetTab.Patience);
        var (target, key) = (
            await ada.EvaluateAsync<string>("meeting.livestream.ingestionCredentials.ingestionServer"),
            await ada.EvaluateAsync<string>("meeting.livestream.ingestionCredentials.streamKey"));
        Assert.Null(await eve.EvaluateAsync<string?>("meeting.livestream.ingestionCredentials?.streamKey ?? null"));

        await using (PictureClockSource.Start(new PictureClockOptions(), "-f", "flv", target + key))
        {
            await ada.WaitAsync("meeting.livestream.state === 'LIVESTREAMING'", MeetTab.Patience);
            await eve.WaitAsync("meeting.livestream.state === 'LIVESTREAMING'", MeetTab.Patience);
            var url = await eve.EvaluateAsync<string>("meeting.livestream.playbackUrl");
            var reading = await ComposedReading.OfAsync(url, TimeSpan.FromSeconds(2));
            Assert.True(reading.Pictures.Count > 40, $"{reading.Pictures.Count} pictures in two seconds.");
            await ada.RunAsync("meeting.livestream.stop()");
            await eve.WaitAsync("meeting.livestream.state === 'IDLE'", MeetTab.Patience);
        }

        foreach (var page in (BrowserPage[])[ada, eve])
        {
            await page.RunAsync("meeting.leave()");
            await page.CloseAsync();
        }
    }

    [Fact]
    public async Task A_worker_that_is_killed_is_replaced_and_the_livestream_goes_on()
    {
        var meeting = await server.CreateMeetingAsync("Killed");
        var ada = await server.JoinAsync(meeting, 0);
        var url = (await PostAsync($"/meetings/{meeting}/livestreams")).GetProperty("playback_url").GetString()!;
        await WaitUntilLiveAsync(meeting);
        await WatchUntilAsync(url, reading => Alone(reading, 0));
        var before = await GetAsync($"/meetings/{meeting}/active-livestream");
        var deaths = await ServerMetrics.SumAsync(server, "roomcast_egress_composition_worker_deaths");

        var worker = ComposedBy().Matches(server.Server.Errors)[^1].Groups["pid"].Value;
        DateTimeOffset killedAt;
        using (var process = Process.GetProcessById(int.Parse(worker, CultureInfo.InvariantCulture)))
        {
            killedAt = TimeProvider.System.GetUtcNow();
            process.Kill();
        }

        var began = TimeProvider.System.GetTimestamp();
        while (ComposedBy().Matches(server.Server.Errors)[^1].Groups["pid"].Value == worker)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"No worker took its place.\n{server.Server.Errors}");
            await Task.Delay(100);
        }

        DateTimeOffset startedAt;
        var successor = ComposedBy().Matches(server.Server.Errors)[^1];
        using (var process = Process.GetProcessById(int.Parse(successor.Groups["pid"].Value, CultureInfo.InvariantCulture)))
        {
            startedAt = process.StartTime;
        }

        // What was composed before may be all there is to watch, for a moment.
        using var http = new HttpClient();
        var media = (await http.GetStringAsync(new Uri(url))).Split('\n').First(line => line.EndsWith(".m3u8", StringComparison.Ordinal) && !line.StartsWith('#'));
        var playlist = "";
        while (!MediaPlaylist.Read(playlist = await http.GetStringAsync(new Uri(new Uri(url), media))).Segments.Skip(1).Any(each => each is { IsDiscontinuity: true, IsComplete: true }))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"{playlist}\n{server.Server.Errors}");
            await Task.Delay(100);
        }

        await WatchUntilAsync(url, reading => Alone(reading, 0) && reading.Changes() > 20);

        // The program's time goes on.
        var segments = MediaPlaylist.Read(playlist).Segments;
        Assert.True(segments.Count > 1 && segments.Zip(segments.Skip(1)).All(pair => pair.First.Date < pair.Second.Date), playlist);
        var (last, first) = Assert.Single(segments.Zip(segments.Skip(1)), pair => pair.Second.IsDiscontinuity);
        var hole = first.Date!.Value - last.Date!.Value - TimeSpan.FromSeconds(last.Duration);

        // The fault is counted and logged once.
        Assert.Equal(deaths + 1, await ServerMetrics.SumAsync(server, "roomcast_egress_composition_worker_deaths"));
        var logged = Assert.Single(Died().Matches(server.Server.Errors), match => match.Groups["pid"].Value == worker);

        // Another is started within a second of the death: by the server's clock and the system's, however late this test looks.
        // Viewers miss what is not composed until it is ready: a quarter of a second, or more where a busy machine takes longer to start a
        // process and its code; never as long as a worker may be silent before it is ended for that.
        var diedAt = DateTimeOffset.Parse(logged.Groups["at"].Value, CultureInfo.InvariantCulture);
        var readyAt = DateTimeOffset.Parse(successor.Groups["at"].Value, CultureInfo.InvariantCulture);
        var told = FormattableString.Invariant(
            $"Killed, it was found dead after {(diedAt - killedAt).TotalMilliseconds:F0} ms; another was started after {(startedAt - killedAt).TotalMilliseconds:F0} ms and ready after {(readyAt - killedAt).TotalMilliseconds:F0} ms; viewers miss {hole.TotalMilliseconds:F0} ms.");
        output.WriteLine(told);
        Assert.True(startedAt - diedAt < TimeSpan.FromSeconds(1), told);
        Assert.True(hole > TimeSpan.Zero && hole < TimeSpan.FromSeconds(3), told);
        var after = await GetAsync($"/meetings/{meeting}/active-livestream");
        Assert.Equal((before.GetProperty("id").GetString(), "LIVE"), (after.GetProperty("id").GetString(), after.GetProperty("status").GetString()));
        await ada.LeaveAsync();
        await PostAsync($"/meetings/{meeting}/active-livestream/stop");
    }

    [Fact]
    public async Task Who_comes_first_starts_it_and_an_empty_stage_ends_it_after_a_while()
    {
        var meeting = await server.CreateMeetingAsync("By itself", goesLiveOnStart: true);
        var ada = await server.JoinAsync(meeting, 0);
        await WaitUntilLiveAsync(meeting);
        var url = (await GetAsync($"/meetings/{meeting}/active-livestream")).GetProperty("playback_url").GetString()!;
        await WatchUntilAsync(url, reading => Alone(reading, 0));

        // Gone without a word, and viewers read that it is to go on; back, and it goes on at the same address.
        await ada.Page.CrashAsync();
        var slate = await WatchUntilAsync(
            url,
            reading => reading.LevelOf(MeetProbe.Tones[0]) < SilentDb && reading.CountLight(reading.Pictures.Count - 1, Words) > 1_000,
            TimeSpan.FromSeconds(1),
            Whole.Width,
            Whole.Height);
        await KeepAsync(url, "live-slate");
        var again = await server.JoinAsync(meeting, 0);
        await WatchUntilAsync(url, reading => Alone(reading, 0));
        var last = slate.Pictures.Count - 1;
        Assert.Equal(slate.CountLight(last, Words), slate.CountLight(last, Whole));
        var likeness = await NameLabels.LikenessAsync("The stream will continue shortly", LetterSize, slate.GrayOf(last), Whole.Width, Words);
        output.WriteLine(FormattableString.Invariant($"The slate's words look like what they should by {likeness:F2}."));
        Assert.True(likeness > 0.8, $"{likeness}");

        await again.LeaveAsync();
        using var http = new HttpClient();
        var media = (await http.GetStringAsync(new Uri(url))).Split('\n').First(line => line.EndsWith(".m3u8", StringComparison.Ordinal) && !line.StartsWith('#'));
        var began = TimeProvider.System.GetTimestamp();
        while (!(await http.GetStringAsync(new Uri(new Uri(url), media))).Contains("#EXT-X-ENDLIST", StringComparison.Ordinal))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"It did not end.\n{server.Server.Errors}");
            await Task.Delay(500);
        }
    }

    [Fact]
    public async Task A_meeting_is_recorded_by_the_client_and_the_file_shows_who_was_there()
    {
        var meeting = await server.CreateMeetingAsync("Recorded");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "group_call_host", sends: true);
        await ada.RunAsync("meeting.recording.start()");
        await ada.WaitAsync("meeting.recording.recordingState === 'RECORDING'", MeetTab.Patience);
        var late = await KitPage.OpenAsync(server, meeting, 1, "group_call_participant", sends: false, browser: 0);
        await late.WaitAsync("meeting.recording.recordingState === 'RECORDING'", MeetTab.Patience);
        await ada.RunAsync("meeting.recording.pause()");
        await late.WaitAsync("meeting.recording.recordingState === 'PAUSED'", MeetTab.Patience);
        await ada.RunAsync("meeting.recording.resume()");
        await late.WaitAsync("meeting.recording.recordingState === 'RECORDING'", MeetTab.Patience);
        await Task.Delay(TimeSpan.FromSeconds(6));
        await ada.RunAsync("meeting.recording.stop()");
        await late.WaitAsync("meeting.recording.recordingState === 'IDLE'", MeetTab.Patience);

        var began = TimeProvider.System.GetTimestamp();
        JsonElement recording;
        while ((recording = (await GetAsync($"/recordings?meeting_id={meeting}"))[0]).GetProperty("status").GetString() != "UPLOADED")
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"{recording}\n{server.Server.Errors}");
            await Task.Delay(200);
        }

        var file = await ComposedReading.OfAsync(recording.GetProperty("download_url").GetString()!, TimeSpan.FromSeconds(60));
        Assert.InRange(file.Pictures.Count, 150, 600);
        Assert.True(file.Shows(file.Pictures.Count - 1, 0.35, 0.5, 0), $"The last picture has {file.ColourAt(file.Pictures.Count - 1, 0.35, 0.5)}.");
        Assert.True(file.LoudestOf(MeetProbe.Tones[0]) > AudibleDb, $"{file.LoudestOf(MeetProbe.Tones[0]):F0} dB.");
        foreach (var page in (BrowserPage[])[ada, late])
        {
            await page.RunAsync("meeting.leave()");
            await page.CloseAsync();
        }
    }

    [Fact]
    public async Task A_meeting_is_recorded_as_vp9_in_mono_and_beside_it_with_its_sound_as_mp3()
    {
        var meeting = await server.CreateMeetingAsync("Recorded otherwise");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "group_call_host", sends: true);
        string[] ids =
        [
            (await PostAsync("/recordings", new
            {
                meeting_id = meeting,
                video_config = new { codec = "VP9" },
                audio_config = new { channel = "mono" },
            })).GetProperty("id").GetString()!,
            (await PostAsync("/recordings", new
            {
                meeting_id = meeting,
                allow_multiple_recordings = true,
                audio_config = new { codec = "MP3", channel = "mono" },
            })).GetProperty("id").GetString()!,
        ];
        await ada.WaitAsync("meeting.recording.recordingState === 'RECORDING'", MeetTab.Patience);
        await Task.Delay(TimeSpan.FromSeconds(8));
        foreach (var id in ids)
        {
            using var api = server.Server.CreateApiClient();
            using var stopped = await api.PutAsJsonAsync(new Uri($"{server.Server.AppPath}/recordings/{id}", UriKind.Relative), new { action = "stop" });
            Assert.True(stopped.IsSuccessStatusCode, await stopped.Content.ReadAsStringAsync());
        }

        await ada.RunAsync("meeting.leave()");
        await ada.CloseAsync();
        var (film, other) = (await StoredAsync(ids[0]), await StoredAsync(ids[1]));
        Assert.EndsWith(".webm", film.GetProperty("output_file_name").GetString(), StringComparison.Ordinal);
        Assert.EndsWith(".mp4", other.GetProperty("output_file_name").GetString(), StringComparison.Ordinal);
        await ExpectAsync(film, "download_url", "vp9,vorbis/1");
        await ExpectAsync(film, "audio_download_url", "aac/1");
        await ExpectAsync(other, "download_url", "h264,aac/1");
        await ExpectAsync(other, "audio_download_url", "mp3/1");
    }

    [GeneratedRegex("(?<at>\\S+Z) .*is composed by process (?<pid>[0-9]+)")]
    private static partial Regex ComposedBy();

    [GeneratedRegex("(?<at>\\S+Z) .*The composing worker (?<pid>[0-9]+) of session .* Another is started in [0-9.]+ ms")]
    private static partial Regex Died();

    // Thirty a second, in three of them; a browser that starts beside it takes some.
    private static bool IsAtFullRate(ComposedReading reading) => reading.Pictures.Count >= 85;

    private static bool Alone(ComposedReading reading, int participant) =>
        reading.Shows(reading.Pictures.Count - 1, 0.35, 0.5, participant) && reading.Shows(reading.Pictures.Count - 1, 0.65, 0.5, participant)
        && reading.LoudestOf(MeetProbe.Tones[participant]) > AudibleDb;

    /// <summary>Watches some seconds (three by default) again and again, as a player that has just come, until they show what is waited for.</summary>
    private async Task<ComposedReading> WatchUntilAsync(
        string url, Func<ComposedReading, bool> isSo, TimeSpan? length = null, int width = 320, int height = 180)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var reading = await ComposedReading.OfAsync(url, length ?? TimeSpan.FromSeconds(3), width, height);
            if (reading.Pictures.Count > 0 && isSo(reading))
            {
                return reading;
            }

            var last = reading.Pictures.Count - 1;
            Assert.True(
                TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience,
                $"Last seen: {reading.Pictures.Count} pictures, colours {string.Join(' ', new[] { 0.25, 0.5, 0.75 }.Select(x => last < 0 ? "none" : reading.ColourAt(last, x, 0.5).ToString()))}, "
                + $"tones {string.Join(' ', MeetProbe.Tones.Select(tone => $"{reading.LoudestOf(tone):F0}"))} dB.\n{server.Server.Errors}");
        }
    }

    /// <summary>Keeps a picture to be looked at, where <c>ROOMCAST_SCREENSHOTS</c> names a folder.</summary>
    private static async Task KeepAsync(string url, string name)
    {
        if (Environment.GetEnvironmentVariable("ROOMCAST_SCREENSHOTS") is { Length: > 0 } folder)
        {
            using var ffmpeg = Process.Start(
                "ffmpeg", ["-loglevel", "error", "-nostdin", "-y", "-i", url, "-frames:v", "1", Path.Combine(folder, $"{name}.png")]);
            await ffmpeg.WaitForExitAsync();
        }
    }

    private async Task WaitUntilLiveAsync(string meeting)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (await GetAsync($"/meetings/{meeting}/active-livestream") is not { ValueKind: JsonValueKind.Object } livestream
            || livestream.GetProperty("status").GetString() != "LIVE")
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"It did not go live.\n{server.Server.Errors}");
            await Task.Delay(200);
        }
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var api = server.Server.CreateApiClient();
        using var answer = await api.GetAsync(new Uri(server.Server.AppPath + path, UriKind.Relative));
        return JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync()).GetProperty("data");
    }

    /// <summary>A recording once its files are stored.</summary>
    private async Task<JsonElement> StoredAsync(string id)
    {
        var began = TimeProvider.System.GetTimestamp();
        JsonElement recording;
        while ((recording = await GetAsync($"/recordings/{id}")).GetProperty("status").GetString() is not "UPLOADED")
        {
            Assert.True(
                recording.GetProperty("status").GetString() is not "ERRORED" && TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience,
                $"{recording}\n{server.Server.Errors}");
            await Task.Delay(200);
        }

        return recording;
    }

    /// <summary>Fails unless a file of a recording shows and sounds the first participant, encoded as told.</summary>
    private static async Task ExpectAsync(JsonElement recording, string field, string codecs)
    {
        var url = recording.GetProperty(field).GetString()!;
        using var probe = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            "ffprobe", ["-v", "error", "-show_entries", "stream=codec_name,channels", "-of", "csv=p=0", url]) { RedirectStandardOutput = true })!;
        var told = (await probe.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        await probe.WaitForExitAsync();
        Assert.Equal(codecs, string.Join(',', told.Select(line => line.Replace(',', '/'))));
        var file = await ComposedReading.OfAsync(url, TimeSpan.FromSeconds(60), withPicture: told.Length == 2);
        Assert.True(file.LoudestOf(MeetProbe.Tones[0]) > AudibleDb, $"{file.LoudestOf(MeetProbe.Tones[0]):F0} dB.");
        if (told.Length == 2)
        {
            Assert.InRange(file.Pictures.Count, 100, 900);
            var middle = file.Pictures.Count / 2;
            Assert.True(file.Shows(middle, 0.35, 0.5, 0), $"The picture in the middle has {file.ColourAt(middle, 0.35, 0.5)}.");
        }
    }

    private async Task<JsonElement> PostAsync(string path, object? fields = null)
    {
        using var api = server.Server.CreateApiClient();
        using var answer = await api.PostAsJsonAsync(new Uri(server.Server.AppPath + path, UriKind.Relative), fields ?? new { });
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, body);
        return JsonSerializer.Deserialize<JsonElement>(body).GetProperty("data");
    }
}
