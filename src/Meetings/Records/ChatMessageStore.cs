using System.Text;
using Dapper;
using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Meetings.Records;

/// <summary>The chat of meetings as kept. Who may do what is decided by the session; only who may read what is kept here.</summary>
public sealed class ChatMessageStore(Database database, TimeProvider clock)
{
    private const string Columns =
        "id, meeting_id, session_id, peer_id, participant_id, display_name, kind, payload, is_private, is_pinned, is_edited, created_at";

    /// <summary>
    /// Keeps a message. Its moment is moved on where a message of the meeting has the same or a later one, so that the order of
    /// a chat is that in which it was kept. The sender becomes a target of a private message; NUL characters are taken out.
    /// </summary>
    /// <param name="appId">The app.</param>
    /// <param name="message">The message; its id must be new.</param>
    /// <param name="isLasting">Whether later sessions of the meeting may show it: the meeting persists its chat now.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>The message as kept.</returns>
    public async Task<ChatMessage> AddAsync(AppId appId, ChatMessage message, bool isLasting, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var targets = message.Targets.Count == 0 || message.Targets.Contains(message.ParticipantId)
            ? message.Targets.Distinct()
            : message.Targets.Append(message.ParticipantId).Distinct();
        var wanted = message with
        {
            DisplayName = SearchText.Storable(message.DisplayName),
            Payload = SearchText.Storable(message.Payload),
            Targets = [.. targets],
            CreatedAt = StoredTime.Of(message.CreatedAt),
        };

        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await database.WriteAsync(AddOnceAsync, cancellationToken);
            }
            catch (StorageException e) when (e.Failure == StorageFailure.Constraint && attempt < 3)
            {
                // Somebody took this moment. A doubled id fails every time.
            }
        }

        async Task<ChatMessage> AddOnceAsync(DatabaseTransaction transaction)
        {
            var newestMs = await transaction.QueryValueAsync<long?>(
                "SELECT max(created_at) FROM chat_messages WHERE meeting_id = @MeetingId", new { MeetingId = wanted.MeetingId.Value });
            var kept = newestMs >= wanted.CreatedAt.ToUnixTimeMilliseconds()
                ? wanted with { CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(newestMs.Value + 1) }
                : wanted;
            await transaction.ExecuteAsync(
                """
                INSERT INTO chat_messages
                    (id, app_id, meeting_id, session_id, peer_id, participant_id, display_name, kind, payload, text_folded,
                     is_private, is_lasting, is_pinned, is_edited, created_at, updated_at)
                VALUES
                    (@Id, @AppId, @MeetingId, @SessionId, @PeerId, @ParticipantId, @DisplayName, @Kind, @Payload, @TextFolded,
                     @IsPrivate, @IsLasting, @IsPinned, @IsEdited, @CreatedAt, @Now)
                """,
                new
                {
                    Id = kept.Id.Value,
                    AppId = appId.Value,
                    MeetingId = kept.MeetingId.Value,
                    SessionId = kept.SessionId.Value,
                    PeerId = kept.PeerId.Value,
                    ParticipantId = kept.ParticipantId.Value,
                    kept.DisplayName,
                    Kind = SessionWords.Write(kept.Kind),
                    kept.Payload,
                    TextFolded = Fold(kept.Kind, kept.Payload),
                    kept.IsPrivate,
                    IsLasting = isLasting,
                    kept.IsPinned,
                    kept.IsEdited,
                    kept.CreatedAt,
                    Now = StoredTime.Now(clock),
                });
            foreach (var target in kept.Targets)
            {
                await transaction.ExecuteAsync(
                    "INSERT INTO chat_targets (message_id, participant_id) VALUES (@MessageId, @ParticipantId)",
                    new { MessageId = kept.Id.Value, ParticipantId = target.Value });
            }

            return kept;
        }
    }

    /// <summary>Finds a message of a chat, whoever may read it; null when it has none of this id.</summary>
    public Task<ChatMessage?> FindAsync(ChatScope scope, ChatMessageId id, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => FindAsync(transaction, scope, id), cancellationToken);

    /// <summary>Gives a message other content and marks it as edited; null when the chat has none of this id.</summary>
    public Task<ChatMessage?> EditAsync(
        ChatScope scope, ChatMessageId id, ChatMessageKind kind, string payload, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(payload);
        payload = SearchText.Storable(payload);
        return ChangeAsync(
            scope,
            id,
            "UPDATE chat_messages SET kind = @Kind, payload = @Payload, text_folded = @TextFolded, is_edited = @Yes, updated_at = @Now WHERE id = @Id",
            new
            {
                Kind = SessionWords.Write(kind),
                Payload = payload,
                TextFolded = Fold(kind, payload),
                Yes = true,
                Now = StoredTime.Now(clock),
                Id = id.Value,
            },
            cancellationToken);
    }

    /// <summary>Pins or unpins a message; null when the chat has none of this id.</summary>
    public Task<ChatMessage?> PinAsync(ChatScope scope, ChatMessageId id, bool isPinned, CancellationToken cancellationToken) =>
        ChangeAsync(
            scope,
            id,
            "UPDATE chat_messages SET is_pinned = @IsPinned, updated_at = @Now WHERE id = @Id",
            new { IsPinned = isPinned, Now = StoredTime.Now(clock), Id = id.Value },
            cancellationToken);

    /// <summary>Deletes a message for good. Returns what was deleted, or null.</summary>
    public Task<ChatMessage?> DeleteAsync(ChatScope scope, ChatMessageId id, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, scope, id) is not { } message)
                {
                    return null;
                }

                await transaction.ExecuteAsync("DELETE FROM chat_targets WHERE message_id = @Id", new { Id = id.Value });
                await transaction.ExecuteAsync("DELETE FROM chat_messages WHERE id = @Id", new { Id = id.Value });
                return message;
            },
            cancellationToken);

    /// <summary>Reads messages that the viewer may read, oldest first.</summary>
    public Task<ChatPage> ListAsync(ChatScope scope, ChatQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Size, 1, nameof(query));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Size, ChatQuery.MaxSize, nameof(query));
        ArgumentOutOfRangeException.ThrowIfNegative(query.Skip, nameof(query));
        if (query.Search?.Contains('\0', StringComparison.Ordinal) == true)
        {
            return Task.FromResult(new ChatPage([], HasMore: false)); // No text has it, and PostgreSQL would not even look.
        }

        return database.ReadAsync(
            async transaction =>
            {
                var (sql, parameters) = ListSql(scope, query);
                var rows = await transaction.QueryAsync<ChatRow>(sql, parameters);
                var hasMore = rows.Count > query.Size;
                var wanted = rows.Take(query.Size);
                var ordered = (query.TakesNewest ? wanted.Reverse() : wanted).ToArray();
                return new ChatPage(await WithTargetsAsync(transaction, ordered), hasMore);
            },
            cancellationToken);
    }

    /// <summary>Reads all that was said in a session, whoever may read it, oldest first: for the owner of the app.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="after">Only what was said later; null for the beginning.</param>
    /// <param name="size">Most messages, 1 to <see cref="ChatQuery.MaxSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<IReadOnlyList<ChatMessage>> ListWholeAsync(
        SessionId sessionId, DateTimeOffset? after, int size, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, ChatQuery.MaxSize);
        return database.ReadAsync(
            async transaction => await WithTargetsAsync(transaction, await transaction.QueryAsync<ChatRow>(
                $"""
                SELECT {Columns} FROM chat_messages WHERE session_id = @SessionId AND created_at > @After
                ORDER BY created_at LIMIT @Size
                """,
                new { SessionId = sessionId.Value, After = StoredTime.Of(after ?? DateTimeOffset.UnixEpoch), Size = size })),
            cancellationToken);
    }

    /// <summary>In a transaction: whether anything that was said in a session is kept.</summary>
    internal static async Task<bool> HasAnyAsync(DatabaseTransaction transaction, SessionId sessionId) =>
        await transaction.QueryValueAsync<int>(
            "SELECT count(*) FROM (SELECT 1 FROM chat_messages WHERE session_id = @Id LIMIT 1) AS first", new { Id = sessionId.Value }) > 0;

    /// <summary>Deletes what only its own session showed, once that session ended before a moment. For a regular clearing.</summary>
    /// <returns>How many messages were deleted; at most 10,000 at a time.</returns>
    public Task<int> DeletePassingAsync(DateTimeOffset endedBefore, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                const string Old =
                    """
                    SELECT chat_messages.id FROM chat_messages JOIN meeting_sessions ON meeting_sessions.id = chat_messages.session_id
                    WHERE NOT chat_messages.is_lasting AND meeting_sessions.ended_at < @EndedBefore
                    ORDER BY chat_messages.id LIMIT 10000
                    """;
                var parameters = new { EndedBefore = StoredTime.Of(endedBefore) };
                await transaction.ExecuteAsync($"DELETE FROM chat_targets WHERE message_id IN ({Old})", parameters);
                return await transaction.ExecuteAsync($"DELETE FROM chat_messages WHERE id IN ({Old})", parameters);
            },
            cancellationToken);

    private static (string Sql, DynamicParameters Parameters) ListSql(ChatScope scope, ChatQuery query)
    {
        var sql = new StringBuilder($"SELECT {Columns} FROM chat_messages m WHERE ");
        var parameters = new DynamicParameters();
        AddScope(sql, parameters, scope);

        const string IsTarget = "EXISTS (SELECT 1 FROM chat_targets t WHERE t.message_id = m.id AND t.participant_id = ";
        parameters.Add("Viewer", query.Viewer.Value);
        if (query.PrivateWith is { } other)
        {
            parameters.Add("Other", other.Value);
            sql.Append($" AND is_private AND {IsTarget}@Viewer) AND {IsTarget}@Other)");
        }
        else if (query.IsPublicOnly)
        {
            sql.Append(" AND NOT is_private");
        }
        else
        {
            sql.Append($" AND (NOT is_private OR {IsTarget}@Viewer))");
        }

        if (query.IsPinnedOnly)
        {
            sql.Append(" AND is_pinned");
        }

        if (!string.IsNullOrEmpty(query.Search))
        {
            parameters.Add("Search", SearchText.Containing(query.Search));
            sql.Append($" AND text_folded LIKE @Search ESCAPE '{SearchText.Escape}'");
        }

        if (query.After is { } after)
        {
            parameters.Add("After", StoredTime.Of(after));
            sql.Append(" AND created_at > @After");
        }

        if (query.Before is { } before)
        {
            parameters.Add("Before", StoredTime.CeilingOf(before));
            sql.Append(" AND created_at < @Before");
        }

        parameters.Add("Size", query.Size + 1);
        parameters.Add("Skip", query.Skip);
        sql.Append($" ORDER BY created_at {(query.TakesNewest ? "DESC" : "ASC")} LIMIT @Size OFFSET @Skip");
        return (sql.ToString(), parameters);
    }

    private static void AddScope(StringBuilder sql, DynamicParameters parameters, ChatScope scope)
    {
        parameters.Add("SessionId", scope.SessionId.Value);
        parameters.Add("MeetingId", scope.MeetingId.Value);
        sql.Append(scope.IncludesEarlier
            ? "meeting_id = @MeetingId AND (session_id = @SessionId OR is_lasting)"
            : "session_id = @SessionId AND meeting_id = @MeetingId");
    }

    private static async Task<ChatMessage?> FindAsync(DatabaseTransaction transaction, ChatScope scope, ChatMessageId id)
    {
        var sql = new StringBuilder($"SELECT {Columns} FROM chat_messages WHERE id = @Id AND ");
        var parameters = new DynamicParameters();
        parameters.Add("Id", id.Value);
        AddScope(sql, parameters, scope);
        return await transaction.QueryRowAsync<ChatRow>(sql.ToString(), parameters) is { } row
            ? (await WithTargetsAsync(transaction, [row]))[0]
            : null;
    }

    /// <summary>Makes messages of rows in order of age.</summary>
    private static async Task<IReadOnlyList<ChatMessage>> WithTargetsAsync(DatabaseTransaction transaction, IReadOnlyList<ChatRow> rows)
    {
        if (!rows.Any(row => row.IsPrivate))
        {
            return [.. rows.Select(row => row.ToMessage([]))];
        }

        var targets = await transaction.QueryAsync<TargetRow>(
            """
            SELECT t.message_id, t.participant_id FROM chat_targets t JOIN chat_messages m ON m.id = t.message_id
            WHERE m.meeting_id = @MeetingId AND m.created_at >= @First AND m.created_at <= @Last
            ORDER BY t.participant_id
            """,
            new { MeetingId = rows[0].MeetingId, First = rows[0].CreatedAt, Last = rows[^1].CreatedAt });
        var byMessage = targets.ToLookup(target => target.MessageId, target => new ParticipantId(target.ParticipantId));
        return [.. rows.Select(row => row.ToMessage([.. byMessage[row.Id]]))];
    }

    private static string? Fold(ChatMessageKind kind, string payload) => kind == ChatMessageKind.Text ? SearchText.Fold(payload) : null;

    private Task<ChatMessage?> ChangeAsync(
        ChatScope scope, ChatMessageId id, string sql, object parameters, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, scope, id) is null)
                {
                    return null;
                }

                await transaction.ExecuteAsync(sql, parameters);
                return await FindAsync(transaction, scope, id);
            },
            cancellationToken);

    private sealed class ChatRow
    {
        public Guid Id { get; init; }

        public Guid MeetingId { get; init; }

        public Guid SessionId { get; init; }

        public Guid PeerId { get; init; }

        public Guid ParticipantId { get; init; }

        public string DisplayName { get; init; } = "";

        public string Kind { get; init; } = "";

        public string Payload { get; init; } = "";

        public bool IsPrivate { get; init; }

        public bool IsPinned { get; init; }

        public bool IsEdited { get; init; }

        public DateTimeOffset CreatedAt { get; init; }

        public ChatMessage ToMessage(ValueList<ParticipantId> targets) => new()
        {
            Id = new ChatMessageId(Id),
            MeetingId = new MeetingId(MeetingId),
            SessionId = new SessionId(SessionId),
            PeerId = new PeerId(PeerId),
            ParticipantId = new ParticipantId(ParticipantId),
            DisplayName = DisplayName,
            Kind = SessionWords.ReadKind(Kind),
            Payload = Payload,
            Targets = targets,
            IsPinned = IsPinned,
            IsEdited = IsEdited,
            CreatedAt = CreatedAt,
        };
    }

    private sealed class TargetRow
    {
        public Guid MessageId { get; init; }

        public Guid ParticipantId { get; init; }
    }
}
