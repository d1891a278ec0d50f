using System.Text.Json;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.History;

/// <summary>What clients report of themselves, as kept: one row for each presence of a participant.</summary>
public sealed class ClientReportStore(Database database, TimeProvider clock)
{
    /// <summary>Most presences of one participant that are kept; what further ones report is left out.</summary>
    public const int MaxPresences = 32;

    /// <summary>Most of them that have not joined a session yet; what further ones report is left out.</summary>
    public const int MaxAwaited = 4;

    // Presences have their ids from their clients, so it must be the participant's own.
    private const string IsJoined = "EXISTS (SELECT 1 FROM session_peers p WHERE p.id = r.peer_id AND p.participant_id = r.participant_id)";

    /// <summary>How long after its last report one may still join. Then its report is deleted.</summary>
    public static readonly TimeSpan JoinPatience = TimeSpan.FromHours(1);

    // Older ones than this are found by their age like all others, so that not every report is looked at each time.
    private static readonly TimeSpan AwaitedWindow = TimeSpan.FromDays(1);

    /// <summary>
    /// Adds to what is kept of a presence. Left out is what a participant reports that was deleted, of a presence of somebody else, or
    /// of more than there is room for.
    /// </summary>
    /// <param name="participantId">The participant.</param>
    /// <param name="peerId">The presence, as its client calls it.</param>
    /// <param name="steps">Each adds one thing that was reported to what is known; they may be called again.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public async Task AddAsync(
        ParticipantId participantId, PeerId peerId, IReadOnlyList<Func<ClientReport, ClientReport>> steps, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(steps);

        // Most of what comes changes nothing, and costs no write.
        var before = await FindAsync(participantId, peerId, cancellationToken);
        if (before is not null && ReferenceEquals(before.With(steps), before))
        {
            return;
        }

        await database.WriteAsync(
            async transaction =>
            {
                var known = await FindAsync(transaction, participantId, peerId);
                if (!await ExistsAsync(transaction, participantId)
                    || (known is null && !await HasRoomAsync(transaction, participantId, peerId)))
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
                        Content = JsonSerializer.Serialize((known ?? new ClientReport()).With(steps), ClientReportJson.Default.ClientReport),
                        Now = StoredTime.Now(clock),
                    });
            },
            cancellationToken);
    }

    /// <summary>What is kept of a presence; null when there is nothing, or it was deleted since.</summary>
    public Task<ClientReport?> FindAsync(ParticipantId participantId, PeerId peerId, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => FindAsync(transaction, participantId, peerId), cancellationToken);

    /// <summary>Deletes some that nothing was added to since a moment, or whose presence never joined.</summary>
    /// <returns>How many; at most 200 at a time.</returns>
    internal Task<int> ClearAsync(DateTimeOffset before, CancellationToken cancellationToken) => database.WriteAsync(
        async transaction =>
        {
            var old = await transaction.QueryAsync<KeyRow>(
                "SELECT participant_id, peer_id FROM client_reports WHERE updated_at < @Before ORDER BY updated_at LIMIT 100",
                new { Before = StoredTime.Of(before) });
            var until = StoredTime.Now(clock) - JoinPatience;
            var never = await transaction.QueryAsync<KeyRow>(
                $"SELECT participant_id, peer_id FROM client_reports r WHERE updated_at > @From AND updated_at <= @Until AND NOT {IsJoined} LIMIT 100",
                new { From = until - AwaitedWindow, Until = until });
            foreach (var row in old.Concat(never))
            {
                await DeleteAsync(transaction, row);
            }

            return old.Count + never.Count;
        },
        cancellationToken);

    private static async Task<bool> ExistsAsync(DatabaseTransaction transaction, ParticipantId participantId) =>
        await transaction.QueryValueAsync<long>(
            "SELECT count(*) FROM participants WHERE id = @Id AND deleted_at IS NULL", new { Id = participantId.Value }) > 0;

    private async Task<bool> HasRoomAsync(DatabaseTransaction transaction, ParticipantId participantId, PeerId peerId)
    {
        var owners = await transaction.QueryAsync<OwnerRow>(
            "SELECT participant_id FROM session_peers WHERE id = @Id", new { Id = peerId.Value });
        var isJoined = owners.Any(owner => owner.ParticipantId == participantId.Value);
        if (owners.Count > 0 && !isJoined)
        {
            return false;
        }

        var kept = await transaction.QueryAsync<KeptRow>(
            $"SELECT r.participant_id, r.peer_id, r.updated_at, {IsJoined} AS is_joined FROM client_reports r WHERE r.participant_id = @Id",
            new { Id = participantId.Value });
        var over = StoredTime.Now(clock) - JoinPatience;
        var left = kept.Where(row => !row.IsJoined && row.UpdatedAt <= over).ToArray();
        foreach (var row in left)
        {
            await DeleteAsync(transaction, new KeyRow { ParticipantId = row.ParticipantId, PeerId = row.PeerId });
        }

        return kept.Count - left.Length < MaxPresences && (isJoined || kept.Count(row => !row.IsJoined) - left.Length < MaxAwaited);
    }

    private static Task<int> DeleteAsync(DatabaseTransaction transaction, KeyRow row) =>
        transaction.ExecuteAsync("DELETE FROM client_reports WHERE participant_id = @ParticipantId AND peer_id = @PeerId", row);

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

    private sealed class OwnerRow
    {
        public Guid ParticipantId { get; init; }
    }

    private sealed class KeptRow
    {
        public Guid ParticipantId { get; init; }

        public Guid PeerId { get; init; }

        public DateTimeOffset UpdatedAt { get; init; }

        public bool IsJoined { get; init; }
    }
}
