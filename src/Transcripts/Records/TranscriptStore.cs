using System.Threading.Channels;
using Roomcast.Accounts;
using Roomcast.Meetings.History.Publishing;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Transcripts.Records;

/// <summary>Transcripts and summaries of sessions, as kept. With a transcript or a summary that is whole, its file is noted to be made and told of.</summary>
public sealed class TranscriptStore(Database database, TimeProvider clock, SessionFileTasks tasks)
{
    /// <summary>Most lines of one transcript; what is said after them is lost.</summary>
    public const int MaxLines = 50_000;

    /// <summary>The error of a transcript that a stopped server left behind.</summary>
    internal const string StoppedEarly = "The server stopped before all was written down.";

    // Holds no more than that something was queued.
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Rings when a summary is to be made.</summary>
    internal ChannelReader<bool> Bell => _bell.Reader;

    /// <summary>Begins a transcript, or goes on with one.</summary>
    public Task OpenAsync(SessionId sessionId, CancellationToken cancellationToken) => database.WriteAsync(
        transaction => transaction.ExecuteAsync(
            """
            INSERT INTO session_transcripts (session_id, status, created_at, updated_at) VALUES (@Id, 'OPEN', @Now, @Now)
            ON CONFLICT (session_id) DO UPDATE SET status = 'OPEN', updated_at = excluded.updated_at
            """,
            new { Id = sessionId.Value, Now = StoredTime.Now(clock) }),
        cancellationToken);

    /// <summary>Adds a line. Lines are read by the time they begin, whatever their order here.</summary>
    /// <returns>False when the transcript is as long as it may be.</returns>
    public Task<bool> AddAsync(SessionId sessionId, TranscriptLine line, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(line);
        return database.WriteAsync(
            async transaction =>
            {
                // First, so that two that come at once wait for each other, and do not take the same number.
                await transaction.ExecuteAsync(
                    "UPDATE session_transcripts SET updated_at = @Now WHERE session_id = @Id", new { Id = sessionId.Value, Now = StoredTime.Now(clock) });
                var number = await transaction.QueryValueAsync<long>(
                    "SELECT coalesce(max(number), 0) + 1 FROM transcript_lines WHERE session_id = @Id", new { Id = sessionId.Value });
                if (number > MaxLines)
                {
                    return false;
                }

                await transaction.ExecuteAsync(
                    """
                    INSERT INTO transcript_lines
                        (session_id, number, peer_id, participant_id, custom_id, name, started_at, ended_at, content)
                    VALUES (@Id, @Number, @PeerId, @ParticipantId, @CustomId, @Name, @StartedAt, @EndedAt, @Text)
                    """,
                    new
                    {
                        Id = sessionId.Value,
                        Number = number,
                        PeerId = line.PeerId.Value,
                        ParticipantId = line.ParticipantId.Value,
                        line.CustomId,
                        line.Name,
                        StartedAt = StoredTime.Of(line.StartedAt),
                        EndedAt = StoredTime.Of(line.EndedAt),
                        line.Text,
                    });
                return true;
            },
            cancellationToken);
    }

    /// <summary>Keeps the last fault of a transcript that is open.</summary>
    public Task NoteErrorAsync(SessionId sessionId, string error, CancellationToken cancellationToken) => database.WriteAsync(
        transaction => transaction.ExecuteAsync(
            "UPDATE session_transcripts SET error_message = @Error, updated_at = @Now WHERE session_id = @Id AND status = 'OPEN'",
            new { Id = sessionId.Value, Error = error, Now = StoredTime.Now(clock) }),
        cancellationToken);

    /// <summary>Ends a transcript that is open.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="error">The last fault; null for the one that was noted, if any. A transcript with a fault and no line has failed.</param>
    /// <param name="expiresAt">When it is deleted.</param>
    /// <param name="canSummarize">Whether a summary can be made of it: it is, if the meeting wants one now, there is a line and there was no summary.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>False when none was open.</returns>
    public Task<bool> FinishAsync(
        SessionId sessionId, string? error, DateTimeOffset expiresAt, bool canSummarize, CancellationToken cancellationToken) =>
        database.WriteAsync(
            transaction => FinishAsync(transaction, sessionId, error, StoredTime.Of(expiresAt), canSummarize), cancellationToken);

