using FsCheck;
using FsCheck.Fluent;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

/// <summary>Lists of sessions and of who was in them, in every order and cut at every size: the pages together are the whole, once, sorted.</summary>
[Collection(SharedHostTests.Name)]
public sealed class SortPropertyTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    /// <summary>How long each of some peers stays, in seconds; many alike, so that the order among equals matters.</summary>
    private static Gen<int[]> Stays => Gen.Choose(0, 4).Select(stay => stay * 30).ArrayOf(9);

    [Fact]
    public async Task Sessions_are_sorted_by_age_and_by_what_they_came_to()
    {
        foreach (var stays in Stays.Sample(3, 3))
        {
            var account = await _host.NewAccountAsync();
            var sessions = new List<(string Id, int Stay)>();
            foreach (var stay in stays)
            {
                var meeting = await _host.NewMeetingAsync(account.First);
                sessions.Add(((await MeetAsync(meeting, [stay])).Id.ToString(), stay));
            }

            await AssertSortedAsync($"{account.AppPath}/sessions", "sessions", "createdAt", account, sessions, _ => 0);
            await AssertSortedAsync($"{account.AppPath}/sessions", "sessions", "minutesConsumed", account, sessions, row => row.Stay);
        }
    }

    [Fact]
    public async Task Who_was_there_is_sorted_by_the_time_of_joining_and_of_staying_in_both_views()
    {
        foreach (var stays in Stays.Sample(3, 3))
        {
            var account = await _host.NewAccountAsync();
            var session = await MeetAsync(await _host.NewMeetingAsync(account.First), stays);
            var path = $"{account.AppPath}/sessions/{session.Id}/participants";
            var peers = new List<(string Id, int Stay)>();
            var listed = await _host.Client.GetAsync($"{path}?sort_by=joinedAt&sort_order=ASC&per_page=100", account.ReadToken);
            foreach (var (row, stay) in listed.Data["participants"]!.AsArray().Zip(stays))
            {
                peers.Add(((string)row!["id"]!, stay));
            }

            Assert.Equal(stays.Length, peers.Count);
            foreach (var view in new[] { "raw", "consolidated" })
            {
                await AssertSortedAsync($"{path}?view={view}", "participants", "joinedAt", account, peers, _ => 0);
                await AssertSortedAsync($"{path}?view={view}", "participants", "duration", account, peers, row => row.Stay);
            }
        }
    }

    private async Task AssertSortedAsync(
        string path, string field, string sort, TestAccount account, List<(string Id, int Stay)> rows, Func<(string Id, int Stay), int> by)
    {
        foreach (var order in new[] { "ASC", "DESC" })
        {
            foreach (var size in new[] { 1, 2, 4, 100 })
            {
                var read = new List<string>();
                for (var page = 1; page == 1 || read.Count == (page - 1) * size; page++)
                {
                    var join = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
                    var reply = await _host.Client.GetAsync($"{path}{join}sort_by={sort}&sort_order={order}&per_page={size}&page_no={page}", account.ReadToken);
                    Assert.Equal(rows.Count, reply.Paging.Total);
                    read.AddRange(reply.Data[field]!.AsArray().Select(row => (string)row!["id"]!));
                }

                // None is missing or doubled, and what it is sorted by never goes the other way.
                Assert.Equal(rows.Select(row => row.Id).Order(StringComparer.Ordinal), read.Order(StringComparer.Ordinal));
                var keys = read.Select(id => by(rows.Single(row => row.Id == id))).ToArray();
                Assert.Equal(order == "ASC" ? keys.Order() : keys.OrderDescending(), keys);
                if (sort is "createdAt" or "joinedAt")
                {
                    Assert.Equal(order == "ASC" ? rows.Select(row => row.Id) : rows.Select(row => row.Id).Reverse(), read);
                }
            }
        }
    }

    /// <summary>Has a session take place in which one after the other joins, and leaves after so many seconds.</summary>
    private async Task<SessionRecord> MeetAsync(Meeting meeting, int[] stays)
    {
        var records = _host.Service<SessionRecordStore>();
        var session = await records.BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        foreach (var stay in stays)
        {
            var participant = await _host.NewParticipantAsync(meeting, $"{Guid.NewGuid()}");
            var (peer, at) = (new PeerId(Guid.NewGuid()), _host.Clock.GetUtcNow());
            await records.JoinAsync(
                session.Id, new JoiningPeer(peer, participant.Id, participant.CustomId, "X", participant.PresetName, ViewType.GroupCall), at, CancellationToken.None);
            await records.LeaveAsync(session.Id, peer, at.AddSeconds(stay), CancellationToken.None);
        }

        await records.EndAsync(session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EverybodyLeft, CancellationToken.None);
        return session;
    }
}
