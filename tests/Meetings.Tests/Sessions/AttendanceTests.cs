using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.Storage;

namespace Roomcast.Meetings.Tests.Sessions;

public sealed class AttendanceTests : IAsyncLifetime
{
    private SessionFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await SessionFixture.StartAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task A_session_begins_with_the_first_join_and_ends_some_time_after_the_last_has_left()
    {
        var early = await _fixture.ConnectAsync("Early");
        Assert.Null(early.Session.SessionId);
        await early.JoinAsync();
        var id = early.Session.SessionId!.Value;
        await _fixture.JoinAsync("Late");
        Assert.Equal(id, early.Session.SessionId);

        await early.DisconnectAsync(isFinal: true);
        _fixture.Sessions.TryGet(_fixture.Meeting.Id, out var session);
        await session.KickAsync(
            new ParticipantChoice(new HashSet<ParticipantId>(), new HashSet<string> { "Late" }), CancellationToken.None);
        await _fixture.PassAsync(Meeting.MinKeepAlive - TimeSpan.FromSeconds(2));
        Assert.Equal(id, session.SessionId);
        await _fixture.PassAsync(TimeSpan.FromSeconds(3));
        Assert.Null(session.SessionId);

        var records = _fixture.Service<SessionRecordStore>();
        SessionRecord? record = null;
        await SessionFixture.UntilAsync(async () =>
            (record = await records.FindAsync(_fixture.App.Id, id, CancellationToken.None))!.EndedAt is not null);
        Assert.Equal((SessionEndReason.EverybodyLeft, 2), (record!.EndReason!.Value, record.MostPeers));
    }

    [Fact]
    public async Task Those_who_join_at_the_same_moment_come_into_one_session()
    {
        var peers = new List<TestPeer>();
        for (var i = 0; i < 8; i++)
        {
            peers.Add(await _fixture.ConnectAsync($"Guest {i}"));
        }

        await Task.WhenAll(peers.Select(peer => peer.JoinAsync()));
        foreach (var peer in peers)
        {
            Assert.Equal(8, (await peer.DoAsync(room => room.Attendance.List(peer.Peer))).Count);
        }

        var live = await _fixture.Service<SessionRecordStore>().ListAsync(
            _fixture.Meeting.Id, new PageRequest(1, 10), SortOrder.Ascending, CancellationToken.None);
        Assert.Single(live.Items);
    }

    [Fact]
    public async Task Joining_and_leaving_is_told_to_the_others_with_the_count()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        await bob.SettleAsync();
        Assert.Equal(bob.Id, Assert.Single(alice.Heard<PeerJoined>()).Peer.PeerId);
        Assert.Empty(bob.Heard<PeerJoined>());
        Assert.Equal([1, 2], alice.Heard<PeerCountChanged>().Select(changed => changed.Count));

