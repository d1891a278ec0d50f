using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Push;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Relay.Controllers;
using Roomcast.Relay.Rooms;
using Roomcast.Relay.Tests.Hosting;
using Roomcast.Storage;
using Roomcast.Storage.Keys;
using Roomcast.TestKit;

namespace Roomcast.Relay.Tests.Rooms;

/// <summary>One room by itself: what is posted to it, and what a controller that hears of it is told.</summary>
public sealed class RoomLoopTests : IDisposable
{
    private static readonly AppId App = new(Guid.Parse("0c4f3d2a-91fb-4f34-8a59-2f0d7f7f2c11"));

    private readonly TemporaryFolder _folder = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<RelayMetrics>().BuildServiceProvider();
    private readonly ManualClock _clock = new();
    private readonly SceneDirections _directions = new();
    private readonly ControllerDirectory _directory;
    private readonly Controller _controller;
    private readonly FakeLink _link = new();
    private readonly Room _room;

    public RoomLoopTests()
    {
        _directory = new ControllerDirectory(
            new ProtocolNames(new KeyFiles(Options.Create(new StorageOptions { DataFolder = _folder.PathOf("data") }), NullLogger<KeyFiles>.Instance)),
            Options.Create(new RelayOptions()),
            _services.GetRequiredService<RelayMetrics>(),
            _clock,
            NullLogger<ControllerDirectory>.Instance);
        _room = NewRoom();
        (_controller, _) = _directory.Open(App, null);
        _controller.Attach(_link, acknowledges: true, "{}"u8.ToArray());
        _controller.Subscribe(RelayEvent.RoomsChannel, ["video.room.started", "video.room.ended"], 100);
        _controller.Subscribe(_room.Channel, ["video.stream.started", "video.stream.ended", "video.member.talking"], 100);
    }

    public void Dispose()
    {
        _directory.Dispose();
        _services.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_room_that_begins_while_one_asks_for_those_that_run_is_told_once()
    {
        Assert.True(await _room.DoAsync(room => room.TellBegan(_controller)));
        _room.Post(room => room.Began());
        await _room.DoAsync(_ => { });
        Assert.Equal(["video.room.started"], _link.Types);
        await _room.DoAsync(room => room.TellBegan(_controller));
        Assert.Equal(["video.room.started"], _link.Types);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_that_was_away_for_too_long_is_not_told_again_of_rooms_that_it_knows(bool hadHeard)
    {
        await _room.DoAsync(room => room.Began());
        if (hadHeard)
        {
            _controller.Acknowledge((string)JsonNode.Parse(_link.Frames[^1])!["id"]!);
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
        _controller.Detach(_link, _clock.GetTimestamp());
        _clock.Advance(TimeSpan.FromHours(2));
        var later = NewRoom();
        await later.DoAsync(room => room.Began());

        var (again, isKnown) = _directory.Open(App, _controller.Protocol);
        Assert.False(isKnown);
        var link = new FakeLink();
        again.Attach(link, acknowledges: true, "{}"u8.ToArray());
        foreach (var room in new[] { _room, later })
        {
            await room.DoAsync(each => each.TellBegan(again));
            await room.DoAsync(each => each.PutHandsFirst(true));
        }

        string[] told = hadHeard ? [] : ["video.room.started"];
        Assert.Equal([.. told, "video.room.updated", "video.room.started", "video.room.updated"], link.Types);
    }

    [Fact]
    public async Task What_still_waits_when_the_room_ends_is_told_to_nobody()
    {
        using var held = new SemaphoreSlim(0);
        _room.Post(_ => held.Wait());
        _room.Post(room => room.Ended());
        _room.Post(room => room.Changed(Push(SessionPushState.Running)));
        _room.Post(room => room.PutHandsFirst(true));
        _room.Post(room => room.Arrived(Peer(hasHandUp: true)));
        var late = _room.DoAsync(_ => { });
        held.Release();
        await _room.Running.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.False(await late);
        Assert.Equal(["video.room.ended"], _link.Types);
        Assert.Equal(SceneDirection.None, _directions.Of(_room.SessionId.Value));
    }

    [Fact]
    public async Task Who_talks_is_told_and_who_falls_silent_too()
    {
        var peer = Peer();
        _room.Post(room => room.Arrived(peer));
        _room.Post(room => room.Changed(SessionTraits.Fresh with { SpeakerId = peer.PeerId, TalkingIds = [peer.PeerId] }));
        _room.Post(room => room.Changed(SessionTraits.Fresh with { SpeakerId = peer.PeerId }));
        await _room.DoAsync(_ => { });
        Assert.Equal([true, false], _link.Events.Where(each => each.Type == "video.member.talking").Select(each => (bool)each.Params["member"]!["talking"]!));
    }

    [Fact]
    public async Task Stream_keys_are_covered_for_who_may_only_read()
    {
        var reader = new FakeLink { SeesSecrets = false };
        var (other, _) = _directory.Open(App, null);
        other.Attach(reader, acknowledges: true, "{}"u8.ToArray());
        other.Subscribe(_room.Channel, ["video.stream.started"], 100);
        await _room.DoAsync(room => room.Changed(Push(SessionPushState.Running)));
        await _room.DoAsync(room =>
        {
            other.TellUnasked(room.Greeting());
            _controller.TellUnasked(room.Greeting());
        });
        Assert.Equal(["video.stream.started", "video.room.subscribed"], reader.Types);
        Assert.DoesNotContain(reader.Frames, frame => frame.Contains("s3cr3t", StringComparison.Ordinal));
        Assert.Equal("rtmp://host/app/***", (string)reader.Events[0].Params["stream"]!["url"]!);
        Assert.Equal("rtmp://host/app/s3cr3t", (string)_link.Events[0].Params["stream"]!["url"]!);
        Assert.Equal("rtmp://host/app/s3cr3t", (string)_link.Events[1].Params["room_session"]!["streams"]![0]!["url"]!);
    }

    private Room NewRoom() => new(
        new RoomNames(App, new MeetingId(Guid.NewGuid()), "Lobby"), new SessionId(Guid.NewGuid()), _clock.GetUtcNow(), _directory, _directions, _clock, NullLogger.Instance, _ => { }, _ => { });

    private static RosterPeer Peer(bool hasHandUp = false) => new(
        Guid.NewGuid().ToString(), "u", "Ada", "c", DateTimeOffset.UnixEpoch, StageState.On, true, false, false, hasHandUp, "{}");

    private SessionPush Push(SessionPushState state) =>
        new(Guid.NewGuid(), _room.SessionId.Value, "rtmp://host/app/s3cr3t", state, _clock.GetUtcNow(), null, null) { AskedAt = DateTimeOffset.UnixEpoch, Covered = "rtmp://host/app/***" };
}
