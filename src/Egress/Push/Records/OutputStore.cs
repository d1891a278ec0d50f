using Roomcast.Storage;

namespace Roomcast.Egress.Push.Records;

/// <summary>The outputs of livestreams as kept. Who asks has made sure that the livestream is theirs.</summary>
internal sealed class OutputStore(Database database, TimeProvider clock)
{
    private const string Columns = "id, livestream_id, name, url, stream_key, created_at";

    /// <summary>Makes an output; null when the livestream has as many as it may.</summary>
    /// <param name="livestreamId">The livestream; it must exist.</param>
    /// <param name="name">1 to 256 characters, or null.</param>
    /// <param name="address">Where to.</param>
    /// <param name="most">Most outputs of a livestream.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <exception cref="StorageException">There is no such livestream (<see cref="StorageFailure.Constraint"/>).</exception>
    public Task<LivestreamOutput?> CreateAsync(
        Guid livestreamId, string? name, PushAddress address, int most, CancellationToken cancellationToken)
    {
        var output = new LivestreamOutput
        {
            Id = new OutputId(Guid.NewGuid()),
            LivestreamId = livestreamId,
            Name = name,
            Address = address,
            CreatedAt = StoredTime.Now(clock),
        };

        return database.WriteAsync(
            async transaction =>
            {
                var count = await transaction.QueryValueAsync<long>(
                    "SELECT count(*) FROM livestream_outputs WHERE livestream_id = @LivestreamId", new { LivestreamId = livestreamId });
                if (count >= most)
                {
                    return null;
                }

                await transaction.ExecuteAsync(
                    """
                    INSERT INTO livestream_outputs (id, livestream_id, name, url, stream_key, created_at)
                    VALUES (@Id, @LivestreamId, @Name, @Url, @StreamKey, @CreatedAt)
                    """,
                    new { Id = output.Id.Value, output.LivestreamId, output.Name, address.Url, address.StreamKey, output.CreatedAt });
                return output;
            },
            cancellationToken);
    }

    /// <summary>Finds one of a livestream; null when it has none of this id.</summary>
    public Task<LivestreamOutput?> FindAsync(Guid livestreamId, OutputId id, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => FindAsync(transaction, livestreamId, id), cancellationToken);

    /// <summary>Lists a livestream's outputs by page.</summary>
    public Task<Page<LivestreamOutput>> ListAsync(Guid livestreamId, PageRequest page, SortOrder order, CancellationToken cancellationToken)
    {
        PageBounds.ThrowIfInvalid(page);
        return database.ReadAsync(
            transaction => ListQuery(livestreamId).ReadAsync<OutputRow, LivestreamOutput>(transaction, page, order, row => row.ToOutput()),
            cancellationToken);
    }

    /// <summary>All of a livestream's outputs, oldest first.</summary>
    public Task<IReadOnlyList<LivestreamOutput>> ListAllAsync(Guid livestreamId, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<LivestreamOutput>>(
            async transaction =>
            [
                .. (await transaction.QueryAsync<OutputRow>(
                    $"SELECT {Columns} FROM livestream_outputs WHERE livestream_id = @LivestreamId ORDER BY created_at, id",
                    new { LivestreamId = livestreamId })).Select(row => row.ToOutput()),
            ],
            cancellationToken);

    /// <summary>Deletes one, its key too; returns what was deleted, or null.</summary>
    public Task<LivestreamOutput?> DeleteAsync(Guid livestreamId, OutputId id, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, livestreamId, id) is not { } output)
                {
                    return null;
                }

                await transaction.ExecuteAsync("DELETE FROM livestream_outputs WHERE id = @Id", new { Id = id.Value });
                return output;
            },
            cancellationToken);

    /// <summary>Deletes all of a livestream.</summary>
    public Task DeleteAllAsync(Guid livestreamId, CancellationToken cancellationToken) =>
        database.WriteAsync(
            transaction => transaction.ExecuteAsync(
                "DELETE FROM livestream_outputs WHERE livestream_id = @LivestreamId", new { LivestreamId = livestreamId }),
            cancellationToken);

    internal static PagedQuery ListQuery(Guid livestreamId) =>
        new PagedQuery(Columns, "livestream_outputs").Where("livestream_id = @LivestreamId", "LivestreamId", livestreamId);

    private static async Task<LivestreamOutput?> FindAsync(DatabaseTransaction transaction, Guid livestreamId, OutputId id) =>
        (await transaction.QueryRowAsync<OutputRow>(
            $"SELECT {Columns} FROM livestream_outputs WHERE id = @Id AND livestream_id = @LivestreamId",
            new { Id = id.Value, LivestreamId = livestreamId }))?.ToOutput();
}

/// <summary>An output as its row.</summary>
internal sealed class OutputRow
{
    public Guid Id { get; init; }

    public Guid LivestreamId { get; init; }

    public string? Name { get; init; }

    public string Url { get; init; } = "";

    public string? StreamKey { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public LivestreamOutput ToOutput() => new()
    {
        Id = new OutputId(Id),
        LivestreamId = LivestreamId,
        Name = Name,
        Address = PushAddress.TryParse(Url, StreamKey, out var address, out var fault)
            ? address
            : throw new StorageException(StorageFailure.Corrupted, $"The address of output {Id} is not valid: {fault}."),
        CreatedAt = CreatedAt,
    };
}
