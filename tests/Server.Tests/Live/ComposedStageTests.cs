using System.Buffers;
using System.Collections.Immutable;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Server.Live;

namespace Roomcast.Server.Tests.Live;

/// <summary>What is told of a session's stage comes out as scenes of those who are on it and the tracks there are.</summary>
public sealed class ComposedStageTests
{
    private const string Ada = "ada";

    private readonly Taken _taken = new();
    private readonly ComposedStage _stage;

    public ComposedStageTests() => _stage = new ComposedStage(_taken, static scene => scene with { SlateText = "styled" }, static _ => null);

    [Fact]
    public void A_track_is_seen_while_both_the_session_and_its_media_know_it()
    {
        var camera = Producer("camera", MediaKind.Video);
        Stage(camera);
        Assert.Null(Peer.Camera);
        Assert.Equal("styled", _taken.Last.SlateText);

        _stage.OnTrack(camera, ssrc: 7, payloadType: 96);
        Assert.Equal((7u, SceneCodec.Vp8, (byte)96, false), (Peer.Camera!.Ssrc, Peer.Camera.Codec, Peer.Camera.PayloadType, Peer.Camera.IsPaused));
        Assert.Null(Peer.Screen);

        Stage(camera with { IsPaused = true });
        Assert.True(Peer.Camera!.IsPaused);

        _stage.OnTrackEnded(camera.Id);
        Assert.Null(Peer.Camera);
    }

    [Theory]
    [InlineData(MediaKind.Audio, false, true)]
    [InlineData(MediaKind.Audio, true, false)]
    [InlineData(MediaKind.Video, false, false)]
    [InlineData(MediaKind.Video, true, false)]
    public void The_sound_that_a_peer_sends_is_reported_by_the_ends_of_packets_and_what_the_server_plays_is_not(MediaKind kind, bool isOwn, bool reportsPacketEnds)
    {
        var producer = Producer("one", kind) with { IsOwn = isOwn };
        Stage(producer);
        _stage.OnTrack(producer, ssrc: 7, payloadType: 96);
        Assert.Equal(reportsPacketEnds, (kind is MediaKind.Audio ? Peer.Microphone : Peer.Camera)!.ReportsPacketEnds);
    }

    [Fact]
    public void When_the_room_has_ended_no_track_is_left_and_the_people_are()
    {
        var (camera, microphone) = (Producer("camera", MediaKind.Video), Producer("microphone", MediaKind.Audio));
        Stage(camera, microphone);
        _stage.OnTrack(camera, ssrc: 7, payloadType: 96);
        _stage.OnTrack(microphone, ssrc: 8, payloadType: 111);
        _stage.OnRoomEnded();
        Assert.Equal((Ada, null, null), (Peer.Id, Peer.Camera, Peer.Microphone));
    }

    [Theory]
    [InlineData(201)]
    [InlineData(1_000)]
    public void Of_a_crowd_on_stage_as_many_are_in_the_scene_as_can_be_composed_and_the_tracks_of_no_others_are_wanted(int count)
    {
        var wanted = new List<IReadOnlySet<uint>?>();
        _stage.Follow(wanted.Add);
        Crowd(count, isSpeaking: number => number >= count - 150);
        Assert.Equal(WireJson.MaxPeers, _taken.Last.Peers.Length);
        Assert.Equal("styled", _taken.Last.SlateText);
        Assert.Equal(150, _taken.Last.Peers.Count(peer => peer.Microphone is { IsPaused: false }));
        Assert.Equal(TracksOf(_taken.Last), wanted[^1]!.Order());
        Assert.Equal(2 * WireJson.MaxPeers, wanted[^1]!.Count);

        // A track of somebody who has no place is not wanted when it begins, nor is anything said anew.
        var told = wanted.Count;
        _stage.OnTrack(Producer("screen-sound", MediaKind.Audio) with { PeerId = "40" }, ssrc: 99_999, payloadType: 111);
        Assert.Equal(told, wanted.Count);

        Crowd(WireJson.MaxPeers, isSpeaking: _ => true);
        Assert.Null(wanted[^1]);
        Assert.Equal(WireJson.MaxPeers, _taken.Last.Peers.Length);
    }

    [Fact]
    public void What_is_wanted_is_told_to_who_comes_to_follow_later()
    {
        Crowd(201, isSpeaking: _ => true);
        IReadOnlySet<uint>? wanted = null;
        _stage.Follow(now => wanted = now);
        Assert.Equal(TracksOf(_taken.Last), wanted!.Order());
    }

    [Fact]
    public void Whoever_was_placed_is_in_the_scene_of_a_crowd()
    {
        var stage = new ComposedStage(_taken, static scene => scene, static _ => null, static id => id == "900");
        Crowd(1_000, isSpeaking: number => number < 500, stage);
        Assert.Contains(_taken.Last.Peers, peer => peer.Id == "900");
    }

