using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Meetings.History;
using Roomcast.Meetings.History.Publishing;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tests.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.Tests.History;

public sealed class SqliteSessionFilePublishingTests() : SessionFilePublishingTests(DatabaseEngine.Sqlite);

public sealed class PostgresSessionFilePublishingTests() : SessionFilePublishingTests(DatabaseEngine.Postgres);

public abstract class SessionFilePublishingTests(DatabaseEngine engine) : MeetingRecordsTests(engine)
{
    /// <summary>What can be wrong with one file, or with the moment.</summary>
    public static TheoryData<string> Faults => ["a fault of this program", "a time limit", "a damaged row", "an unreachable database"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_file_that_cannot_be_made_holds_up_no_other_and_is_made_later(string fault)
    {
        var maker = new Maker();
        var facts = new Facts();
        var (bad, good) = (await EndedAsync(), await EndedAsync());
        maker.Faulty = (bad, () => FaultOf(fault));
        await RunAsync(maker, facts, bad, good);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_file_that_cannot_be_told_of_holds_up_no_other_and_is_told_of_later(string fault)
    {
        var maker = new Maker();
        var facts = new Facts();
        var (bad, good) = (await EndedAsync(), await EndedAsync());
        facts.Faulty = (bad, () => FaultOf(fault));
        await RunAsync(maker, facts, bad, good);
    }

    private static Exception FaultOf(string fault) => fault switch
    {
        "a fault of this program" => new InvalidOperationException("for this test"),
        "a time limit" => new TaskCanceledException("for this test"),
        "a damaged row" => new StorageException(StorageFailure.Corrupted, "for this test"),
        _ => new StorageException(StorageFailure.Unavailable, "for this test"),
    };

    private async Task RunAsync(Maker maker, Facts facts, SessionId bad, SessionId good)
    {
        var tasks = new SessionFileTasks(Clock);
        foreach (var session in new[] { bad, good })
        {
            await Database.WriteAsync(transaction => tasks.AddAsync(transaction, session, SessionFileKind.Chat), None);
            Clock.Advance(TimeSpan.FromSeconds(1)); // The bad one comes first.
        }

        using var publishing = new SessionFilePublishing(Database, tasks, [maker], [facts], Clock, NullLogger<SessionFilePublishing>.Instance);
        await publishing.StartAsync(None);

        // Where the database cannot be reached none goes on; it can again after two attempts.
        var isForAll = (maker.Faulty ?? facts.Faulty)!.Value.Make() is StorageException { Failure: StorageFailure.Unavailable };
        await UntilAsync(() => isForAll ? maker.Attempts >= 2 : facts.Told.Contains(good), publishing);
        Assert.DoesNotContain(bad, facts.Told);
        maker.Faulty = facts.Faulty = null;
        await UntilAsync(() => facts.Told.Contains(bad) && facts.Told.Contains(good), publishing);
        await publishing.StopAsync(None);

        Assert.Equal(2, facts.Told.Count);
        Assert.Equal(0, await Database.ReadAsync(transaction => transaction.QueryValueAsync<long>("SELECT count(*) FROM session_file_tasks"), None));
    }

    private async Task UntilAsync(Func<bool> isSo, SessionFilePublishing publishing)
    {
        for (var tries = 0; !isSo(); tries++)
        {
            Assert.True(tries < 2_000, "It did not happen.");
            Assert.False(publishing.ExecuteTask!.IsCompleted, $"It has stopped: {publishing.ExecuteTask.Exception}");
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }
    }

    private async Task<SessionId> EndedAsync()
    {
        var session = await Sessions.BeginAsync(await MakeMeetingAsync(), Now, TimeSpan.FromMinutes(1), None);
        await Sessions.EndAsync(session.Id, Now, SessionEndReason.EverybodyLeft, None);
        return session.Id;
    }

    private sealed class Maker : ISessionFileMaker
    {
        private volatile int _attempts;

        public SessionFileKind Kind => SessionFileKind.Chat;

        public (SessionId Session, Func<Exception> Make)? Faulty { get; set; }

        public int Attempts => _attempts;

        public Task<SessionFile?> MakeAsync(SessionRecord session, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _attempts);
            return Faulty is { } faulty && faulty.Session == session.Id
                ? Task.FromException<SessionFile?>(faulty.Make())
                : Task.FromResult<SessionFile?>(new SessionFile("https://files.example.org/one", DateTimeOffset.MaxValue));
        }
    }

    private sealed class Facts : ISessionFileFacts
    {
        public (SessionId Session, Func<Exception> Make)? Faulty { get; set; }

        public ConcurrentQueue<SessionId> Told { get; } = new();

        public Task ReadyAsync(DatabaseTransaction transaction, SessionRecord session, SessionFileKind kind, SessionFile file)
        {
            if (Faulty is { } faulty && faulty.Session == session.Id)
            {
                return Task.FromException(faulty.Make());
            }

            transaction.AfterCommit(() => Told.Enqueue(session.Id));
            return Task.CompletedTask;
        }
    }
}
