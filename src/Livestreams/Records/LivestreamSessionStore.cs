using System.Globalization;
using System.Text;
using Dapper;
using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Records;

/// <summary>What a livestream session has come to so far.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="IngestSeconds">Media time received since it began, 0 or more.</param>
/// <param name="ViewerSeconds">Time watched since it began, added up over all viewers, 0 or more.</param>
public readonly record struct LivestreamFigures(LivestreamSessionId SessionId, double IngestSeconds, double ViewerSeconds);

/// <summary>The livestream sessions as kept: when each was on air, and its figures.</summary>
public sealed class LivestreamSessionStore(Database database, TimeProvider clock, IEnumerable<ILivestreamFacts>? facts = null)
{
    /// <summary>The error message of a session that a crash left open.</summary>
    public const string OrphanMessage = "The server stopped without ending this session.";

    private const string Columns =
        "id, livestream_id, meeting_session_id, invoked_at, started_at, stopped_at, ingest_seconds, viewer_seconds, "
        + "error_message, created_at, updated_at";

    private const int FiguresPerStatement = 100;

    private readonly ILivestreamFacts[] _facts = [.. facts ?? []];

    /// <summary>
    /// Opens a session of a livestream. One that is still open is closed at its last update, as after a crash: its end was lost,
    /// since a livestream is on air once.
    /// </summary>
    /// <param name="livestreamId">The livestream; it must exist.</param>
    /// <param name="meetingSessionId">The meeting session it shows; null for ingested livestreams.</param>
    /// <param name="invokedAt">When it was asked for: the publisher was admitted, or start was called.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <exception cref="StorageException">
    /// There is no such livestream (<see cref="StorageFailure.Constraint"/>).
    /// </exception>
    public Task<LivestreamSession> OpenAsync(
        LivestreamId livestreamId, Guid? meetingSessionId, DateTimeOffset invokedAt, CancellationToken cancellationToken)
    {
        var now = StoredTime.Now(clock);
        var session = new LivestreamSession
        {
            Id = new LivestreamSessionId(Guid.NewGuid()),
            LivestreamId = livestreamId,
            MeetingSessionId = meetingSessionId,
            InvokedAt = StoredTime.Of(invokedAt),
            CreatedAt = now,
            UpdatedAt = now,
        };

        return database.WriteAsync(
            async transaction =>
            {
                var livestream = await transaction.QueryRowAsync<LivestreamRow>(
                    "SELECT app_id FROM livestreams WHERE id = @Id AND deleted_at IS NULL", new { Id = livestreamId.Value })
                    ?? throw new StorageException(StorageFailure.Constraint, $"There is no livestream {livestreamId}.");

                await transaction.ExecuteAsync(
                    """
                    UPDATE livestream_sessions SET stopped_at = updated_at, error_message = @OrphanMessage
                    WHERE livestream_id = @Id AND stopped_at IS NULL
                    """,
                    new { Id = livestreamId.Value, OrphanMessage });
                await transaction.ExecuteAsync(
                    """
                    INSERT INTO livestream_sessions
                        (id, livestream_id, app_id, meeting_session_id, invoked_at, ingest_seconds, viewer_seconds, created_at, updated_at)
                    VALUES
                        (@Id, @LivestreamId, @AppId, @MeetingSessionId, @InvokedAt, 0, 0, @CreatedAt, @UpdatedAt)
                    """,
                    new
                    {
                        Id = session.Id.Value,
                        LivestreamId = livestreamId.Value,
                        livestream.AppId,
                        session.MeetingSessionId,
                        session.InvokedAt,
                        session.CreatedAt,
                        session.UpdatedAt,
                    });
                return session;
            },
            cancellationToken);
    }

    /// <summary>Notes that the session became playable. Null when it is not open; a second call keeps the first time.</summary>
    public Task<LivestreamSession?> StartAsync(LivestreamSessionId id, DateTimeOffset startedAt, CancellationToken cancellationToken) =>
        ChangeAsync(
            "UPDATE livestream_sessions SET started_at = @StartedAt, updated_at = @Now "
            + "WHERE id = @Id AND started_at IS NULL AND stopped_at IS NULL",
            new { StartedAt = startedAt, Now = StoredTime.Now(clock), Id = id.Value },
            id,
            mustBeOpen: true,
            cancellationToken);

