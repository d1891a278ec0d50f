using Roomcast.Egress.Playback;
using Roomcast.Egress.Worker.Drawing;
using Roomcast.Egress.Worker.Playing;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Egress.Worker.Tests.Playing;

/// <summary>The player over real files and a real web server; what it sends is decoded.</summary>
public sealed class PlayerTests(MediaHost media) : IClassFixture<MediaHost>
{
    private const double Audible = 0.02;

    [Theory]
    [InlineData("media/clip.mp4")]
    [InlineData("media/clip.m3u8")]
    [InlineData("elsewhere")]
    public async Task A_source_is_played_whole_with_its_pictures_and_its_tone_in_step(string path)
    {
        await using var played = PlayedSession.Start(media.UrlOf(path));
        Assert.Null(await played.EndAsync());
        var first = played.Told[0];
        Assert.True(first is { HasSound: true, HasPicture: true, IsPaused: false, HasEnded: false });
        Assert.InRange(first.LengthMs!.Value, 5_800, 6_300);

        // Every colour, in order, each with as much of the tone as in the source, whether or not the machine held the player up; the first
        // picture is a keyframe.
        Assert.True(played.Pictures[0].IsKeyframe);
        var shown = Shown(played.Pictures);
        Assert.Equal([0, 1, 2], shown.Select(each => each.Colour));
        Assert.InRange(shown[1].Heard, MediaHost.Each - 0.2, MediaHost.Each + 0.2);
        Assert.InRange(shown[2].Heard, (2 * MediaHost.Each) - 0.2, (2 * MediaHost.Each) + 0.2);
        Assert.True(shown[1].At - shown[0].At > MediaHost.Each - 0.2 && shown[2].At - shown[1].At > MediaHost.Each - 0.2);
        Assert.InRange(LevelOf(played.Sound, MediaHost.ToneHz), Audible, 1);
        Assert.True(LevelOf(played.Sound, 3_333) < Audible / 10);

        // Both clocks are one: of the same moment in their reports.
        var (sound, picture) = (played.ReportOf(PlaybackWire.SoundSsrc), played.ReportOf(PlaybackWire.PictureSsrc));
        Assert.Equal(sound.Ntp, picture.Ntp);
        Assert.All(
            played.Packets.GroupBy(packet => packet.Ssrc),
            source => Assert.All(source.Zip(source.Skip(1)), pair => Assert.Equal((ushort)(pair.First.Number + 1), pair.Second.Number)));
    }

    [Theory]
    [InlineData("media/ahead.ts")]
    [InlineData("media/back.ts")]
    public async Task A_jump_of_the_sources_clock_is_played_over(string path)
    {
        await using var played = PlayedSession.Start(media.UrlOf(path));
        Assert.Null(await played.EndAsync());
        var shown = Shown(played.Pictures);
        Assert.Equal([0, 1, 2, 0, 1, 2], shown.Select(each => each.Colour));
        for (var i = 1; i < shown.Count; i++)
        {
            Assert.InRange(shown[i].Heard, (i * MediaHost.Each) - 0.4, (i * MediaHost.Each) + 0.4);
        }
    }

    [Fact]
    public void Times_go_on_where_the_sources_clock_jumps_and_stay_together()
    {
        var clock = new SourceClock();
        Assert.Equal((0, 0.01), (clock.At(isPicture: true, 0), clock.At(isPicture: false, 0.01)));
        Assert.Equal((4.9, 4.8), (clock.At(isPicture: true, 4.9), clock.At(isPicture: false, 4.8)));

        // Far ahead, the picture first; then far back, the sound first.
        var picture = clock.At(isPicture: true, 100);
        Assert.InRange(picture, 4.9, 5);
        Assert.Equal(picture - 0.05, clock.At(isPicture: false, 99.95), 6);
        Assert.Equal(picture + 1, clock.At(isPicture: true, 101), 6);
        Assert.Equal(picture + 0.9, clock.At(isPicture: false, 100.9), 6);
        var sound = clock.At(isPicture: false, 3);
        Assert.InRange(sound, picture + 0.9, picture + 1);
        Assert.Equal(sound + 0.1, clock.At(isPicture: true, 3.1), 6);

        // Of what is not both, pictures may stand long; and what begins late is no jump.
        clock.Forget();
        Assert.Equal((0, 59), (clock.At(isPicture: true, 0), clock.At(isPicture: true, 59)));
        Assert.Equal(30, clock.At(isPicture: false, 30));
        clock.Forget();
        clock.At(isPicture: true, 0);
        Assert.InRange(clock.At(isPicture: true, 61), 0, 1);
    }

