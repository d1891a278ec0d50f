using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Egress.Recording;

/// <summary>The recordings as kept.</summary>
public sealed class RecordingStore(Database database, TimeProvider clock, IEnumerable<IRecordingFacts>? facts = null)
{
    /// <summary>Where the meeting of a recording stands, for conditions on it.</summary>
    public const string MeetingColumn = "recordings.meeting_id";

    private const string Columns =
        "id, app_id, meeting_id, session_id, kind, status, output_file_name, start_reason, starter, stop_reason, stopper, started_at, "
        + "stopped_at, duration_ms, file_size, media_file, audio_file, track_files, links_expire_at, error_message, plan, node, "
        + "created_at, updated_at";

    private const string Active = "status IN ('INVOKED', 'RECORDING', 'PAUSED')";

    private readonly IRecordingFacts[] _facts = [.. facts ?? []];

    /// <summary>Adds one.</summary>
    /// <param name="recording">The recording; its app must exist.</param>
    /// <param name="isAlone">Whether it is refused when its meeting has an active one of the same kind.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>False when it was refused.</returns>
    /// <exception cref="StorageException">There is no such app (<see cref="StorageFailure.Constraint"/>).</exception>
    internal Task<bool> AddAsync(RecordingRecord recording, bool isAlone, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                if (isAlone && await transaction.QueryValueAsync<long>(
                    $"SELECT count(*) FROM recordings WHERE app_id = @AppId AND meeting_id = @MeetingId AND kind = @Kind AND {Active}",
                    new { AppId = recording.AppId.Value, recording.MeetingId, Kind = RecordingRow.Write(recording.Kind) }) > 0)
                {
                    return false;
                }

                await transaction.ExecuteAsync(
                    $"""
                    INSERT INTO recordings ({Columns})
                    VALUES
                        (@Id, @AppId, @MeetingId, @SessionId, @Kind, @Status, @OutputFileName, @StartReason, @Starter, @StopReason, @Stopper,
                         @StartedAt, @StoppedAt, @DurationMs, @FileSize, @MediaFile, @AudioFile, @TrackFiles, @LinksExpireAt, @ErrorMessage,
                         @Plan, @Node, @CreatedAt, @UpdatedAt)
                    """,
                    RecordingRow.Of(recording));
                await TellAsync(transaction, recording);
                return true;
            },
            cancellationToken);

    /// <summary>Keeps what has become of one, all of it.</summary>
    internal Task SaveAsync(RecordingRecord recording, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                var row = RecordingRow.Of(recording);
                var before = await transaction.QueryValueAsync<string>("SELECT status FROM recordings WHERE id = @Id", new { row.Id });
                await transaction.ExecuteAsync(
                    """
                    UPDATE recordings
                    SET status = @Status, output_file_name = @OutputFileName, stop_reason = @StopReason, stopper = @Stopper,
                        started_at = @StartedAt, stopped_at = @StoppedAt,
                        duration_ms = @DurationMs, file_size = @FileSize, media_file = @MediaFile, audio_file = @AudioFile,
                        track_files = @TrackFiles, links_expire_at = @LinksExpireAt, error_message = @ErrorMessage, plan = @Plan,
                        updated_at = @UpdatedAt
                    WHERE id = @Id
                    """,
                    row);
                if (before is not null && before != row.Status)
                {
                    await TellAsync(transaction, recording);
                }
            },
            cancellationToken);

    /// <summary>Finds one of an app; null when the app has none of this id.</summary>
    public Task<RecordingRecord?> FindAsync(AppId appId, RecordingId id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction => (await transaction.QueryRowAsync<RecordingRow>(
                $"SELECT {Columns} FROM recordings WHERE id = @Id AND app_id = @AppId",
                new { Id = id.Value, AppId = appId.Value }))?.ToRecord(),
            cancellationToken);

    /// <summary>The active recordings of a meeting, newest first.</summary>
    public Task<IReadOnlyList<RecordingRecord>> FindActiveAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken) =>
        ReadAsync(
            $"SELECT {Columns} FROM recordings WHERE app_id = @AppId AND meeting_id = @MeetingId AND {Active} ORDER BY created_at DESC, id DESC LIMIT 100",
            new { AppId = appId.Value, MeetingId = meetingId },
            cancellationToken);

    /// <summary>Those of a server whose delivery is not over, oldest first; among them such as a fault has ended.</summary>
    internal async Task<IReadOnlyList<RecordingRecord>> FindUnfinishedAsync(string node, CancellationToken cancellationToken)
    {
        // The length of a file is known from its delivery on. Those that have none because there was nothing say so in their plan.
        var left = await ReadAsync(
            $"""
            SELECT {Columns} FROM recordings
            WHERE node = @Node AND (status NOT IN ('UPLOADED', 'ERRORED') OR (status = 'ERRORED' AND file_size IS NULL))
            ORDER BY created_at, id
            """,
            new { Node = node },
            cancellationToken);
        return [.. left.Where(recording => !recording.Plan.IsSettled)];
    }

    /// <summary>Some of a server whose links have expired, those that expired first before the others: at most 100.</summary>
    /// <param name="node">The server.</param>
    /// <param name="after">The last that is known already; null for none.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    internal Task<IReadOnlyList<RecordingRecord>> FindExpiredAsync(string node, RecordingRecord? after, CancellationToken cancellationToken) =>
        ReadAsync(
            $"""
            SELECT {Columns} FROM recordings
            WHERE node = @Node AND links_expire_at IS NOT NULL AND links_expire_at < @Now
                AND (media_file IS NOT NULL OR audio_file IS NOT NULL OR track_files IS NOT NULL)
                AND (links_expire_at, id) > (@LastExpiry, @LastId)
            ORDER BY links_expire_at, id LIMIT 100
            """,
            new
            {
                Node = node,
                Now = StoredTime.Now(clock),
                LastExpiry = after?.LinksExpireAt ?? DateTimeOffset.UnixEpoch,
                LastId = after?.Id.Value ?? Guid.Empty,
            },
            cancellationToken);

    /// <summary>Lists an app's recordings by page.</summary>
    public Task<Page<RecordingRecord>> ListAsync(AppId appId, RecordingQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        PageBounds.ThrowIfInvalid(query.Page);
        return database.ReadAsync(
            transaction => ListQuery(appId, query, StoredTime.Now(clock)).ReadAsync<RecordingRow, RecordingRecord>(
                transaction, query.Page, query.Order, row => row.ToRecord()),
            cancellationToken);
    }

    internal static PagedQuery ListQuery(AppId appId, RecordingQuery query, DateTimeOffset now)
    {
        var list = new PagedQuery(Columns, "recordings").Where("app_id = @AppId", "AppId", appId.Value).WhereCreated(query.Invoked);
        if (query.MeetingId is { } meeting)
        {
            list.Where("meeting_id = @MeetingId", "MeetingId", meeting);
        }

        if (query.SessionId is { } session)
        {
            list.Where("session_id = @SessionId", "SessionId", session);
        }

        if (query.Kind is { } kind)
        {
            list.Where("kind = @Kind", "Kind", RecordingRow.Write(kind));
        }

        if (query.Meeting is { } condition)
        {
            list.Where(condition);
        }

        if (query.Statuses.Count > 0)
        {
            list.Where(AnyOf("status", query.Statuses.Select((status, i) => ($"Status{i}", (object)RecordingRow.Write(status))), list));
        }

        return query.IsExpired switch
        {
            true => list.Where("links_expire_at IS NOT NULL AND links_expire_at <= @ExpiredAt", "ExpiredAt", now),
            false => list.Where("(links_expire_at IS NULL OR links_expire_at > @ExpiredAt)", "ExpiredAt", now),
            null => list,
        };
    }

    private static string AnyOf(string column, IEnumerable<(string Name, object Value)> values, PagedQuery list)
    {
        var names = new List<string>();
        foreach (var (name, value) in values)
        {
            list.Where("1 = 1", name, value);
            names.Add($"{column} = @{name}");
        }

        return $"({string.Join(" OR ", names)})";
    }

    private async Task TellAsync(DatabaseTransaction transaction, RecordingRecord recording)
    {
        foreach (var each in _facts)
        {
            await each.StatusChangedAsync(transaction, recording);
        }
    }

    private Task<IReadOnlyList<RecordingRecord>> ReadAsync(string sql, object parameters, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<RecordingRecord>>(
            async transaction => [.. (await transaction.QueryAsync<RecordingRow>(sql, parameters)).Select(row => row.ToRecord())],
            cancellationToken);
}
