using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Roomcast.Storage.Migrations;
using Roomcast.TestKit;

namespace Roomcast.Storage.Tests;

public sealed class TelemetryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LogBook _log = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_slow_statement_is_logged_with_its_text_and_without_its_values()
    {
        await using var database = await OpenAsync(TimeSpan.FromMilliseconds(1));

        await database.ReadAsync(
            transaction => transaction.QueryValueAsync<long>(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT count(*) FROM n WHERE i <> @Value",
                new { Value = 4_711_471 }),
            CancellationToken.None);

        var line = Assert.Single(_log.Lines, line => line.StartsWith("Warning 1002 ", StringComparison.Ordinal) && line.Contains("RECURSIVE", StringComparison.Ordinal));
        Assert.Contains("@Value", line, StringComparison.Ordinal);
        Assert.DoesNotContain("4711471", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Opening_is_logged_with_what_was_migrated()
    {
        await using var database = await OpenAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(Migration.All.Count, _log.Lines.Count(line => line.StartsWith("Information 1001 ", StringComparison.Ordinal)));
        Assert.Contains($"Information 1000 Storage is open: SQLite in {_folder.Path}, schema version {Migration.All.Count}.", _log.Lines);
        Assert.DoesNotContain(_log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Transactions_waits_and_failures_are_measured()
    {
        var measured = new ConcurrentDictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == StorageMetrics.MeterName)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Count(instrument, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Count(instrument, tags));
        listener.Start();

        await using var database = await OpenAsync(TimeSpan.FromMinutes(1));
        await database.CheckAsync(CancellationToken.None);
        await Writer.Rows.InsertAsync(database, "a");
        await Assert.ThrowsAsync<StorageException>(() => Writer.Rows.InsertAsync(database, "a"));

        Assert.Subset(
            measured.Keys.ToHashSet(),
            new HashSet<string>
            {
                "roomcast.storage.transaction.duration kind=read",
                "roomcast.storage.transaction.duration kind=write",
                "roomcast.storage.wait.duration kind=read",
                "roomcast.storage.wait.duration kind=write",
                "roomcast.storage.failures failure=Constraint",
            });

        void Count(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            measured.AddOrUpdate($"{instrument.Name} {(tags.Length == 0 ? "" : $"{tags[0].Key}={tags[0].Value}")}", 1, (_, count) => count + 1);
    }

    [Fact]
    public void Event_ids_are_in_their_range_and_each_is_used_once()
    {
        var ids = typeof(StorageLog).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>()
            .Select(attribute => attribute.EventId)
            .ToArray();

        Assert.NotEmpty(ids);
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(ids, id => Assert.InRange(id, 1_000, 1_099));
    }

    private async Task<Database> OpenAsync(TimeSpan slowStatement)
    {
        var database = new Database(
            new StorageOptions { DataFolder = _folder.Path, SlowStatement = slowStatement }, TimeProvider.System, _log, Migration.All);
        await database.OpenAsync(CancellationToken.None);
        return database;
    }
}
