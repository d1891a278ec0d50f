using System.Security.Cryptography;
using System.Text;
using Roomcast.Accounts;
using Roomcast.Livestreams.Meetings;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Records;

/// <summary>The livestreams as kept. Deleted ones are answered as ones that do not exist.</summary>
public sealed class LivestreamStore(Database database, TimeProvider clock, IEnumerable<ILivestreamFacts>? facts = null)
{
    private const string Columns = "id, app_id, name, meeting_id, status, is_disabled, is_manual, composed_as, stream_key, created_at, updated_at";
    private const int StreamKeyBytes = 32;

    private readonly ILivestreamFacts[] _facts = [.. facts ?? []];

    /// <summary>Makes a livestream with a fresh id and stream key.</summary>
    /// <param name="appId">The app; it must exist.</param>
    /// <param name="name">1 to 256 characters, or null.</param>
    /// <param name="meetingId">The meeting it shows; null for an independent livestream.</param>
    /// <param name="isManual">Whether the customer's own encoder publishes.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <exception cref="StorageException">There is no such app (<see cref="StorageFailure.Constraint"/>).</exception>
    public Task<Livestream> CreateAsync(AppId appId, string? name, Guid? meetingId, bool isManual, CancellationToken cancellationToken) =>
        CreateAsync(appId, name, meetingId, isManual, composed: null, cancellationToken);

    /// <summary>Makes the livestream of a meeting with a fresh id and stream key.</summary>
    /// <param name="appId">The app; it must exist.</param>
    /// <param name="meetingId">The meeting it shows.</param>
    /// <param name="request">How it was asked for.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <exception cref="StorageException">There is no such app (<see cref="StorageFailure.Constraint"/>).</exception>
    public Task<Livestream> CreateAsync(AppId appId, Guid meetingId, MeetingLivestreamRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return CreateAsync(appId, request.Name, meetingId, request.IsManual, request.IsManual ? null : request, cancellationToken);
    }

