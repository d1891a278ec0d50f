using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.History;

/// <summary>How the media of peers fared, as kept: one row for each peer of a session.</summary>
public sealed class MediaHistoryStore(Database database, TimeProvider clock)
{
    /// <summary>Adds to what is kept of a peer. Does nothing for one that is not on record.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="peerId">The peer.</param>
    /// <param name="later">What came after that.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task AppendAsync(SessionId sessionId, PeerId peerId, MediaHistory later, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(later);
        var key = new { SessionId = sessionId.Value, PeerId = peerId.Value };
        return later.Samples.Count == 0 ? Task.CompletedTask : database.WriteAsync(
            async transaction =>
            {
                if (await transaction.QueryValueAsync<long>(
                    "SELECT count(*) FROM session_peers WHERE session_id = @SessionId AND id = @PeerId", key) == 0)
                {
                    return;
                }

                var known = await FindAsync(transaction, sessionId, peerId);
                var whole = known ?? new MediaHistory();
                whole.Append(later);
                await transaction.ExecuteAsync(
                    """
                    INSERT INTO session_peer_figures (session_id, peer_id, content, updated_at)
                    VALUES (@SessionId, @PeerId, @Content, @Now)
                    ON CONFLICT (session_id, peer_id) DO UPDATE SET content = excluded.content, updated_at = excluded.updated_at
                    """,
                    new { key.SessionId, key.PeerId, Content = MediaHistoryBytes.Write(whole), Now = StoredTime.Now(clock) });
            },
            cancellationToken);
    }

    /// <summary>What is kept of a peer; null when there is nothing, or it was deleted since.</summary>
    public Task<MediaHistory?> FindAsync(SessionId sessionId, PeerId peerId, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => FindAsync(transaction, sessionId, peerId), cancellationToken);

    /// <summary>Deletes figures, and what clients told of themselves, of some sessions that ended before a moment.</summary>
    /// <returns>How many sessions were cleared; at most 100 at a time.</returns>
    public Task<int> ClearAsync(DateTimeOffset endedBefore, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                var sessions = await transaction.QueryAsync<ClearedRow>(
                    """
                    SELECT id FROM meeting_sessions WHERE ended_at IS NOT NULL AND report_cleared_at IS NULL AND ended_at < @EndedBefore
                    ORDER BY ended_at LIMIT 100
                    """,
                    new { EndedBefore = StoredTime.Of(endedBefore) });
                foreach (var session in sessions)
                {
                    var parameters = new { session.Id, Now = StoredTime.Now(clock) };
                    await transaction.ExecuteAsync("DELETE FROM session_peer_figures WHERE session_id = @Id", parameters);
                    await transaction.ExecuteAsync(
                        "UPDATE session_peers SET user_agent = NULL, remote_address = NULL, sdk_version = NULL WHERE session_id = @Id", parameters);
                    await transaction.ExecuteAsync("UPDATE meeting_sessions SET report_cleared_at = @Now WHERE id = @Id", parameters);
                }

                return sessions.Count;
            },
            cancellationToken);

    private static async Task<MediaHistory?> FindAsync(DatabaseTransaction transaction, SessionId sessionId, PeerId peerId) =>
        (await transaction.QueryRowAsync<FiguresRow>(
            "SELECT content FROM session_peer_figures WHERE session_id = @SessionId AND peer_id = @PeerId",
            new { SessionId = sessionId.Value, PeerId = peerId.Value })) is { } row
            ? MediaHistoryBytes.TryRead(row.Content)
                ?? throw new StorageException(StorageFailure.Corrupted, $"The figures of peer {peerId} cannot be read.")
            : null;

    private sealed class FiguresRow
    {
        public byte[] Content { get; init; } = [];
    }

    private sealed class ClearedRow
    {
        public Guid Id { get; init; }
    }
}
