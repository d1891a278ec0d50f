using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.History.Publishing;

/// <summary>Makes the files that <see cref="SessionFileTasks"/> noted, one after the other, and tells of each in the transaction that crosses it off.</summary>
/// <remarks>
/// A file is made again when the server is stopped between the two, and told of once. What cannot be made, stored or told of is tried
/// again, less and less often, until what it is made of is deleted; the others do not wait for it.
/// </remarks>
internal sealed class SessionFilePublishing(
    Database database,
    SessionFileTasks tasks,
    IEnumerable<ISessionFileMaker> makers,
    IEnumerable<ISessionFileFacts> facts,
    TimeProvider clock,
    ILogger<SessionFilePublishing> logger) : BackgroundService
{
    private const int AtOnce = 20;

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                while (await PublishSomeAsync(stoppingToken) == AtOnce)
                {
                    // There may be more.
                }
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                PublishingLog.NotPublished(logger, fault);
            }

            await WaitAsync(stoppingToken);
        }
    }

    // For the bell, or for a while: what failed comes due without one.
    private async Task WaitAsync(CancellationToken stoppingToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var bell = tasks.Bell.WaitToReadAsync(either.Token).AsTask();
        var pause = Task.Delay(LookInterval, clock, either.Token);
        await Task.WhenAny(bell, pause);
        tasks.Bell.TryRead(out _);
        await either.CancelAsync();
        stoppingToken.ThrowIfCancellationRequested();
    }

    private async Task<int> PublishSomeAsync(CancellationToken stoppingToken)
    {
        var due = await database.ReadAsync(
            transaction => transaction.QueryAsync<TaskRow>(
                """
                SELECT t.session_id, t.kind, t.attempts
                FROM session_file_tasks t JOIN meeting_sessions s ON s.id = t.session_id
                WHERE t.due_at <= @Now AND s.ended_at IS NOT NULL ORDER BY t.due_at LIMIT @AtOnce
                """,
                new { Now = StoredTime.Now(clock), AtOnce }),
            stoppingToken);
        foreach (var task in due)
        {
            try
            {
                await PublishAsync(task, stoppingToken);
            }
            catch (Exception fault) when (
                !stoppingToken.IsCancellationRequested && fault is not StorageException { Failure: StorageFailure.Unavailable })
            {
                // Whatever is wrong with one file, the others are made. What is wrong with the database is so for all of them.
                PublishingLog.NotMade(logger, fault, task.Kind, new SessionId(task.SessionId).ToString());
                await DeferAsync(task, stoppingToken);
            }
        }

        return due.Count;
    }

    private async Task PublishAsync(TaskRow task, CancellationToken stoppingToken)
    {
        var kind = SessionFileTasks.Read(task.Kind);
        var maker = makers.FirstOrDefault(maker => maker.Kind == kind);
        var session = await database.ReadAsync(
            transaction => SessionRecordStore.FindAsync(transaction, new SessionId(task.SessionId)), stoppingToken);
        if (kind is null || maker is null || session is null)
        {
            await DeferAsync(task, stoppingToken); // Of a newer version of the server that shares the database.
            return;
        }

        var file = await maker.MakeAsync(session, stoppingToken);
        await database.WriteAsync(
            async transaction =>
            {
                // Of two servers that did the same, one finds the row.
                var isOurs = await transaction.ExecuteAsync(
                    "DELETE FROM session_file_tasks WHERE session_id = @SessionId AND kind = @Kind", new { task.SessionId, task.Kind }) > 0;
                if (isOurs && file is not null)
                {
                    foreach (var each in facts)
                    {
                        await each.ReadyAsync(transaction, session, kind.Value, file);
                    }
                }
            },
            stoppingToken);
    }

    private async Task DeferAsync(TaskRow task, CancellationToken stoppingToken)
    {
        var delay = TimeSpan.FromTicks(Math.Min(LongestDelay.Ticks, FirstDelay.Ticks << Math.Min(task.Attempts, 10)));
        await database.WriteAsync(
            transaction => transaction.ExecuteAsync(
                "UPDATE session_file_tasks SET attempts = attempts + 1, due_at = @DueAt WHERE session_id = @SessionId AND kind = @Kind",
                new { DueAt = StoredTime.Now(clock) + delay, task.SessionId, task.Kind }),
            stoppingToken);
    }

    private sealed class TaskRow
    {
        public Guid SessionId { get; init; }

        public string Kind { get; init; } = "";

        public int Attempts { get; init; }
    }
}