    /// <summary>Finds a transcript; null when the session has none.</summary>
    public Task<Transcript?> FindAsync(SessionId sessionId, CancellationToken cancellationToken) => database.ReadAsync(
        async transaction => (await transaction.QueryRowAsync<TranscriptRow>(
            "SELECT status, error_message, expires_at FROM session_transcripts WHERE session_id = @Id", new { Id = sessionId.Value })) is { } row
            ? new Transcript(
                sessionId,
                row.Status switch
                {
                    "OPEN" => TranscriptStatus.Open,
                    "READY" => TranscriptStatus.Ready,
                    "FAILED" => TranscriptStatus.Failed,
                    _ => throw new StorageException(StorageFailure.Corrupted, $"A transcript has the unknown status '{row.Status}'."),
                },
                row.ErrorMessage,
                row.ExpiresAt)
            : null,
        cancellationToken);

    /// <summary>The lines of a transcript, by the time each begins.</summary>
    public Task<IReadOnlyList<TranscriptLine>> ListAsync(SessionId sessionId, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<TranscriptLine>>(
            async transaction =>
            [
                .. (await transaction.QueryAsync<LineRow>(
                    """
                    SELECT peer_id, participant_id, custom_id, name, started_at, ended_at, content FROM transcript_lines
                    WHERE session_id = @Id ORDER BY started_at, number
                    """,
                    new { Id = sessionId.Value })).Select(row => row.ToLine()),
            ],
            cancellationToken);

    /// <summary>Whether a transcript has a line.</summary>
    public Task<bool> HasLinesAsync(SessionId sessionId, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => HasLinesAsync(transaction, sessionId), cancellationToken);

    /// <summary>Finds a summary; null when none was ever asked for.</summary>
    public Task<Summary?> FindSummaryAsync(SessionId sessionId, CancellationToken cancellationToken) => database.ReadAsync(
        async transaction => (await transaction.QueryRowAsync<SummaryRow>(
            "SELECT status, content, is_markdown, error_message FROM session_summaries WHERE session_id = @Id", new { Id = sessionId.Value })) is { } row
            ? new Summary(
                sessionId,
                row.Status switch
                {
                    "QUEUED" => SummaryStatus.Queued,
                    "IN_PROGRESS" => SummaryStatus.InProgress,
                    "COMPLETED" => SummaryStatus.Completed,
                    "FAILED" => SummaryStatus.Failed,
                    _ => throw new StorageException(StorageFailure.Corrupted, $"A summary has the unknown status '{row.Status}'."),
                },
                row.Content,
                row.IsMarkdown,
                row.ErrorMessage)
            : null,
        cancellationToken);

    /// <summary>Keeps what has become of a summary: a queued one is to be made from now on, one that is there or has failed no more. Its transcript must exist.</summary>
    public Task SaveSummaryAsync(Summary summary, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(summary);
        return database.WriteAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync(
                    """
                    INSERT INTO session_summaries (session_id, status, content, is_markdown, error_message, created_at, updated_at)
                    VALUES (@Id, @Status, @Content, @IsMarkdown, @Error, @Now, @Now)
                    ON CONFLICT (session_id) DO UPDATE
                    SET status = excluded.status, content = excluded.content, is_markdown = excluded.is_markdown,
                        error_message = excluded.error_message, updated_at = excluded.updated_at
                    """,
                    new
                    {
                        Id = summary.SessionId.Value,
                        Status = summary.Status switch
                        {
                            SummaryStatus.Queued => "QUEUED",
                            SummaryStatus.InProgress => "IN_PROGRESS",
                            SummaryStatus.Completed => "COMPLETED",
                            _ => "FAILED",
                        },
                        summary.Content,
                        summary.IsMarkdown,
                        summary.Error,
                        Now = StoredTime.Now(clock),
                    });
                if (summary.Status is SummaryStatus.Queued)
                {
                    await QueueAsync(transaction, summary.SessionId, StoredTime.Now(clock));
                }
                else if (summary.Status is SummaryStatus.Completed or SummaryStatus.Failed)
                {
                    await transaction.ExecuteAsync("DELETE FROM summary_tasks WHERE session_id = @Id", new { Id = summary.SessionId.Value });
                }

                if (summary.Status is SummaryStatus.Completed)
                {
                    await tasks.AddAsync(transaction, summary.SessionId, SessionFileKind.Summary);
                }
            },
            cancellationToken);
    }

    /// <summary>The apps that have a summary to be made now.</summary>
    internal Task<IReadOnlyList<AppId>> ListAppsWithSummariesDueAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<AppId>>(
            async transaction =>
            [
                .. (await transaction.QueryAsync<IdRow>(
                    "SELECT DISTINCT app_id AS id FROM summary_tasks WHERE due_at <= @Now", new { Now = StoredTime.Now(clock) }))
                    .Select(row => new AppId(row.Id)),
            ],
            cancellationToken);

    /// <summary>Of the summaries that an app has to be made now, the one that has waited longest; null for none.</summary>
    internal Task<SummaryTask?> FindSummaryDueAsync(AppId appId, CancellationToken cancellationToken) => database.ReadAsync(
        async transaction => (await transaction.QueryRowAsync<TaskRow>(
            """
            SELECT session_id, attempts FROM summary_tasks
            WHERE app_id = @AppId AND due_at <= @Now ORDER BY due_at, session_id LIMIT 1
            """,
            new { AppId = appId.Value, Now = StoredTime.Now(clock) })) is { } row
            ? new SummaryTask(new SessionId(row.SessionId), row.Attempts)
            : null,
        cancellationToken);

    /// <summary>Has a summary wait until it is tried again.</summary>
    internal Task DeferSummaryAsync(SummaryTask task, string error, DateTimeOffset dueAt, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                var parameters = new { Id = task.SessionId.Value, Error = error, DueAt = StoredTime.Of(dueAt), Now = StoredTime.Now(clock) };
                await transaction.ExecuteAsync(
                    "UPDATE summary_tasks SET attempts = attempts + 1, due_at = @DueAt WHERE session_id = @Id", parameters);
                await transaction.ExecuteAsync(
                    """
                    UPDATE session_summaries SET status = 'QUEUED', error_message = @Error, updated_at = @Now
                    WHERE session_id = @Id AND status IN ('QUEUED', 'IN_PROGRESS')
                    """,
                    parameters);
            },
            cancellationToken);

    /// <summary>Ends the transcripts of sessions that have ended without anybody noticing, as after a crash: for the start of the server.</summary>
    /// <param name="keptFor">How long they are kept from now.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task FinishOrphansAsync(TimeSpan keptFor, CancellationToken cancellationToken) => database.WriteAsync(
        async transaction =>
        {
            var orphans = await transaction.QueryAsync<IdRow>(
                """
                SELECT t.session_id AS id FROM session_transcripts t JOIN meeting_sessions s ON s.id = t.session_id
                WHERE t.status = 'OPEN' AND s.ended_at IS NOT NULL ORDER BY t.session_id
                """);
            foreach (var orphan in orphans)
            {
                await FinishOrphanAsync(transaction, new SessionId(orphan.Id), keptFor);
            }
        },
        cancellationToken);

    /// <summary>
    /// In a transaction: ends the transcript of a session that nobody listens to any more, with the summary that its meeting wants. Its lines are
    /// kept. What was said last is unknown, so it has an error: the one that was noted, or that the server stopped too early.
    /// </summary>
    internal async Task FinishOrphanAsync(DatabaseTransaction transaction, SessionId sessionId, TimeSpan keptFor) => await FinishAsync(
        transaction, sessionId, await FindErrorAsync(transaction, sessionId) ?? StoppedEarly, StoredTime.Now(clock) + keptFor, canSummarize: true);

    /// <summary>Deletes transcripts and summaries whose time is over.</summary>
    /// <returns>How many; at most 100 at a time.</returns>
    public Task<int> DeleteOldAsync(CancellationToken cancellationToken) => database.WriteAsync(
        async transaction =>
        {
            var old = await transaction.QueryAsync<IdRow>(
                "SELECT session_id AS id FROM session_transcripts WHERE expires_at IS NOT NULL AND expires_at <= @Now ORDER BY expires_at LIMIT 100",
                new { Now = StoredTime.Now(clock) });
            foreach (var row in old)
            {
                await transaction.ExecuteAsync("DELETE FROM summary_tasks WHERE session_id = @Id", new { row.Id });
                await transaction.ExecuteAsync("DELETE FROM session_summaries WHERE session_id = @Id", new { row.Id });
                await transaction.ExecuteAsync("DELETE FROM transcript_lines WHERE session_id = @Id", new { row.Id });
                await transaction.ExecuteAsync("DELETE FROM session_transcripts WHERE session_id = @Id", new { row.Id });
            }

            return old.Count;
        },
        cancellationToken);

    private static async Task<bool> HasLinesAsync(DatabaseTransaction transaction, SessionId sessionId) =>
        await transaction.QueryValueAsync<int>(
            "SELECT count(*) FROM (SELECT 1 FROM transcript_lines WHERE session_id = @Id LIMIT 1) AS first", new { Id = sessionId.Value }) > 0;

    private static Task<string?> FindErrorAsync(DatabaseTransaction transaction, SessionId sessionId) => transaction.QueryValueAsync<string>(
        "SELECT error_message FROM session_transcripts WHERE session_id = @Id", new { Id = sessionId.Value });

    private async Task<bool> FinishAsync(
        DatabaseTransaction transaction, SessionId sessionId, string? error, DateTimeOffset expiresAt, bool canSummarize)
    {
        var id = sessionId.Value;
        var now = StoredTime.Now(clock);
        var hasLines = await HasLinesAsync(transaction, sessionId);
        error ??= await FindErrorAsync(transaction, sessionId);
        var isOpen = await transaction.ExecuteAsync(
            """
            UPDATE session_transcripts SET status = @Status, error_message = @Error, expires_at = @ExpiresAt, updated_at = @Now
            WHERE session_id = @Id AND status = 'OPEN'
            """,
            new { Id = id, Status = error is not null && !hasLines ? "FAILED" : "READY", Error = error, ExpiresAt = expiresAt, Now = now }) > 0;
        if (!isOpen || !hasLines)
        {
            return isOpen;
        }

        await tasks.AddAsync(transaction, sessionId, SessionFileKind.Transcript);
        if (canSummarize && await transaction.ExecuteAsync(
            """
            INSERT INTO session_summaries (session_id, status, is_markdown, created_at, updated_at)
            SELECT s.id, 'QUEUED', @No, @Now, @Now FROM meeting_sessions s JOIN meetings m ON m.id = s.meeting_id
            WHERE s.id = @Id AND m.summarizes_on_end = @Yes
            ON CONFLICT (session_id) DO NOTHING
            """,
            new { Id = id, No = false, Yes = true, Now = now }) > 0)
        {
            await QueueAsync(transaction, sessionId, now);
        }

        return true;
    }

    private Task<int> QueueAsync(DatabaseTransaction transaction, SessionId sessionId, DateTimeOffset now)
    {
        transaction.AfterCommit(() => _bell.Writer.TryWrite(true));
        return transaction.ExecuteAsync(
            """
            INSERT INTO summary_tasks (session_id, app_id, attempts, due_at, created_at)
            SELECT id, app_id, 0, @Now, @Now FROM meeting_sessions WHERE id = @Id
            ON CONFLICT (session_id) DO UPDATE SET attempts = 0, due_at = excluded.due_at
            """,
            new { Id = sessionId.Value, Now = now });
    }

    private sealed class IdRow
    {
        public Guid Id { get; init; }
    }

    private sealed class TaskRow
    {
        public Guid SessionId { get; init; }

        public int Attempts { get; init; }
    }

    private sealed class TranscriptRow
    {
        public string Status { get; init; } = "";

        public string? ErrorMessage { get; init; }

        public DateTimeOffset? ExpiresAt { get; init; }
    }

    private sealed class SummaryRow
    {
        public string Status { get; init; } = "";

        public string? Content { get; init; }

        public bool IsMarkdown { get; init; }

        public string? ErrorMessage { get; init; }
    }

    private sealed class LineRow
    {
        public Guid PeerId { get; init; }

        public Guid ParticipantId { get; init; }

        public string CustomId { get; init; } = "";

        public string Name { get; init; } = "";

        public DateTimeOffset StartedAt { get; init; }

        public DateTimeOffset EndedAt { get; init; }

        public string Content { get; init; } = "";

        public TranscriptLine ToLine() => new(
            new PeerId(PeerId), new ParticipantId(ParticipantId), CustomId, Name, StartedAt, EndedAt, Content);
    }
}
