using System.Text.Json.Nodes;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Tests.Sessions;

/// <summary>Walks the table of acts: each is tried by a participant that may do everything else, and by one that waits.</summary>
public sealed class PermissionTableTests(SharedSessionFixture shared) : IClassFixture<SharedSessionFixture>, IAsyncLifetime
{
    private static readonly ReadOnlyMemory<byte> Value = "1"u8.ToArray();

    private Meeting _meeting = null!;

    private SessionFixture Fixture => shared.Fixture;

    /// <summary>What takes the right to an act away, in the shape of a preset; only acts that permissions have a say in.</summary>
    private static readonly Dictionary<SessionAct, string> Without = new()
    {
        [SessionAct.SearchPeers] = """{"permissions":{"show_participant_list":false}}""",
        [SessionAct.SendText] = """{"permissions":{"chat":{"public":{"text":false}}}}""",
        [SessionAct.SendFile] = """{"permissions":{"chat":{"public":{"files":false}}}}""",
        [SessionAct.SendPrivateText] = """{"permissions":{"chat":{"private":{"text":false}}}}""",
        [SessionAct.SendPrivateFile] = """{"permissions":{"chat":{"private":{"can_send":false}}}}""",
        [SessionAct.EditMessage] = """{"permissions":{"chat":{"public":{"can_send":false},"private":{"can_send":false}}}}""",
        [SessionAct.PinMessage] = """{"permissions":{"chat":{"public":{"can_send":false},"private":{"can_send":false}}}}""",
        [SessionAct.ReadPolls] = """{"permissions":{"polls":{"can_view":false}}}""",
        [SessionAct.CreatePoll] = """{"permissions":{"polls":{"can_create":false}}}""",
        [SessionAct.VotePoll] = """{"permissions":{"polls":{"can_vote":false}}}""",
        [SessionAct.StartPlugin] = """{"permissions":{"plugins":{"can_start":false}}}""",
        [SessionAct.ClosePlugin] = """{"permissions":{"plugins":{"can_close":false}}}""",
        [SessionAct.RequestStage] = """{"permissions":{"stage_enabled":true,"stage_access":"NOT_ALLOWED"}}""",
        [SessionAct.JoinStage] = """{"permissions":{"stage_enabled":true,"stage_access":"CAN_REQUEST"}}""",
        [SessionAct.AnswerStageRequests] =
            """{"permissions":{"accept_stage_requests":false,"can_accept_production_requests":false}}""",
        [SessionAct.RemoveFromStage] =
            """{"permissions":{"accept_stage_requests":false,"can_accept_production_requests":false}}""",
        [SessionAct.AnswerWaiting] = """{"permissions":{"accept_waiting_requests":false}}""",
        [SessionAct.Kick] = """{"permissions":{"kick_participant":false}}""",
        [SessionAct.KickAll] = """{"permissions":{"kick_participant":false}}""",
        [SessionAct.MuteAudio] = """{"permissions":{"disable_participant_audio":false}}""",
        [SessionAct.MuteVideo] = """{"permissions":{"disable_participant_video":false}}""",
        [SessionAct.MuteScreen] = """{"permissions":{"disable_participant_screensharing":false}}""",
        [SessionAct.PinPeer] = """{"permissions":{"pin_participant":false}}""",
        [SessionAct.EditName] = """{"permissions":{"can_edit_display_name":false}}""",
        [SessionAct.ReadPermissions] = """{"permissions":{"can_change_participant_permissions":false}}""",
        [SessionAct.ChangePermissions] = """{"permissions":{"can_change_participant_permissions":false}}""",
        [SessionAct.Spotlight] = """{"permissions":{"can_spotlight":false}}""",
        [SessionAct.BroadcastToMeetings] =
            """{"permissions":{"connected_meetings":{"can_alter_connected_meetings":false}}}""",
        [SessionAct.ProduceAudio] = """{"permissions":{"media":{"audio":{"can_produce":"NOT_ALLOWED"}}}}""",
        [SessionAct.ProduceVideo] = """{"permissions":{"media":{"video":{"can_produce":"CAN_REQUEST"}}}}""",
        [SessionAct.ProduceScreen] = """{"permissions":{"media":{"screenshare":{"can_produce":"NOT_ALLOWED"}}}}""",
        [SessionAct.AlterConnected] = """{"permissions":{"connected_meetings":{"can_alter_connected_meetings":false}}}""",
        [SessionAct.SwitchConnected] =
            """{"permissions":{"connected_meetings":{"can_alter_connected_meetings":false,"can_switch_connected_meetings":false}}}""",
        [SessionAct.SwitchToParent] =
            """{"permissions":{"connected_meetings":{"can_alter_connected_meetings":false,"can_switch_to_parent_meeting":false}}}""",
        [SessionAct.ListParticipants] = """{"permissions":{"connected_meetings":{"can_alter_connected_meetings":false}}}""",
    };

