using System.IO.Compression;
using System.Net.Http.Json;
using System.Text.Json;
using Roomcast.Interop.Browser;

namespace Roomcast.Interop.Meetings;

/// <summary>What the owner and the customers choose of a composed meeting's look, and recordings of single tracks; on the real server.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class LiveLookTests : IAsyncLifetime
{
    private const string Portrait = "0x00C8C8";
    private const string Mark = "0xC800C8";

    private readonly string _folder = Directory.CreateTempSubdirectory("roomcast-test-").FullName;
    private PictureHost _pictures = null!;
    private MeetingServer _server = null!;

    public async Task InitializeAsync()
    {
        _pictures = await PictureHost.StartAsync();
        var background = Path.Combine(_folder, "background.png");
        await File.WriteAllBytesAsync(background, await PictureHost.DrawAsync("0xC88000"));
        _server = new MeetingServer
        {
            Arguments =
            [
                "--composition-background-image", background, "--composition-allow-private-pictures", "true", "--recording-allow-private-targets", "true",
            ],
        };
        await _server.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _pictures.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_upright_livestream_shows_pictures_of_people_the_background_and_the_watermark_in_the_layout_that_was_asked_for()
    {
        var meeting = await _server.CreateMeetingAsync("Look");
        var ada = await KitPage.OpenAsync(_server, meeting, 0, "livestream_host", sends: false, picture: _pictures.AddressOf(Portrait));
        var ben = await KitPage.OpenAsync(_server, meeting, 1, "livestream_host", sends: true, browser: 0, script: StampedSource.ScriptOf(1));
        var livestream = await _server.PostAsync($"/meetings/{meeting}/livestreams", new { video_config = new { width = 720, height = 1_280 } });
        var url = livestream.GetProperty("playback_url").GetString()!;
        await WaitAsync(async () => (await _server.GetAsync($"/meetings/{meeting}/active-livestream")).GetProperty("status").GetString() == "LIVE");
        using (var http = new HttpClient())
        {
            Assert.Contains("RESOLUTION=720x1280", await http.GetStringAsync(new Uri(url)), StringComparison.Ordinal);
        }

        var recording = await _server.PostAsync("/recordings", new
        {
            meeting_id = meeting,
            video_config = new { watermark = new { url = _pictures.AddressOf(Mark), position = "left top", size = new { width = 60, height = 60 } } },
        });

        // One above the other: Ada's picture in the middle of the upper tile, Ben below, the background between them, the mark in its corner.
        var seen = await WatchAsync(url, reading =>
            Is(reading, 0.5, 0.25, 0x00, 0xC8, 0xC8) && reading.Shows(reading.Pictures.Count - 1, 0.5, 0.83, 1)
            && Is(reading, 0.07, 0.04, 0xC8, 0x00, 0xC8));
        Assert.True(Is(seen, 0.5, 0.5, 0xC8, 0x80, 0x00), $"Between the tiles: {seen.ColourAt(seen.Pictures.Count - 1, 0.5, 0.5)}");
        Assert.Equal(2, _pictures.Requests);
        await _server.PostAsync($"/meetings/{meeting}/active-livestream/stop", new { });
        await StopAsync(recording);

        // Square, and only who speaks.
        livestream = await _server.PostAsync($"/meetings/{meeting}/livestreams", new { layout = "single", video_config = new { width = 480, height = 480 } });
        await WatchAsync(livestream.GetProperty("playback_url").GetString()!, reading =>
            reading.Shows(reading.Pictures.Count - 1, 0.3, 0.75, 1) && reading.Shows(reading.Pictures.Count - 1, 0.7, 0.75, 1));
        await _server.PostAsync($"/meetings/{meeting}/active-livestream/stop", new { });
        Assert.Equal(2, _pictures.Requests);

        // With a background and a mark of its own. The one picture is there already, since Ada has it too.
        livestream = await _server.PostAsync($"/meetings/{meeting}/livestreams", new
        {
            video_config = new
            {
                width = 720,
                height = 1_280,
                background_url = _pictures.AddressOf(Portrait),
                watermark = new { url = _pictures.AddressOf(Mark), position = "right bottom", size = new { width = 60, height = 60 } },
            },
        });
        await WatchAsync(livestream.GetProperty("playback_url").GetString()!, reading =>
            Is(reading, 0.5, 0.5, 0x00, 0xC8, 0xC8) && Is(reading, 0.93, 0.96, 0xC8, 0x00, 0xC8));
        await _server.PostAsync($"/meetings/{meeting}/active-livestream/stop", new { });
        Assert.Equal(3, _pictures.Requests);

        // What the next one does not ask for is as the server is set.
        livestream = await _server.PostAsync($"/meetings/{meeting}/livestreams", new { video_config = new { width = 720, height = 1_280 } });
        await WatchAsync(livestream.GetProperty("playback_url").GetString()!, reading =>
            Is(reading, 0.5, 0.5, 0xC8, 0x80, 0x00) && !Is(reading, 0.93, 0.96, 0xC8, 0x00, 0xC8));
        await _server.PostAsync($"/meetings/{meeting}/active-livestream/stop", new { });
        foreach (var page in (BrowserPage[])[ada, ben])
        {
            await page.CloseAsync();
        }
    }

    [Fact]
    public async Task Single_tracks_are_recorded_as_WebM_that_shows_and_sounds_like_who_sent_it()
    {
        var meeting = await _server.CreateMeetingAsync("Tracks");
        var ada = await KitPage.OpenAsync(_server, meeting, 0, "livestream_host", sends: true, script: StampedSource.ScriptOf(0));
        var recording = await _server.PostAsync("/recordings/track", new { meeting_id = meeting, layers = new Dictionary<string, object> { ["default"] = new { media_kind = "video" } } });
        await WaitAsync(async () => await StatusAsync(recording) == "RECORDING");

        // Of what is sent from a little later on until a little before the end, everything is to be there.
        await Task.Delay(TimeSpan.FromSeconds(2));
        var (sentFrom, soundedFrom) = (await ada.EvaluateAsync<int>("stamped.sent()"), await ada.EvaluateAsync<double>("stamped.sounded()"));
        await Task.Delay(TimeSpan.FromSeconds(8));
        var sent = await ada.EvaluateAsync<int>("stamped.sent()") - sentFrom;
        var sounded = await ada.EvaluateAsync<double>("stamped.sounded()") - soundedFrom;
        var sending = await ada.EvaluateAsync<string>("stamped.sending()");
        await Task.Delay(TimeSpan.FromSeconds(2));
        await StopAsync(recording);
        var lostMs = await ada.EvaluateAsync<double>("stamped.lost()");
        var done = await _server.GetAsync($"/recordings/{Id(recording)}");
        var zip = Path.Combine(_folder, "tracks.zip");
        using (var http = _server.Server.CreateHttpsClient())
        {
            await File.WriteAllBytesAsync(zip, await http.GetByteArrayAsync(new Uri(done.GetProperty("download_url").GetString()!)));
        }

        await ZipFile.ExtractToDirectoryAsync(zip, _folder);
        var files = Directory.GetFiles(_folder, "*.webm");
        var picture = Assert.Single(files, file => file.Contains("video", StringComparison.Ordinal));
        var sound = Assert.Single(files, file => file.Contains("audio", StringComparison.Ordinal));
        var stamps = (await StampedPicture.ReadCameraAsync(picture, participant: 0)).OfType<int>().ToList();
        Assert.True(stamps.Distinct().Count() >= sent * 0.95, $"{stamps.Distinct().Count()} different pictures; the browser sent {sent} meanwhile: {sending}");
        Assert.All(stamps.Zip(stamps.Skip(1)), pair => Assert.True(StampedPicture.Between(pair.First, pair.Second) > 0, "The pictures went back."));

        // Between its swells the tone is so quiet that the browser sends next to nothing; what was not sent is a gap of its length.
        var heard = await StampedReading.OfSoundAsync(sound);
        var heardAt = heard.SwellsOf(MeetProbe.Tones[0]);
        var told = $"{heardAt.Count} swells; the browser made {sounded:F1} s of sound meanwhile, and one in each, and lost {lostMs:F0} ms: {string.Join(' ', heardAt)}";
        Assert.True(heardAt.Count >= Math.Floor(sounded), told);
        // Sound that the browser did not make in time only makes a pause longer, all pauses together by no more than it lost.
        var overMs = heardAt.Zip(heardAt.Skip(1), (one, next) => (next - one).TotalMilliseconds - 1_000).ToList();
        Assert.All(overMs, over => Assert.True(over > -100, told));
        Assert.True(overMs.Where(over => over >= 100).Sum(over => over - 100) <= lostMs, told);
        var level = new ComposedReading(0, 0, [], heard.Sound);
        Assert.True(level.LevelOf(MeetProbe.Tones[0]) > level.LevelOf(MeetProbe.Tones[1]) + 20, $"{level.LevelOf(MeetProbe.Tones[0]):F0} dB");

        // What it came to stands in the metrics.
        using var metrics = await _server.Server.Http.GetAsync(new Uri("/metrics", UriKind.Relative));
        var text = await metrics.Content.ReadAsStringAsync();
        Assert.Matches("roomcast_recordings_ended[a-z_]*\\{[^}]*status=\"UPLOADED\"[^}]*\\} [1-9]", text);
        Assert.Matches("roomcast_recordings_active[^\\n]* 0\\b", text);
        await ada.CloseAsync();
    }

    private static string Id(JsonElement made) =>
        (made.TryGetProperty("recording", out var recording) ? recording : made).GetProperty("id").GetString()!;

    private static bool Is(ComposedReading reading, double x, double y, int red, int green, int blue)
    {
        var seen = reading.ColourAt(reading.Pictures.Count - 1, x, y);
        return Math.Abs(seen.Red - red) < 45 && Math.Abs(seen.Green - green) < 45 && Math.Abs(seen.Blue - blue) < 45;
    }

    private async Task<string> StatusAsync(JsonElement recording) =>
        (await _server.GetAsync($"/recordings/{Id(recording)}")).GetProperty("status").GetString()!;

    private async Task StopAsync(JsonElement recording)
    {
        using var api = _server.Server.CreateApiClient();
        using var answer = await api.PutAsJsonAsync(new Uri($"{_server.Server.AppPath}/recordings/{Id(recording)}", UriKind.Relative), new { action = "stop" });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        await WaitAsync(async () => await StatusAsync(recording) == "UPLOADED");
    }

    private async Task WaitAsync(Func<Task<bool>> isSo)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, _server.Server.Errors);
            await Task.Delay(200);
        }
    }

    private async Task<ComposedReading> WatchAsync(string url, Func<ComposedReading, bool> isSo)
    {
        var began = TimeProvider.System.GetTimestamp();
        ComposedReading? last = null;
        while (TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience)
        {
            try
            {
                last = await ComposedReading.OfAsync(url, TimeSpan.FromSeconds(1), 360, 640);
                if (last.Pictures.Count > 0 && isSo(last))
                {
                    return last;
                }
            }
            catch (Xunit.Sdk.XunitException) when (last is null)
            {
                // It is not live yet.
                await Task.Delay(200);
            }
        }

        throw new InvalidOperationException(
            $"Seen: {(last is null ? "nothing" : string.Join(' ', new[] { (0.07, 0.04), (0.5, 0.25), (0.5, 0.5), (0.5, 0.83) }.Select(at => last.ColourAt(last.Pictures.Count - 1, at.Item1, at.Item2))))}\n{_server.Server.Errors}");
    }
}