    [Fact]
    public async Task It_stands_still_goes_elsewhere_and_changes_its_volume_when_asked()
    {
        await using var played = PlayedSession.Start(media.UrlOf("media/clip.mp4"));
        await played.UntilAsync(each => each.Pictures.Count > 5, "the first pictures");
        played.Ask(PlayerAct.Pause);
        await played.UntilAsync(each => each.Told[^1].IsPaused, "standing still");
        var position = played.Told[^1].PositionMs;
        played.Ask(PlayerAct.Volume, -50);
        await played.UntilAsync(each => each.Told[^1].VolumeDb == -50, "the volume");
        Assert.Equal(position, played.Told[^1].PositionMs);

        // While it stands still there is silence, and its picture for whoever comes.
        var (pictures, samples) = (played.Pictures.Count, played.Sound.Count);
        await played.UntilAsync(each => each.Pictures.Count >= pictures + 2 && each.Sound.Count > samples + 48_000, "a second of standing still");
        Assert.Equal(0, ColourOf(played.Pictures[^1]));
        Assert.True(LevelOf([.. played.Sound.Skip(samples + 4_800)], MediaHost.ToneHz) < Audible / 10);
        pictures = played.Pictures.Count;
        played.Ask(PlayerAct.Keyframe);
        await played.UntilAsync(each => each.Pictures.Skip(pictures).Any(picture => picture.IsKeyframe), "a keyframe");

        played.Ask(PlayerAct.Seek, 4_500);
        await played.UntilAsync(each => each.Told[^1].PositionMs is 4_500, "the position");
        pictures = played.Pictures.Count;
        samples = played.Sound.Count;
        played.Ask(PlayerAct.Resume);
        Assert.Null(await played.EndAsync());
        var after = played.Pictures.Skip(pictures).Select(ColourOf).SkipWhile(colour => colour == 0).ToList();
        Assert.True(after.Count > 10);
        Assert.All(after, colour => Assert.Equal(2, colour));

        // The volume holds on: silence.
        Assert.True(LevelOf([.. played.Sound.Skip(samples)], MediaHost.ToneHz) < Audible / 10);
    }

    [Theory]
    [InlineData("media/clip.mp4")]
    [InlineData("media/clip.m3u8")]
    public async Task It_begins_where_it_is_told_to(string path)
    {
        await using var played = PlayedSession.Start(media.UrlOf(path), play => play with { SeekMs = 2_500, VolumeDb = 6 });
        Assert.Null(await played.EndAsync());
        Assert.Equal((2_500.0, 6.0), (played.Told[0].PositionMs, played.Told[0].VolumeDb));
        Assert.Equal([1, 2], Shown(played.Pictures).Select(each => each.Colour));
    }

    [Fact]
    public async Task A_stream_is_played_over_RTMP_with_its_pictures_and_its_tone()
    {
        await using var source = await RtmpPlayout.StartAsync(media.PathOf("clip.mp4"));
        await using var played = PlayedSession.Start(source.Address);
        await played.UntilAsync(each => Shown(each.Pictures).Select(shown => shown.Colour).Contains(2), "the last colour");
        Assert.True(played.Told[0] is { HasSound: true, HasPicture: true, LengthMs: null, HasEnded: false });

        // Live: it begins somewhere in the first colour, and goes on in order.
        Assert.True(played.Pictures[0].IsKeyframe);
        Assert.Equal([0, 1, 2], Shown(played.Pictures).Select(each => each.Colour).Take(3));
        Assert.InRange(LevelOf(played.Sound, MediaHost.ToneHz), Audible, 1);
    }

    [Fact]
    public async Task A_source_of_sound_or_picture_alone_is_played_as_that()
    {
        await using (var sound = PlayedSession.Start(media.UrlOf("media/sound.m4a")))
        {
            Assert.Null(await sound.EndAsync());
            Assert.True(sound.Told[0] is { HasSound: true, HasPicture: false });
            Assert.Empty(sound.Pictures);
            Assert.InRange(LevelOf(sound.Sound, MediaHost.ToneHz), Audible, 1);
        }

        await using var picture = PlayedSession.Start(media.UrlOf("media/picture.mp4"));
        Assert.Null(await picture.EndAsync());
        Assert.True(picture.Told[0] is { HasSound: false, HasPicture: true });
        Assert.Empty(picture.Sound);
        Assert.Equal([0, 1, 2], Shown(picture.Pictures).Select(each => each.Colour));
    }