    /// <summary>Acts that answer who may not with nothing rather than a refusal: what they give is tried in a test of its own.</summary>
    private static readonly SessionAct[] AnsweredEmpty = [SessionAct.ReadPolls];

    public static TheoryData<SessionAct> Acts => [.. Enum.GetValues<SessionAct>()];

    public async Task InitializeAsync() => _meeting = await Fixture.NewMeetingAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public void Every_act_has_its_row_and_every_row_with_a_permission_its_test()
    {
        Assert.Equal(Enum.GetValues<SessionAct>(), ActRules.Table.Keys.Order());
        Assert.Equal(
            ActRules.Table.Where(row => row.Value.IsAllowed is not null).Select(row => row.Key).Order(), Without.Keys.Order());
    }

    [Theory]
    [MemberData(nameof(Acts))]
    public async Task An_act_is_refused_to_who_has_every_right_but_this_one(SessionAct act)
    {
        if (!Without.TryGetValue(act, out var patch) || AnsweredEmpty.Contains(act))
        {
            return;
        }

        var target = await Fixture.JoinAsync("Target", meeting: _meeting);
        var actor = await Fixture.JoinAsync("Actor", meeting: _meeting, patch: patch);
        var before = target.Link.Told.Count;
        Assert.Equal(SessionFault.NotAllowed, await TestPeer.RefusalOfAsync(() => TryAsync(act, actor, target)));
        await target.SettleAsync();
        Assert.Equal(before, target.Link.Told.Count);
        Assert.Null(target.Link.Closed);
    }

    [Theory]
    [MemberData(nameof(Acts))]
    public async Task An_act_that_needs_a_joined_peer_is_refused_to_one_that_waits(SessionAct act)
    {
        if (ActRules.Table[act].Phase is ActPhase.Connected)
        {
            return;
        }

        var target = await Fixture.JoinAsync("Target", meeting: _meeting);
        var actor = await Fixture.ConnectAsync("Actor", meeting: _meeting, patch: """{"permissions":{"waiting_room_type":"SKIP_ON_ACCEPT"}}""");
        Assert.True((await actor.JoinAsync()).IsWaiting);
        await target.SettleAsync();
        target.Link.Forget();
        Assert.Equal(SessionFault.NotJoined, await TestPeer.RefusalOfAsync(() => TryAsync(act, actor, target)));
        await target.SettleAsync();
        Assert.Empty(target.Link.Told);
    }

    [Theory]
    [MemberData(nameof(Acts))]
    public async Task An_act_is_done_for_who_may_do_it(SessionAct act)
    {
        var target = await Fixture.JoinAsync("Target", meeting: _meeting);
        var actor = await Fixture.JoinAsync("Actor", meeting: _meeting, patch: act switch
        {
            SessionAct.RequestStage => """{"permissions":{"stage_access":"CAN_REQUEST"}}""",
            _ => """
                {"permissions":{"connected_meetings":
                  {"can_alter_connected_meetings":true,"can_switch_connected_meetings":true,"can_switch_to_parent_meeting":true}}}
                """,
        });
        try
        {
            await TryAsync(act, actor, target);
        }
        catch (SessionException fault)
        {
            // What it names is not there; that it is looked for shows that it may be.
            Assert.Equal(SessionFault.NotFound, fault.Fault);
        }
    }

    [Fact]
    public async Task Who_may_not_see_polls_gets_none()
    {
        var host = await Fixture.JoinAsync("Host", meeting: _meeting);
        var blind = await Fixture.JoinAsync("Blind", meeting: _meeting, patch: Without[SessionAct.ReadPolls]);
        await host.DoAsync(room => room.Polls.Create(host.Peer, new PollRequest("?", ["a", "b"], false, false)));
        Assert.Single(host.Heard<PollCreated>());
        Assert.Empty(blind.Heard<PollCreated>());
        Assert.Empty(await blind.DoAsync(room => room.Polls.List(blind.Peer)));
    }