    [Fact]
    public void What_takes_everybody_apart_is_told_of_everybody()
    {
        _taken.IsComposition = false;
        IReadOnlySet<uint>? wanted = null;
        _stage.Follow(now => wanted = now);
        Crowd(1_000, isSpeaking: _ => true);
        Assert.Equal(1_000, _taken.Last.Peers.Length);
        Assert.Null(wanted);
    }

    [Fact]
    public void Pictures_are_asked_for_of_those_alone_who_are_in_the_scene()
    {
        var asked = new HashSet<string>();
        var stage = new ComposedStage(_taken, static scene => scene, address => asked.Add(address) ? null : $"/{address}");
        Crowd(1_000, isSpeaking: _ => false, stage);
        Assert.Equal(_taken.Last.Peers.Select(peer => $"picture-{peer.Id}").Order(), asked.Order());
    }

    [Fact]
    public void The_tracks_there_are_at_the_beginning_make_one_scene_however_many_they_are()
    {
        Crowd(1_000, isSpeaking: _ => true);
        _stage.OnRoomEnded();
        var before = _taken.Count;
        _stage.OnTracksBegin();
        for (var number = 0; number < 1_000; number++)
        {
            _stage.OnTrack(Producer($"microphone-{number}", MediaKind.Audio), ssrc: (uint)(30_000 + number), payloadType: 111);
        }

        Assert.Equal(before, _taken.Count);
        _stage.OnTracksTold();
        Assert.Equal(before + 1, _taken.Count);
        Assert.All(_taken.Last.Peers, peer => Assert.NotNull(peer.Microphone));
        _stage.OnTrackEnded("microphone-0");
        Assert.Equal(before + 2, _taken.Count);
    }

    [Fact]
    public void The_largest_scene_fits_into_a_message()
    {
        // Each of these is six bytes in JSON.
        var name = new string('\u0001', 256);
        var stage = new ComposedStage(
            _taken,
            static scene => scene with
            {
                Peers = [.. scene.Peers.Select(static peer => peer with { Microphone = peer.Microphone! with { GainDb = -49.123_456_789_012, GateDb = -59.123_456_789_012 } })],
            },
            static _ => "/" + new string('f', 255));
        Crowd(1_000, isSpeaking: _ => true, stage, name);
        var output = new ArrayBufferWriter<byte>();
        WireJson.Write(WireKind.Scene, _taken.Last, output);
        Assert.InRange(output.WrittenCount, 1, WireMessage.MaxJsonLength);
        Assert.All(_taken.Last.Peers, peer => Assert.Equal(128, peer.Name.Length));
    }

    private static IEnumerable<uint> TracksOf(Scene scene) =>
        scene.Peers.SelectMany(peer => new[] { peer.Camera!.Ssrc, peer.Microphone!.Ssrc }).Order();

    private void Crowd(int count, Func<int, bool> isSpeaking, ComposedStage? stage = null, string name = "somebody")
    {
        stage ??= _stage;
        var peers = ImmutableArray.CreateBuilder<StagePeer>();
        for (var number = 0; number < count; number++)
        {
            var camera = Producer($"camera-{number}", MediaKind.Video) with { PeerId = $"{number}", IsPaused = true };
            var microphone = Producer($"microphone-{number}", MediaKind.Audio) with { PeerId = $"{number}", IsPaused = !isSpeaking(number) };
            peers.Add(new StagePeer($"{number}", name, $"picture-{number}", [camera, microphone]));
            stage.OnTrack(camera, ssrc: (uint)(10_000 + number), payloadType: 96);
            stage.OnTrack(microphone, ssrc: (uint)(20_000 + number), payloadType: 111);
        }

        stage.OnStage(new StageView(new MeetingId(Guid.NewGuid()), new SessionId(Guid.NewGuid()), peers.ToImmutable(), null, null));
    }

    private ScenePeer Peer => Assert.Single(_taken.Last.Peers);

    private static MediaProducer Producer(string id, MediaKind kind) => new(id, Ada, kind, false, false, "", "transport", "", id);

    private void Stage(params MediaProducer[] producers) =>
        _stage.OnStage(new StageView(new MeetingId(Guid.NewGuid()), new SessionId(Guid.NewGuid()), [new StagePeer(Ada, "Ada", "", [.. producers])], null, null));

    private sealed class Taken : ICompositionInput
    {
        public Scene Last { get; private set; } = new();

        public bool IsComposition { get; set; } = true;

        public int Count { get; private set; }

        public void SetScene(Scene scene)
        {
            Last = scene;
            Count++;
        }

        public void TakePacket(ReadOnlySpan<byte> packet, bool isRtcp)
        {
        }

        public void End()
        {
        }
    }
}
