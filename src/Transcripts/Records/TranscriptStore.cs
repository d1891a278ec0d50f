using System.Threading.Channels;
using Roomcast.Meetings.History.Publishing;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Transcripts.Records;

/// <summary>Transcripts and summaries of sessions, as kept. With a transcript or a summary that is whole, its file is noted to be made and told of.</summary>
public sealed class TranscriptStore(Database database, TimeProvider clock, SessionFileTasks tasks)
{
    /// <summary>Most lines of one transcript; what is said after them is lost.</summary>
    public const int MaxLines = 50_000;

    /// <summary>Sessions whose summary was queued; unbounded, since each is a row.</summary>
    internal Channel<SessionId> Queue { get; } = Channel.CreateUnbounded<SessionId>();

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

    /// <summary>Ends a transcript that is open.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="error">The last fault of the service; null for none. A transcript with a fault and no line has failed.</param>
    /// <param name="expiresAt">When it is deleted.</param>
    /// <param name="summarizes">Whether a summary is to be made of it, if it has a line and there was none.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>False when none was open.</returns>
    public Task<bool> FinishAsync(
        SessionId sessionId, string? error, DateTimeOffset expiresAt, bool summarizes, CancellationToken cancellationToken) =>
        database.WriteAsync(
            transaction => FinishAsync(transaction, sessionId, error, StoredTime.Of(expiresAt), summarizes), cancellationToken);

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

    /// <summary>Keeps what has become of a summary. Its transcript must exist.</summary>
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
                if (summary.Status is SummaryStatus.Completed)
                {
                    await tasks.AddAsync(transaction, summary.SessionId, SessionFileKind.Summary);
                }
                else if (summary.Status is SummaryStatus.Queued)
                {
                    transaction.AfterCommit(() => Queue.Writer.TryWrite(summary.SessionId));
                }
            },
            cancellationToken);
    }

    /// <summary>Sessions whose summary was asked for and is not there, oldest first; 100 at most. For the start of the server.</summary>
    public Task<IReadOnlyList<SessionId>> ListUnfinishedAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<SessionId>>(
            async transaction =>
            [
                .. (await transaction.QueryAsync<IdRow>(
                    "SELECT session_id AS id FROM session_summaries WHERE status IN ('QUEUED', 'IN_PROGRESS') ORDER BY created_at LIMIT 100"))
                    .Select(row => new SessionId(row.Id)),
            ],
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

    /// <summary>In a transaction: ends the transcript of a session that nobody listens to any more, with the summary that its meeting wants.</summary>
    internal async Task FinishOrphanAsync(DatabaseTransaction transaction, SessionId sessionId, TimeSpan keptFor)
    {
        var summarizes = await transaction.QueryValueAsync<int>(
            """
            SELECT count(*) FROM meeting_sessions s JOIN meetings m ON m.id = s.meeting_id
            WHERE s.id = @Id AND m.summarizes_on_end = @Yes
            """,
            new { Id = sessionId.Value, Yes = true }) > 0;
        await FinishAsync(transaction, sessionId, null, StoredTime.Now(clock) + keptFor, summarizes);
    }

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
                await transaction.ExecuteAsync("DELETE FROM session_summaries WHERE session_id = @Id", new { row.Id });
                await transaction.ExecuteAsync("DELETE FROM transcript_lines WHERE session_id = @Id", new { row.Id });
                await transaction.ExecuteAsync("DELETE FROM session_transcripts WHERE session_id = @Id", new { row.Id });
            }

            return old.Count;
        },
        cancellationToken);

    private async Task<bool> FinishAsync(
        DatabaseTransaction transaction, SessionId sessionId, string? error, DateTimeOffset expiresAt, bool summarizes)
    {
        var id = sessionId.Value;
        var now = StoredTime.Now(clock);
        var hasLines = await transaction.QueryValueAsync<int>(
            "SELECT count(*) FROM (SELECT 1 FROM transcript_lines WHERE session_id = @Id LIMIT 1) AS first", new { Id = id }) > 0;
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
        if (summarizes && await transaction.ExecuteAsync(
            """
            INSERT INTO session_summaries (session_id, status, is_markdown, created_at, updated_at) VALUES (@Id, 'QUEUED', @No, @Now, @Now)
            ON CONFLICT (session_id) DO NOTHING
            """,
            new { Id = id, No = false, Now = now }) > 0)
        {
            transaction.AfterCommit(() => Queue.Writer.TryWrite(sessionId));
        }

        return true;
    }

    private sealed class IdRow
    {
        public Guid Id { get; init; }
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
