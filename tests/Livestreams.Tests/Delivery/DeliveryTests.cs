using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams.Tests.Ingest;
using Roomcast.Livestreams.Viewers;
using Roomcast.TestKit;
using Roomcast.TestKit.Hls;

namespace Roomcast.Livestreams.Tests.Delivery;

public sealed class DeliveryTests
{
    private static readonly SyntheticSource Source = new();

    [Fact]
    public async Task Each_fetch_of_the_multivariant_playlist_makes_a_viewer()
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        client.DefaultRequestHeaders.UserAgent.ParseAdd("player/1");
        var first = await client.GetStringAsync(host.Playlist);
        var second = await client.GetStringAsync(host.Playlist);
        var viewers = new[] { first, second }.Select(text => text.Split('\n')[3].Split('/')).ToList();
        Assert.All(viewers, steps => Assert.Equal(["v", steps[1], "0", "media.m3u8"], steps));
        Assert.NotEqual(viewers[0][1], viewers[1][1]);
        var tokens = new ViewerTokens(DeliveryHost.Key);
        Assert.All(viewers, steps => Assert.True(tokens.IsViewerId(host.Id, steps[1])));
        Assert.Equal(viewers.Select(steps => (steps[1], (string?)"player/1")), host.Witness.All);
    }

    [Fact]
    public async Task A_player_with_heartbeats_gets_addresses_that_all_share()
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        var text = await client.GetStringAsync(new Uri(host.Playlist, "?viewer=beacon&theme=dark&_HLS_msn=3"));
        Assert.Equal("v/all/0/media.m3u8?theme=dark", text.Split('\n')[3]);
        await client.GetStringAsync(new Uri(host.Playlist, "v/all/0/media.m3u8"));
        Assert.Empty(host.Witness.All);
    }

    [Fact]
    public async Task A_viewer_is_seen_when_a_request_begins_and_when_it_is_answered()
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        var playlist = new Uri(host.Playlist, "v/somebody/0/media.m3u8");
        await client.GetStringAsync(playlist);
        Assert.Equal([("somebody", null)], host.Witness.All);
        var held = client.GetStringAsync(new Uri(playlist, "?_HLS_msn=2&_HLS_part=2"));
        await UntilAsync(() => host.Program.Held == 1);
        Assert.Equal(2, host.Witness.All.Count);
        host.Push(Source with { Start = TimeSpan.FromSeconds(5.1) }, TimeSpan.FromSeconds(2.5));
        await held;
        Assert.Equal(3, host.Witness.All.Count);
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, playlist));
        Assert.Equal(3, host.Witness.All.Count);
    }

    [Fact]
    public async Task All_viewers_read_the_same_bytes()
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        var texts = new List<string>();
        foreach (var viewer in (string[])["all", "a", "b"])
        {
            texts.Add(await client.GetStringAsync(new Uri(host.Playlist, $"v/{viewer}/0/media.m3u8?token=x")));
        }

        Assert.Single(texts.Distinct());
        var segment = texts[0].Split('\n').First(line => line.EndsWith("-0.m4s", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(new Uri(host.Playlist, "v/all/0/media.m3u8"), segment))).StatusCode);
    }

    [Theory]
    [InlineData("v/all/0/media.m3u8", "public, max-age=1")]
    [InlineData("v/somebody/0/media.m3u8", "no-store")]
    [InlineData("v/all/0/media.m3u8?_HLS_skip=YES", "public, max-age=1")]
    [InlineData("v/somebody/0/media.m3u8?_HLS_skip=YES", "no-store")]
    [InlineData("v/all/0/media.m3u8?_HLS_msn=0&_HLS_skip=YES", "public, max-age=2")]
    [InlineData("v/somebody/0/media.m3u8?_HLS_msn=0", "public, max-age=2")]
    [InlineData("index.m3u8", "no-store")]
    [InlineData("index.m3u8?viewer=beacon", "public, max-age=1")]
    [InlineData("v/all/9/media.m3u8", "public, max-age=1")]
    [InlineData("m/0/nothing.m4s", "public, max-age=1")]
    public async Task Caches_are_told_what_they_may_keep(string path, string expected)
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        using var answer = await client.GetAsync(new Uri(host.Playlist, path));
        Assert.Equal(expected, answer.Headers.CacheControl!.ToString());
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("gzip", true)]
    [InlineData("deflate, gzip;q=0.5", true)]
    [InlineData("br, *", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("gzip; q=0.0", false)]
    [InlineData("gzip;q=0.001", true)]
    [InlineData("deflate", false)]
    [InlineData("xgzip", false)]
    public async Task The_compressed_twin_goes_to_those_who_read_it(string? accepts, bool isCompressed)
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Playlist, "v/all/0/media.m3u8"));
        if (accepts is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accepts);
        }

        using var answer = await client.SendAsync(request);
        Assert.Equal(isCompressed ? ["gzip"] : [], answer.Content.Headers.ContentEncoding);
        Assert.Equal(["Accept-Encoding"], answer.Headers.Vary);
    }

    [Theory]
    [InlineData("bytes=0-9", 206, 0, 10)]
    [InlineData("bytes=10-", 206, 10, -1)]
    [InlineData("bytes=-5", 206, -5, 5)]
    [InlineData("BYTES=3-3", 206, 3, 1)]
    [InlineData("bytes=0-99999999", 206, 0, -1)]
    [InlineData("bytes=99999999-", 416, 0, 0)]
    [InlineData("bytes=-0", 416, 0, 0)]
    [InlineData("bytes=0-1,3-4", 200, 0, -1)]
    [InlineData("bytes=5-1", 200, 0, -1)]
    [InlineData("bytes=x-", 200, 0, -1)]
    [InlineData("chars=0-1", 200, 0, -1)]
    public async Task Single_ranges_of_media_are_honoured(string range, int status, int from, int length)
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        var uri = await PartOf(client, host);
        var whole = await client.GetByteArrayAsync(uri);
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.TryAddWithoutValidation("Range", range);
        using var answer = await client.SendAsync(request);
        var body = await answer.Content.ReadAsByteArrayAsync();
        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 416)
        {
            Assert.Equal($"bytes */{whole.Length}", answer.Content.Headers.ContentRange!.ToString());
            return;
        }

        var start = from < 0 ? whole.Length + from : from;
        var expected = whole.AsSpan(start, length < 0 ? whole.Length - start : length).ToArray();
        Assert.Equal(expected, body);
        Assert.Equal(["bytes"], answer.Headers.AcceptRanges);
        Assert.Equal(
            status == 206 ? $"bytes {start}-{start + expected.Length - 1}/{whole.Length}" : null, answer.Content.Headers.ContentRange?.ToString());
    }

    [Fact]
    public async Task A_conditional_range_gets_the_whole()
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, await PartOf(client, host));
        request.Headers.TryAddWithoutValidation("Range", "bytes=0-1");
        request.Headers.TryAddWithoutValidation("If-Range", "\"x\"");
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task A_head_request_gets_the_headers_alone()
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        foreach (var uri in (Uri[])[host.Playlist, new(host.Playlist, "v/all/0/media.m3u8"), await PartOf(client, host), new(host.Playlist, "m/0/x.m4s")])
        {
            using var get = await client.GetAsync(uri);
            using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, uri));
            Assert.Equal(get.StatusCode, head.StatusCode);
            Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
            Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory]
    [InlineData("GET", "/live/{id}/v/all/0/media.m3u8?_HLS_part=1", 400, "bad_request")]
    [InlineData("GET", "/live/{id}/v/all/7/media.m3u8", 404, "not_found")]
    [InlineData("GET", "/live/{id}/v/a.b/0/media.m3u8", 404, "not_found")]
    [InlineData("GET", "/live/{id}/v//0/media.m3u8", 404, "not_found")]
    [InlineData("GET", "/live/{id}/v/all/0/media.m3u8/x", 404, "not_found")]
    [InlineData("GET", "/live/{id}/index.m3u8/", 404, "not_found")]
    [InlineData("GET", "/live/{id}", 404, "not_found")]
    [InlineData("GET", "/live/", 404, "not_found")]
    [InlineData("GET", "/live/t/x", 404, "not_found")]
    [InlineData("GET", "/live/not-an-id/index.m3u8", 404, "not_found")]
    [InlineData("GET", "/live/00000000-0000-0000-0000-000000000000/index.m3u8", 404, "not_live")]
    [InlineData("POST", "/live/{id}/index.m3u8", 405, "method_not_allowed")]
    [InlineData("DELETE", "/live/{id}/m/0/x.m4s", 405, "method_not_allowed")]
    public async Task Wrong_requests_are_answered_by_small_json_that_any_page_may_read(string method, string path, int status, string code)
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        using var answer = await client.SendAsync(
            new HttpRequestMessage(new HttpMethod(method), new Uri(host.Http, path.Replace("{id}", host.Id.ToString(), StringComparison.Ordinal))));
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal(code, body.RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.EndsWith(".", body.RootElement.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal(status == 405, answer.Content.Headers.Allow.Count > 0);
    }

    [Theory]
    [InlineData("/live/{id}/status")]
    [InlineData("/live/t/token/{id}/viewers")]
    [InlineData("/live/{id}/viewers/x/heartbeat")]
    [InlineData("/livestreams")]
    [InlineData("/")]
    public async Task What_is_not_of_delivery_is_passed_on(string path)
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        using var answer = await client.GetAsync(new Uri(host.Http, path.Replace("{id}", host.Id.ToString(), StringComparison.Ordinal)));
        Assert.Equal(418, (int)answer.StatusCode);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Before_the_first_segment_there_is_nothing_to_play()
    {
        await using var host = await DeliveryHost.StartAsync();
        using var client = DeliveryHost.Client();
        host.Stream.SetTracks(Source.Tracks);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(host.Playlist)).StatusCode);
        host.Push(Source, TimeSpan.FromSeconds(2.1));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(host.Playlist)).StatusCode);
    }

    [Fact]
    public async Task A_signed_livestream_wants_a_valid_token_at_every_address()
    {
        await using var host = await StartAsync();
        host.Program.Access = PlaybackAccess.Signed;
        using var client = DeliveryHost.Client();
        var part = await PartOf(client, host, Signed(host, host.Tokens.Issue(host.Id, In(60))));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(part)).StatusCode);
        Assert.Contains("/live/t/", part.AbsolutePath, StringComparison.Ordinal);

        foreach (var path in (string[])["index.m3u8", "v/all/0/media.m3u8", "m/0/x.m4s"])
        {
            await RefusedAsync($"/live/{host.Id}/{path}", "playback_token_required");
            await RefusedAsync($"/live/t/{host.Tokens.Issue(host.Id, In(-1))}/{host.Id}/{path}", "playback_token_expired");
            await RefusedAsync($"/live/t/{host.Tokens.Issue(new(Guid.NewGuid()), In(60))}/{host.Id}/{path}", "playback_token_invalid");
            await RefusedAsync($"/live/t/nonsense/{host.Id}/{path}", "playback_token_invalid");
        }

        async Task RefusedAsync(string path, string code)
        {
            using var answer = await client.GetAsync(new Uri(host.Http, path));
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            Assert.Contains(code, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        }
    }

    [Fact]
    public async Task A_public_livestream_takes_a_token_that_is_valid_and_no_other()
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(Signed(host, host.Tokens.Issue(host.Id, In(60))))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(Signed(host, host.Tokens.Issue(host.Id, In(-60))))).StatusCode);
    }

    [Fact]
    public async Task Held_requests_beyond_the_bound_of_a_livestream_are_refused()
    {
        await using var host = await StartAsync(delivery: options => options.MaxHeldPerLivestream = 3);
        await CheckBoundAsync(host);
    }

    [Fact]
    public async Task Held_requests_beyond_the_bound_of_the_server_are_refused()
    {
        await using var host = await StartAsync(delivery: options => options.MaxHeld = 3);
        await CheckBoundAsync(host);
    }

    [Fact]
    public async Task Held_requests_beyond_the_bound_of_an_address_are_refused()
    {
        await using var host = await StartAsync(delivery: options => options.MaxHeldPerAddress = 3);
        await CheckBoundAsync(host);
    }

    [Fact]
    public async Task Without_a_bound_for_addresses_one_of_them_may_hold_many()
    {
        await using var host = await StartAsync(delivery: options => (options.MaxHeldPerAddress, options.MaxHeld) = (0, 3));
        await CheckBoundAsync(host);
    }

    [Fact]
    public async Task A_viewer_is_seen_while_its_request_is_held_and_the_publisher_is_away()
    {
        var clock = new ManualClock();
        await using var host = await StartAsync(time: clock);
        using var client = DeliveryHost.Client();
        var held = client.GetAsync(new Uri(host.Playlist, "v/somebody/0/media.m3u8?_HLS_msn=2&_HLS_part=2"));
        await UntilAsync(() => host.Program.Held == 1);
        for (var second = 0; second < 3; second++)
        {
            var before = host.Witness.All.Count;
            await UntilAsync(() => StepAndLook(before));
        }

        await UntilAsync(() => StepAndLook(int.MaxValue) || held.IsCompleted);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await held).StatusCode);
        Assert.InRange(host.Witness.All.Count, 4, 9);

        bool StepAndLook(int before)
        {
            clock.Advance(TimeSpan.FromSeconds(0.1));
            return host.Witness.All.Count > before;
        }
    }

    [Fact]
    public async Task A_held_request_is_answered_by_503_after_three_target_durations()
    {
        var clock = new ManualClock();
        await using var host = await StartAsync(time: clock);
        using var client = DeliveryHost.Client();
        var playlist = new Uri(host.Playlist, "v/all/0/media.m3u8");
        var text = MediaPlaylist.Read(await client.GetStringAsync(playlist));
        Task<HttpResponseMessage>[] held =
        [
            client.GetAsync(new Uri(playlist, "?_HLS_msn=2&_HLS_part=2")),
            client.GetAsync(new Uri(playlist, "?_HLS_msn=2")),
            client.GetAsync(new Uri(playlist, text.HintedPart!)),
        ];
        await UntilAsync(() => host.Program.Held == 3);
        await StepAsync(5.9);
        Assert.Equal(3, host.Program.Held);
        await StepAsync(1.4);
        foreach (var answer in await Task.WhenAll(held))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal("1", answer.Headers.GetValues("Retry-After").Single());
            Assert.True(answer.Headers.CacheControl!.NoStore);
            Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        }

        await UntilAsync(() => host.Program.Held == 0);

        async Task StepAsync(double seconds)
        {
            for (var passed = 0.0; passed < seconds - 0.01; passed += 0.1)
            {
                clock.Advance(TimeSpan.FromSeconds(0.1));
                await Task.Delay(5);
            }
        }
    }

    [Fact]
    public async Task A_viewer_that_leaves_is_let_go_although_no_media_comes()
    {
        await using var host = await StartAsync();
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(IPAddress.Loopback, host.Http.Port);
            var request = $"GET /live/{host.Id}/v/all/0/media.m3u8?_HLS_msn=2&_HLS_part=2 HTTP/1.1\r\nHost: localhost\r\n\r\n";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
            await UntilAsync(() => host.Program.Held == 1);
        }

        // Long before three target durations are over.
        await UntilAsync(() => host.Program.Held == 0);
        Assert.False(host.Stream.IsEnded);
    }

    [Fact]
    public async Task The_end_answers_everybody_over_HTTP()
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        var playlist = new Uri(host.Playlist, "v/all/0/media.m3u8");
        var held = Enumerable.Range(0, 20).Select(_ => client.GetStringAsync(new Uri(playlist, "?_HLS_msn=3&_HLS_part=0"))).ToArray();
        await UntilAsync(() => host.Program.Held == 20);
        host.Stream.End();
        Assert.All(await Task.WhenAll(held), text => Assert.Contains("#EXT-X-ENDLIST", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_hinted_part_is_held_and_sent_whole()
    {
        await using var host = await StartAsync();
        using var client = DeliveryHost.Client();
        var playlist = new Uri(host.Playlist, "v/all/0/media.m3u8");
        var hint = MediaPlaylist.Read(await client.GetStringAsync(playlist)).HintedPart!;
        var held = client.GetAsync(new Uri(playlist, hint));
        await UntilAsync(() => host.Program.Held == 1);
        host.Push(Source with { Start = TimeSpan.FromSeconds(5.1) }, TimeSpan.FromSeconds(2.5));
        using var answer = await held;
        var part = await answer.Content.ReadAsByteArrayAsync();
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(part.Length, answer.Content.Headers.ContentLength);
        Assert.Equal(part, await client.GetByteArrayAsync(new Uri(playlist, hint)));
    }

    [Fact]
    public async Task A_thousand_viewers_on_one_part_share_one_rendering()
    {
        const int Viewers = 1_000;
        await using var host = await StartAsync();
        var renders = 0L;
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, enabler) =>
        {
            if (instrument.Name == "roomcast.livestreams.playlist_renders")
            {
                enabler.EnableMeasurementEvents(instrument);
            }
        };
        using var client = DeliveryHost.Client();
        var playlist = new Uri(host.Playlist, "v/all/0/media.m3u8");
        var held = Enumerable.Range(0, Viewers).Select(i => client.GetByteArrayAsync(new Uri(playlist, $"?_HLS_msn=2&_HLS_part=2&viewer={i}"))).ToArray();
        await UntilAsync(() => host.Program.Held == Viewers);

        // Meters of other hosts in this process have other factories.
        var meters = host.Services.GetService(typeof(System.Diagnostics.Metrics.IMeterFactory));
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            if (instrument.Meter.Scope == meters)
            {
                Interlocked.Add(ref renders, value);
            }
        });
        listener.Start();
        var before = host.Stream.Publications;
        foreach (var frame in (Source with { Start = TimeSpan.FromSeconds(5.1) }).Frames(TimeSpan.FromSeconds(3)))
        {
            if (host.Stream.Publications == before)
            {
                host.Stream.Push(frame, TimeSpan.Zero);
            }

            frame.Release();
        }

        var texts = await Task.WhenAll(held);
        Assert.Equal(1, renders);
        Assert.All(texts, text => Assert.True(texts[0].AsSpan().SequenceEqual(text)));
        Assert.Equal(0, host.Program.Held);
    }

    [Fact]
    public async Task Segments_on_disk_are_served_and_deleted_at_the_end()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathOf("stream-leftover"));
        await File.WriteAllTextAsync(folder.PathOf("stream-leftover", "x.m4s"), "old");
        var source = Source with { PictureBytes = 3_000 };
        const int SegmentBytes = 235_000;
        const int MaxBytesInMemory = 2 << 20;
        await using (var host = await DeliveryHost.StartAsync(
            new Hls.HlsOptions { MaxBytesInMemory = MaxBytesInMemory }, options => options.SegmentFolder = folder.Path))
        {
            Assert.Empty(Directory.GetDirectories(folder.Path));
            host.Stream.SetTracks(source.Tracks);
            for (var i = 0; i < 15; i++)
            {
                // The disk gets its time, as it does when media comes at the speed it plays: what is more than three
                // quarters and the open segment is put away first. Without it, it would be given up.
                host.Push(source with { Start = TimeSpan.FromSeconds(i * 2) }, TimeSpan.FromSeconds(2));
                await UntilAsync(() => host.Stream.BytesInMemory <= (MaxBytesInMemory / 4 * 3) + SegmentBytes);
            }

            Assert.NotEmpty(Directory.GetFiles(folder.Path, "*.m4s", SearchOption.AllDirectories));

            using var client = DeliveryHost.Client();
            var playlist = new Uri(host.Playlist, "v/all/0/media.m3u8");
            var first = MediaPlaylist.Read(await client.GetStringAsync(playlist)).Segments[0];
            using var whole = await client.GetAsync(new Uri(playlist, first.Uri));
            var bytes = await whole.Content.ReadAsByteArrayAsync();
            Assert.Equal(whole.Content.Headers.ContentLength, bytes.Length);
            Assert.InRange(bytes.Length, 160_000, SegmentBytes / 9 * 8);

            using var ranged = new HttpRequestMessage(HttpMethod.Get, new Uri(playlist, first.Uri));
            ranged.Headers.Range = new(50_000, 149_999);
            using var part = await client.SendAsync(ranged);
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(bytes[50_000..150_000], await part.Content.ReadAsByteArrayAsync());

            var name = first.Uri!.Replace(".m4s", ".1.m4s", StringComparison.Ordinal);
            var piece = await client.GetByteArrayAsync(new Uri(playlist, name));
            Assert.True(bytes.AsSpan().IndexOf(piece) > 0);
        }

        await UntilAsync(() => Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories).Length == 0);
    }

    [Fact]
    public async Task A_full_disk_makes_the_window_shorter_and_the_stream_goes_on()
    {
        using var folder = new TemporaryFolder();
        var blocked = folder.PathOf("blocked");
        await File.WriteAllTextAsync(blocked, "a file where the folder should be");
        var source = Source with { PictureBytes = 8_000 };
        await using var host = await DeliveryHost.StartAsync(
            new Hls.HlsOptions { MaxBytesInMemory = 2 << 20 }, options => options.SegmentFolder = blocked);
        host.Stream.SetTracks(source.Tracks);
        for (var i = 0; i < 10; i++)
        {
            host.Push(source with { Start = TimeSpan.FromSeconds(i * 4) }, TimeSpan.FromSeconds(4));
            Assert.InRange(host.Stream.BytesInMemory, 0, 3 << 20);
        }

        using var client = DeliveryHost.Client();
        var playlist = MediaPlaylist.Read(await client.GetStringAsync(new Uri(host.Playlist, "v/all/0/media.m3u8")));
        Assert.InRange(playlist.Segments.Count, 2, 5);
        Assert.Empty(playlist.Faults);
    }

    [Fact]
    public async Task A_disk_that_others_need_too_is_not_filled_with_segments()
    {
        const int FloorKiB = 6 << 10;
        const int RoundingKiB = 256; // Whole pages, and the folder.
        using var disk = SmallDisk.Mount(FloorKiB + (1 << 10));
        var log = new RecordingLog();
        await using var host = await DeliveryHost.StartAsync(
            new Hls.HlsOptions { MaxBytesInMemory = 2 << 20 },
            options =>
            {
                options.SegmentFolder = disk.Path;
                options.MinFreeBytes = FloorKiB << 10;
            },
            services: services => services.AddSingleton<ILoggerProvider>(log));
        var source = Source with { PictureBytes = 3_000 };
        host.Stream.SetTracks(source.Tracks);
        var drive = new DriveInfo(disk.Path);
        var atSeconds = 0;
        var wasUsed = false;
        async Task PushAsync(int seconds)
        {
            for (var end = atSeconds + seconds; atSeconds < end; atSeconds += 2)
            {
                host.Push(source with { Start = TimeSpan.FromSeconds(atSeconds) }, TimeSpan.FromSeconds(2));
                await UntilAsync(() => host.Files.BytesUnderWay == 0);
                wasUsed |= Directory.GetFiles(disk.Path, "*.m4s", SearchOption.AllDirectories).Length > 0;
                Assert.InRange(drive.AvailableFreeSpace, (FloorKiB - RoundingKiB) << 10, long.MaxValue);
                Assert.InRange(host.Stream.BytesInMemory, 0, 3 << 20);
            }
        }

        // One MiB takes some of it; the rest of the minute does not fit anywhere.
        await PushAsync(40);
        Assert.True(wasUsed);
        Assert.Single(log.Entries, entry => entry.Id == 2205);
        using var client = DeliveryHost.Client();
        var address = new Uri(host.Playlist, "v/all/0/media.m3u8");
        var playlist = MediaPlaylist.Read(await client.GetStringAsync(address));
        Assert.Empty(playlist.Faults);
        Assert.InRange(playlist.Segments.Count, 2, 15);

        // With room again, the window is what it should be.
        disk.Grow(FloorKiB + (64 << 10));
        await PushAsync(80);
        playlist = MediaPlaylist.Read(await client.GetStringAsync(address));
        Assert.InRange(playlist.Segments.Count, 20, 40);
        Assert.Single(log.Entries, entry => entry.Id == 2205);
    }

    [Fact]
    public async Task A_segment_is_deleted_without_waiting_for_the_disk()
    {
        using var folder = new TemporaryFolder();
        await using var host = await DeliveryHost.StartAsync(delivery: options => options.SegmentFolder = folder.Path);
        using var shelf = host.Files.Open("slow")!;
        var segment = (await shelf.PutAwayAsync("one.m4s", [new byte[100]]))!;
        var path = Assert.Single(Directory.GetFiles(folder.Path, "one.m4s", SearchOption.AllDirectories));
        var read = new byte[100];
        Assert.True(await segment.TryReadAsync(0, read, CancellationToken.None));

        // The disk is busy with something else that is deleted.
        using var disk = new ManualResetEventSlim();
        host.Files.Deletions.Add(disk.Wait);
        segment.Delete();
        Assert.True(File.Exists(path));
        disk.Set();
        await UntilAsync(() => !File.Exists(path));
        Assert.False(await segment.TryReadAsync(0, read, CancellationToken.None));
    }

    private static async Task<DeliveryHost> StartAsync(Action<DeliveryOptions>? delivery = null, TimeProvider? time = null)
    {
        var host = await DeliveryHost.StartAsync(delivery: delivery, time: time);
        host.Stream.SetTracks(Source.Tracks);
        host.Push(Source, TimeSpan.FromSeconds(5.1));
        return host;
    }

    private static async Task CheckBoundAsync(DeliveryHost host)
    {
        using var client = DeliveryHost.Client();
        var playlist = new Uri(host.Playlist, "v/all/0/media.m3u8?_HLS_msn=2&_HLS_part=2");
        var held = Enumerable.Range(0, 3).Select(_ => client.GetAsync(playlist)).ToArray();
        await UntilAsync(() => host.Program.Held == 3);
        using var refused = await client.GetAsync(playlist);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
        Assert.Equal(3, host.Program.Held);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(host.Playlist, "v/all/0/media.m3u8"))).StatusCode);
        host.Stream.End();
        Assert.All(await Task.WhenAll(held), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        await UntilAsync(() => host.Program.Held == 0);
    }

    private static async Task<Uri> PartOf(HttpClient client, DeliveryHost host, Uri? multivariant = null)
    {
        multivariant ??= host.Playlist;
        var playlist = new Uri(multivariant, (await client.GetStringAsync(multivariant)).Split('\n')[3]);
        return new Uri(playlist, MediaPlaylist.Read(await client.GetStringAsync(playlist)).Segments[0].Parts[0].Uri);
    }

    private static Uri Signed(DeliveryHost host, string token) => new(host.Http, $"/live/t/{token}/{host.Id}/index.m3u8");

    private static DateTimeOffset In(double seconds) => TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(seconds);

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var look = 0; !isSo() && look < 2_000; look++)
        {
            await Task.Delay(10);
        }

        Assert.True(isSo(), "What was waited for has not come.");
    }
}