    [Fact]
    public async Task One_that_waits_reads_nothing_and_is_told_nothing()
    {
        var host = await Fixture.JoinAsync("Host", meeting: _meeting);
        var waiting = await Fixture.ConnectAsync("Waiting", meeting: _meeting, patch: """{"permissions":{"waiting_room_type":"SKIP_ON_ACCEPT"}}""");
        await waiting.JoinAsync();
        await host.DoAsync(room => room.Chat.Send(host.Peer, ChatMessageKind.Text, "secret", _ => { }));
        await host.DoAsync(room => room.Polls.Create(host.Peer, new PollRequest("?", ["a", "b"], false, false)));
        await host.DoAsync(room => Write(room, host, SessionAct.WriteStore));
        await host.SettleAsync();

        Assert.Empty((await waiting.AskAsync<ChatPage>((room, answer) => room.Chat.ReadHistory(waiting.Peer, answer))).Messages);
        Assert.Empty(await waiting.DoAsync(room => room.Polls.List(waiting.Peer)));
        Assert.Empty(await waiting.DoAsync(room => room.Stores.Read(waiting.Peer, "m", "s", [])));
        Assert.Empty(await waiting.DoAsync(room => room.Attendance.List(waiting.Peer)));
        Assert.Empty(await waiting.DoAsync(room => room.Attendance.Search(waiting.Peer, "", 0, 0)));
        Assert.Equal(SessionFault.NotFound, await waiting.RefusedAsync(room => room.Attendance.Find(waiting.Peer, host.Id)));
        Assert.Empty(waiting.Link.Told);
        Assert.Empty(host.Heard<PeerJoined>());
    }

    [Fact]
    public async Task Too_many_acts_of_a_kind_are_refused_and_later_allowed_again()
    {
        var alice = await Fixture.JoinAsync("Alice", meeting: _meeting);
        var fault = default(SessionFault?);
        for (var i = 0; i < 1_000 && fault is null; i++)
        {
            try
            {
                await alice.DoAsync(room => Broadcast(room, alice));
            }
            catch (SessionException refusal)
            {
                fault = refusal.Fault;
            }
        }

        Assert.Equal(SessionFault.TooOften, fault);
        Fixture.Clock.Advance(TimeSpan.FromSeconds(5));
        await alice.DoAsync(room => Broadcast(room, alice));
    }

    private static void Broadcast(SessionRoom room, TestPeer actor, bool isSpotlight = false) =>
        room.Broadcasts.Send(actor.Peer, new BroadcastMessage("t", Value, 0), isSpotlight);

    private static void Write(SessionRoom room, TestPeer actor, SessionAct act) => room.Stores.Write(
        actor.Peer, "m", "s", new Dictionary<string, ReadOnlyMemory<byte>> { ["k"] = Value }, [act]);

    private static Task<Produced> Produce(TestPeer actor, MediaKind kind, bool isScreen) => actor.AskAsync<Produced>((room, answer) =>
        room.Media.Produce(actor.Peer, new ProduceRequest(kind, false, isScreen, "{}", null, null, "offer"), answer));

    private static Task<IReadOnlyList<ConnectedMoveFailure>> Move(TestPeer actor, string userId, string destination) => actor.AskAsync<IReadOnlyList<ConnectedMoveFailure>>((room, answer) =>
        room.Connected.Move(actor.Peer, room.Meeting.Id.ToString(), destination, [new ConnectedMove(userId, null)], answer));

