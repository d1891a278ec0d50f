using Roomcast.Accounts;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.TestKit.Databases;

namespace Roomcast.Meetings.Tests.Records;

public sealed class SqliteSessionRecordStoreTests() : SessionRecordStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresSessionRecordStoreTests() : SessionRecordStoreTests(DatabaseEngine.Postgres);

public abstract class SessionRecordStoreTests(DatabaseEngine engine) : MeetingRecordsTests(engine)
{
    private static readonly PageRequest First = new(1, 100);
    private static readonly TimeSpan Short = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_session_begins_and_ends_once()
    {
        var meeting = await MakeMeetingAsync(title: "Weekly");
        Assert.Null(await Sessions.FindLiveAsync(meeting.Id, None));
        var began = await Sessions.BeginAsync(meeting, Now, Short, None);

        Assert.Equal(("Weekly", Now, null, 0), (began.MeetingTitle, began.StartedAt, began.EndedAt, began.MostPeers));
        Assert.Equal(began, await Sessions.FindLiveAsync(meeting.Id, None));
        Assert.Equal(began, await Sessions.FindAsync(meeting.AppId, began.Id, None));

        Clock.Advance(TimeSpan.FromMinutes(5));
        var ended = (await Sessions.EndAsync(began.Id, Now, SessionEndReason.EverybodyLeft, None))!;
        Assert.Equal(began with { EndedAt = Now, EndReason = SessionEndReason.EverybodyLeft, UpdatedAt = Now }, ended);
        Assert.Null(await Sessions.FindLiveAsync(meeting.Id, None));

        Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(ended, await Sessions.EndAsync(began.Id, Now, SessionEndReason.EndedByHost, None));
        Assert.Null(await Sessions.EndAsync(new SessionId(Guid.NewGuid()), Now, SessionEndReason.EndedByHost, None));

        var next = await Sessions.BeginAsync(meeting, Now, Short, None);
        Assert.NotEqual(began.Id, next.Id);
        Assert.Equal([next, ended], (await Sessions.ListAsync(meeting.Id, First, SortOrder.Descending, None)).Items);
    }

    [Fact]
    public async Task A_session_of_another_app_does_not_exist()
    {
        var session = await Sessions.BeginAsync(await MakeMeetingAsync(), Now, Short, None);
        Assert.Null(await Sessions.FindAsync(await MakeAppAsync(), session.Id, None));
        Assert.Null(await Sessions.FindAsync(new AppId(Guid.NewGuid()), session.Id, None));
    }

    [Fact]
    public async Task Joins_and_leaves_are_counted()
    {
        var (session, alice, bob) = await BeginAsync();
        Clock.Advance(TimeSpan.FromSeconds(10));
        await Sessions.JoinAsync(session.Id, alice, Now, None);
        Clock.Advance(TimeSpan.FromSeconds(10));
        await Sessions.JoinAsync(session.Id, bob, Now, None);
        await Sessions.JoinAsync(session.Id, bob, Now, None);
        Assert.Equal((2, 2), await CountsAsync(session));

        Clock.Advance(TimeSpan.FromSeconds(10));
        await Sessions.LeaveAsync(session.Id, alice.Id, Now, None);
        await Sessions.LeaveAsync(session.Id, alice.Id, Now, None);
        await Sessions.LeaveAsync(session.Id, new PeerId(Guid.NewGuid()), Now, None);
        Assert.Equal((1, 2), await CountsAsync(session));

        var peers = (await Sessions.ListPeersAsync(session.Id, First, SortOrder.Ascending, None)).Items;
        Assert.Equal([alice.Id, bob.Id], peers.Select(peer => peer.Id));
        Assert.Equal((TimeSpan.FromSeconds(20), Now), (peers[0].DurationAt(Now), peers[0].LeftAt));
        Assert.Equal((TimeSpan.FromSeconds(10), null), (peers[1].DurationAt(Now), peers[1].LeftAt));
        Assert.Equal(TimeSpan.FromSeconds(30), await Sessions.AddUpPresenceAsync(session.Id, Now, None));
    }

    [Fact]
    public async Task A_peer_that_comes_back_is_the_same_and_its_time_away_does_not_count()
    {
        var (session, alice, bob) = await BeginAsync();
        var joined = Now;
        await Sessions.JoinAsync(session.Id, alice, Now, None);
        await Sessions.JoinAsync(session.Id, bob, Now, None);
        Clock.Advance(TimeSpan.FromSeconds(10));
        await Sessions.LeaveAsync(session.Id, alice.Id, Now, None);
        Clock.Advance(TimeSpan.FromSeconds(100));
        await Sessions.JoinAsync(session.Id, alice with { DisplayName = "Alicia" }, Now, None);
        Clock.Advance(TimeSpan.FromSeconds(5));

        var peer = (await Sessions.ListPeersAsync(session.Id, First, SortOrder.Ascending, None)).Items.Single(peer => peer.Id == alice.Id);
        Assert.Equal(("Alicia", joined, null), (peer.DisplayName, peer.JoinedAt, peer.LeftAt));
        Assert.Equal(TimeSpan.FromSeconds(15), peer.DurationAt(Now));
        Assert.Equal(TimeSpan.FromSeconds(15 + 115), await Sessions.AddUpPresenceAsync(session.Id, Now, None));
        Assert.Equal((2, 2), await CountsAsync(session));
    }

