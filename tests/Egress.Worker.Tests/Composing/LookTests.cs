using System.Diagnostics;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Layouts;
using Roomcast.Egress.Worker.Drawing;
using Roomcast.Egress.Worker.Native;
using Roomcast.Egress.Worker.Tests.Media;
using Roomcast.TestKit;

namespace Roomcast.Egress.Worker.Tests.Composing;

/// <summary>Names, marks, avatars, backgrounds and watermarks, looked up in what a decoder makes of the composed picture.</summary>
public sealed class LookTests
{
    private const int Blue = 0x20_40_C0;
    private const int Green = 0x20_A0_40;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(9)]
    [InlineData(25)]
    public void A_name_is_legible_at_every_tile_size_and_only_where_names_are_shown(int peers)
    {
        using var stage = new Stage();
        var scene = new Scene { Peers = [.. Enumerable.Range(0, peers).Select(static index => Stage.Peer(index, hasCamera: false, name: "Wanda Michel"))] };
        var corner = LabelCorner(stage.TilesOf(scene)[0].Area);
        stage.Composer.SetScene(scene);
        stage.Tick(3);
        var shown = stage.Output.Last.CountLight(corner);

        stage.Composer.SetScene(scene with { ShowsNames = false });
        stage.Tick(3);
        Assert.Equal(0, stage.Output.Last.CountLight(corner));

        // Eleven letters of ten pixels' height and more: with a dozen light pixels each at the least.
        Assert.True(shown > 130, $"Only {shown} pixels are as light as letters.");
    }

    [Theory]
    [InlineData("Ada Lovelace")]
    [InlineData("Ελένη Παπαδοπούλου")]
    [InlineData("Дмитрий Менделеев")]
    [InlineData("Zoë Ångström")]
    [InlineData("half \ud83d of a pair")]
    [InlineData("\udc00")]
    public void Names_of_many_scripts_are_drawn_and_nothing_breaks_them(string name)
    {
        using var lettering = NewLettering();
        var raster = new Raster(400, 40);
        lettering.Draw(raster, name, 2, 30, 20, 390, 0xFF_FF_FF);
        var covered = Enumerable.Range(0, 40).SelectMany(y => Enumerable.Range(0, 400).Select(x => raster[x, y].Alpha)).Count(static alpha => alpha > 128);
        Assert.True(covered > 20, $"'{name}' left {covered} pixels.");
        Assert.All(name.EnumerateRunes(), rune => Assert.True(lettering.Has(rune), $"U+{rune.Value:X4} is not in the font."));
    }

    [Fact]
    public void A_name_that_is_too_long_ends_with_an_ellipsis_within_its_room()
    {
        using var lettering = NewLettering();
        var name = string.Concat(Enumerable.Repeat("Very long name ", 200));
        foreach (var widest in (int[])[30, 31, 77, 200, 390])
        {
            var raster = new Raster(600, 40);
            lettering.Draw(raster, name, 0, 30, 20, widest, 0xFF_FF_FF);
            var last = Enumerable.Range(0, 600).Last(x => Enumerable.Range(0, 40).Any(y => raster[x, y].Alpha > 100));
            Assert.InRange(last, widest - 24, widest);
            Assert.InRange(lettering.WidthOf(name, 20, widest), widest - 24, widest);

            // What is seen last are dots on the line: nothing stands above them.
            Assert.DoesNotContain(Enumerable.Range(0, 24), y => raster[last, y].Alpha > 100);
        }
    }

    [Fact]
    public void Who_is_muted_bears_the_mark_and_nobody_else()
    {
        using var stage = new Stage();
        var muted = Stage.Peer(1, hasCamera: false);
        var scene = new Scene
        {
            Peers =
            [
                Stage.Peer(0, hasCamera: false),
                muted with { Microphone = muted.Microphone! with { IsPaused = true } },
                Stage.Peer(2, hasCamera: false, hasMicrophone: false),
            ],
        };
        foreach (var showsNames in (bool[])[true, false])
        {
            stage.Composer.SetScene(scene with { ShowsNames = showsNames });
            stage.Tick(3);
            var marks = stage.TilesOf(scene).Select(tile => stage.Output.Last.CountMuted(LabelCorner(tile.Area))).ToList();
            Assert.Equal(0, marks[0]);
            Assert.True(marks[1] > 20 && marks[2] > 20, $"The marks have {marks[1]} and {marks[2]} pixels.");
        }

        stage.Composer.SetScene(scene with { ShowsLabels = false });
        stage.Tick(3);
        Assert.All(stage.TilesOf(scene), tile =>
            Assert.Equal((0, 0), (stage.Output.Last.CountMuted(LabelCorner(tile.Area)), stage.Output.Last.CountLight(LabelCorner(tile.Area)))));
    }

    [Fact]
    public void Initials_stand_on_a_colour_that_is_always_the_same_for_one_id()
    {
        using var stage = new Stage();
        var scene = new Scene { Peers = [Stage.Peer(0, hasCamera: false), Stage.Peer(1, hasCamera: false)] };
        stage.Composer.SetScene(scene);
        stage.Tick(3);
        foreach (var tile in stage.TilesOf(scene))
        {
            var (x, y, radius) = CircleOf(tile.Area);
            stage.Output.Last.Expect(x, y - (radius * 8 / 10), Colours.OfAvatar(tile.PeerId));
            var letters = new TileArea(x - (radius / 2), y - (radius / 2), radius, radius);
            Assert.True(stage.Output.Last.CountLight(letters) > 100);
            stage.Output.Last.Expect(x - radius - 20, y, Colours.Tile);
        }

        Assert.NotEqual(Colours.OfAvatar("peer0"), Colours.OfAvatar("peer1"));
    }

    [Theory]
    [InlineData("png", "png")]
    [InlineData("jpg", "mjpeg")]
    public async Task A_picture_takes_the_place_of_initials(string extension, string codec)
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf($"face.{extension}");
        await FfmpegProgram.MakePictureAsync(file, codec, "0x20A040", 300, 500);
        using var stage = new Stage();
        var scene = new Scene { Peers = [Stage.Peer(0, hasCamera: false) with { PictureFile = file }] };
        stage.Composer.SetScene(scene);
        stage.Tick(3);
        var (x, y, radius) = CircleOf(new TileArea(0, 0, 1_280, 720));
        stage.Output.Last.Expect(x, y, Green);
        stage.Output.Last.Expect(x, y - (radius * 9 / 10), Green);
        stage.Output.Last.Expect(x - (radius * 9 / 10), y - (radius * 9 / 10), Colours.Tile);
        Assert.Equal(0, stage.Composer.Counters.BadPictureFiles);
    }

    [Fact]
    public async Task No_tick_waits_for_a_picture_that_is_read_aside_and_it_shows_when_it_is_there()
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("face.png");
        await FfmpegProgram.MakePictureAsync(file, "png", "0x20A040", 300, 500);

        // Opening it lasts until somebody opens it to write. (Who wrote into it might find its reader gone already.)
        var held = folder.PathOf("held.png");
        await RunAsync("mkfifo", held);
        using var stage = new Stage(readsAside: true);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0, hasCamera: false) with { PictureFile = held }], BackgroundFile = held });
        stage.Tick(30);
        var (x, y, radius) = CircleOf(new TileArea(0, 0, 1_280, 720));
        stage.Output.Last.Expect(x, y - (radius * 8 / 10), Colours.OfAvatar("peer0"));
        Assert.Equal(0, stage.Composer.Counters.BadPictureFiles);

        // It is no picture after all. What is asked for meanwhile comes next, once.
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0, hasCamera: false) with { PictureFile = file }] });
        stage.Tick(3);
        stage.Output.Last.Expect(x, y - (radius * 8 / 10), Colours.OfAvatar("peer0"));
        await RunAsync("sh", "-c", $": > '{held}'");
        await WaitAsync(stage, () => stage.Output.Last.IsAt(x, y - (radius * 9 / 10), Green, tolerance: 20));
        stage.Output.Last.Expect(x, y, Green);
        Assert.Equal(0, stage.Composer.Counters.BadPictureFiles);

        // Another takes its place only when it is there, or cannot be had.
        await RunAsync("mkfifo", folder.PathOf("other.png"));
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0, hasCamera: false) with { PictureFile = folder.PathOf("other.png") }] });
        stage.Tick(3);
        stage.Output.Last.Expect(x, y - (radius * 9 / 10), Green);
        await RunAsync("sh", "-c", $": > '{folder.PathOf("other.png")}'");
        await WaitAsync(stage, () => stage.Composer.Counters.BadPictureFiles > 0);
        stage.Tick(3);
        stage.Output.Last.Expect(x, y - (radius * 8 / 10), Colours.OfAvatar("peer0"));

        // At another size at once, when it is there; and one that cannot be read is counted once, however often the scene changes.
        var two = new Scene { Peers = [Stage.Peer(0, hasCamera: false) with { PictureFile = file }, Stage.Peer(1, hasCamera: false)] };
        stage.Composer.SetScene(two);
        (x, y, _) = CircleOf(stage.TilesOf(two)[0].Area);
        await WaitAsync(stage, () => stage.Output.Last.IsAt(x, y, Green, tolerance: 20));
        stage.Composer.SetScene(two with { Peers = [two.Peers[0]] });
        stage.Tick(3);
        (x, y, radius) = CircleOf(new TileArea(0, 0, 1_280, 720));
        stage.Output.Last.Expect(x, y - (radius * 9 / 10), Green);
        two = two with { BackgroundFile = folder.PathOf("absent.png") };
        stage.Composer.SetScene(two);
        await WaitAsync(stage, () => stage.Composer.Counters.BadPictureFiles > 1);
        stage.Composer.SetScene(two with { ShowsNames = false });
        stage.Tick(3);
        Assert.Equal(2, stage.Composer.Counters.BadPictureFiles);
    }

    [Fact]
    public async Task A_picture_file_that_cannot_be_read_is_counted_and_left_out()
    {
        using var folder = new TemporaryFolder();
        var text = folder.PathOf("text.png");
        await File.WriteAllTextAsync(text, "no picture");
        var broken = folder.PathOf("broken.png");
        await FfmpegProgram.MakePictureAsync(broken, "png", "red", 64, 64);
        await File.WriteAllBytesAsync(broken, (await File.ReadAllBytesAsync(broken))[..40]);
        var large = folder.PathOf("large.png");
        await FfmpegProgram.MakePictureAsync(large, "png", "red", 4_112, 64);
        string[] files = [folder.PathOf("absent.png"), text, broken, large];
        foreach (var file in files)
        {
            using var stage = new Stage();
            stage.Composer.SetScene(new Scene
            {
                Peers = [Stage.Peer(0, hasCamera: false) with { PictureFile = file }],
                BackgroundFile = file,
                Watermark = new SceneWatermark(file, SceneCorner.LeftTop, 0, 0),
            });
            stage.Tick(3);
            var (x, y, radius) = CircleOf(new TileArea(0, 0, 1_280, 720));
            stage.Output.Last.Expect(x, y - (radius * 8 / 10), Colours.OfAvatar("peer0"));
            Assert.Equal(3, stage.Composer.Counters.BadPictureFiles);
        }
    }

    [Theory]
    [InlineData(SceneCorner.LeftTop, false, false)]
    [InlineData(SceneCorner.RightTop, true, false)]
    [InlineData(SceneCorner.LeftBottom, false, true)]
    [InlineData(SceneCorner.RightBottom, true, true)]
    public async Task A_watermark_lies_in_its_corner_half_as_strong_as_it_is_transparent(SceneCorner corner, bool isRight, bool isLower)
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("mark.png");
        await FfmpegProgram.MakePictureAsync(file, "png", "white@0.5", 100, 50);
        using var stage = new Stage();
        using var source = new PictureSource();
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)], ShowsNames = false, Watermark = new SceneWatermark(file, corner, 200, 0) });

        // Twenty pictures: a mark that were laid over itself would have become white.
        stage.ShowFor(20, (Stage.CameraOf(0), source, Blue));
        var (x, y) = (isRight ? 1_280 - 120 : 120, isLower ? 720 - 70 : 70);
        stage.Output.Last.Expect(x, y, 0x90_A0_E0);
        stage.Output.Last.Expect(x, isLower ? 720 - 140 : 140, Blue);
        stage.Output.Last.Expect(isRight ? 1_280 - 240 : 240, y, Blue);
        Assert.Equal(0, stage.Composer.Counters.BadPictureFiles);
    }

    [Fact]
    public async Task A_background_picture_fills_what_no_tile_covers()
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("back.jpg");
        await FfmpegProgram.MakePictureAsync(file, "mjpeg", "0x20A040", 400, 400);
        using var stage = new Stage();
        using var source = new PictureSource();
        var scene = new Scene { Peers = [Stage.Peer(0), Stage.Peer(1)], BackgroundFile = file };
        stage.Composer.SetScene(scene);
        stage.ShowFor(3, (Stage.CameraOf(0), source, Blue));
        stage.Output.Last.Expect(640, 30, Green);
        stage.Output.Last.Expect(640, 690, Green);
        var area = stage.TilesOf(scene)[0].Area;
        stage.Output.Last.Expect(area, Blue);

        // Through the round corners too.
        Assert.True(stage.Output.Last.IsAt(area.Left, area.Top, Green, tolerance: 40));
        stage.Composer.SetScene(scene with { BackgroundFile = null, BackgroundRgb = 0x40_20_20 });
        stage.Tick(3);
        stage.Output.Last.Expect(640, 30, 0x40_20_20);
    }

    [Fact]
    public void Who_speaks_has_a_line_around()
    {
        using var stage = new Stage();
        var scene = new Scene { Peers = [Stage.Peer(0, hasCamera: false), Stage.Peer(1, hasCamera: false)], SpeakerId = "peer1" };
        stage.Composer.SetScene(scene);
        stage.Tick(5);
        var tiles = stage.TilesOf(scene);
        Assert.True(stage.Output.Last.IsAt(tiles[1].Area.Left + 2, tiles[1].Area.Top + 200, Colours.Speaker, tolerance: 30));
        Assert.True(stage.Output.Last.IsAt(tiles[1].Area.Left + 200, tiles[1].Area.Bottom - 2, Colours.Speaker, tolerance: 30));
        stage.Output.Last.Expect(tiles[0].Area.Left + 6, tiles[0].Area.Top + 200, Colours.Tile);
    }

    [Fact]
    public void An_empty_stage_says_what_it_is_told_to()
    {
        using var stage = new Stage();
        stage.Tick(3);
        var whole = new TileArea(0, 0, 1_280, 720);
        Assert.Equal(0, stage.Output.Last.CountLight(whole));
        stage.Composer.SetScene(Scene.Empty with { SlateText = "We will be right back" });
        stage.Tick(3);
        Assert.True(stage.Output.Last.CountLight(new TileArea(320, 320, 640, 80)) > 1_000);
        stage.Output.Last.Expect(100, 100, Stage.Background);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0, hasCamera: false)], ShowsNames = false, SlateText = "We will be right back" });
        stage.Tick(3);
        stage.Output.Last.Expect(340, 360, Colours.Tile);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    private static async Task WaitAsync(Stage stage, Func<bool> isSo)
    {
        var began = TimeProvider.System.GetTimestamp();
        do
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(60));
            await Task.Delay(10);
            stage.Tick(2);
        }
        while (!isSo());
    }

    private static Lettering NewLettering()
    {
        CodecLibraries.Need();
        return new Lettering();
    }

    private static TileArea LabelCorner(TileArea area) => new(area.Left + 2, area.Bottom - Math.Min(60, area.Height / 3), Math.Min(220, area.Width - 4), Math.Min(58, (area.Height / 3) - 2));

    private static (int X, int Y, int Radius) CircleOf(TileArea area) =>
        (area.Left + (area.Width / 2), area.Top + (area.Height / 2), (int)(Math.Min(area.Width, area.Height) * 0.23));
}