    /// <summary>Tries an act as its peer would.</summary>
    private static Task TryAsync(SessionAct act, TestPeer actor, TestPeer target)
    {
        var peer = actor.Peer;
        var message = new ChatMessageId(Guid.NewGuid());
        string[] users = [target.UserId];
        return act switch
        {
            SessionAct.Join => actor.JoinAsync(),
            SessionAct.Leave => actor.DoAsync(room => room.Attendance.Leave(peer)),
            SessionAct.ReadSession => actor.DoAsync(room => room.Attendance.CheckMayRead(peer)),
            SessionAct.ListPeers => actor.DoAsync(room => room.Attendance.List(peer)),
            SessionAct.SearchPeers => actor.DoAsync(room => room.Attendance.Search(peer, "", 0, 0)),
            SessionAct.ReadChat => actor.AskAsync<ChatPage>((room, answer) => room.Chat.ReadHistory(peer, answer)),
            SessionAct.SendText => actor.DoAsync(room => room.Chat.Send(peer, ChatMessageKind.Text, "x", _ => { })),
            SessionAct.SendFile => actor.DoAsync(room => room.Chat.Send(peer, ChatMessageKind.Image, "x", _ => { })),
            SessionAct.SendPrivateText => actor.DoAsync(room =>
                room.Chat.SendTo(peer, [target.Id], ChatMessageKind.Text, "x", _ => { })),
            SessionAct.SendPrivateFile => actor.DoAsync(room =>
                room.Chat.SendTo(peer, [target.Id], ChatMessageKind.File, "x", _ => { })),
            SessionAct.EditMessage => actor.AskAsync<ChatMessage>((room, answer) => room.Chat.Edit(peer, message, null, "x", answer)),
            SessionAct.DeleteMessage => actor.AskAsync<ChatMessage>((room, answer) => room.Chat.Delete(peer, message, answer)),
            SessionAct.PinMessage => actor.AskAsync<ChatMessage>((room, answer) => room.Chat.Pin(peer, message, true, answer)),
            SessionAct.ReadPolls => actor.DoAsync(room => room.Polls.List(peer)),
            SessionAct.CreatePoll => actor.DoAsync(room => room.Polls.Create(peer, new PollRequest("?", ["a", "b"], false, false))),
            SessionAct.VotePoll => actor.DoAsync(room => room.Polls.Vote(peer, "x", 0)),
            SessionAct.ReadStore => actor.DoAsync(room => room.Stores.Read(peer, "m", "s", [])),
            SessionAct.WriteStore or SessionAct.StartPlugin or SessionAct.ClosePlugin => actor.DoAsync(room => Write(room, actor, act)),
            SessionAct.RequestStage => actor.DoAsync(room => room.Stage.Request(peer)),
            SessionAct.JoinStage => actor.DoAsync(room => room.Stage.Join(peer)),
            SessionAct.LeaveStage => actor.DoAsync(room => room.Stage.Leave(peer)),
            SessionAct.AnswerStageRequests => actor.DoAsync(room => room.Stage.Grant(peer, users)),
            SessionAct.RemoveFromStage => actor.DoAsync(room => room.Stage.Remove(peer, users)),
            SessionAct.ReadStage => actor.DoAsync(room => room.Stage.Read(peer)),
            SessionAct.AnswerWaiting => actor.DoAsync(room => room.Waiting.Admit(peer, users)),
            SessionAct.Kick => actor.DoAsync(room => room.Host.Kick(peer, [target.Id])),
            SessionAct.KickAll => actor.DoAsync(room => room.Host.KickAll(peer, fromConnected: false)),
            SessionAct.MuteAudio => actor.DoAsync(room => room.Host.Mute(peer, target.Id, new MediaChoice(true, false, false))),
            SessionAct.MuteVideo => actor.DoAsync(room => room.Host.MuteAll(peer, new MediaChoice(false, true, false))),
            SessionAct.MuteScreen => actor.DoAsync(room => room.Host.Mute(peer, target.Id, new MediaChoice(false, false, true))),
            SessionAct.PinPeer => actor.DoAsync(room => room.Host.Pin(peer, target.Id)),
            SessionAct.EditName => actor.DoAsync(room => room.Host.Rename(peer, peer.Id, "Boss")),
            SessionAct.ReadOwnPermissions => actor.DoAsync(room => room.Permissions.Read(peer, [peer.UserId])),
            SessionAct.ReadPermissions => actor.DoAsync(room => room.Permissions.Read(peer, users)),
            SessionAct.ChangePermissions => actor.DoAsync(room =>
                room.Permissions.Change(peer, [(target.UserId, new JsonObject { ["can_edit_display_name"] = false })])),
            SessionAct.Broadcast => actor.DoAsync(room => Broadcast(room, actor)),
            SessionAct.Spotlight => actor.DoAsync(room => Broadcast(room, actor, isSpotlight: true)),
            SessionAct.BroadcastToMeetings => actor.DoAsync(room =>
                room.Broadcasts.SendToMeetings(peer, new BroadcastMessage("t", Value, 0), [room.Meeting.Id.ToString()])),
            SessionAct.OpenMedia => actor.AskAsync<bool>((room, answer) => room.Media.Enter(peer, isReturn: false, answer)),
            SessionAct.CompleteMedia => actor.DoAsync(room => room.Media.Complete(peer)),
            SessionAct.ProduceAudio => Produce(actor, MediaKind.Audio, isScreen: false),
            SessionAct.ProduceVideo => Produce(actor, MediaKind.Video, isScreen: false),
            SessionAct.ProduceScreen => Produce(actor, MediaKind.Video, isScreen: true),
            SessionAct.StopProducing => actor.AskAsync<ClosedProducer>((room, answer) =>
                room.Media.CloseProducer(peer, "x", null, answer)),
            SessionAct.Consume => actor.AskAsync<Consumed>((room, answer) => room.Media.Consume(peer, "t", [], answer)),
            SessionAct.TellActivity => actor.DoAsync(room => room.Media.TellActivity(peer, "x", 9)),
            SessionAct.ReadConnected => actor.AskAsync<ConnectedView>((room, answer) => room.Connected.Read(peer, answer)),
            SessionAct.AlterConnected => actor.AskAsync<IReadOnlyList<ConnectedMeeting>>((room, answer) =>
                room.Connected.Create(peer, ["Breakout"], answer)),
            SessionAct.SwitchConnected => Move(actor, peer.UserId, Guid.NewGuid().ToString()),
            SessionAct.SwitchToParent => Move(actor, peer.UserId, target.Session.MeetingId.ToString()),
            SessionAct.ListParticipants => actor.AskAsync<IReadOnlyList<Participant>>((room, answer) =>
                room.Connected.ListParticipants(peer, answer)),
            _ => throw new InvalidOperationException($"{act} is not tried."),
        };
    }
}
