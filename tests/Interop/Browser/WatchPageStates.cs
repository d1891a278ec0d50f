using System.Text.Json.Nodes;
using Roomcast.TestKit.Video;

namespace Roomcast.Interop.Browser;

/// <summary>What the watch page shows in every state, and what it does with keys and in the dark.</summary>
/// <remarks>With <c>ROOMCAST_SCREENSHOTS</c> set to a folder, each state is kept there as a picture to be looked at.</remarks>
public sealed class WatchPageStates(WatchPageStates.BrowserFixture fixture) : IClassFixture<WatchPageStates.BrowserFixture>, IAsyncLifetime
{
    private static readonly string? Screenshots = Environment.GetEnvironmentVariable("ROOMCAST_SCREENSHOTS");

    private PretendServer _server = null!;
    private ChromiumBrowser _browser = null!;

    public async Task InitializeAsync()
    {
        _server = await PretendServer.StartAsync();
        _browser = fixture.Browser;
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData(200, "waiting", "waiting", "The stream has not started yet")]
    [InlineData(200, "ended", "ended", "The stream has ended")]
    [InlineData(404, "", "notFound", "There is no such livestream")]
    [InlineData(403, "", "notAllowed", "This address is not valid any more")]
    [InlineData(503, "", "unreachable", "The server cannot be reached")]
    public async Task Without_a_picture_it_says_why(int statusCode, string state, string stage, string words)
    {
        (_server.StatusCode, _server.State) = (statusCode, state);
        var page = await _browser.OpenAsync(_server.WatchPage);
        await page.WaitForStageAsync(stage);

        Assert.Equal(words, await page.EvaluateAsync<string>("document.getElementById('stage-title').innerText"));
        Assert.StartsWith(words, await page.EvaluateAsync<string>("document.getElementById('announcer').textContent"), StringComparison.Ordinal);
        await KeepAsync(page, stage);

        var phone = await _browser.OpenAsync(_server.WatchPage, 360, 740, isTouch: true);
        await phone.EmulateAsync(new JsonObject { ["colorScheme"] = "dark" });
        await phone.WaitForStageAsync(stage);
        Assert.True(await phone.EvaluateAsync<bool>("document.documentElement.scrollWidth <= 360"));
        await KeepAsync(phone, $"{stage}-phone");
    }

