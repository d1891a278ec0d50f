using System.Text.Json.Nodes;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Tests.Sessions;

public sealed class WaitingAndStageTests : IAsyncLifetime
{
    private const string Waits = """{"permissions":{"waiting_room_type":"SKIP_ON_ACCEPT","accept_waiting_requests":false}}""";
    private const string WaitsForHost = """{"permissions":{"waiting_room_type":"ON_PRIVILEGED_USER_ENTRY","accept_waiting_requests":false}}""";

    private SessionFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await SessionFixture.StartAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task One_that_waits_is_let_in_and_joins_again_and_need_not_wait_later()
    {
        var host = await _fixture.JoinAsync("Host");
        var guest = await _fixture.ConnectAsync("Guest", patch: Waits);
        Assert.True((await guest.JoinAsync()).IsWaiting);
        Assert.Equal(guest.UserId, Assert.Single(Assert.Single(host.Heard<WaitingChanged>()).Waiting).UserId);
        Assert.Single(await host.DoAsync(room => room.Waiting.List(host.Peer)));

        await host.DoAsync(room => room.Waiting.Admit(host.Peer, [guest.UserId]));
        Assert.Single(guest.Heard<LetIn>());
        Assert.Empty(host.Heard<WaitingChanged>()[^1].Waiting);
        Assert.False((await guest.JoinAsync()).IsWaiting);
        Assert.Equal(guest.Id, Assert.Single(host.Heard<PeerJoined>()).Peer.PeerId);

        await guest.DisconnectAsync(isFinal: true);
        var again = await _fixture.ConnectAsync(_fixture.Meeting, guest.Participant, guest.Preset);
        Assert.False((await again.JoinAsync()).IsWaiting);
    }

    [Fact]
    public async Task One_that_is_rejected_may_ask_again_and_still_waits()
    {
        var host = await _fixture.JoinAsync("Host");
        var guest = await _fixture.ConnectAsync("Guest", patch: Waits);
        await guest.JoinAsync();
        await host.DoAsync(room => room.Waiting.Reject(host.Peer, [guest.UserId]));
        Assert.Single(guest.Heard<Rejected>());
        Assert.True((await guest.JoinAsync()).IsWaiting);
    }

    [Fact]
    public async Task One_that_goes_while_it_waits_is_taken_from_the_list()
    {
        var host = await _fixture.JoinAsync("Host");
        var guest = await _fixture.ConnectAsync("Guest", patch: Waits);
        await guest.JoinAsync();
        await guest.DisconnectAsync(isFinal: false);
        Assert.Empty(host.Heard<WaitingChanged>()[^1].Waiting);
        Assert.Empty(host.Heard<PeerLeft>());
    }

    [Fact]
    public async Task Some_wait_only_until_a_host_has_come()
    {
        var early = await _fixture.ConnectAsync("Early", patch: WaitsForHost);
        Assert.True((await early.JoinAsync()).IsWaiting);
        var strict = await _fixture.ConnectAsync("Strict", patch: Waits);
        Assert.True((await strict.JoinAsync()).IsWaiting);

        var host = await _fixture.JoinAsync("Host");
        await host.SettleAsync();
        Assert.Single(early.Heard<LetIn>());
        Assert.Empty(strict.Heard<LetIn>());
        Assert.Equal(strict.UserId, Assert.Single(host.Heard<WaitingChanged>()[^1].Waiting).UserId);
        Assert.False((await early.JoinAsync()).IsWaiting);
        var late = await _fixture.JoinAsync("Late", patch: WaitsForHost);

        // Who walked in stays in: not even with the host gone does a lost connection lead back to the waiting room.
        await host.DoAsync(room => room.Attendance.Leave(host.Peer));
        await late.DoAsync(room => room.Attendance.Leave(late.Peer));
        Assert.False((await late.JoinAsync()).IsWaiting);
        Assert.True((await (await _fixture.ConnectAsync("Later", patch: WaitsForHost)).JoinAsync()).IsWaiting);
    }

