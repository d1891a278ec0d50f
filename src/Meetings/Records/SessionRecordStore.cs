using Roomcast.Accounts;
using Roomcast.Meetings.History;
using Roomcast.Storage;

namespace Roomcast.Meetings.Records;

/// <summary>The sessions of meetings as kept: when each began and ended, and who was there.</summary>
/// <remarks>
/// Times are those of the events, handed in. A meeting has at most one session that has not ended. After a crash the session
/// that was under way is continued or ended by the next <see cref="BeginAsync"/>, or by <see cref="EndOrphansAsync"/>.
/// </remarks>
public sealed class SessionRecordStore
{
    internal const string Columns =
        "id, app_id, meeting_id, parent_id, meeting_title, started_at, ended_at, end_reason, present_peers, most_peers, presence_seconds, "
        + "created_at, updated_at";

    internal const string PeerColumns =
        "session_id, id, participant_id, custom_id, display_name, preset_name, view_type, joined_at, left_at, present_since, "
        + "seconds_before, user_agent, remote_address, sdk_version, created_at, updated_at";

    /// <summary>The time that all peers of the session <c>@Id</c> have been there, those still there up to <c>@Now</c>.</summary>
    private const string PresenceSum =
        """
        (SELECT coalesce(sum(p.seconds_before + CASE WHEN coalesce(p.left_at, @Now) > p.present_since
             THEN (coalesce(p.left_at, @Now) - p.present_since) / 1000.0 ELSE 0 END), 0.0)
         FROM session_peers p WHERE p.session_id = @Id)
        """;

    private readonly Database _database;
    private readonly TimeProvider _clock;
    private readonly ISessionFacts[] _facts;

    /// <summary>The sessions of a database.</summary>
    /// <param name="database">Where.</param>
    /// <param name="clock">The time of changes.</param>
    /// <param name="facts">Handed what is kept, as it is kept.</param>
    public SessionRecordStore(Database database, TimeProvider clock, IEnumerable<ISessionFacts>? facts = null)
    {
        _database = database;
        _clock = clock;
        _facts = [.. facts ?? []];
    }

