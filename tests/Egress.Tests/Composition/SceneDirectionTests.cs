using FsCheck;
using FsCheck.Fluent;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Layouts;

namespace Roomcast.Egress.Tests.Composition;

public sealed class SceneDirectionTests
{
    private static readonly Scene Five = new() { Peers = [.. "abcde".Select(id => new ScenePeer($"{id}", "") { Camera = new SceneTrack(1, SceneCodec.Vp8, 96) })] };

    [Fact]
    public void Whatever_was_chosen_everybody_is_in_the_scene_once_and_all_who_are_seen_have_a_tile_of_their_own()
    {
        var choices =
            from seats in Gen.Choose(-1, 6).ListOf(5)
            from unseen in ArbMap.Default.GeneratorFor<bool>().ListOf(5)
            from first in Gen.Elements("a", "b", "c", "d", "e", "gone").ListOf()
            select (seats, unseen, first);
        Prop.ForAll(choices.ToArbitrary(), chosen =>
        {
            var direction = SceneDirection.None with { First = [.. chosen.first.Distinct()] };
            for (var i = 0; i < 5; i++)
            {
                var seat = chosen.seats[i];
                direction = direction.With($"{"abcde"[i]}", peer => peer with { Seat = seat < 0 ? null : seat, IsUnseen = chosen.unseen[i] });
            }

            var scene = direction.Apply(Five);
            Assert.Equal("abcde", string.Concat(scene.Peers.Select(peer => peer.Id).Order(StringComparer.Ordinal)));
            var tiles = SceneArrangement.Arrange(scene, 1280, 720, []);
            Assert.Equal(
                scene.Peers.Where(peer => !peer.IsUnseen).Select(peer => peer.Id).Order(StringComparer.Ordinal),
                tiles.Select(tile => tile.PeerId).Order(StringComparer.Ordinal));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_seat_a_full_picture_a_gain_and_a_bound_of_tiles_are_heeded()
    {
        var direction = SceneDirection.None.With("e", peer => peer with { Seat = 1 });
        Assert.Equal("aebcd", Order(direction));
        Assert.Equal("deabc", Order(direction with { First = ["d"] }));
        Assert.Equal("abcde", Order(direction.With("e", _ => PeerDirection.None)));

        var full = SceneDirection.None.With("c", peer => peer with { FillsPicture = true }).Apply(Five);
        var tile = Assert.Single(SceneArrangement.Arrange(full, 1280, 720, []));
        Assert.Equal(("c", new TileArea(0, 0, 1280, 720)), (tile.PeerId, tile.Area));

        var bounded = (SceneDirection.None with { Layout = SceneLayout.Grid, MostTiles = 4 }).Apply(Five);
        Assert.Equal(4, SceneArrangement.Arrange(bounded, 1280, 720, []).Length);

        var loud = SceneDirection.None.With("a", peer => peer with { GainDb = 6 })
            .Apply(new Scene { Peers = [new ScenePeer("a", "") { Microphone = new SceneTrack(7, SceneCodec.Opus, 111) }] });
        Assert.Equal(6, loud.Peers[0].Microphone!.GainDb);
    }

    [Fact]
    public void Who_has_no_picture_is_hidden_where_that_was_chosen_and_is_heard_all_the_same()
    {
        var scene = new Scene { Peers = [Five.Peers[0], new ScenePeer("z", "") { Microphone = new SceneTrack(7, SceneCodec.Opus, 111) }] };
        var hidden = (SceneDirection.None with { HidesWithoutPicture = true }).Apply(scene);
        Assert.Equal("a", Assert.Single(SceneArrangement.Arrange(hidden, 1280, 720, [])).PeerId);
        Assert.NotNull(hidden.Peers[1].Microphone);
    }

    private static string Order(SceneDirection direction) => string.Concat(direction.Apply(Five).Peers.Select(peer => peer.Id));
}