    private Task<Livestream> CreateAsync(
        AppId appId, string? name, Guid? meetingId, bool isManual, MeetingLivestreamRequest? composed, CancellationToken cancellationToken)
    {
        var now = StoredTime.Now(clock);
        var livestream = new Livestream
        {
            Id = new LivestreamId(Guid.NewGuid()),
            AppId = appId,
            Name = name,
            MeetingId = meetingId,
            Status = LivestreamStatus.Invoked,
            IsManual = isManual,
            Composed = composed,
            StreamKey = MakeStreamKey(),
            CreatedAt = now,
            UpdatedAt = now,
        };

        return database.WriteAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync(
                    """
                    INSERT INTO livestreams
                        (id, app_id, name, meeting_id, status, is_disabled, is_manual, composed_as, stream_key, stream_key_hash, created_at, updated_at)
                    VALUES
                        (@Id, @AppId, @Name, @MeetingId, @Status, @IsDisabled, @IsManual, @ComposedAs, @StreamKey, @StreamKeyHash, @CreatedAt,
                         @UpdatedAt)
                    """,
                    new
                    {
                        Id = livestream.Id.Value,
                        AppId = appId.Value,
                        livestream.Name,
                        livestream.MeetingId,
                        Status = LivestreamRow.Write(livestream.Status),
                        livestream.IsDisabled,
                        livestream.IsManual,
                        ComposedAs = LivestreamRow.Write(livestream.Composed),
                        livestream.StreamKey,
                        StreamKeyHash = Digest(livestream.StreamKey),
                        livestream.CreatedAt,
                        livestream.UpdatedAt,
                    });
                await TellAsync(_facts, transaction, livestream, before: null);
                return livestream;
            },
            cancellationToken);
    }

    /// <summary>Finds one of an app; null when the app has none of this id.</summary>
    public Task<Livestream?> FindAsync(AppId appId, LivestreamId id, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => FindAsync(transaction, appId, id), cancellationToken);

    /// <summary>Finds one whoever owns it: for playback, where the address carries the id alone.</summary>
    public Task<Livestream?> FindAsync(LivestreamId id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction => (await transaction.QueryRowAsync<LivestreamRow>(
                $"SELECT {Columns} FROM livestreams WHERE id = @Id AND deleted_at IS NULL", new { Id = id.Value }))?.ToLivestream(),
            cancellationToken);

    /// <summary>Finds the one with this stream key, compared in constant time; null when there is none.</summary>
    /// <param name="streamKey">As an encoder sent it; anything at all.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<Livestream?> FindByStreamKeyAsync(string streamKey, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(streamKey);
        if (streamKey.Length != StreamKeyBytes * 2)
        {
            return Task.FromResult<Livestream?>(null);
        }

        return database.ReadAsync(
            async transaction =>
            {
                var row = await transaction.QueryRowAsync<LivestreamRow>(
                    $"SELECT {Columns} FROM livestreams WHERE stream_key_hash = @Hash AND deleted_at IS NULL",
                    new { Hash = Digest(streamKey) });
                return row is not null
                    && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(row.StreamKey), Encoding.UTF8.GetBytes(streamKey))
                        ? row.ToLivestream()
                        : null;
            },
            cancellationToken);
    }

    /// <summary>Lists an app's livestreams by page.</summary>
    public Task<Page<Livestream>> ListAsync(AppId appId, LivestreamQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        PageBounds.ThrowIfInvalid(query.Page);
        return database.ReadAsync(
            transaction => ListQuery(appId, query).ReadAsync<LivestreamRow, Livestream>(
                transaction, query.Page, query.Order, row => row.ToLivestream()),
            cancellationToken);
    }

    /// <summary>Lists the livestreams of a meeting, newest first.</summary>
    public Task<Page<Livestream>> ListOfMeetingAsync(AppId appId, Guid meetingId, PageRequest page, CancellationToken cancellationToken)
    {
        PageBounds.ThrowIfInvalid(page);
        return database.ReadAsync(
            transaction => new PagedQuery(Columns, "livestreams")
                .Where("app_id = @AppId", "AppId", appId.Value)
                .Where("meeting_id = @MeetingId", "MeetingId", meetingId)
                .Where("deleted_at IS NULL")
                .ReadAsync<LivestreamRow, Livestream>(transaction, page, SortOrder.Descending, row => row.ToLivestream()),
            cancellationToken);
    }

    /// <summary>The newest livestream of a meeting that can be on air: one that was stopped is disabled. Null when there is none.</summary>
    public Task<Livestream?> FindOfMeetingAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction => (await transaction.QueryRowAsync<LivestreamRow>(
                $"""
                SELECT {Columns} FROM livestreams
                WHERE app_id = @AppId AND meeting_id = @MeetingId AND is_disabled = @IsDisabled AND deleted_at IS NULL
                ORDER BY created_at DESC, id DESC LIMIT 1
                """,
                new { AppId = appId.Value, MeetingId = meetingId, IsDisabled = false }))?.ToLivestream(),
            cancellationToken);

    /// <summary>Changes name or disabled; null when the app has none of this id.</summary>
    public Task<Livestream?> UpdateAsync(AppId appId, LivestreamId id, LivestreamPatch patch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(patch);
        return ChangeAsync(
            appId,
            id,
            livestream => livestream with
            {
                Name = patch.Name is null ? livestream.Name : patch.Name.Length == 0 ? null : patch.Name,
                IsDisabled = patch.IsDisabled ?? livestream.IsDisabled,
            },
            cancellationToken);
    }

    /// <summary>Sets the status. False when there is none of this id.</summary>
    public Task<bool> SetStatusAsync(LivestreamId id, LivestreamStatus status, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                // One that was deleted on air still comes to its end, of which others are told.
                var row = await transaction.QueryRowAsync<LivestreamRow>(
                    $"SELECT {Columns}, deleted_at FROM livestreams WHERE id = @Id", new { Id = id.Value });
                if (row is null || (row.DeletedAt is not null && status is LivestreamStatus.Live))
                {
                    return false;
                }

                var now = StoredTime.Now(clock);
                await transaction.ExecuteAsync(
                    "UPDATE livestreams SET status = @Status, updated_at = @Now WHERE id = @Id",
                    new { Status = LivestreamRow.Write(status), Now = now, Id = id.Value });
                var before = row.ToLivestream();
                if (before.Status != status)
                {
                    await TellAsync(_facts, transaction, before with { Status = status, UpdatedAt = now }, before.Status);
                }

                return row.DeletedAt is null;
            },
            cancellationToken);

    /// <summary>Gives it a new stream key; the old one is worth nothing from then on. Null when the app has none of this id.</summary>
    public Task<Livestream?> RotateStreamKeyAsync(AppId appId, LivestreamId id, CancellationToken cancellationToken) =>
        ChangeAsync(appId, id, livestream => livestream with { StreamKey = MakeStreamKey() }, cancellationToken);

    /// <summary>Deletes it, its stream key too; its sessions go on counting. Returns what was deleted, or null.</summary>
    public Task<Livestream?> DeleteAsync(AppId appId, LivestreamId id, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, appId, id) is not { } livestream)
                {
                    return null;
                }

                var now = StoredTime.Now(clock);
                await transaction.ExecuteAsync(
                    """
                    UPDATE livestreams SET stream_key = NULL, stream_key_hash = NULL, updated_at = @Now, deleted_at = @Now
                    WHERE id = @Id
                    """,
                    new { Now = now, Id = id.Value });
                return livestream with { UpdatedAt = now };
            },
            cancellationToken);

    internal static PagedQuery ListQuery(AppId appId, LivestreamQuery query)
    {
        var list = new PagedQuery(Columns, "livestreams")
            .Where("app_id = @AppId", "AppId", appId.Value)
            .Where("deleted_at IS NULL")
            .WhereCreated(query.Created);
        if (query.Status is { } status)
        {
            list.Where("status = @Status", "Status", LivestreamRow.Write(status));
        }

        return query.ExcludeMeetings ? list.Where("meeting_id IS NULL") : list;
    }

    internal static async Task TellAsync(
        ILivestreamFacts[] facts, DatabaseTransaction transaction, Livestream livestream, LivestreamStatus? before)
    {
        foreach (var each in facts)
        {
            await each.StatusChangedAsync(transaction, livestream, before);
        }
    }

    /// <summary>The livestreams that stand as live, for the start of the server.</summary>
    internal static async Task<IReadOnlyList<Livestream>> FindLiveAsync(DatabaseTransaction transaction) =>
        [.. (await transaction.QueryAsync<LivestreamRow>($"SELECT {Columns} FROM livestreams WHERE status = 'LIVE' ORDER BY id"))
            .Select(row => row.ToLivestream())];

    private static async Task<Livestream?> FindAsync(DatabaseTransaction transaction, AppId appId, LivestreamId id) =>
        (await transaction.QueryRowAsync<LivestreamRow>(
            $"SELECT {Columns} FROM livestreams WHERE id = @Id AND app_id = @AppId AND deleted_at IS NULL",
            new { Id = id.Value, AppId = appId.Value }))?.ToLivestream();

    /// <summary>Changes what its owner may change: name, disabled and stream key.</summary>
    private Task<Livestream?> ChangeAsync(
        AppId appId, LivestreamId id, Func<Livestream, Livestream> change, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, appId, id) is not { } livestream)
                {
                    return null;
                }

                var changed = change(livestream) with { UpdatedAt = StoredTime.Now(clock) };
                await transaction.ExecuteAsync(
                    """
                    UPDATE livestreams
                    SET name = @Name, is_disabled = @IsDisabled, stream_key = @StreamKey, stream_key_hash = @StreamKeyHash,
                        updated_at = @UpdatedAt
                    WHERE id = @Id
                    """,
                    new
                    {
                        changed.Name,
                        changed.IsDisabled,
                        changed.StreamKey,
                        StreamKeyHash = Digest(changed.StreamKey),
                        changed.UpdatedAt,
                        Id = id.Value,
                    });
                return changed;
            },
            cancellationToken);

    private static string MakeStreamKey() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(StreamKeyBytes));

    private static byte[] Digest(string streamKey) => SHA256.HashData(Encoding.UTF8.GetBytes(streamKey));
}
