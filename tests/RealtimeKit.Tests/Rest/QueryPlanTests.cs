using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.RealtimeKit.Tests.Rest;

public sealed class SqliteQueryPlanTests() : QueryPlanTests(DatabaseEngine.Sqlite);

public sealed class PostgresQueryPlanTests() : QueryPlanTests(DatabaseEngine.Postgres);

/// <summary>
/// Reads how an engine would run every statement that the reads of this API really run, with every combination of the parameters that each
/// is documented to take, and refuses what grows with a whole table.
/// </summary>
public abstract partial class QueryPlanTests(DatabaseEngine engine) : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ApiHost _host = null!;
    private string _meeting = "";

    public async Task InitializeAsync()
    {
        var options = await TestDatabase.MakeOptionsAsync(engine, _folder);
        _host = await ApiHost.StartAsync(replace: services =>
        {
            services.Configure<StorageOptions>(storage => storage.DatabaseUrl = options.DatabaseUrl);
            services.Configure<LoggerFilterOptions>(filter => filter.MinLevel = LogLevel.Trace);
        });
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task No_read_walks_a_whole_table()
    {
        var statements = await RunAllReadsAsync();
        Assert.True(statements.Count > 150, $"Only {statements.Count} statements were seen.");

        // Pages were read, not only counted, in whatever way a list can be narrowed and ordered.
        Assert.True(statements.Count(sql => sql.Contains("LIMIT @PageSize", StringComparison.Ordinal)) > 60, string.Join('\n', statements));
        var faults = new List<string>();
        foreach (var sql in statements)
        {
            var plan = await _host.Service<Database>().ReadAsync(transaction => ExplainAsync(transaction, sql), CancellationToken.None);
            faults.AddRange(plan.Where(line => IsWalk(line) || (IsSort(line) && !IsBounded(sql))).Select(line => $"{line}: {sql}"));
        }

        Assert.True(faults.Count == 0, $"Of {statements.Count} statements:\n{string.Join('\n', faults)}");
    }

    private static async Task<IReadOnlyList<string>> ExplainAsync(DatabaseTransaction transaction, string sql)
    {
        if (transaction.Engine == DatabaseEngine.Sqlite)
        {
            return [.. (await transaction.QueryAsync<PlanRow>($"EXPLAIN QUERY PLAN {sql}", ParametersOf(sql))).Select(row => row.Detail)];
        }

        // As prepared, so that the engine itself says of what types the parameters are. It would rather read a small table whole.
        var names = Parameter().Matches(sql).Select(name => name.Groups[1].Value).Distinct().ToList();
        var numbered = Parameter().Replace(sql, name => $"${names.IndexOf(name.Groups[1].Value) + 1}");
        foreach (var setting in new[] { "enable_seqscan = off", "enable_bitmapscan = off", "enable_sort = off", "plan_cache_mode = force_generic_plan" })
        {
            await transaction.ExecuteAsync($"SET LOCAL {setting}");
        }

        await transaction.ExecuteAsync($"PREPARE looked_at AS {numbered}");
        var arguments = names.Count == 0 ? "" : $"({string.Join(", ", names.Select(_ => "NULL"))})";
        var plan = await transaction.QueryAsync<string>($"EXPLAIN EXECUTE looked_at{arguments}");
        await transaction.ExecuteAsync("DEALLOCATE looked_at");
        return plan;
    }

    // Rows of a list in parentheses (VALUES, json) and of a query's own result are no table.
    private static bool IsWalk(string line) =>
        (line.StartsWith("SCAN ", StringComparison.Ordinal) && !line.Contains("CONSTANT ROW", StringComparison.Ordinal))
        || line.Contains("Seq Scan", StringComparison.Ordinal);

    private static bool IsSort(string line) =>
        line.Contains("TEMP B-TREE FOR ORDER BY", StringComparison.Ordinal) || line.Contains("Sort  (", StringComparison.Ordinal);

    // By what a presence came to, an index holds the whole list of an app. Of what a range of time, a meeting or a session narrows down,
    // so much is sorted and no more: one order of rows cannot be by two things.
    private static bool IsBounded(string sql) =>
        sql.Contains("FROM session_peers WHERE session_id = @SessionId", StringComparison.Ordinal)
        || (sql.Contains("ORDER BY presence_seconds", StringComparison.Ordinal)
            && new[] { "created_at >= @CreatedFrom", "created_at < @CreatedTo", "meeting_id = @MeetingId" }.Any(bound => sql.Contains(bound, StringComparison.Ordinal)));

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
        _meeting = meeting.Id.ToString();
        await LeaveSessionsAsync(meeting, participant, session);
        await RecordAsync(account, meeting);
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
            var parameters = _host.Description.Find("GET", route.Pattern)!["parameters"]!.AsArray()
                .Select(parameter => _host.Description.Schema.Resolve(parameter!.AsObject()))
                .Where(parameter => (string)parameter["in"]! == "query");
            foreach (var query in CombinationsOf([.. parameters.Select(WaysOf).Where(ways => ways.Count > 0)]))
            {
                await _host.Client.GetAsync($"{route.Path}?{string.Join('&', query)}", account.WriteToken);
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

    /// <summary>A session under way and one that has ended, both with somebody in them.</summary>
    private async Task LeaveSessionsAsync(Meeting meeting, Participant participant, SessionRecord live)
    {
        var records = _host.Service<SessionRecordStore>();
        var other = await _host.NewMeetingAsync(_host.One.First, "Yesterday's");
        await _host.Service<MeetingStore>().UpdateAsync(
            other.AppId, other.Id, found => found with { Status = MeetingStatus.Inactive }, CancellationToken.None);
        await JoinAsync(live, participant);
        var ended = await records.BeginAsync(other, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        await JoinAsync(ended, await _host.NewParticipantAsync(other, "one more"));
        await records.EndAsync(ended.Id, _host.Clock.GetUtcNow(), SessionEndReason.EverybodyLeft, CancellationToken.None);
        Assert.Equal(live.MeetingId, meeting.Id);

        Task JoinAsync(SessionRecord session, Participant who) => records.JoinAsync(
            session.Id,
            new JoiningPeer(new PeerId(Guid.NewGuid()), who.Id, who.CustomId, "One", who.PresetName, ViewType.GroupCall),
            _host.Clock.GetUtcNow(),
            CancellationToken.None);
    }

    private async Task RecordAsync(TestAccount account, Meeting meeting)
    {
        _host.RecordedSessions.Begin(meeting.Id.Value);
        var made = await _host.Client.PostAsync($"{account.AppPath}/recordings", account.WriteToken, $$"""{"meeting_id":"{{meeting.Id}}"}""");
        Assert.Equal(200, made.Status);
    }

    /// <summary>In which ways a parameter can be given that may make another statement, leaving it out not among them.</summary>
    private List<string> WaysOf(JsonObject parameter)
    {
        var name = (string)parameter["name"]!;
        var schema = _host.Description.Schema.Resolve(parameter["schema"]!.AsObject());
        schema = schema["items"] is JsonObject item ? _host.Description.Schema.Resolve(item) : schema;
        string[] values = (name, schema["enum"]) switch
        {
            ("page_no" or "per_page" or "format" or "filters", _) => [],
            (_, JsonArray words) => [.. words.Select(word => (string)word!).Where(word => word != (string?)schema["default"])],
            ("start_time" or "start_date", _) => ["2026-01-01"],
            ("end_time" or "end_date", _) => ["2026-12-31"],
            ("search", _) => ["e"], // Which is in the names of all that is listed.
            ("participants", _) => ["one"],
            ("associated_id" or "meeting_id", _) => [_meeting],
            _ when (string?)schema["type"] == "boolean" => schema["default"] is null ? ["true", "false"] : ["true"],
            _ => [],
        };
        return [.. values.Select(value => $"{name}={value}")];
    }

    private static List<IReadOnlyList<string>> CombinationsOf(IReadOnlyList<IReadOnlyList<string>> ways) => ways.Aggregate(
        new List<IReadOnlyList<string>> { Array.Empty<string>() },
        (soFar, next) => [.. soFar, .. soFar.SelectMany(given => next.Select(way => (IReadOnlyList<string>)[.. given, way]))]);

    [GeneratedRegex(@"^Trace 1007 A statement is run: (.*) $", RegexOptions.Singleline)]
    private static partial Regex Statement();

    [GeneratedRegex(@"(?<![@\w])@(\w+)")]
    private static partial Regex Parameter();

    private sealed class PlanRow
    {
        public string Detail { get; init; } = "";
    }
}
