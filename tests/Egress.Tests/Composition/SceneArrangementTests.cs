using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Layouts;

namespace Roomcast.Egress.Tests.Composition;

public sealed class SceneArrangementTests
{
    private static readonly Gen<Scene> Scenes =
        from count in Gen.Choose(0, 40)
        from layout in Gen.Choose(0, 5)
        from speaker in Gen.Choose(-1, 41)
        from spotlight in Gen.Choose(-1, 41)
        from screens in Gen.Choose(0, 3)
        select SceneOf(count, screens) with
        {
            Layout = (SceneLayout)layout,
            SpeakerId = speaker < 0 ? null : $"peer{speaker}",
            SpotlightId = spotlight < 0 ? null : $"peer{spotlight}",
        };

    private static readonly Gen<(int Width, int Height)> Sizes =
        from width in Gen.OneOf(Gen.Elements(1_280, 720, 1_920, 640, 426), Gen.Choose(64, 960).Select(static half => half * 2))
        from height in Gen.OneOf(Gen.Elements(1_280, 720, 1_080, 360, 240), Gen.Choose(64, 960).Select(static half => half * 2))
        select (width, height);

    [Fact]
    public void Tiles_are_even_inside_and_apart_whatever_the_scene()
    {
        var cases = from scene in Scenes from size in Sizes from next in Scenes select (scene, size, next);
        Prop.ForAll(Arb.From(cases), static drawn =>
        {
            var (scene, size, next) = drawn;
            var tiles = SceneArrangement.Arrange(scene, size.Width, size.Height, []);
            AssertWellFormed(scene, tiles, size);
            AssertWellFormed(next, SceneArrangement.Arrange(next, size.Width, size.Height, tiles), size);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    [Fact]
    public void Who_speaks_is_always_seen_in_layouts_of_many()
    {
        var cases = from scene in Scenes from size in Sizes from next in Gen.Choose(0, 39) select (scene, size, next);
        Prop.ForAll(Arb.From(cases), static drawn =>
        {
            var (scene, size, next) = drawn;
            var layout = scene.Layout;
            if (scene.Peers.IsEmpty || layout is SceneLayout.Single or SceneLayout.Spotlight or SceneLayout.Automatic)
            {
                scene = (scene.Peers.IsEmpty ? SceneOf(30, 1) : scene) with { Layout = SceneLayout.Grid };
            }

            var tiles = ImmutableArray<SceneTile>.Empty;
            foreach (var speaker in (int[])[next, 0, scene.Peers.Length - 1, next / 2])
            {
                var id = scene.Peers[speaker % scene.Peers.Length].Id;
                tiles = SceneArrangement.Arrange(scene with { SpeakerId = id, SpotlightId = null }, size.Width, size.Height, tiles);
                Assert.Contains(tiles, tile => tile.PeerId == id);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    [Theory]
    [InlineData(2, 2, 1)]
    [InlineData(3, 2, 2)]
    [InlineData(4, 2, 2)]
    [InlineData(5, 3, 2)]
    [InlineData(9, 3, 3)]
    [InlineData(12, 4, 3)]
    [InlineData(16, 4, 4)]
    [InlineData(25, 5, 5)]
    public void A_grid_takes_the_shape_that_shows_most(int peers, int columns, int rows)
    {
        var tiles = SceneArrangement.Arrange(SceneOf(peers) with { Layout = SceneLayout.Grid }, 1_280, 720, []);
        Assert.Equal(peers, tiles.Length);
        Assert.Equal(columns, tiles.Count(tile => tile.Area.Top == tiles[0].Area.Top));
        Assert.Equal(rows, tiles.Select(static tile => tile.Area.Top).Distinct().Count());
        Assert.Single(tiles.Select(static tile => (tile.Area.Width, tile.Area.Height)).Distinct());
        Assert.InRange((double)tiles[0].Area.Width / tiles[0].Area.Height, 1.32, 1.79);
        Assert.Equal(SceneOf(peers).Peers.Select(static peer => peer.Id), tiles.Select(static tile => tile.PeerId));
    }

    [Fact]
    public void A_portrait_grid_stacks_what_a_wide_one_puts_side_by_side()
    {
        var tiles = SceneArrangement.Arrange(SceneOf(2), 720, 1_280, []);
        Assert.Equal(tiles[0].Area.Left, tiles[1].Area.Left);
        Assert.True(tiles[1].Area.Top >= tiles[0].Area.Bottom);
    }

    [Fact]
    public void One_alone_has_everything() =>
        Assert.Equal(new SceneTile("peer0", false, new TileArea(0, 0, 1_280, 720), true), Assert.Single(SceneArrangement.Arrange(SceneOf(1), 1_280, 720, [])));

    [Fact]
    public void Nobody_has_no_tiles() => Assert.Empty(SceneArrangement.Arrange(Scene.Empty, 1_280, 720, []));

    [Fact]
    public void The_automatic_layout_follows_screens_then_the_chosen_then_all()
    {
        var scene = SceneOf(4, screens: 1) with { SpotlightId = "peer2" };
        var shared = SceneArrangement.Arrange(scene, 1_280, 720, []);
        Assert.True(shared[0].IsScreen);
        Assert.Equal(5, shared.Length);
        Assert.True((long)shared[0].Area.Width * shared[0].Area.Height > 1_280 * 720 / 2);
        Assert.All(shared.Skip(1), tile => Assert.True(tile.Area.Left >= shared[0].Area.Right));

        var unshared = scene with { Peers = SceneOf(4).Peers };
        Assert.Equal("peer2", Assert.Single(SceneArrangement.Arrange(unshared, 1_280, 720, shared)).PeerId);
        Assert.Equal(4, SceneArrangement.Arrange(unshared with { SpotlightId = null }, 1_280, 720, shared).Length);
    }

    [Fact]
    public void A_screen_that_is_held_back_is_no_screen()
    {
        var scene = SceneOf(2, screens: 1);
        var held = scene.Peers[0] with { Screen = scene.Peers[0].Screen! with { IsPaused = true } };
        Assert.DoesNotContain(SceneArrangement.Arrange(scene with { Peers = [held, scene.Peers[1]] }, 1_280, 720, []), static tile => tile.IsScreen);
    }

    [Fact]
    public void Speaking_makes_large_without_moving_the_others_out_of_order()
    {
        var scene = SceneOf(4) with { Layout = SceneLayout.Speaker, SpeakerId = "peer1" };
        Assert.Equal(["peer1", "peer0", "peer2", "peer3"], SceneArrangement.Arrange(scene, 1_280, 720, []).Select(static tile => tile.PeerId));
        Assert.Equal(
            ["peer3", "peer0", "peer1", "peer2"],
            SceneArrangement.Arrange(scene with { SpeakerId = "peer3" }, 1_280, 720, []).Select(static tile => tile.PeerId));
    }

    [Fact]
    public void Of_too_many_those_who_are_seen_stay_where_they_are()
    {
        var scene = SceneOf(40) with { Layout = SceneLayout.Grid };
        var first = SceneArrangement.Arrange(scene, 1_280, 720, []);
        var second = SceneArrangement.Arrange(scene with { SpeakerId = "peer33" }, 1_280, 720, first);
        var third = SceneArrangement.Arrange(scene with { SpeakerId = "peer3" }, 1_280, 720, second);
        Assert.Equal(25, first.Length);
        Assert.Equal(first[..^1].ToArray(), second[..^1].ToArray());
        Assert.Equal("peer33", second[^1].PeerId);
        Assert.Equal(second.ToArray(), third.ToArray());
    }

    [Theory]
    [InlineData(126, 720)]
    [InlineData(1_281, 720)]
    [InlineData(1_280, 0)]
    public void A_size_that_cannot_be_arranged_is_refused(int width, int height) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SceneArrangement.Arrange(SceneOf(1), width, height, []));

    private static void AssertWellFormed(Scene scene, ImmutableArray<SceneTile> tiles, (int Width, int Height) size)
    {
        Assert.InRange(tiles.Length, scene.Peers.IsEmpty ? 0 : 1, SceneArrangement.MaxTiles);
        Assert.Equal(tiles.Length, tiles.Select(static tile => (tile.PeerId, tile.IsScreen)).Distinct().Count());
        for (var index = 0; index < tiles.Length; index++)
        {
            var area = tiles[index].Area;
            Assert.Equal(0, (area.Left | area.Top | area.Width | area.Height) & 1);
            Assert.True(area.Width >= 2 && area.Height >= 2, $"{area} is too small.");
            Assert.True(area.Left >= 0 && area.Top >= 0 && area.Right <= size.Width && area.Bottom <= size.Height, $"{area} is outside of {size}.");
            Assert.DoesNotContain(tiles.Skip(index + 1), other => other.Area.Overlaps(area));
            var peer = scene.Peers.Single(peer => peer.Id == tiles[index].PeerId);
            Assert.True(!tiles[index].IsScreen || peer.Screen is { IsPaused: false });
        }
    }

    private static Scene SceneOf(int peers, int screens = 0) => new()
    {
        Peers =
        [
            .. Enumerable.Range(0, peers).Select(index => new ScenePeer($"peer{index}", $"Peer {index}")
            {
                Screen = index < screens ? new SceneTrack((uint)(1_000 + index), SceneCodec.Vp8, 96) : null,
            }),
        ],
    };
}