        await bob.DisconnectAsync(isFinal: true);
        Assert.Equal(bob.Id, Assert.Single(alice.Heard<PeerLeft>()).Peer.PeerId);
        Assert.Equal(1, alice.Heard<PeerCountChanged>()[^1].Count);
        Assert.DoesNotContain(bob.Id, (await alice.DoAsync(room => room.Attendance.List(alice.Peer))).Select(peer => peer.PeerId));
    }

    [Fact]
    public async Task One_that_hides_learns_the_count_that_it_does_not_change()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var hidden = await _fixture.JoinAsync("Hidden", patch: """{"permissions":{"hidden_participant":true}}""");
        await hidden.SettleAsync();
        Assert.Equal([1], hidden.Heard<PeerCountChanged>().Select(changed => changed.Count));
        Assert.Equal([1, 1], alice.Heard<PeerCountChanged>().Select(changed => changed.Count));
    }

    [Fact]
    public async Task A_peer_that_joins_twice_is_told_how_it_stands_and_nobody_else_hears_of_it()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        await bob.JoinAsync();
        Assert.Single(alice.Heard<PeerJoined>());
    }

    [Fact]
    public async Task A_peer_that_asks_twice_while_the_session_begins_is_let_in_once()
    {
        var alice = await _fixture.ConnectAsync("Alice");
        var views = await Task.WhenAll(alice.JoinAsync(), alice.JoinAsync());
        Assert.All(views, view => Assert.Equal(StageState.On, view.Stage));
        Assert.Single(await alice.DoAsync(room => room.Attendance.List(alice.Peer)));
    }

    [Fact]
    public async Task The_count_is_told_anew_in_the_next_session()
    {
        var alice = await _fixture.JoinAsync("Alice");
        await _fixture.Active.KickAllAsync(_fixture.Meeting.Id, CancellationToken.None);
        var bob = await _fixture.JoinAsync("Bob");
        await bob.SettleAsync();
        Assert.Equal([1], bob.Heard<PeerCountChanged>().Select(changed => changed.Count));
        Assert.NotEqual(alice.Id, bob.Id);
    }

    [Fact]
    public async Task A_name_is_chosen_by_who_may_choose_one()
    {
        var free = await _fixture.ConnectAsync("Free");
        Assert.Equal("Frida", (await free.JoinAsync(" Frida ")).Name);
        var bound = await _fixture.ConnectAsync("Bound", patch: """{"permissions":{"can_edit_display_name":false}}""");
        Assert.Equal("Bound", (await bound.JoinAsync("Boss")).Name);
        var endless = await _fixture.ConnectAsync("Endless");
        Assert.Equal(SessionLimits.MaxNameLength, (await endless.JoinAsync(new string('x', 10_000))).Name.Length);
    }

    [Fact]
    public async Task A_lost_peer_keeps_its_place_and_transports_for_its_grace()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        await bob.AskAsync<bool>((room, answer) => room.Media.Enter(bob.Peer, isReturn: false, answer));
        await bob.AskAsync<CreatedTransport>((room, answer) =>
            room.Media.Open(bob.Peer, TransportDirection.FromPeer, "offer", answer));

        await bob.DisconnectAsync(isFinal: false);
        Assert.Single(alice.Heard<PeerLeft>());
        await _fixture.PassAsync(TimeSpan.FromSeconds(59));
        Assert.True(_fixture.Media!.HasTransports(bob.Id));
        var again = await _fixture.ConnectAsync(_fixture.Meeting, bob.Participant, bob.Preset, bob.Id);
        Assert.Same(bob.Peer, again.Peer);
        await again.JoinAsync();

        await again.DisconnectAsync(isFinal: false);
        await _fixture.PassAsync(TimeSpan.FromSeconds(61));
        await alice.SettleAsync();
        await SessionFixture.UntilAsync(() => !_fixture.Media!.HasTransports(bob.Id));
    }

    [Fact]
    public async Task A_new_connection_of_a_peer_replaces_the_old_one()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var again = await _fixture.ConnectAsync(_fixture.Meeting, alice.Participant, alice.Preset, alice.Id);
        Assert.Equal(LinkCloseReason.Replaced, alice.Link.Closed);
        await alice.Session.DisconnectAsync(alice.Peer, alice.Link, isFinal: true);
        await again.JoinAsync();
        Assert.Single(await again.DoAsync(room => room.Attendance.List(again.Peer)));
    }

    [Fact]
    public async Task A_peer_id_is_its_participants_alone()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var fault = await Assert.ThrowsAsync<SessionException>(() => _fixture.ConnectAsync("Mallory", peerId: alice.Id));
        Assert.Equal(SessionFault.NotAllowed, fault.Fault);
        Assert.Null(alice.Link.Closed);
    }

    [Fact]
    public async Task Peers_are_searched_by_name_page_by_page()
    {
        var alice = await _fixture.JoinAsync("Alice");
        await _fixture.JoinAsync("Bob");
        await _fixture.JoinAsync("Bobby");
        Assert.Equal(
            ["Bob", "Bobby"],
            (await alice.DoAsync(room => room.Attendance.Search(alice.Peer, "bOb", 0, 0))).Select(peer => peer.Name));
        Assert.Equal("Bob", Assert.Single(await alice.DoAsync(room => room.Attendance.Search(alice.Peer, "", 1, 1))).Name);
    }

    [Fact]
    public async Task A_participant_has_so_many_peers_and_no_more()
    {
        var first = await _fixture.JoinAsync("Alice");
        for (var i = 1; i < SessionLimits.MaxPeersPerParticipant; i++)
        {
            await _fixture.ConnectAsync(_fixture.Meeting, first.Participant, first.Preset);
        }

        await Assert.ThrowsAsync<SessionException>(() => _fixture.ConnectAsync(_fixture.Meeting, first.Participant, first.Preset));
    }

    [Fact]
    public async Task A_server_that_stops_closes_connections_so_that_they_come_back_and_the_session_goes_on()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var id = alice.Session.SessionId;
        await _fixture.Sessions.StopAsync(CancellationToken.None);
        Assert.Equal(LinkCloseReason.Draining, alice.Link.Closed);
        var record = await _fixture.Service<SessionRecordStore>().FindLiveAsync(_fixture.Meeting.Id, CancellationToken.None);
        Assert.Equal(id, record!.Id);
    }
}
