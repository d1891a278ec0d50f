using System.Collections.Immutable;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;

namespace Roomcast.Egress.Tests.Composition;

/// <summary>Of a crowd on stage those have a place in the scene who are to be seen and heard, and they keep it.</summary>
public sealed class SceneCastTests
{
    private readonly SceneCast _cast = new();

    [Fact]
    public void As_many_as_can_be_composed_are_left_as_they_are()
    {
        var scene = new Scene { Peers = Crowd(WireJson.MaxPeers) };
        Assert.Same(scene, _cast.Of(scene));
    }

    [Theory]
    [InlineData(WireJson.MaxPeers + 1)]
    [InlineData(1_000)]
    public void Of_more_some_are_chosen_in_the_order_of_the_scene_and_all_else_stays(int count)
    {
        var scene = new Scene { Peers = Crowd(count), SlateText = "slate", SpeakerId = "0", SpotlightId = "1" };
        var chosen = _cast.Of(scene);
        Assert.Equal(Names(0, WireJson.MaxPeers), Ids(chosen));
        Assert.Equal(scene, chosen with { Peers = scene.Peers });
    }

    [Theory]
    [InlineData(WireJson.MaxPeers + 1)]
    [InlineData(1_000)]
    public void Whoever_is_put_first_speaks_is_placed_shows_a_screen_is_heard_or_shows_a_camera_is_in_it_wherever_they_stand(int count)
    {
        var peers = Crowd(count).ToBuilder();
        Change(1, peer => peer with { Camera = Video(1) });
        Change(2, peer => peer with { Microphone = Sound(2) });
        Change(3, peer => peer with { ScreenSound = Sound(3) });
        Change(4, peer => peer with { Screen = Video(4) });
        var scene = new Scene { Peers = peers.ToImmutable(), SpeakerId = $"{count - 6}", SpotlightId = $"{count - 7}" };
        var chosen = _cast.Of(scene, id => id == $"{count - 5}");
        Assert.Equal([.. Names(0, WireJson.MaxPeers - 7), .. Names(count - 7, 7)], Ids(chosen));

        void Change(int fromEnd, Func<ScenePeer, ScenePeer> change) => peers[^fromEnd] = change(peers[^fromEnd]);
    }

    [Fact]
    public void Everybody_who_is_not_muted_is_heard_before_anybody_is_merely_seen()
    {
        var peers = Crowd(1_000).Select((peer, number) => number switch
        {
            < 300 => peer with { Camera = Video((uint)number), Microphone = Sound((uint)(2_000 + number)) with { IsPaused = true } },
            >= 850 => peer with { Microphone = Sound((uint)(2_000 + number)) },
            _ => peer,
        });
        var chosen = _cast.Of(new Scene { Peers = [.. peers] });
        Assert.Equal([.. Names(0, 50), .. Names(850, 150)], Ids(chosen));
    }

    [Fact]
    public void Whose_sound_was_directed_to_silence_is_not_heard()
    {
        var peers = Crowd(WireJson.MaxPeers + 1).Select((peer, number) =>
            peer with { Microphone = Sound((uint)number) with { GainDb = number == 0 ? SceneTrack.SilentDb : 0 } });
        Assert.Equal(Names(1, WireJson.MaxPeers), Ids(_cast.Of(new Scene { Peers = [.. peers] })));
    }

    [Fact]
    public void Who_is_neither_heard_nor_seen_has_the_last_claim()
    {
        var peers = Crowd(WireJson.MaxPeers + 1).Select((peer, number) => number == 0 ? peer with { IsUnseen = true, Camera = Video(1), Screen = Video(2) } : peer);
        Assert.Equal(Names(1, WireJson.MaxPeers), Ids(_cast.Of(new Scene { Peers = [.. peers] })));
    }

    [Fact]
    public void Who_has_a_place_keeps_it_when_others_come_and_when_the_speaker_changes()
    {
        var crowd = Crowd(1_000);
        var before = Ids(_cast.Of(new Scene { Peers = crowd }));
        ImmutableArray<ScenePeer> turned = [.. crowd.Reverse()];
        Assert.Equal(before.Reverse(), Ids(_cast.Of(new Scene { Peers = turned })));

        var spoken = Ids(_cast.Of(new Scene { Peers = crowd, SpeakerId = "900" }));
        Assert.Equal([.. Names(0, WireJson.MaxPeers - 1), "900"], spoken);
        var after = Ids(_cast.Of(new Scene { Peers = crowd, SpeakerId = "3" }));
        Assert.Equal(spoken, after);
    }

    [Fact]
    public void Who_was_there_before_it_became_a_crowd_stays()
    {
        var crowd = Crowd(WireJson.MaxPeers + 50);
        _cast.Of(new Scene { Peers = [.. crowd[50..]] });
        Assert.Equal(Names(50, WireJson.MaxPeers), Ids(_cast.Of(new Scene { Peers = crowd })));
    }

    private static ImmutableArray<ScenePeer> Crowd(int count) => [.. Enumerable.Range(0, count).Select(number => new ScenePeer($"{number}", $"Peer {number}"))];

    private static string[] Names(int first, int count) => [.. Enumerable.Range(first, count).Select(number => $"{number}")];

    private static string[] Ids(Scene scene) => [.. scene.Peers.Select(peer => peer.Id)];

    private static SceneTrack Video(uint ssrc) => new(ssrc, SceneCodec.Vp8, 96);

    private static SceneTrack Sound(uint ssrc) => new(ssrc, SceneCodec.Opus, 111);
}
