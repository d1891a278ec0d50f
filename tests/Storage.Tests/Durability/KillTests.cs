using System.Security.Cryptography;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Storage.Tests.Durability;

/// <summary>A kill at any moment loses no acknowledged write, and leaves no half of a transaction.</summary>
public sealed class KillTests
{
    private const int MostRowsInALife = 100;

    [Fact]
    public async Task A_killed_server_on_SQLite_loses_no_acknowledged_write()
    {
        using var folder = new TemporaryFolder();
        var options = new StorageOptions { DataFolder = folder.Path };
        var acknowledged = new HashSet<string>();

        for (var round = 0; round < 12; round++)
        {
            acknowledged.UnionWith(await WriteUntilKilledAsync(options, RandomNumberGenerator.GetInt32(MostRowsInALife)));

            // The next round's writer opens what this one left; every third time it is looked at before.
            if (round % 3 == 2)
            {
                await AssertKeptAsync(options, acknowledged);
            }
        }
    }

    [Fact]
    public async Task A_killed_server_on_PostgreSQL_loses_no_acknowledged_write()
    {
        using var folder = new TemporaryFolder();
        var options = await TestDatabase.MakeOptionsAsync(DatabaseEngine.Postgres, folder);
        var acknowledged = new HashSet<string>();

        for (var round = 0; round < 4; round++)
        {
            acknowledged.UnionWith(await WriteUntilKilledAsync(options, RandomNumberGenerator.GetInt32(MostRowsInALife)));
        }

        await AssertKeptAsync(options, acknowledged);    }

    [Fact]
    public async Task A_server_killed_while_it_makes_its_database_starts_well_the_next_time()
    {
        for (var round = 0; round < 6; round++)
        {
            using var folder = new TemporaryFolder();
            var options = new StorageOptions { DataFolder = folder.Path };
            using (var writer = WriterProcess.Start("hold", options))
            {
                await writer.ExpectAsync("opening");
                await Task.Delay(RandomNumberGenerator.GetInt32(60));
                writer.Kill();
                await writer.WaitForEndAsync();
            }

            await AssertKeptAsync(options, []);
        }
    }

    [Fact]
    public async Task A_killed_PostgreSQL_loses_no_acknowledged_write_and_the_server_goes_on_when_it_is_back()
    {
        using var folder = new TemporaryFolder();
        await using var postgres = await PostgresServer.StartAsync(isDurable: true);
        var options = new StorageOptions { DataFolder = folder.Path, DatabaseUrl = await postgres.CreateDatabaseAsync() };
        var acknowledged = new HashSet<string>();

        for (var round = 0; round < 4; round++)
        {
            await using (var database = TestDatabase.Open(options))
            {
                await database.OpenAsync(CancellationToken.None);
                await AssertKeptAsync(database, acknowledged);

                using var stop = new CancellationTokenSource();
                using var enough = new CountdownEvent(RandomNumberGenerator.GetInt32(1, MostRowsInALife));
                var writers = Enumerable.Range(0, 4).Select(_ => WriteUntilStoppedAsync(database, enough, stop.Token)).ToArray();
                await Task.Run(enough.Wait);
                await postgres.KillAsync();
                await postgres.RestartAsync();
                await stop.CancelAsync();
                foreach (var rows in await Task.WhenAll(writers))
                {
                    acknowledged.UnionWith(rows);
                }

                // The same process goes on with the same database, its pool full of broken connections.
                var id = Guid.NewGuid().ToString("N");
                await Writer.Rows.InsertAsync(database, id);
                acknowledged.Add(id);
                await AssertKeptAsync(database, acknowledged);
            }
        }
    }

    private static async Task<List<string>> WriteUntilKilledAsync(StorageOptions options, int rowsToAwait)
    {
        using var writer = WriterProcess.Start("write", options);
        await writer.ExpectAsync("opening");
        await writer.ExpectAsync("open");
        var lines = new List<string>();
        while (lines.Count < rowsToAwait && await writer.ReadLineAsync() is { } line)
        {
            lines.Add(line);
        }

        writer.Kill();
        lines.AddRange(await writer.WaitForEndAsync());
        Assert.InRange(lines.Count, rowsToAwait, int.MaxValue);
        Assert.All(lines, line => Assert.True(line.StartsWith("row ", StringComparison.Ordinal) || line == lines[^1], line));

        // The last line may be cut off, and then tells nothing.
        return [.. lines.Where(line => line.Length == 36).Select(line => line[4..])];
    }

    private static async Task<List<string>> WriteUntilStoppedAsync(
        Database database, CountdownEvent enough, CancellationToken cancellationToken)
    {
        var rows = new List<string>();
        while (!cancellationToken.IsCancellationRequested)
        {
            var id = Guid.NewGuid().ToString("N");
            try
            {
                await Writer.Rows.InsertAsync(database, id);
            }
            catch (StorageException e)
            {
                // It may be there or not: its commit was under way. The next one waits for the server to be back.
                Assert.Equal(StorageFailure.Unavailable, e.Failure);
                continue;
            }

            rows.Add(id);
            lock (enough)
            {
                if (!enough.IsSet)
                {
                    enough.Signal();
                }
            }
        }

        return rows;
    }

    private static async Task AssertKeptAsync(StorageOptions options, HashSet<string> acknowledged)
    {
        await using var database = TestDatabase.Open(options);
        await database.OpenAsync(CancellationToken.None);
        await AssertKeptAsync(database, acknowledged);
    }

    private static async Task AssertKeptAsync(Database database, HashSet<string> acknowledged)
    {
        var kept = (await database.ReadAsync(
            transaction => transaction.QueryAsync<string>("SELECT id FROM accounts"), CancellationToken.None)).ToHashSet();

        Assert.DoesNotContain(acknowledged, id => !kept.Contains(id));
        Assert.DoesNotContain(kept, id => !kept.Contains(id.EndsWith("-twin", StringComparison.Ordinal) ? id[..^5] : id + "-twin"));
    }
}
