using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Egress.Push.Records;

/// <summary>The targets of meetings as kept.</summary>
public sealed class MeetingTargetStore(Database database, TimeProvider clock)
{
    private const string Columns = "id, app_id, meeting_id, url, created_at, updated_at";

    /// <summary>Makes a target; null when the meeting has as many as it may.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="meetingId">A meeting of the app; it must exist.</param>
    /// <param name="address">Where to: with the stream's name in it.</param>
    /// <param name="most">Most targets of a meeting.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <exception cref="StorageException">There is no such meeting (<see cref="StorageFailure.Constraint"/>).</exception>
    public Task<MeetingTarget?> CreateAsync(AppId appId, Guid meetingId, PushAddress address, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var now = StoredTime.Now(clock);
        var target = new MeetingTarget
        {
            Id = new MeetingTargetId(Guid.NewGuid()), AppId = appId, MeetingId = meetingId, Address = address, CreatedAt = now, UpdatedAt = now,
        };
        return database.WriteAsync(
            async transaction =>
            {
                var count = await transaction.QueryValueAsync<long>(
                    "SELECT count(*) FROM meeting_targets WHERE meeting_id = @MeetingId", new { MeetingId = meetingId });
                if (count >= most)
                {
                    return null;
                }

                await transaction.ExecuteAsync(
                    $"INSERT INTO meeting_targets ({Columns}) VALUES (@Id, @AppId, @MeetingId, @Url, @CreatedAt, @UpdatedAt)",
                    new { Id = target.Id.Value, AppId = appId.Value, target.MeetingId, address.Url, target.CreatedAt, target.UpdatedAt });
                return target;
            },
            cancellationToken);
    }

    /// <summary>Finds one of an app; null when it has none of this id.</summary>
    public Task<MeetingTarget?> FindAsync(AppId appId, MeetingTargetId id, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => FindAsync(transaction, appId, id), cancellationToken);

    /// <summary>All of a meeting, oldest first.</summary>
    public Task<IReadOnlyList<MeetingTarget>> ListAsync(Guid meetingId, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<MeetingTarget>>(
            async transaction =>
            [
                .. (await transaction.QueryAsync<MeetingTargetRow>(
                    $"SELECT {Columns} FROM meeting_targets WHERE meeting_id = @MeetingId ORDER BY created_at, id",
                    new { MeetingId = meetingId })).Select(row => row.ToTarget()),
            ],
            cancellationToken);

    /// <summary>Gives one another address; null when the app has none of this id.</summary>
    public Task<MeetingTarget?> UpdateAsync(AppId appId, MeetingTargetId id, PushAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        return database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, appId, id) is not { } target)
                {
                    return null;
                }

                var changed = target with { Address = address, UpdatedAt = StoredTime.Now(clock) };
                await transaction.ExecuteAsync(
                    "UPDATE meeting_targets SET url = @Url, updated_at = @UpdatedAt WHERE id = @Id",
                    new { Id = id.Value, address.Url, changed.UpdatedAt });
                return changed;
            },
            cancellationToken);
    }

    /// <summary>Deletes one, its key too; returns what was deleted, or null.</summary>
    public Task<MeetingTarget?> DeleteAsync(AppId appId, MeetingTargetId id, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                var target = await FindAsync(transaction, appId, id);
                if (target is not null)
                {
                    await transaction.ExecuteAsync("DELETE FROM meeting_targets WHERE id = @Id", new { Id = id.Value });
                }

                return target;
            },
            cancellationToken);

    private static async Task<MeetingTarget?> FindAsync(DatabaseTransaction transaction, AppId appId, MeetingTargetId id) =>
        (await transaction.QueryRowAsync<MeetingTargetRow>(
            $"SELECT {Columns} FROM meeting_targets WHERE id = @Id AND app_id = @AppId", new { Id = id.Value, AppId = appId.Value }))?.ToTarget();
}

/// <summary>A target as its row.</summary>
internal sealed class MeetingTargetRow
{
    public Guid Id { get; init; }

    public Guid AppId { get; init; }

    public Guid MeetingId { get; init; }

    public string Url { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public MeetingTarget ToTarget() => new()
    {
        Id = new MeetingTargetId(Id),
        AppId = new AppId(AppId),
        MeetingId = MeetingId,
        Address = PushAddress.TryParse(Url, streamKey: null, out var address, out var fault)
            ? address
            : throw new StorageException(StorageFailure.Corrupted, $"The address of target {Id} is not valid: {fault}."),
        CreatedAt = CreatedAt,
        UpdatedAt = UpdatedAt,
    };
}