    /// <summary>Each part of a playlist that names something, with each protocol that HTTP is made of or that leads elsewhere.</summary>
    public static TheoryData<string, string> Leads()
    {
        var leads = new TheoryData<string, string>();
        foreach (var place in (string[])["variant", "second", "rendition", "segment", "key", "map"])
        {
            foreach (var scheme in (string[])["tcp", "rtmp", "httpproxy", "crypto+tcp", "file"])
            {
                leads.Add(place, scheme);
            }
        }

        leads.Add("later", "httpproxy");
        leads.Add("segment", "crypto+httpproxy");
        return leads;
    }

    [Theory]
    [MemberData(nameof(Leads))]
    public async Task What_a_playlist_names_is_opened_by_HTTP_and_in_no_other_way(string place, string scheme)
    {
        // The trap may be connected to by its address; the file is there and can be played.
        var to = scheme == "file" ? $"file://{media.PathOf("clip.ts")}" : media.TrapUrl(scheme);
        await using var played = PlayedSession.Start(media.LeadUrl(place, to));
        var reason = await played.EndAsync();
        Assert.Equal(0, media.Trapped);

        // Within media playlists the library itself passes over what is neither HTTP nor a file, and plays what else there is.
        if (place is "variant" or "second" or "rendition" || scheme is "httpproxy" or "crypto+httpproxy" or "file")
        {
            Assert.StartsWith("source_not_allowed", reason, StringComparison.Ordinal);
            Assert.True(place == "later" || played.Packets.Count == 0);
        }
    }

    [Theory]
    [InlineData("variant")]
    [InlineData("second")]
    [InlineData("rendition")]
    [InlineData("segment")]
    [InlineData("later")]
    [InlineData("key")]
    [InlineData("map")]
    public async Task What_a_playlist_names_is_not_of_private_networks(string place)
    {
        await using var played = PlayedSession.Start(
            media.LeadUrl(place, media.TrapUrl("http", "127.0.0.2")), static play => play with { PrivateNetworks = ["127.0.0.1/32"] });
        Assert.StartsWith("source_not_allowed", await played.EndAsync(), StringComparison.Ordinal);
        Assert.Equal(0, media.Trapped);
    }

    [Theory]
    [InlineData("media/clip.mp4")]
    [InlineData("media/clip.m3u8")]
    public async Task Addresses_of_private_networks_are_not_connected_to_without_the_setting(string path)
    {
        await using var played = PlayedSession.Start(media.UrlOf(path), static play => play with { PrivateNetworks = [] });
        Assert.StartsWith("source_not_allowed", await played.EndAsync(), StringComparison.Ordinal);
        Assert.Empty(played.Packets);
    }

    [Fact]
    public async Task An_RTMP_server_of_a_private_network_is_not_connected_to()
    {
        await using var played = PlayedSession.Start(
            media.TrapUrl("rtmp", "127.0.0.2"), static play => play with { PrivateNetworks = ["127.0.0.1/32"] });
        Assert.StartsWith("source_not_allowed", await played.EndAsync(), StringComparison.Ordinal);
        Assert.Equal(0, media.Trapped);
    }

    [Theory]
    [InlineData("metadata", "source_not_allowed")]
    [InlineData("file", "source_not_opened")]
    [InlineData("private?host=127.0.0.2", "source_not_allowed")]
    [InlineData("text.mp4", "source_not_opened")]
    [InlineData("media/missing.mp4", "source_not_opened")]
    public async Task What_leads_elsewhere_or_is_no_media_ends_with_its_reason_and_shows_nothing(string path, string reason)
    {
        await using var played = PlayedSession.Start(media.UrlOf(path), static play => play with { PrivateNetworks = ["127.0.0.1/32"] });
        Assert.StartsWith(reason, await played.EndAsync(), StringComparison.Ordinal);
        Assert.Empty(played.Packets);
        Assert.Single(played.Told);
        Assert.Equal(0, media.Trapped);
    }

    [Fact]
    public async Task A_source_that_gives_nothing_more_ends_as_stalled()
    {
        await using var played = PlayedSession.Start(media.UrlOf("stuck.mp4"), play => play with { StallMs = 1_500 });
        Assert.Equal("source_stalled", await played.EndAsync());
        Assert.NotEmpty(played.Pictures);
    }

