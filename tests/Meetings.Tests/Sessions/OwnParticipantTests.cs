using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.Meetings.Tokens;
using Roomcast.Storage;

namespace Roomcast.Meetings.Tests.Sessions;

/// <summary>Programs of the server's own in a meeting: they see what everybody sees, and leave no trace.</summary>
public sealed class OwnParticipantTests : IAsyncLifetime
{
    private readonly OwnParticipants _own = new();
    private SessionFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await SessionFixture.StartAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task It_keeps_no_session_alive_and_is_in_no_record()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var session = alice.Session;
        var id = session.SessionId!.Value;
        await (await ConnectAsync()).JoinAsync();
        Assert.Equal([alice.Id], (await session.ListPeersAsync(CancellationToken.None))!.Select(peer => peer.PeerId));

        // Neither by being there, nor by coming back when nobody else is.
        await alice.DoAsync(room => room.Attendance.Leave(alice.Peer));
        await _fixture.PassAsync(Meeting.MinKeepAlive - TimeSpan.FromSeconds(2));
        await (await ConnectAsync()).JoinAsync();
        Assert.Equal(id, session.SessionId);
        await _fixture.PassAsync(TimeSpan.FromSeconds(3));
        Assert.Null(session.SessionId);

        var records = _fixture.Service<SessionRecordStore>();
        SessionRecord? record = null;
        await SessionFixture.UntilAsync(async () => (record = await records.FindAsync(_fixture.App.Id, id, CancellationToken.None))!.EndedAt is not null);
        Assert.Equal((SessionEndReason.EverybodyLeft, 1), (record!.EndReason!.Value, record.MostPeers));
    }

    [Fact]
    public async Task It_begins_no_session_and_comes_into_a_locked_one()
    {
        var recorder = await ConnectAsync();
        Assert.Equal(SessionFault.NotAllowed, await TestPeer.RefusalOfAsync(() => recorder.JoinAsync()));
        Assert.Null(recorder.Session.SessionId);

        var alice = await _fixture.JoinAsync("Alice");
        await alice.DoAsync(room => room.IsLocked = true);
        Assert.False((await recorder.JoinAsync()).IsWaiting);
    }

    [Fact]
    public async Task It_may_do_nothing_and_is_gone_with_its_token()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var recorder = await ConnectAsync();
        await recorder.JoinAsync();
        Assert.True(recorder.Preset.Permissions is
        {
            HiddenParticipant: true, Chat.Public.CanSend: false, Chat.Private.CanSend: false, Polls.CanVote: false, CanEditDisplayName: false,
            Media: { Audio.CanProduce: Permission.NotAllowed, Video.CanProduce: Permission.NotAllowed },
        });

        await _fixture.Active.ParticipantDeletedAsync(recorder.Participant, CancellationToken.None);
        Assert.False(recorder.Peer.IsJoined);
        await _fixture.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(LinkCloseReason.Removed, recorder.Link.Closed);
        Assert.Null(alice.Link.Closed);
    }

    [Fact]
    public async Task It_does_what_reads_and_receives_and_nothing_else()
    {
        SessionAct[] allowed =
        [
            SessionAct.Join, SessionAct.Leave, SessionAct.ReadSession, SessionAct.ListPeers, SessionAct.SearchPeers, SessionAct.ReadChat,
            SessionAct.ReadPolls, SessionAct.ReadStore, SessionAct.ReadStage, SessionAct.ReadOwnPermissions, SessionAct.OpenMedia,
            SessionAct.CompleteMedia, SessionAct.Consume,
        ];
        await _fixture.JoinAsync("Alice");
        var recorder = await ConnectAsync();
        Assert.Equal(SessionFault.NotAllowed, await recorder.RefusedAsync(room => room.Require(recorder.Peer, SessionAct.WriteStore)));
        await recorder.JoinAsync();
        foreach (var act in Enum.GetValues<SessionAct>().Except(allowed))
        {
            Assert.Equal(SessionFault.NotAllowed, await recorder.RefusedAsync(room => room.Require(recorder.Peer, act)));
        }

        foreach (var act in allowed)
        {
            await recorder.DoAsync(room => room.Require(recorder.Peer, act));
        }
    }

    [Fact]
    public async Task It_is_told_ways_inside_the_machine_and_people_are_not()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var recorder = await ConnectAsync();
        await recorder.JoinAsync();
        foreach (var peer in (TestPeer[])[alice, recorder])
        {
            await peer.AskAsync<bool>((room, answer) => room.Media.Enter(peer.Peer, isReturn: false, answer));
            await peer.AskAsync<CreatedTransport>((room, answer) => room.Media.Open(peer.Peer, TransportDirection.ToPeer, "offer", answer));
        }

        Assert.Equal(
            [$"transport {alice.Id} ToPeer", $"transport {recorder.Id} ToPeer here"],
            _fixture.Media!.Calls.Where(call => call.StartsWith("transport", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task It_is_in_no_connected_meeting_and_goes_to_none()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var recorder = await ConnectAsync();
        await recorder.JoinAsync();
        var view = await alice.AskAsync<ConnectedView>((room, answer) => room.Connected.Read(alice.Peer, answer));
        Assert.Equal([alice.UserId], view.Parent.Participants.Select(participant => participant.UserId));

        var here = _fixture.Meeting.Id.ToString();
        var failures = await alice.AskAsync<IReadOnlyList<ConnectedMoveFailure>>(
            (room, answer) => room.Connected.Move(alice.Peer, here, here, [new ConnectedMove(recorder.UserId, null)], answer));
        Assert.Equal([recorder.UserId], failures.Select(failure => failure.UserId));
        Assert.Empty(recorder.Heard<Transferred>());
    }

    [Fact]
    public async Task Whoever_is_deleted_while_the_connection_is_lost_is_gone()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        await bob.DisconnectAsync(isFinal: false);
        Assert.Contains(bob.Id, await alice.DoAsync(room => room.Peers.Keys.ToArray()));
        await _fixture.Active.ParticipantDeletedAsync(bob.Participant, CancellationToken.None);
        Assert.DoesNotContain(bob.Id, await alice.DoAsync(room => room.Peers.Keys.ToArray()));
    }

    private async Task<TestPeer> ConnectAsync()
    {
        var meeting = _fixture.Meeting;
        var participant = _own.Add(meeting.AppId, meeting.Id, new ParticipantId(Guid.NewGuid()), "Recorder", _fixture.Clock.GetUtcNow());
        return await _fixture.ConnectAsync(meeting, participant, _own.FindPreset(participant.Id)!);
    }
}