    /// <summary>
    /// Begins a session with its first join. One that a crash left open is continued when it was last touched a short time ago,
    /// all its peers gone; otherwise it is ended as of then.
    /// </summary>
    /// <param name="meeting">The meeting.</param>
    /// <param name="startedAt">When the first joined.</param>
    /// <param name="continueWithin">How long ago an open session may have been touched to be continued; zero for never.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task<SessionRecord> BeginAsync(
        Meeting meeting, DateTimeOffset startedAt, TimeSpan continueWithin, CancellationToken cancellationToken) =>
        BeginWithinAsync(meeting, parentId: null, startedAt, continueWithin, cancellationToken);

    /// <summary>Begins a session during one of the meeting that its own was made next to; null for none.</summary>
    /// <inheritdoc cref="BeginAsync"/>
    public Task<SessionRecord> BeginWithinAsync(
        Meeting meeting, SessionId? parentId, DateTimeOffset startedAt, TimeSpan continueWithin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        var now = StoredTime.Now(_clock);
        var session = new SessionRecord
        {
            Id = new SessionId(Guid.NewGuid()),
            AppId = meeting.AppId,
            MeetingId = meeting.Id,
            ParentId = parentId,
            MeetingTitle = meeting.Title,
            StartedAt = StoredTime.Of(startedAt),
            PresentPeers = 0,
            MostPeers = 0,
            CreatedAt = now,
            UpdatedAt = now,
        };

        return _database.WriteAsync(
            async transaction =>
            {
                if (await FindLiveAsync(transaction, meeting.Id) is { } open)
                {
                    await LeaveAllAsync(transaction, open, open.UpdatedAt);
                    if (continueWithin > TimeSpan.Zero && session.StartedAt - open.UpdatedAt <= continueWithin)
                    {
                        await CountAsync(transaction, open.Id, now);
                        return (await FindAsync(transaction, open.Id))! with { IsContinued = true };
                    }

                    await CloseAsync(transaction, open, open.UpdatedAt, SessionEndReason.ServerStopped, now);
                }

                await transaction.ExecuteAsync(
                    """
                    INSERT INTO meeting_sessions
                        (id, app_id, meeting_id, parent_id, meeting_title, meeting_title_folded, started_at, present_peers, most_peers,
                         created_at, updated_at)
                    VALUES (@Id, @AppId, @MeetingId, @ParentId, @MeetingTitle, @TitleFolded, @StartedAt, 0, 0, @CreatedAt, @UpdatedAt)
                    """,
                    new
                    {
                        Id = session.Id.Value,
                        AppId = session.AppId.Value,
                        MeetingId = session.MeetingId.Value,
                        ParentId = session.ParentId?.Value,
                        session.MeetingTitle,
                        TitleFolded = SearchText.Fold(session.MeetingTitle),
                        session.StartedAt,
                        session.CreatedAt,
                        session.UpdatedAt,
                    });
                foreach (var facts in _facts)
                {
                    await facts.BeganAsync(transaction, session);
                }

                return session;
            },
            cancellationToken);
    }

    /// <summary>Ends a session, and with it the presence of everybody. Null when there is none; a second call keeps the first end.</summary>
    public Task<SessionRecord?> EndAsync(
        SessionId id, DateTimeOffset endedAt, SessionEndReason reason, CancellationToken cancellationToken)
    {
        endedAt = StoredTime.Of(endedAt);
        return _database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, id) is not { EndedAt: null } session)
                {
                    return await FindAsync(transaction, id);
                }

                await LeaveAllAsync(transaction, session, endedAt);
                return await CloseAsync(transaction, session, endedAt, reason, StoredTime.Now(_clock));
            },
            cancellationToken);
    }

    /// <summary>Ends every open session as of when it was last touched, except those touched a short time ago: for the start of the server and now and then.</summary>
    /// <param name="continueWithin">As in <see cref="BeginAsync"/>.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>Those that were ended, as they were before.</returns>
    public Task<IReadOnlyList<SessionRecord>> EndOrphansAsync(TimeSpan continueWithin, CancellationToken cancellationToken)
    {
        var now = StoredTime.Now(_clock);
        return _database.WriteAsync<IReadOnlyList<SessionRecord>>(
            async transaction =>
            {
                var ended = new List<SessionRecord>();
                var orphans = await transaction.QueryAsync<SessionRow>(
                    $"SELECT {Columns} FROM meeting_sessions WHERE ended_at IS NULL AND updated_at < @Since ORDER BY id",
                    new { Since = now - continueWithin });
                foreach (var orphan in orphans)
                {
                    var session = orphan.ToSession();
                    await LeaveAllAsync(transaction, session, orphan.UpdatedAt);
                    await CloseAsync(transaction, session, orphan.UpdatedAt, SessionEndReason.ServerStopped, now);
                    ended.Add(session);
                }

                return ended;
            },
            cancellationToken);
    }

    /// <summary>Notes that sessions still take place, so that a crash later costs their figures no more than the time since. Ended ones are passed over.</summary>
    public async Task TouchAsync(IReadOnlyCollection<SessionId> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Count > 0)
        {
            await _database.WriteAsync(
                async transaction =>
                {
                    // Always in one order, so that two writers cannot hold each other's next row.
                    foreach (var id in ids.OrderBy(id => id.Value))
                    {
                        await transaction.ExecuteAsync(
                            $"UPDATE meeting_sessions SET presence_seconds = {PresenceSum}, updated_at = @Now WHERE id = @Id AND ended_at IS NULL",
                            new { Now = StoredTime.Now(_clock), Id = id.Value });
                    }
                },
                cancellationToken);
        }
    }

    /// <summary>Notes that a peer joined; one that was there before comes back, under the name it has now. Does nothing when the session has ended.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="peer">The peer.</param>
    /// <param name="joinedAt">When.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task JoinAsync(SessionId sessionId, JoiningPeer peer, DateTimeOffset joinedAt, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(peer);
        joinedAt = StoredTime.Of(joinedAt);
        var now = StoredTime.Now(_clock);
        return _database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, sessionId) is not { EndedAt: null } session)
                {
                    return;
                }

                var parameters = new
                {
                    SessionId = sessionId.Value,
                    Id = peer.Id.Value,
                    ParticipantId = peer.ParticipantId.Value,
                    peer.CustomId,
                    DisplayName = SearchText.Storable(peer.DisplayName),
                    CustomIdFolded = SearchText.Fold(peer.CustomId),
                    DisplayNameFolded = SearchText.Fold(SearchText.Storable(peer.DisplayName)),
                    peer.PresetName,
                    ViewType = SessionWords.Write(peer.ViewType),
                    JoinedAt = joinedAt,
                    peer.Client?.UserAgent,
                    peer.Client?.RemoteAddress,
                    peer.Client?.SdkVersion,
                    Now = now,
                };
                if (await FindPeerAsync(transaction, sessionId, peer.Id) is not { } known)
                {
                    await transaction.ExecuteAsync(
                        """
                        INSERT INTO session_peers
                            (session_id, id, participant_id, custom_id, custom_id_folded, display_name, display_name_folded,
                             preset_name, view_type, joined_at, present_since, seconds_before, user_agent, remote_address,
                             sdk_version, created_at, updated_at)
                        VALUES
                            (@SessionId, @Id, @ParticipantId, @CustomId, @CustomIdFolded, @DisplayName, @DisplayNameFolded,
                             @PresetName, @ViewType, @JoinedAt, @JoinedAt, 0, @UserAgent, @RemoteAddress,
                             @SdkVersion, @Now, @Now)
                        """,
                        parameters);
                    await PeerEvents.AddAsync(transaction, sessionId, peer.Id, PeerEventKind.Created, joinedAt, TimeSpan.Zero);
                }
                else if (known.LeftAt is not null && known.ParticipantId == peer.ParticipantId)
                {
                    await transaction.ExecuteAsync(
                        """
                        UPDATE session_peers
                        SET display_name = @DisplayName, display_name_folded = @DisplayNameFolded, preset_name = @PresetName,
                            view_type = @ViewType, left_at = NULL, present_since = @JoinedAt, seconds_before = @SecondsBefore,
                            user_agent = @UserAgent, remote_address = @RemoteAddress, sdk_version = @SdkVersion, updated_at = @Now
                        WHERE session_id = @SessionId AND id = @Id
                        """,
                        new
                        {
                            parameters.SessionId,
                            parameters.Id,
                            parameters.DisplayName,
                            parameters.DisplayNameFolded,
                            parameters.PresetName,
                            parameters.ViewType,
                            parameters.JoinedAt,
                            parameters.UserAgent,
                            parameters.RemoteAddress,
                            parameters.SdkVersion,
                            parameters.Now,
                            SecondsBefore = known.DurationAt(joinedAt).TotalSeconds,
                        });
                }
                else
                {
                    return;
                }

                await PeerEvents.AddAsync(transaction, sessionId, peer.Id, PeerEventKind.Joining, joinedAt, TimeSpan.Zero);
                await CountAsync(transaction, sessionId, now);
                if (_facts.Length > 0 && await FindPeerAsync(transaction, sessionId, peer.Id) is { } joined)
                {
                    foreach (var facts in _facts)
                    {
                        await facts.JoinedAsync(transaction, session, joined);
                    }
                }
            },
            cancellationToken);
    }

    /// <summary>Notes that a peer left. Does nothing for one that is not there.</summary>
    public Task LeaveAsync(SessionId sessionId, PeerId peerId, DateTimeOffset leftAt, CancellationToken cancellationToken)
    {
        var now = StoredTime.Now(_clock);
        return _database.WriteAsync(
            async transaction =>
            {
                if (await FindPeerAsync(transaction, sessionId, peerId) is { LeftAt: null } peer)
                {
                    await LeaveAsync(transaction, peer, StoredTime.Of(leftAt), now);
                    await CountAsync(transaction, sessionId, now);
                    if (_facts.Length > 0
                        && await FindAsync(transaction, sessionId) is { } session
                        && await FindPeerAsync(transaction, sessionId, peerId) is { } left)
                    {
                        await TellLeftAsync(transaction, session, left);
                    }
                }
            },
            cancellationToken);
    }

    /// <summary>The session of a meeting that has not ended, or null.</summary>
    public Task<SessionRecord?> FindLiveAsync(MeetingId meetingId, CancellationToken cancellationToken) =>
        _database.ReadAsync(transaction => FindLiveAsync(transaction, meetingId), cancellationToken);

    /// <summary>Finds a session of an app; null when the app has none of this id.</summary>
    public Task<SessionRecord?> FindAsync(AppId appId, SessionId id, CancellationToken cancellationToken) =>
        _database.ReadAsync(
            async transaction => await FindAsync(transaction, id) is { } session && session.AppId == appId ? session : null,
            cancellationToken);

    /// <summary>Finds a session, whatever its app; null when there is none of this id.</summary>
    public Task<SessionRecord?> FindAsync(SessionId id, CancellationToken cancellationToken) =>
        _database.ReadAsync(transaction => FindAsync(transaction, id), cancellationToken);

    /// <summary>Lists a meeting's sessions by age.</summary>
    public Task<Page<SessionRecord>> ListAsync(
        MeetingId meetingId, PageRequest page, SortOrder order, CancellationToken cancellationToken)
    {
        PageBounds.ThrowIfInvalid(page);
        return _database.ReadAsync(
            transaction => ListQuery(meetingId).ReadAsync<SessionRow, SessionRecord>(transaction, page, order, row => row.ToSession()),
            cancellationToken);
    }

    /// <summary>Lists the peers of a session by the age of their rows, which is the order in which they first joined.</summary>
    public Task<Page<PeerRecord>> ListPeersAsync(SessionId sessionId, PageRequest page, SortOrder order, CancellationToken cancellationToken)
    {
        PageBounds.ThrowIfInvalid(page);
        return _database.ReadAsync(
            transaction => PeersQuery(sessionId).ReadAsync<PeerRow, PeerRecord>(transaction, page, order, row => row.ToPeer()),
            cancellationToken);
    }

    /// <summary>The time that all peers of a session have been there, added up.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="now">The wall clock, for peers that are still there.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<TimeSpan> AddUpPresenceAsync(SessionId sessionId, DateTimeOffset now, CancellationToken cancellationToken) =>
        _database.ReadAsync(transaction => AddUpPresenceAsync(transaction, sessionId, now), cancellationToken);

    internal static async Task<TimeSpan> AddUpPresenceAsync(DatabaseTransaction transaction, SessionId sessionId, DateTimeOffset now) =>
        TimeSpan.FromSeconds(await transaction.QueryValueAsync<double>(
            $"SELECT {PresenceSum}", new { Now = StoredTime.Of(now), Id = sessionId.Value }));

    /// <summary>In a transaction: the session of a meeting under way, or the last there was; null when there was none.</summary>
    public static async Task<SessionRecord?> FindLatestAsync(DatabaseTransaction transaction, MeetingId meetingId)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return (await transaction.QueryRowAsync<SessionRow>(
            $"SELECT {Columns} FROM meeting_sessions WHERE meeting_id = @Id ORDER BY created_at DESC, id DESC LIMIT 1",
            new { Id = meetingId.Value }))?.ToSession();
    }

    /// <summary>In a transaction: a session, whoever owns it; null when there is none.</summary>
    public static async Task<SessionRecord?> FindAsync(DatabaseTransaction transaction, SessionId id)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return (await transaction.QueryRowAsync<SessionRow>(
            $"SELECT {Columns} FROM meeting_sessions WHERE id = @Id", new { Id = id.Value }))?.ToSession();
    }

    internal static PagedQuery ListQuery(MeetingId meetingId) =>
        new PagedQuery(Columns, "meeting_sessions").Where("meeting_id = @MeetingId", "MeetingId", meetingId.Value);

    internal static PagedQuery PeersQuery(SessionId sessionId) =>
        new PagedQuery(PeerColumns, "session_peers").Where("session_id = @SessionId", "SessionId", sessionId.Value);

    private static async Task<SessionRecord?> FindLiveAsync(DatabaseTransaction transaction, MeetingId meetingId) =>
        (await transaction.QueryRowAsync<SessionRow>(
            $"SELECT {Columns} FROM meeting_sessions WHERE meeting_id = @Id AND ended_at IS NULL", new { Id = meetingId.Value }))
            ?.ToSession();

    private static async Task<PeerRecord?> FindPeerAsync(DatabaseTransaction transaction, SessionId sessionId, PeerId id) =>
        (await transaction.QueryRowAsync<PeerRow>(
            $"SELECT {PeerColumns} FROM session_peers WHERE session_id = @SessionId AND id = @Id",
            new { SessionId = sessionId.Value, Id = id.Value }))?.ToPeer();

    private async Task LeaveAllAsync(DatabaseTransaction transaction, SessionRecord session, DateTimeOffset leftAt)
    {
        var present = await transaction.QueryAsync<PeerRow>(
            $"SELECT {PeerColumns} FROM session_peers WHERE session_id = @Id AND left_at IS NULL ORDER BY created_at, id",
            new { Id = session.Id.Value });
        foreach (var row in present)
        {
            var peer = row.ToPeer();
            await LeaveAsync(transaction, peer, leftAt, leftAt);
            await TellLeftAsync(transaction, session, peer with { LeftAt = leftAt, UpdatedAt = leftAt });
        }
    }

    private static async Task LeaveAsync(DatabaseTransaction transaction, PeerRecord peer, DateTimeOffset leftAt, DateTimeOffset now)
    {
        await transaction.ExecuteAsync(
            "UPDATE session_peers SET left_at = @LeftAt, updated_at = @Now WHERE session_id = @SessionId AND id = @Id",
            new { LeftAt = leftAt, Now = now, SessionId = peer.SessionId.Value, Id = peer.Id.Value });
        var stayed = leftAt - peer.PresentSince;
        await PeerEvents.AddAsync(
            transaction, peer.SessionId, peer.Id, PeerEventKind.Leaving, leftAt, stayed > TimeSpan.Zero ? stayed : TimeSpan.Zero);
    }

    private async Task TellLeftAsync(DatabaseTransaction transaction, SessionRecord session, PeerRecord peer)
    {
        foreach (var facts in _facts)
        {
            await facts.LeftAsync(transaction, session, peer);
        }
    }

    private async Task<SessionRecord> CloseAsync(
        DatabaseTransaction transaction, SessionRecord session, DateTimeOffset endedAt, SessionEndReason reason, DateTimeOffset now)
    {
        await transaction.ExecuteAsync(
            $"""
            UPDATE meeting_sessions
            SET ended_at = @EndedAt, end_reason = @Reason, present_peers = 0, presence_seconds = {PresenceSum}, updated_at = @Now
            WHERE id = @Id AND ended_at IS NULL
            """,
            new { EndedAt = endedAt, Reason = SessionWords.Write(reason), Now = now, Id = session.Id.Value });
        await transaction.ExecuteAsync("DELETE FROM session_memories WHERE session_id = @Id", new { Id = session.Id.Value });
        var ended = (await FindAsync(transaction, session.Id))!;
        foreach (var facts in _facts)
        {
            await facts.EndedAsync(transaction, ended);
        }

        return ended;
    }

    private static async Task CountAsync(DatabaseTransaction transaction, SessionId id, DateTimeOffset now)
    {
        var present = await transaction.QueryValueAsync<int>(
            "SELECT count(*) FROM session_peers WHERE session_id = @Id AND left_at IS NULL", new { Id = id.Value });
        await transaction.ExecuteAsync(
            $"""
            UPDATE meeting_sessions
            SET present_peers = @Present, most_peers = CASE WHEN most_peers < @Present THEN @Present ELSE most_peers END,
                presence_seconds = {PresenceSum}, updated_at = @Now
            WHERE id = @Id AND ended_at IS NULL
            """,
            new { Present = present, Now = now, Id = id.Value });
    }
}
