using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Tests.Rest;

/// <summary>Reads how SQLite would run every statement that the reads of this API really run, and refuses what grows with a whole table.</summary>
public sealed partial class QueryPlanTests : IAsyncLifetime
{
    /// <summary>What each list can be asked for, one after the other.</summary>
    private static readonly string[] Queries =
    [
        "", "?page_no=2&per_page=3", "?sort_order=ASC", "?search=x", "?status=ACTIVE", "?status=LIVE", "?status=RECORDING",
        "?status=FAILED", "?start_time=2026-01-01&end_time=2026-01-31",
    ];

    private ApiHost _host = null!;

    public async Task InitializeAsync() => _host = await ApiHost.StartAsync(
        replace: services => services.Configure<LoggerFilterOptions>(filter => filter.MinLevel = LogLevel.Trace));

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task No_read_walks_a_whole_table()
    {
        var statements = await RunAllReadsAsync();
        Assert.True(statements.Count > 20, $"Only {statements.Count} statements were seen.");

        var faults = new List<string>();
        foreach (var sql in statements)
        {
            var plan = await _host.Service<Database>().ReadAsync(
                transaction => transaction.QueryAsync<PlanRow>($"EXPLAIN QUERY PLAN {sql}", ParametersOf(sql)), CancellationToken.None);
            faults.AddRange(plan.Where(row => IsSlow(row.Detail)).Select(row => $"{row.Detail}: {sql}"));
        }

        Assert.Empty(faults);
    }

    // Rows of a list in parentheses (VALUES, json) and of a query's own result are no table.
    private static bool IsSlow(string detail) =>
        (detail.StartsWith("SCAN ", StringComparison.Ordinal) && !detail.Contains("CONSTANT ROW", StringComparison.Ordinal))
        || detail.Contains("TEMP B-TREE FOR ORDER BY", StringComparison.Ordinal);

    // A plan does not depend on the values; the mapper only wants every name to have one.
    private static Dapper.DynamicParameters ParametersOf(string sql)
    {
        var parameters = new Dapper.DynamicParameters();
        foreach (Match name in Parameter().Matches(sql))
        {
            parameters.Add(name.Groups[1].Value, 1L);
        }

        return parameters;
    }

    private async Task<HashSet<string>> RunAllReadsAsync()
    {
        var account = _host.One;
        var meeting = await _host.NewMeetingAsync(account.First, "Weekly");
        var participant = await _host.NewParticipantAsync(meeting, "one");
        var session = await _host.Service<SessionRecordStore>().BeginAsync(
            meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        _host.Sessions.Begin(session, participant);
        var webhook = await _host.Client.PostAsync(
            $"{account.AppPath}/webhooks", account.WriteToken, """{"url":"https://h.example.org","events":["livestreaming.statusUpdate"]}""");
        var livestream = await _host.NewLivestreamAsync(account.First);
        var onAir = await _host.NewSessionAsync(livestream);
        var preset = await _host.Service<PresetStore>().FindByNameAsync(account.First.Id, "group_call_host", CancellationToken.None);
        var webhookId = webhook.Data["id"]!.GetValue<string>();
        var delivery = await _host.Client.GetAsync($"{account.AppPath}/webhooks/{webhookId}/deliveries", account.ReadToken);
        var ids = new Dictionary<string, string>
        {
            ["meeting_id"] = meeting.Id.ToString(),
            ["participant_id"] = participant.Id.ToString(),
            ["session_id"] = session.Id.ToString(),
            ["livestream_id"] = livestream.Id.ToString(),
            ["livestream-session-id"] = onAir.Id.ToString(),
            ["preset_id"] = preset!.Id.ToString(),
            ["webhook_id"] = webhookId,
            ["delivery_id"] = delivery.Data[0]!["id"]!.GetValue<string>(),
        };

        var before = _host.Logbook.Lines.Count;
        foreach (var route in EveryRoute.Of(_host, account, account.First, ids).Where(route => route.IsRead))
        {
            foreach (var query in Queries)
            {
                await _host.Client.GetAsync(route.Path + query, account.WriteToken);
            }
        }

        return
        [
            .. _host.Logbook.Lines.Skip(before)
                .Select(line => Statement().Match(line))
                .Where(match => match.Success && match.Groups[1].Value.TrimStart().StartsWith("SELECT", StringComparison.Ordinal))
                .Select(match => match.Groups[1].Value),
        ];
    }

    [GeneratedRegex(@"^Trace 1007 A statement is run: (.*) $", RegexOptions.Singleline)]
    private static partial Regex Statement();

    [GeneratedRegex(@"@(\w+)")]
    private static partial Regex Parameter();

    private sealed class PlanRow
    {
        public string Detail { get; init; } = "";
    }
}