    [Fact]
    public async Task Who_was_let_in_and_then_removed_waits_again()
    {
        var host = await _fixture.JoinAsync("Host");
        var guest = await _fixture.ConnectAsync("Guest", patch: Waits);
        Assert.True((await guest.JoinAsync()).IsWaiting);
        await host.DoAsync(room => room.Waiting.Admit(host.Peer, [guest.UserId]));
        Assert.False((await guest.JoinAsync()).IsWaiting);
        await host.DoAsync(room => room.Host.Kick(host.Peer, [guest.Id]));
        var again = await _fixture.ConnectAsync("Guest", patch: Waits);
        Assert.Equal(guest.UserId, again.UserId);
        Assert.True((await again.JoinAsync()).IsWaiting);
    }

    [Fact]
    public async Task The_way_onto_the_stage_and_down_again()
    {
        var host = await _fixture.JoinAsync("Host", "webinar_presenter");
        var viewer = await _fixture.ConnectAsync("Viewer", "webinar_viewer", """{"permissions":{"stage_access":"CAN_REQUEST"}}""");
        Assert.Equal(StageState.Off, (await viewer.JoinAsync()).Stage);
        Assert.Equal(SessionFault.NotAllowed, await viewer.RefusedAsync(room => room.Stage.Join(viewer.Peer)));

        await viewer.DoAsync(room => room.Stage.Request(viewer.Peer));
        Assert.Equal(StageState.Requested, host.Heard<StageChanged>()[^1].Stage);
        Assert.Equal(viewer.UserId, Assert.Single(host.Heard<StageRequestsChanged>()[^1].Requests).UserId);

        await viewer.DoAsync(room => room.Stage.CancelRequest(viewer.Peer));
        Assert.Empty(host.Heard<StageRequestsChanged>()[^1].Requests);

        await viewer.DoAsync(room => room.Stage.Request(viewer.Peer));
        await host.DoAsync(room => room.Stage.Deny(host.Peer, [viewer.UserId]));
        Assert.Single(viewer.Heard<StageDenied>());
        await host.DoAsync(room => room.Stage.Grant(host.Peer, [viewer.UserId]));
        Assert.Single(viewer.Heard<StageGranted>());
        Assert.Equal(StageState.On, (await viewer.DoAsync(room => room.Stage.Join(viewer.Peer))).Stage);
        Assert.Equal(StageState.On, host.Heard<StageChanged>()[^1].Stage);
        Assert.Contains(viewer.Id, (await host.DoAsync(room => room.Stage.Read(host.Peer)))[StageState.On]);

        await host.DoAsync(room => room.Stage.Remove(host.Peer, [viewer.UserId]));
        Assert.Equal((viewer.Id, StageState.Off), (viewer.Heard<StageChanged>()[^1].PeerId, viewer.Heard<StageChanged>()[^1].Stage));
        Assert.Equal(StageState.Off, (await viewer.DoAsync(room => room.Stage.Leave(viewer.Peer))).Stage);
    }

    [Fact]
    public async Task Who_comes_to_answer_requests_learns_of_those_there_are()
    {
        var host = await _fixture.JoinAsync("Host", "webinar_presenter");
        var helper = await _fixture.JoinAsync("Helper", "webinar_viewer");
        var viewer = await _fixture.JoinAsync("Viewer", "webinar_viewer");
        await viewer.DoAsync(room => room.Stage.Request(viewer.Peer));
        Assert.Empty(helper.Heard<StageRequestsChanged>());
        await host.DoAsync(room => room.Permissions.Change(
            host.Peer, [(helper.UserId, new JsonObject { ["can_accept_production_requests"] = true })]));
        Assert.Equal(viewer.UserId, Assert.Single(Assert.Single(helper.Heard<StageRequestsChanged>()).Requests).UserId);
    }