    [Fact]
    public async Task Nobody_takes_over_the_peer_of_another_participant()
    {
        var (session, alice, bob) = await BeginAsync();
        await Sessions.JoinAsync(session.Id, alice, Now, None);
        await Sessions.LeaveAsync(session.Id, alice.Id, Now, None);
        await Sessions.JoinAsync(session.Id, bob with { Id = alice.Id }, Now, None);

        var peer = Assert.Single((await Sessions.ListPeersAsync(session.Id, First, SortOrder.Ascending, None)).Items);
        Assert.Equal(alice.ParticipantId, peer.ParticipantId);
        Assert.NotNull(peer.LeftAt);
    }

    [Fact]
    public async Task The_end_of_a_session_is_the_end_of_every_presence()
    {
        var (session, alice, _) = await BeginAsync();
        await Sessions.JoinAsync(session.Id, alice, Now, None);
        Clock.Advance(TimeSpan.FromSeconds(10));
        var ended = await Sessions.EndAsync(session.Id, Now, SessionEndReason.EndedByHost, None);

        Assert.Equal((0, 1), (ended!.PresentPeers, ended.MostPeers));
        Assert.Equal(Now, Assert.Single((await Sessions.ListPeersAsync(session.Id, First, SortOrder.Ascending, None)).Items).LeftAt);
        await Sessions.JoinAsync(session.Id, alice with { Id = new PeerId(Guid.NewGuid()) }, Now, None);
        Assert.Equal(1, (await Sessions.ListPeersAsync(session.Id, First, SortOrder.Ascending, None)).TotalCount);
    }

    [Fact]
    public async Task After_a_short_interruption_the_session_goes_on_with_nobody_there()
    {
        var (session, alice, _) = await BeginAsync();
        await Sessions.JoinAsync(session.Id, alice, Now, None);
        var crash = Now;
        Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Empty(await Sessions.EndOrphansAsync(Short, None));

        var meeting = (await Meetings.FindAsync(session.AppId, session.MeetingId, None))!;
        var continued = await Sessions.BeginAsync(meeting, Now, Short, None);
        Assert.Equal((session.Id, 0, null), (continued.Id, continued.PresentPeers, continued.EndedAt));
        Assert.Equal((false, true), (session.IsContinued, continued.IsContinued));
        Assert.Equal(crash, Assert.Single((await Sessions.ListPeersAsync(session.Id, First, SortOrder.Ascending, None)).Items).LeftAt);
    }

    [Fact]
    public async Task After_a_long_interruption_the_session_ended_when_it_was_last_touched()
    {
        var (session, alice, _) = await BeginAsync();
        await Sessions.JoinAsync(session.Id, alice, Now, None);
        Clock.Advance(TimeSpan.FromMinutes(10));
        await Sessions.TouchAsync([session.Id, new SessionId(Guid.NewGuid())], None);
        var touched = Now;
        Clock.Advance(TimeSpan.FromSeconds(61));

        var meeting = (await Meetings.FindAsync(session.AppId, session.MeetingId, None))!;
        Assert.NotEqual(session.Id, (await Sessions.BeginAsync(meeting, Now, Short, None)).Id);
        var ended = (await Sessions.FindAsync(session.AppId, session.Id, None))!;
        Assert.Equal((touched, SessionEndReason.ServerStopped), (ended.EndedAt, ended.EndReason));
        Assert.Equal(TimeSpan.FromMinutes(10), await Sessions.AddUpPresenceAsync(session.Id, Now, None));
    }

    [Fact]
    public async Task The_start_of_the_server_ends_what_a_crash_left_open_long_ago()
    {
        var (old, _, _) = await BeginAsync();
        Clock.Advance(TimeSpan.FromSeconds(61));
        var (recent, _, _) = await BeginAsync();

        Assert.Equal(old.Id, Assert.Single(await Sessions.EndOrphansAsync(Short, None)).Id);
        Assert.Equal(SessionEndReason.ServerStopped, (await Sessions.FindAsync(old.AppId, old.Id, None))!.EndReason);
        Assert.Null((await Sessions.FindAsync(recent.AppId, recent.Id, None))!.EndReason);
    }

