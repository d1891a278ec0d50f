using System.Text.Json;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.History;

/// <summary>What clients report of themselves, as kept: one row for each presence of a participant.</summary>
public sealed class ClientReportStore(Database database, TimeProvider clock)
{
    /// <summary>Most presences of one participant that are kept; what further ones report is left out.</summary>
    public const int MaxPresences = 200;

    /// <summary>Adds to what is kept of a presence.</summary>
    /// <param name="participantId">The participant; it must exist.</param>
    /// <param name="peerId">The presence, as its client calls it.</param>
    /// <param name="add">Adds what was reported to what is known; it may be called again.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public async Task AddAsync(
        ParticipantId participantId, PeerId peerId, Func<ClientReport, ClientReport> add, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(add);

        // Most of what comes changes nothing, and costs no write.
        var before = await FindAsync(participantId, peerId, cancellationToken);
        if (before is not null && ReferenceEquals(add(before), before))
        {
            return;
        }

        await database.WriteAsync(
            async transaction =>
            {
                var known = await FindAsync(transaction, participantId, peerId);
                if (known is null && await transaction.QueryValueAsync<long>(
                    "SELECT count(*) FROM client_reports WHERE participant_id = @Id", new { Id = participantId.Value }) >= MaxPresences)
                {
                    return;
                }

                await transaction.ExecuteAsync(
                    """
                    INSERT INTO client_reports (participant_id, peer_id, content, updated_at) VALUES (@ParticipantId, @PeerId, @Content, @Now)
                    ON CONFLICT (participant_id, peer_id) DO UPDATE SET content = excluded.content, updated_at = excluded.updated_at
                    """,
                    new
                    {
                        ParticipantId = participantId.Value,
                        PeerId = peerId.Value,
                        Content = JsonSerializer.Serialize(add(known ?? new ClientReport()), ClientReportJson.Default.ClientReport),
                        Now = StoredTime.Now(clock),
                    });
            },
            cancellationToken);
    }

    /// <summary>What is kept of a presence; null when there is nothing, or it was deleted since.</summary>
    public Task<ClientReport?> FindAsync(ParticipantId participantId, PeerId peerId, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => FindAsync(transaction, participantId, peerId), cancellationToken);

    /// <summary>Deletes some that nothing was added to since a moment.</summary>
    /// <returns>How many; at most 100 at a time.</returns>
    internal Task<int> ClearAsync(DateTimeOffset before, CancellationToken cancellationToken) => database.WriteAsync(
        async transaction =>
        {
            var old = await transaction.QueryAsync<KeyRow>(
                "SELECT participant_id, peer_id FROM client_reports WHERE updated_at < @Before ORDER BY updated_at LIMIT 100",
                new { Before = StoredTime.Of(before) });
            foreach (var row in old)
            {
                await transaction.ExecuteAsync("DELETE FROM client_reports WHERE participant_id = @ParticipantId AND peer_id = @PeerId", row);
            }

            return old.Count;
        },
        cancellationToken);

    private static async Task<ClientReport?> FindAsync(DatabaseTransaction transaction, ParticipantId participantId, PeerId peerId) =>
        await transaction.QueryValueAsync<string>(
            "SELECT content FROM client_reports WHERE participant_id = @ParticipantId AND peer_id = @PeerId",
            new { ParticipantId = participantId.Value, PeerId = peerId.Value }) is { } content
            ? JsonSerializer.Deserialize(content, ClientReportJson.Default.ClientReport)
            : null;

    private sealed class KeyRow
    {
        public Guid ParticipantId { get; init; }

        public Guid PeerId { get; init; }
    }
}
