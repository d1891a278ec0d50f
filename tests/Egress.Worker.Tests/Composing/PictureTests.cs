using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Drawing;
using Roomcast.Egress.Worker.Tests.Media;

namespace Roomcast.Egress.Worker.Tests.Composing;

/// <summary>Who is to be seen where, looked up in what a decoder makes of the composed picture.</summary>
public sealed class PictureTests
{
    private const int Red = 0xC0_20_20;
    private const int Green = 0x20_A0_40;
    private const int Blue = 0x20_40_C0;
    private const int Yellow = 0xD0_C0_20;

    [Fact]
    public void Everybody_is_in_their_tile_and_the_background_between()
    {
        using var stage = new Stage();
        using var first = new PictureSource();
        using var second = new PictureSource(320, 180);
        using var third = new PictureSource(480, 640);
        var scene = new Scene { Peers = [Stage.Peer(0), Stage.Peer(1), Stage.Peer(2), Stage.Peer(3, hasCamera: false)] };
        stage.Composer.SetScene(scene);
        stage.ShowFor(5, (Stage.CameraOf(0), first, Red), (Stage.CameraOf(1), second, Green), (Stage.CameraOf(2), third, Blue));

        var tiles = stage.TilesOf(scene);
        stage.Output.Last.Expect(tiles[0].Area, Red);
        stage.Output.Last.Expect(tiles[1].Area, Green);
        stage.Output.Last.Expect(tiles[2].Area, Blue);
        stage.Output.Last.Expect(tiles[3].Area.Left + 20, tiles[3].Area.Top + 20, Colours.Tile);
        stage.Output.Last.Expect(2, 2, Stage.Background);

        // A tile reaches to its edges and not beyond: between two of them there is background.
        var (left, right) = (tiles[0].Area, tiles[1].Area);
        for (var y = left.Top + 40; y < left.Bottom - 40; y += 8)
        {
            stage.Output.Last.Expect(left.Right - 4, y, Red);
            stage.Output.Last.Expect((left.Right + right.Left) / 2, y, Stage.Background);
            stage.Output.Last.Expect(right.Left + 3, y, Green);
        }
    }

    [Fact]
    public void A_change_of_the_scene_shows_with_the_next_tick()
    {
        using var stage = new Stage();
        using var first = new PictureSource();
        using var second = new PictureSource();
        var both = new Scene { Peers = [Stage.Peer(0), Stage.Peer(1)] };
        stage.Composer.SetScene(both);
        stage.ShowFor(5, (Stage.CameraOf(0), first, Red), (Stage.CameraOf(1), second, Green));

        stage.Composer.SetScene(both with { Layout = SceneLayout.Single, SpeakerId = "peer1" });
        stage.Tick();
        stage.Output.Last.Expect(320, 200, Green);
        stage.Output.Last.Expect(960, 500, Green);

        stage.Composer.SetScene(both with { Peers = [Stage.Peer(0)] });
        stage.Tick();
        stage.Output.Last.Expect(960, 200, Red);
    }

    [Fact]
    public void A_camera_that_is_held_back_is_not_seen_again_before_it_has_sent_anew()
    {
        using var stage = new Stage();
        using var source = new PictureSource(keyframeEvery: 1);
        var peer = Stage.Peer(0);
        stage.Composer.SetScene(new Scene { Peers = [peer] });
        stage.ShowFor(3, (Stage.CameraOf(0), source, Red));
        stage.Output.Last.Expect(100, 100, Red);

        var paused = peer with { Camera = peer.Camera! with { IsPaused = true } };
        stage.Composer.SetScene(new Scene { Peers = [paused] });
        stage.Show(Stage.CameraOf(0), source.Encode(Red));
        stage.Tick(3);
        stage.Output.Last.Expect(100, 100, Colours.Tile);

        stage.Composer.SetScene(new Scene { Peers = [peer] });
        stage.Tick(2);
        stage.Output.Last.Expect(100, 100, Colours.Tile);
        stage.ShowFor(3, (Stage.CameraOf(0), source, Blue));
        stage.Output.Last.Expect(100, 100, Blue);
    }