    [Fact]
    public async Task A_meeting_has_one_session_however_many_begin_at_once()
    {
        var meeting = await MakeMeetingAsync();
        await Sessions.BeginAsync(meeting, Now, Short, None);
        var began = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Sessions.BeginAsync(meeting, Now, Short, None)));
        Assert.Single(began.Select(session => session.Id).Distinct());
    }

    [Fact]
    public async Task A_display_name_with_a_nul_is_kept_without_it()
    {
        var (session, alice, _) = await BeginAsync();
        await Sessions.JoinAsync(session.Id, alice with { DisplayName = "A\0lice" }, Now, None);
        Assert.Equal("Alice", Assert.Single((await Sessions.ListPeersAsync(session.Id, First, SortOrder.Ascending, None)).Items).DisplayName);
    }

    [Fact]
    public async Task Lists_of_an_apps_sessions_tell_how_many_there_are_whatever_becomes_of_them()
    {
        var app = await MakeAppAsync();
        var (alpha, beta) = (await MakeMeetingAsync(app, "Alpha"), await MakeMeetingAsync(app, "Beta"));
        await Sessions.BeginAsync(await MakeMeetingAsync(title: "Alpha"), Now, Short, None); // Of another app.
        await AssertListedAsync(app, [], []);

        var first = await Sessions.BeginAsync(alpha, Now, Short, None);
        Clock.Advance(TimeSpan.FromSeconds(10));
        var second = await Sessions.BeginAsync(beta, Now, Short, None);
        await Sessions.JoinAsync(second.Id, PeerOf(await MakeParticipantAsync(beta)), Now, None);
        await AssertListedAsync(app, [first, second], []);

        await Sessions.EndAsync(first.Id, Now, SessionEndReason.EverybodyLeft, None);
        await Sessions.EndAsync(first.Id, Now, SessionEndReason.EndedByHost, None);
        await AssertListedAsync(app, [second], [first]);

        // Continued after a short interruption, and ended by the next to begin after a long one.
        Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.True((await Sessions.BeginAsync(beta, Now, Short, None)).IsContinued);
        await Sessions.TouchAsync([first.Id, second.Id], None);
        await AssertListedAsync(app, [second], [first]);
        Clock.Advance(TimeSpan.FromHours(1));
        var third = await Sessions.BeginAsync(beta, Now, Short, None);
        await AssertListedAsync(app, [third], [first, second]);

        Clock.Advance(TimeSpan.FromHours(1));
        await Sessions.EndOrphansAsync(Short, None);
        await AssertListedAsync(app, [], [first, second, third]);
    }

    [Fact]
    public async Task No_list_reads_a_whole_table()
    {
        var (session, _, _) = await BeginAsync();
        foreach (var query in new[] { SessionRecordStore.ListQuery(session.MeetingId), SessionRecordStore.PeersQuery(session.Id) })
        {
            Assert.Empty((await QueryPlan.OfAsync(Database, query)).Faults);
        }
    }

    private async Task<(SessionRecord Session, JoiningPeer Alice, JoiningPeer Bob)> BeginAsync()
    {
        var meeting = await MakeMeetingAsync();
        return (
            await Sessions.BeginAsync(meeting, Now, Short, None),
            PeerOf(await MakeParticipantAsync(meeting, "alice")),
            PeerOf(await MakeParticipantAsync(meeting, "bob")));
    }

    /// <summary>Asks for the app's sessions with each filter, in every order and cut at two sizes; what each list must hold is told by its rows alone.</summary>
    private async Task AssertListedAsync(AppId app, SessionRecord[] live, SessionRecord[] ended)
    {
        var all = live.Concat(ended).ToArray();
        var later = Now - TimeSpan.FromMinutes(30);
        var page = new SessionQuery(First);
        (SessionQuery Query, IEnumerable<SessionRecord> Expected)[] lists =
        [
            (page, all),
            (page with { IsLive = true }, live),
            (page with { IsLive = false }, ended),
            (page with { Title = "Beta" }, all.Where(each => each.MeetingTitle == "Beta")),
            (page with { Search = "ALPHA", IsLive = false }, ended.Where(each => each.MeetingTitle == "Alpha")),
            (page with { Created = new TimeRange(later, null) }, all.Where(each => each.CreatedAt >= later)),
            (page with { Created = new TimeRange(null, later), IsLive = false }, ended.Where(each => each.CreatedAt < later)),
            (page with { Participant = "nobody" }, []),
            .. all.Select(each => (page with { MeetingId = each.MeetingId }, all.Where(other => other.MeetingId == each.MeetingId))),
        ];
        foreach (var (query, expected) in lists)
        {
            foreach (var sort in Enum.GetValues<SessionSort>())
            {
                foreach (var size in new[] { 1, 100 })
                {
                    var listed = await new SessionHistory(Database).ListAsync(app, query with { Page = new PageRequest(1, size), Sort = sort }, Now, None);

                    Assert.Equal(expected.Count(), listed.TotalCount);
                    Assert.Equal(Math.Min(size, expected.Count()), listed.Items.Count);
                    Assert.Subset(expected.Select(each => each.Id).ToHashSet(), listed.Items.Select(each => each.Id).ToHashSet());
                }
            }
        }
    }

    private async Task<(int Present, int Most)> CountsAsync(SessionRecord session)
    {
        var found = (await Sessions.FindAsync(session.AppId, session.Id, None))!;
        return (found.PresentPeers, found.MostPeers);
    }
}