    [Fact]
    public async Task From_before_the_start_to_after_the_end_one_page_is_enough()
    {
        var page = await _browser.OpenAsync(_server.WatchPage);
        var phone = await _browser.OpenAsync(_server.WatchPage, 360, 740, isTouch: true);
        await page.EmulateAsync(new JsonObject { ["colorScheme"] = "dark" });
        await phone.EmulateAsync(new JsonObject { ["colorScheme"] = "dark" });
        await page.WaitForStageAsync("waiting");

        await using var source = StartHls(new PictureClockOptions());
        await WaitForFileAsync("index.m3u8");
        (_server.State, _server.StartedAt) = ("live", TimeProvider.System.GetUtcNow().AddMinutes(-74));
        await page.WaitForStageAsync("watching");
        await phone.WaitForStageAsync("watching");
        await page.WaitAsync("document.getElementById('latency').textContent !== ''");
        Assert.Equal(_server.Name, await page.EvaluateAsync<string>("document.title"));
        Assert.Equal("1,284 viewers", await page.EvaluateAsync<string>("document.getElementById('viewers').textContent"));
        Assert.True(await page.EvaluateAsync<bool>("!document.getElementById('video').paused"));
        await page.MoveAsync(640, 300);
        await KeepAsync(page, "watching");
        await page.PressAsync("i");
        await page.ClickAsync("#settings");
        await KeepAsync(page, "watching-settings");
        await page.PressAsync("Escape");
        await KeepAsync(phone, "watching-phone");
        await phone.TapAsync("#settings");
        await KeepAsync(phone, "watching-phone-settings");
        await phone.PressAsync("Escape");
        await page.EmulateAsync(new JsonObject { ["colorScheme"] = "light" });
        await KeepAsync(page, "watching-light");

        await source.StopAsync();
        _server.State = "interrupted";
        await page.WaitForStageAsync("interrupted");
        await KeepAsync(page, "interrupted");
        await phone.WaitForStageAsync("interrupted");
        await KeepAsync(phone, "interrupted-phone");
        var last = await page.EvaluateAsync<double>("document.getElementById('video').currentTime");

        await using var again = StartHls(new PictureClockOptions { FirstCounter = source.NextCounter }, append: true);
        _server.State = "live";
        await page.WaitForStageAsync("watching");
        await page.WaitAsync(FormattableString.Invariant($"document.getElementById('video').currentTime > {last + 2}"));
        await again.StopAsync();
        await File.AppendAllTextAsync(Path.Combine(_server.MediaFolder, "index.m3u8"), "#EXT-X-ENDLIST\n");
        // The player has come to the end, and the stream still is said to be live: there may be more.
        await page.WaitForStageAsync("starting");
        _server.State = "ended";
        await page.WaitForStageAsync("ended");
        Assert.DoesNotContain(await page.ComplaintsAsync(), complaint => !complaint.Contains("404", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keys_do_what_players_keys_do()
    {
        await using var source = StartHls(new PictureClockOptions());
        await WaitForFileAsync("index.m3u8");
        _server.State = "live";
        var page = await _browser.OpenAsync(_server.WatchPage);
        await page.WaitForStageAsync("watching");

        await page.PressAsync("k");
        await page.WaitAsync("document.getElementById('video').paused");
        await KeepAsync(page, "paused");
        await page.PressAsync(" ");
        await page.WaitAsync("!document.getElementById('video').paused");
        await page.PressAsync("m");
        Assert.True(await page.EvaluateAsync<bool>("document.getElementById('video').muted"));
        Assert.Equal("Turn sound on", await page.EvaluateAsync<string>("document.getElementById('mute').ariaLabel"));
        await page.PressAsync("m");
        await page.PressAsync("ArrowDown");
        Assert.Equal(0.95, await page.EvaluateAsync<double>("document.getElementById('video').volume"), 0.001);
        await page.PressAsync("f");
        await page.WaitAsync("document.fullscreenElement !== null");
        await page.PressAsync("f");
        await page.WaitAsync("document.fullscreenElement === null");

        await page.WaitAsync("document.getElementById('video').currentTime - document.getElementById('video').seekable.start(0) > 4");
        var before = await page.EvaluateAsync<double>("document.getElementById('video').currentTime");
        await page.PressAsync("ArrowLeft");
        Assert.True(await page.EvaluateAsync<double>("document.getElementById('video').currentTime") < before);
        await page.PressAsync("l");
        await page.WaitAsync($"document.getElementById('video').currentTime > {before}");

        // Everything that can be pressed can be reached and has a name.
        await page.PressAsync("Tab");
        var unnamed = await page.EvaluateAsync<string[]>(
            "[...document.querySelectorAll('button, input')].filter(e => e.offsetParent && !e.ariaLabel && !e.textContent.trim() && !e.labels?.length).map(e => e.id)");
        Assert.Empty(unnamed);
        var tree = await page.AccessibilityAsync();
        foreach (var expected in (string[])["button \"Pause\"", "button \"Mute\"", "slider \"Volume\"", "button \"Settings\"", "button \"Full screen\"", "heading \"Harbour lights", "status"])
        {
            Assert.Contains(expected, tree, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Heartbeats_tell_what_the_viewer_does()
    {
        await using var source = StartHls(new PictureClockOptions());
        await WaitForFileAsync("index.m3u8");
        _server.State = "live";
        var page = await _browser.OpenAsync(_server.WatchPage);
        await page.WaitForStageAsync("watching");
        await page.WaitAsync("document.getElementById('latency').textContent !== ''");
        await page.PressAsync("k");
        await page.WaitAsync("document.getElementById('video').paused");
        await Task.Delay(1_500);
        await page.CloseAsync();
        for (var i = 0; i < 50 && _server.Calls.LastOrDefault().Act != "leave"; i++)
        {
            await Task.Delay(100);
        }

        var calls = _server.Calls.ToArray();
        Assert.Equal("playing", calls[0].Body["state"]!.GetValue<string>());
        Assert.Equal("hls.js", calls[0].Body["player"]!.GetValue<string>());
        Assert.Contains(calls, call => call.Body["state"]?.GetValue<string>() == "paused");
        Assert.Equal("leave", calls[^1].Act);
        Assert.All(calls, call => Assert.Equal("t", call.Body["token"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_browser_that_forbids_sound_plays_without_it_and_offers_it()
    {
        await using var strict = await ChromiumBrowser.StartAsync(playsUnasked: false);
        await using var source = StartHls(new PictureClockOptions());
        await WaitForFileAsync("index.m3u8");
        _server.State = "live";
        var page = await strict.OpenAsync(_server.WatchPage, 360, 740, isTouch: true);
        await page.WaitForStageAsync("watching");
        await page.WaitAsync("!document.getElementById('sound-tap').hidden");
        Assert.True(await page.EvaluateAsync<bool>("document.getElementById('video').muted"));
        await KeepAsync(page, "tap-for-sound-phone");

        await page.TapAsync("#sound-tap");
        await page.WaitAsync("!document.getElementById('video').muted && document.getElementById('sound-tap').hidden");
    }

    [Fact]
    public async Task What_can_be_chosen_is_offered()
    {
        // Not live: its end is there, so that it needs no clock of its own.
        await using var source = PictureClockSource.Start(
            new PictureClockOptions { IsLive = false, FrameCount = 900 },
            "-f", "hls", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4", "-hls_time", "2",
            "-hls_segment_filename", Path.Combine(_server.MediaFolder, "v%d.m4s"), Path.Combine(_server.MediaFolder, "video.m3u8"));
        await source.WaitForEndAsync();
        await WriteAsync("words.vtt", "WEBVTT\n\n00:00.000 --> 00:30.000\nGood evening from the pier.\n");
        await WriteAsync("words.m3u8", "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:30\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:30,\nwords.vtt\n#EXT-X-ENDLIST\n");
        await WriteAsync("index.m3u8", """
            #EXTM3U
            #EXT-X-VERSION:6
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="words",NAME="English",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,URI="words.m3u8"
            #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="words",NAME="Deutsch",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=NO,URI="words.m3u8"
            #EXT-X-STREAM-INF:BANDWIDTH=1700000,RESOLUTION=640x360,FRAME-RATE=30,CODECS="avc1.64001e,mp4a.40.2",SUBTITLES="words"
            video.m3u8
            #EXT-X-STREAM-INF:BANDWIDTH=4200000,RESOLUTION=1280x720,FRAME-RATE=30,CODECS="avc1.64001f,mp4a.40.2",SUBTITLES="words"
            video.m3u8?high
            """);
        _server.State = "live";

        var page = await _browser.OpenAsync(_server.WatchPage);
        await page.WaitForStageAsync("watching");
        await page.WaitAsync("!document.getElementById('captions').hidden");
        await page.PressAsync("c");
        await page.WaitAsync("document.getElementById('captions').ariaPressed === 'true'");
        await page.WaitAsync("[...document.getElementById('video').textTracks].some(track => track.mode === 'showing' && track.activeCues?.length > 0)");
        await page.ClickAsync("#settings");
        Assert.Equal(
            ["Automatic", "720p", "360p", "Off", "English", "Deutsch"],
            await page.EvaluateAsync<string[]>("[...document.querySelectorAll('#menu fieldset label span')].map(span => span.textContent)"));
        await KeepAsync(page, "choices");
        await page.RunAsync("document.querySelector('#quality input[value=\"0\"]').click()");
        await page.WaitAsync("document.querySelector('#quality input:checked').value === '0'");

        var phone = await _browser.OpenAsync(_server.WatchPage, 360, 740, isTouch: true);
        await phone.WaitForStageAsync("watching");
        await phone.TapAsync("#settings");
        await KeepAsync(phone, "choices-phone");
    }

    private Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(_server.MediaFolder, name), text);

    private static async Task KeepAsync(BrowserPage page, string name)
    {
        if (Screenshots is not null)
        {
            await Task.Delay(400); // Let what fades fade.
            await page.ScreenshotAsync(Path.Combine(Screenshots, $"{name}.png"));
        }
    }

    private PictureClockSource StartHls(PictureClockOptions options, bool append = false) => PictureClockSource.Start(
        options with { KeyframeInterval = TimeSpan.FromSeconds(1) },
        "-f", "hls", "-hls_time", "1", "-hls_list_size", "8", "-hls_segment_type", "fmp4", "-hls_flags", append ? "append_list+discont_start+omit_endlist+temp_file" : "omit_endlist+temp_file",
        "-hls_fmp4_init_filename", append ? "init2.mp4" : "init.mp4",
        "-hls_segment_filename", Path.Combine(_server.MediaFolder, "s%d.m4s"), Path.Combine(_server.MediaFolder, "index.m3u8"));

    private async Task WaitForFileAsync(string name)
    {
        for (var i = 0; i < 300 && !File.Exists(Path.Combine(_server.MediaFolder, name)); i++)
        {
            await Task.Delay(100);
        }
    }

    /// <summary>One browser for all tests of this class.</summary>
    public sealed class BrowserFixture : IAsyncLifetime
    {
        /// <summary>A browser in which pages may play sound unasked.</summary>
        public ChromiumBrowser Browser { get; private set; } = null!;

        /// <inheritdoc/>
        public async Task InitializeAsync() => Browser = await ChromiumBrowser.StartAsync();

        /// <inheritdoc/>
        public async Task DisposeAsync() => await Browser.DisposeAsync();
    }
}
