using Roomcast.Accounts;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.History;

/// <summary>Looks up what took place: sessions of an app and who was there. Reads alone; <see cref="SessionRecordStore"/> writes.</summary>
public sealed class SessionHistory(Database database)
{
    private static readonly string PeerSearch =
        AnyLike("Search", "display_name_folded", "custom_id_folded", "CAST(participant_id AS text)", "CAST(id AS text)");

    /// <summary>How long a peer was there, in seconds, one that is still there up to <c>@Now</c>.</summary>
    private const string DurationSum =
        "seconds_before + CASE WHEN coalesce(left_at, @Now) > present_since THEN (coalesce(left_at, @Now) - present_since) / 1000.0 ELSE 0 END";

    /// <summary>Lists an app's sessions. The presence of those under way is told up to a moment.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="query">Which.</param>
    /// <param name="now">The wall clock.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<Page<SessionRecord>> ListAsync(AppId appId, SessionQuery query, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        PageBounds.ThrowIfInvalid(query.Page);
        return database.ReadAsync(
            async transaction =>
            {
                var page = await ListQuery(appId, query).ReadAsync<SessionRow, SessionRecord>(
                    transaction, query.Page, query.Order, row => row.ToSession());
                return page with { Items = await WithPresenceAsync(transaction, page.Items, now) };
            },
            cancellationToken);
    }

    /// <summary>Finds a session of an app, with its presence up to a moment; null when the app has none of this id.</summary>
    public Task<SessionRecord?> FindAsync(AppId appId, SessionId id, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction => await SessionRecordStore.FindAsync(transaction, id) is { } session && session.AppId == appId
                ? (await WithPresenceAsync(transaction, [session], now))[0]
                : null,
            cancellationToken);

    /// <summary>The sessions of connected meetings that began during a session, oldest first, with their presence up to a moment.</summary>
    /// <returns>At most <see cref="PageBounds.MaxSize"/>.</returns>
    public Task<IReadOnlyList<SessionRecord>> ListConnectedAsync(SessionId parentId, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<SessionRecord>>(
            async transaction => await WithPresenceAsync(
                transaction,
                (await transaction.QueryAsync<SessionRow>(
                    $"SELECT {SessionRecordStore.Columns} FROM meeting_sessions WHERE parent_id = @Id ORDER BY created_at, id LIMIT {PageBounds.MaxSize}",
                    new { Id = parentId.Value })).Select(row => row.ToSession()),
                now),
            cancellationToken);

    /// <summary>Lists the peers of a session.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="query">Which.</param>
    /// <param name="now">The wall clock, for peers that are still there.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<Page<PeerRecord>> ListPeersAsync(SessionId sessionId, PeerQuery query, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        PageBounds.ThrowIfInvalid(query.Page);
        return database.ReadAsync(
            transaction => query.IsConsolidated
                ? ListConsolidatedAsync(transaction, sessionId, query, now)
                : PeersQuery(sessionId, query, now).ReadAsync<PeerRow, PeerRecord>(transaction, query.Page, query.Order, row => row.ToPeer()),
            cancellationToken);
    }

    /// <summary>Finds a peer of a session by its own id, or the last peer of a participant by the participant's.</summary>
    public Task<PeerRecord?> FindPeerAsync(SessionId sessionId, Guid id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction => (
                await transaction.QueryRowAsync<PeerRow>(
                    $"SELECT {SessionRecordStore.PeerColumns} FROM session_peers WHERE session_id = @SessionId AND id = @Id",
                    new { SessionId = sessionId.Value, Id = id })
                ?? await transaction.QueryRowAsync<PeerRow>(
                    $"""
                    SELECT {SessionRecordStore.PeerColumns} FROM session_peers WHERE session_id = @SessionId AND participant_id = @Id
                    ORDER BY joined_at DESC, id DESC LIMIT 1
                    """,
                    new { SessionId = sessionId.Value, Id = id }))?.ToPeer(),
            cancellationToken);

    /// <summary>Finds a peer of an app by its id alone; of several, for clients choose their ids, the one that joined last.</summary>
    public Task<PeerRecord?> FindPeerAsync(AppId appId, PeerId id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction => (await transaction.QueryRowAsync<PeerRow>(
                $"""
                SELECT {SessionRecordStore.PeerColumns} FROM session_peers
                WHERE id = @Id AND EXISTS (SELECT 1 FROM meeting_sessions s WHERE s.id = session_peers.session_id AND s.app_id = @AppId)
                ORDER BY joined_at DESC, session_id DESC LIMIT 1
                """,
                new { Id = id.Value, AppId = appId.Value }))?.ToPeer(),
            cancellationToken);

    /// <summary>What happened to some peers of a session, in the order it happened to each.</summary>
    public Task<ILookup<PeerId, PeerEvent>> ListEventsAsync(
        SessionId sessionId, IReadOnlyCollection<PeerId> peers, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => PeerEvents.ListAsync(transaction, sessionId, peers), cancellationToken);

    internal static PagedQuery ListQuery(AppId appId, SessionQuery query)
    {
        var list = new PagedQuery(SessionRecordStore.Columns, "meeting_sessions")
            .Where("app_id = @AppId", "AppId", appId.Value)
            .WhereCreated(query.Created);
        if (query.MeetingId is { } meetingId)
        {
            list.Where("meeting_id = @MeetingId", "MeetingId", meetingId.Value);
        }

        if (query.IsLive is { } isLive)
        {
            list.Where(isLive ? "ended_at IS NULL" : "ended_at IS NOT NULL");
        }

        if (!string.IsNullOrEmpty(query.Search))
        {
            list.Where(
                AnyLike("Search", "meeting_title_folded", "CAST(meeting_id AS text)", "CAST(id AS text)"), "Search", SearchText.Containing(query.Search));
        }

        if (query.Title is { } title)
        {
            list.Where("meeting_title = @Title", "Title", SearchText.Storable(title));
        }

        if (!string.IsNullOrEmpty(query.Participant))
        {
            list.Where(
                "EXISTS (SELECT 1 FROM session_peers p WHERE p.session_id = meeting_sessions.id AND "
                + AnyLike("Participant", "p.custom_id_folded", "CAST(p.participant_id AS text)") + ")",
                "Participant",
                SearchText.Containing(query.Participant));
        }

        if (query is { MeetingId: null, Search: null or "", Title: null, Participant: null or "", Created: { From: null, To: null } })
        {
            list.CountedFor(query.IsLive is { } only ? $"{appId}/{(only ? "LIVE" : "ENDED")}" : appId.ToString());
        }

        return query.Sort is SessionSort.Presence ? list.OrderedBy("presence_seconds") : list;
    }

    internal static PagedQuery PeersQuery(SessionId sessionId, PeerQuery query, DateTimeOffset now)
    {
        var list = SessionRecordStore.PeersQuery(sessionId);
        if (!string.IsNullOrEmpty(query.Search))
        {
            list.Where(PeerSearch, "Search", SearchText.Containing(query.Search));
        }

        return query.Sort is PeerSort.Duration ? list.With("Now", StoredTime.Of(now)).OrderedBy(DurationSum) : list;
    }

    // Of those that have ended it is kept.
    private static async Task<IReadOnlyList<SessionRecord>> WithPresenceAsync(
        DatabaseTransaction transaction, IEnumerable<SessionRecord> sessions, DateTimeOffset now)
    {
        var told = new List<SessionRecord>();
        foreach (var session in sessions)
        {
            told.Add(session.EndedAt is null
                ? session with { Presence = await SessionRecordStore.AddUpPresenceAsync(transaction, session.Id, now) }
                : session);
        }

        return told;
    }

    private static string AnyLike(string parameter, params string[] columns) =>
        $"({string.Join(" OR ", columns.Select(column => $"{column} LIKE @{parameter} ESCAPE '{SearchText.Escape}'"))})";

    // One row for each participant: of its peers the last, with the times of all.
    private static async Task<Page<PeerRecord>> ListConsolidatedAsync(
        DatabaseTransaction transaction, SessionId sessionId, PeerQuery query, DateTimeOffset now)
    {
        var filter = "session_id = @SessionId";
        var parameters = new Dapper.DynamicParameters(
            new { SessionId = sessionId.Value, Now = StoredTime.Of(now), PageSize = query.Page.Size, PageOffset = query.Page.Offset });
        if (!string.IsNullOrEmpty(query.Search))
        {
            filter += $" AND {PeerSearch}";
            parameters.Add("Search", SearchText.Containing(query.Search));
        }

        var total = await transaction.QueryValueAsync<long>($"SELECT count(DISTINCT participant_id) FROM session_peers WHERE {filter}", parameters);
        var (by, direction) = (query.Sort is PeerSort.Duration ? $"sum({DurationSum})" : "min(joined_at)", query.Order is SortOrder.Ascending ? "ASC" : "DESC");
        var participants = await transaction.QueryAsync<ParticipantRow>(
            $"""
            SELECT participant_id FROM session_peers WHERE {filter}
            GROUP BY participant_id ORDER BY {by} {direction}, participant_id {direction} LIMIT @PageSize OFFSET @PageOffset
            """,
            parameters);
        var merged = new List<PeerRecord>();
        foreach (var participant in participants)
        {
            parameters.Add("ParticipantId", participant.ParticipantId);
            var own = await transaction.QueryAsync<PeerRow>(
                $"SELECT {SessionRecordStore.PeerColumns} FROM session_peers WHERE {filter} AND participant_id = @ParticipantId", parameters);
            merged.Add(Merge([.. own.Select(row => row.ToPeer())], now));
        }

        return new Page<PeerRecord>(merged, total, query.Page);
    }

    private static PeerRecord Merge(IReadOnlyList<PeerRecord> own, DateTimeOffset now)
    {
        var last = own.OrderBy(peer => peer.LeftAt is null).ThenBy(peer => peer.PresentSince).ThenBy(peer => peer.Id.Value).Last();
        var all = own.Aggregate(TimeSpan.Zero, (sum, peer) => sum + peer.DurationAt(now));
        var leftAt = own.Any(peer => peer.LeftAt is null) ? null : own.Max(peer => peer.LeftAt);
        return last with
        {
            JoinedAt = own.Min(peer => peer.JoinedAt),
            CreatedAt = own.Min(peer => peer.CreatedAt),
            UpdatedAt = own.Max(peer => peer.UpdatedAt),
            LeftAt = leftAt,

            // What is told of it is the whole, so none of it is left to the presence that is or was the last.
            PresentSince = leftAt ?? now,
            PresentBefore = all,
            Merged = [.. own.OrderBy(peer => peer.JoinedAt).ThenBy(peer => peer.Id.Value)],
        };
    }

    private sealed class ParticipantRow
    {
        public Guid ParticipantId { get; init; }
    }
}