    [Theory]
    [InlineData(0, 0.25, 0.25)]
    [InlineData(90, 0.75, 0.25)]
    [InlineData(180, 0.75, 0.75)]
    [InlineData(270, 0.25, 0.75)]
    public void A_turned_picture_stands_upright(int rotation, double markX, double markY)
    {
        // What was left above in the sensor's picture is, turned clockwise, right above, and so on.
        using var stage = new Stage(new CompositionFormat { Width = 640, Height = 640 });
        using var source = new PictureSource(480, 480);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)], ShowsNames = false });
        for (var i = 0; i < 4; i++)
        {
            stage.Show(Stage.CameraOf(0), source.Encode(Blue, Yellow), rotation);
            stage.Tick();
        }

        foreach (var (x, y) in ((double X, double Y)[])[(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)])
        {
            stage.Output.Last.Expect((int)(640 * x), (int)(640 * y), x == markX && y == markY ? Yellow : Blue);
        }
    }

    [Fact]
    public void A_screen_is_shown_whole_and_a_camera_cut_to_fill_where_no_more_than_half_of_its_height_is_lost()
    {
        using var stage = new Stage();
        using var narrow = new PictureSource(320, 480);
        var peer = Stage.Peer(0, hasCamera: false) with { Screen = new SceneTrack(900, SceneCodec.Vp8, 96) };
        stage.Composer.SetScene(new Scene { Peers = [peer], Layout = SceneLayout.Single });
        stage.ShowFor(3, (900, narrow, Green));
        stage.Output.Last.Expect(640, 4, Green);
        stage.Output.Last.Expect(640, 714, Green);
        stage.Output.Last.Expect(200, 360, Colours.Tile);
        stage.Output.Last.Expect(1_080, 360, Colours.Tile);

        // A picture of 8:9 as wide as 16:9 is twice as high: half of it is seen.
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)], Layout = SceneLayout.Single });
        foreach (var (width, height) in ((int Width, int Height)[])[(480, 360), (360, 360), (320, 360)])
        {
            using var camera = new PictureSource(width, height);
            stage.ShowFor(3, (Stage.CameraOf(0), camera, Red));
            stage.Output.Last.Expect(10, 360, Red);
            stage.Output.Last.Expect(1_270, 360, Red);
        }

        using var wide = new PictureSource(480, 320);
        foreach (var rotation in (int[])[90, 270])
        {
            for (var i = 0; i < 3; i++)
            {
                stage.Show(Stage.CameraOf(0), wide.Encode(Blue), rotation);
                stage.Tick();
            }

            stage.Output.Last.Expect(640, 4, Blue);
            stage.Output.Last.Expect(640, 714, Blue);
            stage.Output.Last.Expect(200, 360, Colours.Tile);
            stage.Output.Last.Expect(1_080, 360, Colours.Tile);
        }
    }

    [Fact]
    public void A_wide_camera_in_an_upright_picture_is_cut_to_fill()
    {
        using var stage = new Stage(new CompositionFormat { Width = 720, Height = 1_280 });
        using var camera = new PictureSource(640, 360);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)], Layout = SceneLayout.Single });
        stage.ShowFor(3, (Stage.CameraOf(0), camera, Red));
        stage.Output.Last.Expect(360, 10, Red);
        stage.Output.Last.Expect(360, 1_200, Red);
    }

    [Fact]
    public void A_picture_may_change_its_size_at_any_time()
    {
        using var stage = new Stage();
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)] });
        (int Width, int Height, int Rgb)[] sizes = [(640, 360, Red), (1_280, 720, Green), (320, 180, Blue), (322, 182, Yellow), (161, 91, Red), (16, 16, Green)];
        foreach (var (width, height, rgb) in sizes)
        {
            using var source = new PictureSource(width, height);
            stage.ShowFor(4, (Stage.CameraOf(0), source, rgb));
            stage.Output.Last.Expect(640, 200, rgb);
        }

        Assert.Equal(0, stage.Composer.Counters.BadVideoFrames);
    }

    [Fact]
    public void Every_format_is_filled()
    {
        foreach (var (width, height) in ((int Width, int Height)[])[(720, 1_280), (720, 720), (426, 240), (1_920, 1_080)])
        {
            using var stage = new Stage(new CompositionFormat { Width = width, Height = height });
            using var source = new PictureSource();
            stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)] });
            stage.ShowFor(3, (Stage.CameraOf(0), source, Red));
            Assert.Equal((width, height), (stage.Output.Last.Width, stage.Output.Last.Height));
            stage.Output.Last.Expect(4, 4, Red);
            stage.Output.Last.Expect(width - 6, height - 6, Red);
        }
    }

    [Fact]
    public void What_is_not_shown_is_neither_decoded_nor_wanted()
    {
        using var stage = new Stage();
        using var first = new PictureSource();
        using var second = new PictureSource();
        var both = new Scene { Peers = [Stage.Peer(0), Stage.Peer(1)] };
        stage.Composer.SetScene(both with { Layout = SceneLayout.Single, SpeakerId = "peer0" });
        stage.ShowFor(6, (Stage.CameraOf(0), first, Red), (Stage.CameraOf(1), second, Green));
        Assert.Equal(6, stage.Composer.Counters.DecodedFrames);
        Assert.Equal([(Stage.CameraOf(0), 720), (Stage.CameraOf(1), 0)], stage.Output.HeightsPreferred);
        Assert.Empty(stage.Output.KeyframesWanted);

        // Once it is shown, it is asked for what it cannot be decoded without.
        stage.Composer.SetScene(both with { Layout = SceneLayout.Single, SpeakerId = "peer1" });
        stage.ShowFor(2, (Stage.CameraOf(1), second, Green));
        Assert.Equal([Stage.CameraOf(1)], stage.Output.KeyframesWanted);
        Assert.Equal([(Stage.CameraOf(0), 0), (Stage.CameraOf(1), 720)], stage.Output.HeightsPreferred[2..]);
    }
}