    /// <summary>Ends the session. Null when there is none; a second call keeps the first end.</summary>
    /// <param name="id">The session.</param>
    /// <param name="stoppedAt">When it ended.</param>
    /// <param name="errorMessage">Why, when a fault ended it.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task<LivestreamSession?> CloseAsync(
        LivestreamSessionId id, DateTimeOffset stoppedAt, string? errorMessage, CancellationToken cancellationToken) =>
        ChangeAsync(
            "UPDATE livestream_sessions SET stopped_at = @StoppedAt, error_message = @ErrorMessage, updated_at = @Now "
            + "WHERE id = @Id AND stopped_at IS NULL",
            new { StoppedAt = stoppedAt, ErrorMessage = errorMessage, Now = StoredTime.Now(clock), Id = id.Value },
            id,
            mustBeOpen: false,
            cancellationToken);

    /// <summary>Stores figures of many sessions in one transaction. A figure never falls; sessions that do not exist are passed over.</summary>
    /// <param name="figures">
    /// Each session at most once. Sessions that ended may still be among them, for viewers who watch the rest.
    /// </param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task StoreFiguresAsync(IReadOnlyCollection<LivestreamFigures> figures, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(figures);
        foreach (var figure in figures)
        {
            if (!(figure.IngestSeconds >= 0 && double.IsFinite(figure.IngestSeconds))
                || !(figure.ViewerSeconds >= 0 && double.IsFinite(figure.ViewerSeconds)))
            {
                throw new ArgumentException($"{figure} is not a number of seconds.", nameof(figures));
            }
        }

        if (figures.Count == 0)
        {
            return Task.CompletedTask;
        }

        // Always in one order, so that two writers cannot hold each other's next row.
        var ordered = figures.OrderBy(figure => figure.SessionId.Value).ToArray();
        var now = StoredTime.Now(clock);
        return database.WriteAsync(
            async transaction =>
            {
                foreach (var chunk in ordered.Chunk(FiguresPerStatement))
                {
                    await StoreAsync(transaction, chunk, now);
                }
            },
            cancellationToken);
    }

    /// <summary>Finds a session by its own id; null when the app has none.</summary>
    public Task<LivestreamSession?> FindAsync(AppId appId, LivestreamSessionId id, CancellationToken cancellationToken) =>
        FindAsync("id = @Id AND app_id = @AppId", new { Id = id.Value, AppId = appId.Value }, cancellationToken);

    /// <summary>The session that is not closed; null when there is none.</summary>
    public Task<LivestreamSession?> FindOpenAsync(LivestreamId livestreamId, CancellationToken cancellationToken) =>
        FindAsync(
            "livestream_id = @LivestreamId AND stopped_at IS NULL", new { LivestreamId = livestreamId.Value }, cancellationToken);

    /// <summary>Lists a livestream's sessions, newest first.</summary>
    public Task<Page<LivestreamSession>> ListAsync(LivestreamId livestreamId, PageRequest page, CancellationToken cancellationToken)
    {
        PageBounds.ThrowIfInvalid(page);
        return database.ReadAsync(
            transaction => ListQuery(livestreamId).ReadAsync<LivestreamSessionRow, LivestreamSession>(
                transaction, page, SortOrder.Descending, row => row.ToSession()),
            cancellationToken);
    }

    /// <summary>Lists the livestream sessions of a meeting, newest first.</summary>
    public Task<Page<LivestreamSession>> ListOfMeetingAsync(
        AppId appId, Guid meetingId, PageRequest page, CancellationToken cancellationToken) =>
        ListAsync(
            appId,
            "livestream_id IN (SELECT id FROM livestreams WHERE meeting_id = @MeetingId AND deleted_at IS NULL)",
            "MeetingId",
            meetingId,
            page,
            cancellationToken);

    /// <summary>Lists the livestream sessions that showed one session of a meeting, newest first.</summary>
    public Task<Page<LivestreamSession>> ListOfMeetingSessionAsync(
        AppId appId, Guid meetingSessionId, PageRequest page, CancellationToken cancellationToken) =>
        ListAsync(appId, "meeting_session_id = @MeetingSessionId", "MeetingSessionId", meetingSessionId, page, cancellationToken);

    /// <summary>
    /// Closes the sessions that a crash left open, each at its last update with <see cref="OrphanMessage"/>, and sets livestreams
    /// that still stand as live to idle. For the start of the only server that uses this database.
    /// </summary>
    /// <returns>The sessions closed.</returns>
    public Task<IReadOnlyList<LivestreamSession>> CloseOrphansAsync(CancellationToken cancellationToken) =>
        database.WriteAsync<IReadOnlyList<LivestreamSession>>(
            async transaction =>
            {
                var now = StoredTime.Now(clock);
                var open = await transaction.QueryAsync<LivestreamSessionRow>(
                    $"SELECT {Columns} FROM livestream_sessions WHERE stopped_at IS NULL ORDER BY livestream_id");
                await transaction.ExecuteAsync(
                    """
                    UPDATE livestream_sessions
                    SET stopped_at = CASE WHEN started_at > updated_at THEN started_at ELSE updated_at END,
                        error_message = @OrphanMessage, updated_at = @Now
                    WHERE stopped_at IS NULL
                    """,
                    new { OrphanMessage, Now = now });
                var live = _facts.Length == 0 ? [] : await LivestreamStore.FindLiveAsync(transaction);
                await transaction.ExecuteAsync(
                    "UPDATE livestreams SET status = 'IDLE', updated_at = @Now WHERE status = 'LIVE'", new { Now = now });
                foreach (var livestream in live)
                {
                    await LivestreamStore.TellAsync(
                        _facts, transaction, livestream with { Status = LivestreamStatus.Idle, UpdatedAt = now }, LivestreamStatus.Live);
                }

                return
                [
                    .. open.Select(row => row.ToSession() with
                    {
                        StoppedAt = row.StartedAt > row.UpdatedAt ? row.StartedAt : row.UpdatedAt,
                        ErrorMessage = OrphanMessage,
                        UpdatedAt = now,
                    }),
                ];
            },
            cancellationToken);

    internal static PagedQuery ListQuery(LivestreamId livestreamId) =>
        new PagedQuery(Columns, "livestream_sessions")
            .Where("livestream_id = @LivestreamId", "LivestreamId", livestreamId.Value);

    private Task<Page<LivestreamSession>> ListAsync(
        AppId appId, string condition, string parameter, Guid value, PageRequest page, CancellationToken cancellationToken)
    {
        PageBounds.ThrowIfInvalid(page);
        return database.ReadAsync(
            transaction => new PagedQuery(Columns, "livestream_sessions")
                .Where("app_id = @AppId", "AppId", appId.Value)
                .Where(condition, parameter, value)
                .ReadAsync<LivestreamSessionRow, LivestreamSession>(transaction, page, SortOrder.Descending, row => row.ToSession()),
            cancellationToken);
    }

    private static Task<int> StoreAsync(DatabaseTransaction transaction, LivestreamFigures[] figures, DateTimeOffset now)
    {
        var values = new StringBuilder();
        var parameters = new DynamicParameters();
        parameters.Add("Now", now);
        for (var i = 0; i < figures.Length; i++)
        {
            values.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : ", ")}(@Id{i}, @Ingest{i}, @Viewer{i})");
            parameters.Add($"Id{i}", figures[i].SessionId.Value);
            parameters.Add($"Ingest{i}", figures[i].IngestSeconds);
            parameters.Add($"Viewer{i}", figures[i].ViewerSeconds);
        }

        // Both engines name the columns of VALUES column1, column2 …; the CASEs stand for max, which they do not name alike.
        return transaction.ExecuteAsync(
            $"""
            UPDATE livestream_sessions
            SET ingest_seconds = CASE WHEN figures.column2 > ingest_seconds THEN figures.column2 ELSE ingest_seconds END,
                viewer_seconds = CASE WHEN figures.column3 > viewer_seconds THEN figures.column3 ELSE viewer_seconds END,
                updated_at = CASE WHEN @Now > updated_at THEN @Now ELSE updated_at END
            FROM (VALUES {values}) AS figures
            WHERE livestream_sessions.id = figures.column1
            """,
            parameters);
    }

    private Task<LivestreamSession?> FindAsync(string condition, object parameters, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction => (await transaction.QueryRowAsync<LivestreamSessionRow>(
                $"SELECT {Columns} FROM livestream_sessions WHERE {condition}", parameters))?.ToSession(),
            cancellationToken);

    private Task<LivestreamSession?> ChangeAsync(
        string update, object parameters, LivestreamSessionId id, bool mustBeOpen, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync(update, parameters);
                var condition = mustBeOpen ? "id = @Id AND stopped_at IS NULL" : "id = @Id";
                return (await transaction.QueryRowAsync<LivestreamSessionRow>(
                    $"SELECT {Columns} FROM livestream_sessions WHERE {condition}", new { Id = id.Value }))?.ToSession();
            },
            cancellationToken);
}
