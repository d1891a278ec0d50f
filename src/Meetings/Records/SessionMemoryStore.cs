using Roomcast.Storage;

namespace Roomcast.Meetings.Records;

/// <summary>Something a session under way remembers.</summary>
/// <param name="Kind">What it is: a word.</param>
/// <param name="Name">What it is of; one for each in its kind. Letters, digits and dashes.</param>
/// <param name="Content">What there is to know, in the form of whoever wrote it.</param>
public sealed record SessionMemoryRow(string Kind, string Name, byte[] Content);

/// <summary>
/// What sessions under way remember, so that they go on after a restart of the server as they were. It lives as long as its session:
/// <see cref="SessionRecordStore"/> deletes it where it ends one.
/// </summary>
public sealed class SessionMemoryStore(Database database, TimeProvider clock)
{
    /// <summary>Keeps things as they are now, new or changed. Does nothing when the session has ended.</summary>
    public Task SaveAsync(SessionId sessionId, IReadOnlyList<SessionMemoryRow> rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var now = StoredTime.Now(clock);
        return database.WriteAsync(
            async transaction =>
            {
                foreach (var row in rows)
                {
                    await transaction.ExecuteAsync(
                        """
                        INSERT INTO session_memories (session_id, kind, name, content, updated_at)
                        SELECT @SessionId, @Kind, @Name, @Content, @Now
                        WHERE EXISTS (SELECT 1 FROM meeting_sessions WHERE id = @SessionId AND ended_at IS NULL)
                        ON CONFLICT (session_id, kind, name) DO UPDATE SET content = excluded.content, updated_at = excluded.updated_at
                        """,
                        new { SessionId = sessionId.Value, row.Kind, row.Name, row.Content, Now = now });
                }
            },
            cancellationToken);
    }

    /// <summary>Forgets things.</summary>
    public Task DeleteAsync(SessionId sessionId, string kind, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        return database.WriteAsync(
            async transaction =>
            {
                foreach (var name in names)
                {
                    await transaction.ExecuteAsync(
                        "DELETE FROM session_memories WHERE session_id = @SessionId AND kind = @Kind AND name = @Name",
                        new { SessionId = sessionId.Value, Kind = kind, Name = name });
                }
            },
            cancellationToken);
    }

    /// <summary>Everything a session remembers.</summary>
    public Task<IReadOnlyList<SessionMemoryRow>> ListAsync(SessionId sessionId, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<SessionMemoryRow>>(
            async transaction =>
            {
                var rows = await transaction.QueryAsync<Row>(
                    "SELECT kind, name, content FROM session_memories WHERE session_id = @Id ORDER BY kind, name", new { Id = sessionId.Value });
                return [.. rows.Select(row => new SessionMemoryRow(row.Kind, row.Name, row.Content))];
            },
            cancellationToken);

    private sealed class Row
    {
        public string Kind { get; init; } = "";

        public string Name { get; init; } = "";

        public byte[] Content { get; init; } = [];
    }
}