    [Theory]
    [InlineData("GET http://example.com/a/b.mp4?sig=%2F HTTP/1.1", "example.com", 80, "GET /a/b.mp4?sig=%2F HTTP/1.1")]
    [InlineData("GET http://example.com:8080 HTTP/1.1", "example.com", 8_080, "GET / HTTP/1.1")]
    [InlineData("CONNECT example.com:443 HTTP/1.1", "example.com", 443, null)]
    [InlineData("GET http://[2001:db8::1]:81/x HTTP/1.0", "2001:db8::1", 81, "GET /x HTTP/1.0")]
    public void The_gateway_reads_requests_to_a_proxy(string line, string host, int port, string? rewritten)
    {
        Assert.True(GuardedGateway.TryReadTarget(line, out var readHost, out var readPort, out var readLine));
        Assert.Equal((host, port, rewritten), (readHost, readPort, readLine));
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /a HTTP/1.1")]
    [InlineData("GET ftp://example.com/a HTTP/1.1")]
    [InlineData("GET file:///etc/passwd HTTP/1.1")]
    [InlineData("GET https://example.com/a HTTP/1.1")]
    [InlineData("CONNECT example.com:443/x HTTP/1.1")]
    [InlineData("GET http://example.com/a")]
    [InlineData("GET http://example.com/a HTTP/1.1 HTTP/1.1")]
    public void The_gateway_takes_no_other_request(string line) => Assert.False(GuardedGateway.TryReadTarget(line, out _, out _, out _));

    [Fact]
    public void The_gateway_reads_or_refuses_whatever_line_comes()
    {
        var random = new Random(7);
        string[] lines = ["GET http://example.com:8080/a?b=c HTTP/1.1", "CONNECT [2001:db8::1]:443 HTTP/1.1", "GET http://xn--e1afmkfd/ HTTP/1.0"];
        for (var round = 0; round < 20_000; round++)
        {
            var line = lines[random.Next(lines.Length)].ToCharArray();
            for (var change = random.Next(4); change >= 0; change--)
            {
                line[random.Next(line.Length)] = (char)random.Next(1, 256);
            }

            if (GuardedGateway.TryReadTarget(new string(line), out var host, out var port, out var rewritten))
            {
                Assert.True(host.Length > 0 && port is >= 0 and <= 65_535);
                Assert.Equal(2, rewritten?.Count(each => each == ' ') ?? 2);
            }
        }
    }

    [Theory]
    [InlineData(1_920, 1_080, 1_280, 720)]
    [InlineData(1_080, 1_920, 404, 720)]
    [InlineData(320, 240, 320, 240)]
    [InlineData(3_840, 16, 1_280, 16)]
    [InlineData(1, 1, 16, 16)]
    [InlineData(641, 361, 640, 360)]
    public void Pictures_keep_their_shape_and_have_even_sides(int width, int height, int wantedWidth, int wantedHeight) =>
        Assert.Equal((wantedWidth, wantedHeight), PlayedSource.Fit(width, height));

    private static List<(int Colour, double At, double Heard)> Shown(IReadOnlyList<PlayedPicture> pictures)
    {
        var shown = new List<(int Colour, double At, double Heard)>();
        foreach (var picture in pictures)
        {
            if (ColourOf(picture) is var colour && (shown.Count == 0 || shown[^1].Colour != colour))
            {
                shown.Add((colour, picture.At, picture.Heard));
            }
        }

        return shown;
    }

    /// <summary>The source's colour that the middle of a picture is nearest to.</summary>
    private static int ColourOf(PlayedPicture picture)
    {
        var shot = picture.Shot;
        var at = (shot.Height / 4 * (shot.Width / 2)) + (shot.Width / 4);
        return Enumerable.Range(0, MediaHost.Colours.Count).MinBy(colour =>
        {
            var (_, u, v) = Colours.ToYuv(MediaHost.Colours[colour]);
            return Math.Abs(shot.U[at] - u) + Math.Abs(shot.V[at] - v);
        });
    }

    /// <summary>How strong a tone is, as a share of full scale.</summary>
    private static double LevelOf(IReadOnlyList<float> samples, int frequencyHz)
    {
        var (real, imaginary) = (0.0, 0.0);
        for (var i = 0; i < samples.Count; i++)
        {
            var angle = 2 * Math.PI * frequencyHz * i / 48_000;
            real += samples[i] * Math.Cos(angle);
            imaginary += samples[i] * Math.Sin(angle);
        }

        return 2 * Math.Sqrt((real * real) + (imaginary * imaginary)) / Math.Max(1, samples.Count);
    }
}
