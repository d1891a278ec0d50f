using Roomcast.Egress.Composition;
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

    private ScenePeer Peer => Assert.Single(_taken.Last.Peers);

    private static MediaProducer Producer(string id, MediaKind kind) => new(id, Ada, kind, false, false, "", "transport", "", id);

    private void Stage(params MediaProducer[] producers) =>
        _stage.OnStage(new StageView(new MeetingId(Guid.NewGuid()), new SessionId(Guid.NewGuid()), [new StagePeer(Ada, "Ada", "", [.. producers])], null, null));

    private sealed class Taken : ICompositionInput
    {
        public Scene Last { get; private set; } = new();

        public void SetScene(Scene scene) => Last = scene;

        public void TakePacket(ReadOnlySpan<byte> packet, bool isRtcp)
        {
        }

        public void End()
        {
        }
    }
}
