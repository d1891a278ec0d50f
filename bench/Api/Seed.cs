using Roomcast.Accounts;
using Roomcast.Meetings.Presets;
using Roomcast.Storage;
using Roomcast.TestKit.Databases;

namespace Roomcast.Bench.Api;

/// <summary>What the measurements need to know of a database.</summary>
internal sealed record Seeded(
    string AccountId,
    Guid AppId,
    string Token,
    Guid QuietAppId,
    Guid WebhookId,
    IReadOnlyList<Guid> Meetings,
    IReadOnlyList<(Guid Meeting, Guid Participant)> Participants,
    IReadOnlyList<Guid> Sessions,
    IReadOnlyList<Guid> Deliveries);

/// <summary>
/// Fills a database: one app with many meetings, ten participants in each, of which four met in a session that has ended, a livestream for
/// every hundred meetings, and one webhook with many deliveries.
/// </summary>
internal static class Seed
{
    public const int ParticipantsPerMeeting = 10;
    public const int PeersPerSession = 4;
    public const int MeetingsPerLivestream = 100;
    private const int SessionSeconds = 1_800;
    private const int Events = 1_000;
    private const int Sampled = 500;

    public static async Task<Seeded> FillAsync(StorageOptions options, int meetings, int deliveries)
    {
        await using var database = TestDatabase.Open(options);
        await database.OpenAsync(CancellationToken.None);
        var account = await new AccountStore(database, TimeProvider.System).CreateAsync("Bench", CancellationToken.None);
        var apps = new AppStore(database, TimeProvider.System);
        var app = await apps.CreateAsync(account.Id, "Bench", CancellationToken.None);
        var quiet = await apps.CreateAsync(account.Id, "Quiet", CancellationToken.None);
        var token = await new ApiTokenStore(database, TimeProvider.System).IssueAsync(account.Id, ApiTokenScope.Write, "bench", null, CancellationToken.None);
        var preset = await new PresetStore(database, TimeProvider.System).FindByNameAsync(app.Id, "group_call_host", CancellationToken.None);
        var webhook = Guid.NewGuid();
        var values = new
        {
            App = app.Id.Value,
            Preset = preset!.Id.Value,
            Webhook = webhook,
            Meetings = meetings,
            Livestreams = meetings / MeetingsPerLivestream,
            SessionMs = SessionSeconds * 1_000,
            Deliveries = deliveries,
            Now = TimeProvider.System.GetUtcNow().AddDays(-1),
            Disabled = false,
        };

        await database.WriteAsync(
            async transaction =>
            {
                var isSqlite = transaction.Engine == DatabaseEngine.Sqlite;
                var id = isSqlite
                    ? "lower(substr(hex(randomblob(16)),1,8)||'-'||hex(randomblob(2))||'-4'||substr(hex(randomblob(2)),2,3)||'-8'||substr(hex(randomblob(2)),2,3)||'-'||hex(randomblob(6)))"
                    : "gen_random_uuid()";
                string Numbers(string most) => isSqlite
                    ? $"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most}) SELECT i FROM n) AS n"
                    : $"generate_series(1, {most}) AS n(i)";
                await transaction.ExecuteAsync(
                    $"""
                    INSERT INTO meetings
                        (id, app_id, title, title_folded, status, persists_chat, records_on_start, goes_live_on_start, summarizes_on_end,
                         transcribes_on_end, keep_alive_seconds, created_at, updated_at)
                    SELECT {id}, @App, 'Meeting ' || n.i, 'meeting ' || n.i, CASE WHEN n.i % 10 = 0 THEN 'INACTIVE' ELSE 'ACTIVE' END,
                        @Disabled, @Disabled, @Disabled, @Disabled, @Disabled, 60, @Now + n.i, @Now + n.i
                    FROM {Numbers("@Meetings")}
                    """,
                    values);
                await transaction.ExecuteAsync(
                    $"""
                    INSERT INTO participants (id, app_id, meeting_id, custom_id, name, preset_id, token_generation, created_at, updated_at)
                    SELECT {id}, @App, m.id, 'guest ' || n.i, 'Guest', @Preset, 0, m.created_at + n.i, m.created_at + n.i
                    FROM meetings m CROSS JOIN {Numbers($"{ParticipantsPerMeeting}")}
                    """,
                    values);
                await transaction.ExecuteAsync(
                    $"""
                    INSERT INTO meeting_sessions
                        (id, app_id, meeting_id, meeting_title, meeting_title_folded, started_at, ended_at, end_reason, present_peers,
                         most_peers, presence_seconds, created_at, updated_at)
                    SELECT {id}, @App, m.id, m.title, m.title_folded, m.created_at, m.created_at + @SessionMs, 'EVERYBODY_LEFT', 0,
                        {PeersPerSession}, {PeersPerSession * SessionSeconds}, m.created_at, m.created_at + @SessionMs
                    FROM meetings m
                    """,
                    values);
                await transaction.ExecuteAsync(
                    $"""
                    INSERT INTO session_peers
                        (session_id, id, participant_id, custom_id, custom_id_folded, display_name, display_name_folded, preset_name,
                         view_type, joined_at, left_at, present_since, seconds_before, created_at, updated_at)
                    SELECT s.id, {id}, p.id, p.custom_id, p.custom_id, p.name, lower(p.name), 'group_call_host',
                        'GROUP_CALL', s.started_at, s.ended_at, s.started_at, 0, s.created_at, s.updated_at
                    FROM meeting_sessions s CROSS JOIN {Numbers($"{PeersPerSession}")}
                    JOIN participants p ON p.meeting_id = s.meeting_id AND p.custom_id = 'guest ' || n.i AND p.deleted_at IS NULL
                    """,
                    values);
                await transaction.ExecuteAsync(
                    $"""
                    INSERT INTO livestreams (id, app_id, name, status, is_disabled, stream_key, created_at, updated_at)
                    SELECT {id}, @App, 'Livestream ' || n.i, CASE WHEN n.i % 10 = 0 THEN 'INVOKED' ELSE 'IDLE' END, @Disabled,
                        'key ' || n.i, @Now + n.i, @Now + n.i
                    FROM {Numbers("@Livestreams")}
                    """,
                    values);
                await transaction.ExecuteAsync(
                    """
                    INSERT INTO webhooks (id, app_id, name, url, events, is_enabled, created_at, updated_at)
                    VALUES (@Webhook, @App, 'Bench', 'https://hooks.example.org/', 'meeting.summary', @Disabled, @Now, @Now)
                    """,
                    values);
                await transaction.ExecuteAsync(
                    $"""
                    INSERT INTO webhook_events (name, body, created_at)
                    SELECT 'meeting.started', {(isSqlite ? "CAST('{}' AS BLOB)" : "'{}'::bytea")}, @Now + n.i
                    FROM {Numbers($"{Events}")}
                    """,
                    values);
                await transaction.ExecuteAsync(
                    $"""
                    INSERT INTO webhook_deliveries
                        (id, webhook_id, event_sequence, event, lane, status, attempts, last_status, created_at, asked_at, updated_at)
                    SELECT {id}, @Webhook, 1 + n.i % {Events}, 'meeting.started', 'lane ' || n.i % 1000,
                        CASE WHEN n.i % 50 = 0 THEN 'FAILED' ELSE 'DELIVERED' END, 1, 200, @Now + n.i, @Now + n.i, @Now + n.i
                    FROM {Numbers("@Deliveries")}
                    """,
                    values);
                if (!isSqlite)
                {
                    await transaction.ExecuteAsync("ANALYZE;"); // Without the semicolon the mapper takes the word for a procedure.
                }
            },
            CancellationToken.None);

        return await database.ReadAsync(
            async transaction => new Seeded(
                account.Id.ToString(),
                app.Id.Value,
                token.Secret,
                quiet.Id.Value,
                webhook,
                await transaction.QueryAsync<Guid>($"SELECT id FROM meetings ORDER BY id LIMIT {Sampled}"),
                [.. (await transaction.QueryAsync<Pair>($"SELECT meeting_id, id FROM participants ORDER BY id LIMIT {Sampled}")).Select(pair => (pair.MeetingId, pair.Id))],
                await transaction.QueryAsync<Guid>($"SELECT id FROM meeting_sessions ORDER BY id LIMIT {Sampled}"),
                await transaction.QueryAsync<Guid>($"SELECT id FROM webhook_deliveries ORDER BY id LIMIT {Sampled}")),
            CancellationToken.None);
    }

    private sealed class Pair
    {
        public Guid MeetingId { get; init; }

        public Guid Id { get; init; }
    }
}
