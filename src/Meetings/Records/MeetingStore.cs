using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Meetings.Records;

/// <summary>The meetings as kept. A meeting of another app is answered as one that does not exist.</summary>
public sealed class MeetingStore(Database database, TimeProvider clock)
{
    private static readonly string SearchSql =
        $"(meetings.title_folded LIKE @Search ESCAPE '{SearchText.Escape}' OR CAST(meetings.id AS text) LIKE @Search ESCAPE '{SearchText.Escape}')";

    private const string Columns =
        "id, app_id, title, status, persists_chat, records_on_start, goes_live_on_start, summarizes_on_end, transcribes_on_end, "
        + "keep_alive_seconds, ai_config, recording_config, created_at, updated_at";

    /// <summary>Makes an active meeting with a fresh id.</summary>
    /// <param name="appId">The app; it must exist.</param>
    /// <param name="title">Up to 256 characters.</param>
    /// <param name="settings">What it does by itself.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <exception cref="StorageException">There is no such app (<see cref="StorageFailure.Constraint"/>).</exception>
    public Task<Meeting> CreateAsync(AppId appId, string title, MeetingSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(settings);
        var now = StoredTime.Now(clock);
        var meeting = new Meeting
        {
            Id = new MeetingId(Guid.NewGuid()),
            AppId = appId,
            Title = title,
            Status = MeetingStatus.Active,
            Settings = settings,
            CreatedAt = now,
            UpdatedAt = now,
        };

        return database.WriteAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync(
                    """
                    INSERT INTO meetings
                        (id, app_id, title, title_folded, status, persists_chat, records_on_start, goes_live_on_start,
                         summarizes_on_end, transcribes_on_end, keep_alive_seconds, ai_config, recording_config, created_at, updated_at)
                    VALUES
                        (@Id, @AppId, @Title, @TitleFolded, @Status, @PersistsChat, @RecordsOnStart, @GoesLiveOnStart,
                         @SummarizesOnEnd, @TranscribesOnEnd, @KeepAliveSeconds, @AiConfig, @RecordingConfig, @CreatedAt, @UpdatedAt)
                    """,
                    Parameters(meeting));
                return meeting;
            },
            cancellationToken);
    }

    /// <summary>Finds a meeting of an app; null when the app has none of this id.</summary>
    public Task<Meeting?> FindAsync(AppId appId, MeetingId id, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => FindAsync(transaction, appId, id), cancellationToken);

    /// <summary>Lists an app's meetings by page.</summary>
    public Task<Page<Meeting>> ListAsync(AppId appId, MeetingQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        PageBounds.ThrowIfInvalid(query.Page);
        return query.Search?.Contains('\0', StringComparison.Ordinal) == true
            ? Task.FromResult(new Page<Meeting>([], 0, query.Page)) // No title has it, and PostgreSQL would not even look.
            : database.ReadAsync(
                transaction => ListQuery(appId, query).ReadAsync<MeetingRow, Meeting>(
                    transaction, query.Page, query.Order, row => row.ToMeeting()),
                cancellationToken);
    }

    /// <summary>Changes title, status and settings; null when the app has none of this id.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="id">The meeting.</param>
    /// <param name="change">Makes the meeting that shall be of the one that is; it may run more than once. Only title, status and settings count.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task<Meeting?> UpdateAsync(AppId appId, MeetingId id, Func<Meeting, Meeting> change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, appId, id) is not { } meeting)
                {
                    return null;
                }

                var wanted = change(meeting);
                var changed = meeting with
                {
                    Title = wanted.Title,
                    Status = wanted.Status,
                    Settings = wanted.Settings,
                    UpdatedAt = StoredTime.Now(clock),
                };
                await transaction.ExecuteAsync(
                    """
                    UPDATE meetings
                    SET title = @Title, title_folded = @TitleFolded, status = @Status, persists_chat = @PersistsChat,
                        records_on_start = @RecordsOnStart, goes_live_on_start = @GoesLiveOnStart,
                        summarizes_on_end = @SummarizesOnEnd, transcribes_on_end = @TranscribesOnEnd,
                        keep_alive_seconds = @KeepAliveSeconds, ai_config = @AiConfig, recording_config = @RecordingConfig,
                        updated_at = @UpdatedAt
                    WHERE id = @Id
                    """,
                    Parameters(changed));
                return changed;
            },
            cancellationToken);
    }

    /// <summary>The condition that something belongs to a meeting whose title, whatever its case, or id contains a text.</summary>
    /// <param name="meetingColumn">The column of the meeting's id, with its table.</param>
    /// <param name="search">The text.</param>
    public static RowCondition BelongingTo(string meetingColumn, string search) => new(
        $"EXISTS (SELECT 1 FROM meetings WHERE meetings.id = {meetingColumn} AND {SearchSql})", "Search", SearchText.Containing(search));

    internal static PagedQuery ListQuery(AppId appId, MeetingQuery query)
    {
        var list = new PagedQuery(Columns, "meetings").Where("app_id = @AppId", "AppId", appId.Value).WhereCreated(query.Created);
        if (query.Status is { } status)
        {
            list.Where("status = @Status", "Status", MeetingRow.Write(status));
        }

        if (query is { Search: null or "", Created: { From: null, To: null } })
        {
            list.CountedFor(query.Status is { } only ? $"{appId}/{MeetingRow.Write(only)}" : appId.ToString());
        }

        return string.IsNullOrEmpty(query.Search) ? list : list.Where(SearchSql, "Search", SearchText.Containing(query.Search));
    }

    private static async Task<Meeting?> FindAsync(DatabaseTransaction transaction, AppId appId, MeetingId id) =>
        (await transaction.QueryRowAsync<MeetingRow>(
            $"SELECT {Columns} FROM meetings WHERE id = @Id AND app_id = @AppId",
            new { Id = id.Value, AppId = appId.Value }))?.ToMeeting();

    private static object Parameters(Meeting meeting) => new
    {
        Id = meeting.Id.Value,
        AppId = meeting.AppId.Value,
        meeting.Title,
        TitleFolded = SearchText.Fold(meeting.Title),
        Status = MeetingRow.Write(meeting.Status),
        meeting.Settings.PersistsChat,
        meeting.Settings.RecordsOnStart,
        meeting.Settings.GoesLiveOnStart,
        meeting.Settings.SummarizesOnEnd,
        meeting.Settings.TranscribesOnEnd,
        KeepAliveSeconds = (int)meeting.Settings.KeepAlive.TotalSeconds,
        meeting.Settings.AiConfig,
        meeting.Settings.RecordingConfig,
        meeting.CreatedAt,
        meeting.UpdatedAt,
    };

    private sealed class MeetingRow
    {
        public Guid Id { get; init; }

        public Guid AppId { get; init; }

        public string Title { get; init; } = "";

        public string Status { get; init; } = "";

        public bool PersistsChat { get; init; }

        public bool RecordsOnStart { get; init; }

        public bool GoesLiveOnStart { get; init; }

        public bool SummarizesOnEnd { get; init; }

        public bool TranscribesOnEnd { get; init; }

        public int KeepAliveSeconds { get; init; }

        public string? AiConfig { get; init; }

        public string? RecordingConfig { get; init; }

        public DateTimeOffset CreatedAt { get; init; }

        public DateTimeOffset UpdatedAt { get; init; }

        public static string Write(MeetingStatus status) => status switch
        {
            MeetingStatus.Active => "ACTIVE",
            MeetingStatus.Inactive => "INACTIVE",
            _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Not a status."),
        };

        public Meeting ToMeeting() => new()
        {
            Id = new MeetingId(Id),
            AppId = new AppId(AppId),
            Title = Title,
            Status = Status switch
            {
                "ACTIVE" => MeetingStatus.Active,
                "INACTIVE" => MeetingStatus.Inactive,
                _ => throw new StorageException(StorageFailure.Corrupted, $"A meeting has the unknown status '{Status}'."),
            },
            Settings = new MeetingSettings
            {
                PersistsChat = PersistsChat,
                RecordsOnStart = RecordsOnStart,
                GoesLiveOnStart = GoesLiveOnStart,
                SummarizesOnEnd = SummarizesOnEnd,
                TranscribesOnEnd = TranscribesOnEnd,
                KeepAlive = TimeSpan.FromSeconds(KeepAliveSeconds),
                AiConfig = AiConfig,
                RecordingConfig = RecordingConfig,
            },
            CreatedAt = CreatedAt,
            UpdatedAt = UpdatedAt,
        };
    }
}
