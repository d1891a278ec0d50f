using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Tests.Rest;

/// <summary>Walks a list page by page while rows are added to it.</summary>
[Collection(SharedHostTests.Name)]
public sealed class PagingPropertyTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    /// <summary>How many rows there are at first, how many are read at once, and how many are added after each page.</summary>
    private static Gen<(int Rows, int PageSize, int[] Added)> Walks =>
        from rows in Gen.Choose(0, 9)
        from size in Gen.Choose(1, 4)
        from added in Gen.Choose(0, 2).ArrayOf(6)
        select (rows, size, added);

    /// <summary>The lists that are walked.</summary>
    public static TheoryData<string> Lists =>
        ["livestreams", "participants", "deliveries", "apps", "presets", "sessions", "session participants", "outputs"];

    /// <summary>Lists that are narrowed down: with every row that belongs to one comes another that does not.</summary>
    public static TheoryData<string> Filtered =>
    [
        "livestreams of one status", "livestreams of no meeting", "livestreams of one status and no meeting", "sessions that have ended",
        "sessions under way", "sessions of one meeting", "sessions with a word in their title", "sessions with somebody",
        "sessions of one meeting that have ended, with somebody", "deliveries that failed",
    ];

    [Theory]
    [MemberData(nameof(Lists))]
    [MemberData(nameof(Filtered))]
    public async Task Oldest_first_no_row_is_lost_or_doubled(string list)
    {
        foreach (var walk in Walks.Sample(12, 12))
        {
            var (before, added, read) = await WalkAsync(list, walk, _ => "sort_order=ASC");

            Assert.Equal(read.Distinct(), read);
            Assert.Equal(before.Concat(added).Take(read.Count), read);
            Assert.True(read.Count >= before.Count);
        }
    }

    [Theory]
    [InlineData("livestreams")]
    [InlineData("meetings")]
    [InlineData("deliveries")]
    [InlineData("sessions")]
    [MemberData(nameof(Filtered))]
    public async Task Newest_first_up_to_a_fixed_moment_no_row_is_lost_or_doubled(string list)
    {
        foreach (var walk in Walks.Sample(12, 12))
        {
            var (before, _, read) = await WalkAsync(list, walk, start => $"end_time={start:yyyy-MM-ddTHH:mm:ss.fffZ}");

            Assert.Equal(Enumerable.Reverse(before), read);
        }
    }

    [Theory]
    [MemberData(nameof(Lists))]
    [MemberData(nameof(Filtered))]
    [InlineData("meetings")]
    [InlineData("livestream sessions")]
    public async Task Newest_first_no_row_that_was_there_is_lost(string list)
    {
        foreach (var walk in Walks.Sample(12, 12))
        {
            var (before, _, read) = await WalkAsync(list, walk, _ => "");

            Assert.Equal(Enumerable.Reverse(before), read.Where(before.Contains).Distinct());
        }
    }

    [Fact]
    public async Task Filters_conjoin_and_count_what_matches_whatever_is_asked()
    {
        var account = await _host.NewAccountAsync();
        var meetings = new List<(Guid Id, string Title, bool IsActive, DateTimeOffset At)>();
        foreach (var draw in MeetingDraws.Sample(30, 30))
        {
            var title = $"{draw.Word} {meetings.Count}";
            var meeting = await _host.NewMeetingAsync(account.First, title);
            if (!draw.IsActive)
            {
                await _host.Client.PatchAsync(
                    $"{account.AppPath}/meetings/{meeting.Id}", account.WriteToken, """{"status":"INACTIVE"}""");
            }

            meetings.Add((meeting.Id.Value, title, draw.IsActive, meeting.CreatedAt));
        }

        foreach (var wish in Wishes.Sample(30, 40))
        {
            var (from, to) = (meetings[Math.Min(wish.From, wish.To)].At, meetings[Math.Max(wish.From, wish.To)].At);
            var query = $"per_page={wish.Size}&page_no={wish.Page}";
            query += wish.Word is { } word ? $"&search={word.ToUpperInvariant()}" : "";
            query += wish.IsActive is { } active ? $"&status={(active ? "ACTIVE" : "INACTIVE")}" : "";
            query += wish.IsTimed ? $"&start_time={from:yyyy-MM-ddTHH:mm:ss.fffZ}&end_time={to:yyyy-MM-ddTHH:mm:ss.fffZ}" : "";
            var matching = meetings
                .Where(each => wish.Word is null
                    || each.Title.Contains(wish.Word, StringComparison.OrdinalIgnoreCase)
                    || each.Id.ToString().Contains(wish.Word, StringComparison.OrdinalIgnoreCase)) // A search finds ids too.
                .Where(each => wish.IsActive is null || each.IsActive == wish.IsActive)
                .Where(each => !wish.IsTimed || (each.At >= from && each.At <= to))
                .OrderByDescending(each => each.At)
                .Select(each => each.Id.ToString())
                .ToArray();

            var reply = await _host.Client.GetAsync($"{account.AppPath}/meetings?{query}", account.ReadToken);

            Assert.Equal(
                matching.Skip((wish.Page - 1) * wish.Size).Take(wish.Size), reply.Data.AsArray().Select(row => row!["id"]!.GetValue<string>()));
            Assert.Equal(matching.Length, reply.Paging.Total);
        }
    }

    [Fact]
    public async Task Filters_of_sessions_conjoin_and_count_what_matches_whatever_is_asked()
    {
        var account = await _host.NewAccountAsync();
        var records = _host.Service<SessionRecordStore>();
        var sessions = new List<(Guid Id, Guid Meeting, string Title, bool IsLive, string Who, DateTimeOffset At)>();
        foreach (var draw in MeetingDraws.Sample(24, 24))
        {
            var meeting = await _host.NewMeetingAsync(account.First, $"{draw.Word} {sessions.Count}");
            var who = $"guest {sessions.Count % 3}";
            var session = await records.BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
            await JoinAsync(session, await _host.NewParticipantAsync(meeting, who));
            if (!draw.IsActive)
            {
                await records.EndAsync(session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EverybodyLeft, CancellationToken.None);
            }

            sessions.Add((session.Id.Value, meeting.Id.Value, meeting.Title, draw.IsActive, who, session.CreatedAt));
        }

        foreach (var wish in SessionWishes.Sample(30, 60))
        {
            var (from, to) = (sessions[Math.Min(wish.Common.From, wish.Common.To)].At, sessions[Math.Max(wish.Common.From, wish.Common.To)].At);
            var query = $"per_page={wish.Common.Size}&page_no={wish.Common.Page}";
            query += wish.Common.Word is { } word ? $"&search={word.ToUpperInvariant()}" : "";
            query += wish.Common.IsActive is { } live ? $"&status={(live ? "LIVE" : "ENDED")}" : "";
            query += wish.Common.IsTimed ? $"&start_time={from:yyyy-MM-ddTHH:mm:ss.fffZ}&end_time={to:yyyy-MM-ddTHH:mm:ss.fffZ}" : "";
            query += wish.Who is { } name ? $"&participants={Uri.EscapeDataString(name)}" : "";
            query += wish.OfMeeting is { } of ? $"&associated_id={sessions[of].Meeting}" : "";
            var matching = sessions
                .Where(each => wish.Common.Word is null || new[] { each.Title, each.Id.ToString(), each.Meeting.ToString() }
                    .Any(text => text.Contains(wish.Common.Word, StringComparison.OrdinalIgnoreCase)))
                .Where(each => wish.Common.IsActive is null || each.IsLive == wish.Common.IsActive)
                .Where(each => !wish.Common.IsTimed || (each.At >= from && each.At <= to))
                .Where(each => wish.Who is null || each.Who == wish.Who)
                .Where(each => wish.OfMeeting is not { } place || each.Meeting == sessions[place].Meeting)
                .OrderByDescending(each => each.At)
                .Select(each => each.Id.ToString())
                .ToArray();

            var reply = await _host.Client.GetAsync($"{account.AppPath}/sessions?{query}", account.ReadToken);

            Assert.Equal(matching.Skip((wish.Common.Page - 1) * wish.Common.Size).Take(wish.Common.Size), RowsOf(reply.Data));
            Assert.Equal(matching.Length, reply.Paging.Total);
        }
    }

    private static Gen<((string? Word, bool? IsActive, bool IsTimed, int From, int To, int Size, int Page) Common, string? Who, int? OfMeeting)> SessionWishes =>
        from common in Wishes
        from who in Gen.Elements(null, null, "guest 0", "guest 2")
        from meeting in Gen.Choose(-60, 23)
        select ((common.Word, common.IsActive, common.IsTimed, common.From % 24, common.To % 24, common.Size, common.Page), who, meeting < 0 ? (int?)null : meeting);

    private static Gen<(string Word, bool IsActive)> MeetingDraws =>
        from word in Gen.Elements("Alpha", "Beta", "Straße", "50%")
        from isActive in Gen.Elements(true, false)
        select (word, isActive);

    private static Gen<(string? Word, bool? IsActive, bool IsTimed, int From, int To, int Size, int Page)> Wishes =>
        from word in Gen.Elements(null, "alpha", "Beta", "straße", "1")
        from isActive in Gen.Elements<bool?>(null, true, false)
        from isTimed in Gen.Elements(true, false)
        from start in Gen.Choose(0, 29)
        from end in Gen.Choose(0, 29)
        from size in Gen.Choose(1, 12)
        from page in Gen.Choose(1, 4)
        select (word, isActive, isTimed, start, end, size, page);

    private async Task<(List<string> Before, List<string> Added, List<string> Read)> WalkAsync(
        string list, (int Rows, int PageSize, int[] Added) walk, Func<DateTimeOffset, string> filter)
    {
        var account = await _host.NewAccountAsync();
        var (path, addOne, there) = await PrepareAsync(list, account);
        var before = there;
        before.AddRange(await AddAsync(walk.Rows));
        var query = filter(_host.Clock.GetUtcNow());
        var added = new List<string>();
        var read = new List<string>();
        for (var page = 1; ; page++)
        {
            var join = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var reply = await _host.Client.GetAsync($"{path}{join}page_no={page}&per_page={walk.PageSize}&{query}", account.ReadToken);
            var rows = RowsOf(reply.Data);
            Assert.Equal(rows.Length == 0 ? 0 : ((page - 1) * walk.PageSize) + 1, reply.Paging.Start);
            Assert.Equal(rows.Length == 0 ? 0 : reply.Paging.Start + rows.Length - 1, reply.Paging.End);
            read.AddRange(rows);
            if (rows.Length < walk.PageSize)
            {
                return (before, added, read);
            }

            added.AddRange(await AddAsync(walk.Added.ElementAtOrDefault(page - 1)));
        }

        async Task<List<string>> AddAsync(int count)
        {
            var ids = new List<string>();
            for (var i = 0; i < count; i++)
            {
                _host.Clock.Advance(TimeSpan.FromMilliseconds(10));
                ids.Add(await addOne());
            }

            return ids;
        }
    }

    private static string[] RowsOf(JsonNode data)
    {
        var rows = data as JsonArray ?? data["livestreams"] ?? data["participants"] ?? data["sessions"];
        return [.. rows!.AsArray().Select(row => row!["id"]!.GetValue<string>())];
    }

    private async Task<PeerId> JoinAsync(SessionRecord session, Participant participant)
    {
        var peer = new PeerId(Guid.NewGuid());
        await _host.Service<SessionRecordStore>().JoinAsync(
            session.Id,
            new JoiningPeer(peer, participant.Id, participant.CustomId, "X", participant.PresetName, ViewType.GroupCall),
            _host.Clock.GetUtcNow(),
            CancellationToken.None);
        return peer;
    }

    /// <summary>Where a list is, how a row is added to it, and what is in it already, oldest first.</summary>
    private async Task<(string Path, Func<Task<string>> AddOne, List<string> There)> PrepareAsync(string list, TestAccount account)
    {
        switch (list)
        {
            case "livestreams":
                return ($"{account.AppPath}/livestreams", async () => (await _host.NewLivestreamAsync(account.First)).Id.ToString(), []);

            case "meetings":
                return ($"{account.AppPath}/meetings", async () => (await _host.NewMeetingAsync(account.First)).Id.ToString(), []);

            case "participants":
                var meeting = await _host.NewMeetingAsync(account.First);
                return (
                    $"{account.AppPath}/meetings/{meeting.Id}/participants",
                    async () => (await _host.NewParticipantAsync(meeting, $"{Guid.NewGuid()}")).Id.ToString(),
                    []);

            case "sessions":
                return ($"{account.AppPath}/sessions", async () => (await BeginAsync(account)).Id.ToString(), []);

            case var _ when list.StartsWith("sessions ", StringComparison.Ordinal):
                return await PrepareSessionsAsync(list, account);

            case var _ when list.StartsWith("livestreams ", StringComparison.Ordinal):
                return PrepareLivestreams(list, account);

            case "session participants":
                var session = await BeginAsync(account);
                var held = (await _host.Service<MeetingStore>().FindAsync(account.First.Id, session.MeetingId, CancellationToken.None))!;
                return (
                    $"{account.AppPath}/sessions/{session.Id}/participants",
                    async () => (await JoinAsync(session, await _host.NewParticipantAsync(held, $"{Guid.NewGuid()}"))).ToString(),
                    []);

            case "livestream sessions":
                var livestream = await _host.NewLivestreamAsync(account.First);
                return (
                    $"{account.AppPath}/livestreams/{livestream.Id}",
                    async () => (await _host.NewSessionAsync(livestream, isOver: true)).Id.ToString(),
                    []);

            case "outputs":
                var pushed = await _host.NewLivestreamAsync(account.First);
                return ($"{account.AppPath}/livestreams/{pushed.Id}/outputs", () => AddOutputAsync(pushed), []);

            case "deliveries" or "deliveries that failed":
                var webhook = await _host.Client.PostAsync(
                    $"{account.AppPath}/webhooks", account.WriteToken, """{"url":"http://nowhere.invalid/","events":["livestreaming.statusUpdate"]}""");
                var path = $"{account.AppPath}/webhooks/{webhook.Data["id"]!.GetValue<string>()}/deliveries";
                return list == "deliveries"
                    ? (path, () => AddDeliveryAsync(account, path), [])
                    : ($"{path}?status=FAILED", () => AddFailedAsync(account, path), []);

            default:
                var appsPath = account.AppPath[..account.AppPath.LastIndexOf('/')] + "/apps";
                var where = list == "apps" ? appsPath : $"{account.AppPath}/presets";
                var there = await _host.Client.GetAsync($"{where}?sort_order=ASC", account.ReadToken);
                return (
                    where,
                    async () =>
                    {
                        var body = list == "apps"
                            ? """{"name":"x"}"""
                            : $$"""{"config":{"view_type":"GROUP_CALL"},"name":"{{Guid.NewGuid()}}"}""";
                        var made = await _host.Client.PostAsync(where, account.WriteToken, body);
                        return (made.Data["app"] ?? made.Data)["id"]!.GetValue<string>();
                    },
                    [.. there.Data.AsArray().Select(row => row!["id"]!.GetValue<string>())]);
        }
    }

    private (string Path, Func<Task<string>> AddOne, List<string> There) PrepareLivestreams(string list, TestAccount account)
    {
        var isOfStatus = list.Contains("one status", StringComparison.Ordinal);
        var isOfNoMeeting = list.Contains("no meeting", StringComparison.Ordinal);
        var filters = $"{(isOfStatus ? "status=ERRORED&" : "")}{(isOfNoMeeting ? "exclude_meetings=true" : "")}";
        return (
            $"{account.AppPath}/livestreams?{filters}",
            async () =>
            {
                if (isOfStatus)
                {
                    await AddAsync(LivestreamStatus.Idle, null);
                }

                if (isOfNoMeeting)
                {
                    await AddAsync(LivestreamStatus.Errored, Guid.NewGuid());
                }

                return await AddAsync(LivestreamStatus.Errored, null);
            },
            []);

        async Task<string> AddAsync(LivestreamStatus status, Guid? meeting)
        {
            var livestream = await _host.NewLivestreamAsync(account.First, meetingId: meeting);
            await _host.Service<LivestreamStore>().SetStatusAsync(livestream.Id, status, CancellationToken.None);
            return livestream.Id.ToString();
        }
    }

    private async Task<(string Path, Func<Task<string>> AddOne, List<string> There)> PrepareSessionsAsync(string list, TestAccount account)
    {
        var meeting = await _host.NewMeetingAsync(account.First, "Weekly");
        var (guest, other) = (await _host.NewParticipantAsync(meeting, "the guest"), await _host.NewParticipantAsync(meeting, "another"));
        var sessions = $"{account.AppPath}/sessions";
        return list switch
        {
            "sessions that have ended" => ($"{sessions}?status=ENDED", () => AddAsync(BeginAsync, EndedAsync), []),
            "sessions under way" => ($"{sessions}?status=LIVE", () => AddAsync(EndedAsync, BeginAsync), []),
            "sessions of one meeting" => ($"{sessions}?associated_id={meeting.Id}", () => AddAsync(BeginAsync, () => HeldAsync(other)), []),
            "sessions with a word in their title" => ($"{sessions}?search=eek", () => AddAsync(BeginAsync, () => HeldAsync(other)), []),
            "sessions with somebody" => ($"{sessions}?participants=guest", () => AddAsync(() => HeldAsync(other), () => HeldAsync(guest)), []),
            _ => (
                $"{sessions}?associated_id={meeting.Id}&status=ENDED&participants=guest",
                async () =>
                {
                    await EndedAsync();
                    return await AddAsync(() => HeldAsync(other), () => HeldAsync(guest));
                },
                []),
        };

        async Task<string> AddAsync(Func<Task<SessionRecord>> notListed, Func<Task<SessionRecord>> listed)
        {
            await notListed();
            _host.Clock.Advance(TimeSpan.FromMilliseconds(10));
            return (await listed()).Id.ToString();
        }

        Task<SessionRecord> BeginAsync() => this.BeginAsync(account);

        async Task<SessionRecord> EndedAsync() => await EndAsync(await BeginAsync());

        // A meeting has one session at a time.
        async Task<SessionRecord> HeldAsync(Participant who)
        {
            var session = await _host.Service<SessionRecordStore>().BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
            await JoinAsync(session, who);
            return await EndAsync(session);
        }

        async Task<SessionRecord> EndAsync(SessionRecord session) => (await _host.Service<SessionRecordStore>().EndAsync(
            session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EverybodyLeft, CancellationToken.None))!;
    }

    private async Task<SessionRecord> BeginAsync(TestAccount account) => await _host.Service<SessionRecordStore>().BeginAsync(
        await _host.NewMeetingAsync(account.First), _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);

    // More than the route lets in, so that there are pages enough.
    private async Task<string> AddOutputAsync(Livestream livestream)
    {
        var id = Guid.NewGuid();
        await _host.Service<Database>().WriteAsync(
            transaction => transaction.ExecuteAsync(
                "INSERT INTO livestream_outputs (id, livestream_id, url, created_at) VALUES (@Id, @Livestream, 'rtmp://nowhere.invalid/app/key', @Now)",
                new { Id = id, Livestream = livestream.Id.Value, Now = StoredTime.Now(_host.Clock) }),
            CancellationToken.None);
        return id.ToString();
    }

    // One that waits, and one like it that has failed, without the days that takes.
    private async Task<string> AddFailedAsync(TestAccount account, string path)
    {
        var (pending, id) = (Guid.Parse(await AddDeliveryAsync(account, path)), Guid.NewGuid());
        await _host.Service<Database>().WriteAsync(
            transaction => transaction.ExecuteAsync(
                """
                INSERT INTO webhook_deliveries
                    (id, webhook_id, event_sequence, event, lane, status, attempts, created_at, asked_at, updated_at)
                SELECT @Id, webhook_id, event_sequence, event, lane, 'FAILED', 9, @Now, @Now, @Now FROM webhook_deliveries WHERE id = @Pending
                """,
                new { Id = id, Pending = pending, Now = StoredTime.Now(_host.Clock) }),
            CancellationToken.None);
        return id.ToString();
    }

    private async Task<string> AddDeliveryAsync(TestAccount account, string path)
    {
        await _host.NewLivestreamAsync(account.First);
        var newest = await _host.Client.GetAsync($"{path}?per_page=1", account.ReadToken);
        return newest.Data[0]!["id"]!.GetValue<string>();
    }
}