    [Fact]
    public async Task A_restart_lets_in_again_who_was_in_and_leaves_everybody_where_they_were()
    {
        const string Waits = """{"permissions":{"waiting_room_type":"SKIP_ON_ACCEPT","stage_access":"CAN_REQUEST"}}""";
        var host = await _fixture.JoinAsync("Host", "webinar_presenter");
        var viewer = await _fixture.ConnectAsync("Viewer", "webinar_viewer", Waits);
        var turned = await _fixture.ConnectAsync("Turned", "webinar_viewer", Waits);
        Assert.True((await viewer.JoinAsync()).IsWaiting);
        Assert.True((await turned.JoinAsync()).IsWaiting);
        await host.DoAsync(room => room.Waiting.Admit(host.Peer, [viewer.UserId, turned.UserId]));
        await viewer.JoinAsync();
        await turned.JoinAsync();
        await host.DoAsync(room => room.Stage.Grant(host.Peer, [viewer.UserId]));
        await viewer.DoAsync(room => room.Stage.Join(viewer.Peer));
        await host.DoAsync(room => room.Stage.Leave(host.Peer));
        await host.DoAsync(room => room.Host.Pin(host.Peer, viewer.Id));
        await host.DoAsync(room => room.Permissions.Change(host.Peer, [(viewer.UserId, JsonNode.Parse("""{"polls":{"can_create":true}}""")!.AsObject())]));
        await host.DoAsync(room => room.Host.Kick(host.Peer, [turned.Id]));
        var session = viewer.Session.SessionId;

        // Nobody of those who may let in is there, and need not be.
        await _fixture.RestartAsync();
        var back = await ReturnAsync(viewer);
        var view = await back.JoinAsync();
        Assert.Equal((false, StageState.On, session), (view.IsWaiting, view.Stage, back.Session.SessionId));
        Assert.True((await back.DoAsync(room => room.Permissions.Read(back.Peer, [back.UserId])))[0].Preset.Permissions.Polls.CanCreate);
        Assert.Equal(viewer.Id, (await back.DoAsync(room => room.Media.Complete(back.Peer))).Pinned);
        Assert.Equal(StageState.Off, (await (await ReturnAsync(host)).JoinAsync()).Stage);
        Assert.True((await (await ReturnAsync(turned)).JoinAsync()).IsWaiting);

        // Too late, and it is another session, in which nothing of that counts.
        await _fixture.RestartAsync();
        var early = await ReturnAsync(host);
        _fixture.Clock.Advance(TimeSpan.FromMinutes(3));
        await early.JoinAsync();
        Assert.NotEqual(session, early.Session.SessionId);
        Assert.True((await (await ReturnAsync(viewer)).JoinAsync()).IsWaiting);
        Assert.Equal("", (await early.DoAsync(room => room.Media.Complete(early.Peer))).Pinned);

        Task<TestPeer> ReturnAsync(TestPeer peer) => _fixture.ConnectAsync(_fixture.Meeting, peer.Participant, peer.Preset, peer.Id);
    }

    [Fact]
    public async Task Who_is_sent_off_stage_is_no_longer_heard_whatever_it_does()
    {
        var host = await _fixture.JoinAsync("Host", "webinar_presenter");
        var speaker = await _fixture.JoinAsync("Speaker", "webinar_presenter");
        await host.DoAsync(room => room.Media.Complete(host.Peer));
        await speaker.DoAsync(room => room.Media.Complete(speaker.Peer));
        var produced = await speaker.AskAsync<Produced>((room, answer) => room.Media.Produce(
            speaker.Peer, new ProduceRequest(MediaKind.Audio, false, false, "{}", null, null, "offer"), answer));

        await host.DoAsync(room => room.Stage.Remove(host.Peer, [speaker.UserId]));
        await SessionFixture.UntilAsync(() => host.Heard<ProducerPaused>().Count == 1 && speaker.Heard<ProducerPaused>().Count == 1);
        Assert.True(host.Heard<ProducerPaused>()[0].Producer.IsPaused);
        Assert.Equal(
            SessionFault.NotAllowed,
            await speaker.RefusedAsync(room => room.Media.SetPaused(speaker.Peer, produced.Producer.Id, false, new(_ => { }, _ => { }))));
    }

    [Fact]
    public async Task Where_there_is_no_stage_everybody_stays_on_it()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        Assert.Equal(StageState.On, (await alice.DoAsync(room => room.Stage.Leave(alice.Peer))).Stage);
        await alice.DoAsync(room => room.Stage.Remove(alice.Peer, [bob.UserId]));
        Assert.Empty(bob.Heard<StageChanged>());
    }
}
