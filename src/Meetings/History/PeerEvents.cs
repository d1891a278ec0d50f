using Dapper;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.History;

/// <summary>What happened to a peer.</summary>
public enum PeerEventKind
{
    /// <summary>It joined a session for the first time.</summary>
    Created,

    /// <summary>It joined, for the first time or again.</summary>
    Joining,

    /// <summary>It left, or its session ended.</summary>
    Leaving,
}

/// <summary>One thing that happened to a peer.</summary>
/// <param name="Id">Its id.</param>
/// <param name="PeerId">Whose.</param>
/// <param name="Kind">What.</param>
/// <param name="At">When.</param>
/// <param name="Stayed">How long the presence was that ended with it; zero for the others.</param>
public sealed record PeerEvent(Guid Id, PeerId PeerId, PeerEventKind Kind, DateTimeOffset At, TimeSpan Stayed);

/// <summary>What happened to the peers of sessions, as kept.</summary>
internal static class PeerEvents
{
    /// <summary>Most that are kept of one peer; its times are right all the same.</summary>
    public const int MaxPerPeer = 200;

    // A statement has only so many parameters, and a participant who comes back again and again has many peers.
    private const int MaxPeersAtOnce = 500;

    /// <summary>Notes one, inside the transaction in which it becomes true.</summary>
    public static async Task AddAsync(
        DatabaseTransaction transaction, SessionId sessionId, PeerId peerId, PeerEventKind kind, DateTimeOffset at, TimeSpan stayed)
    {
        var number = await transaction.QueryValueAsync<long>(
            "SELECT count(*) FROM session_peer_events WHERE session_id = @SessionId AND peer_id = @PeerId",
            new { SessionId = sessionId.Value, PeerId = peerId.Value });
        if (number < MaxPerPeer)
        {
            await transaction.ExecuteAsync(
                """
                INSERT INTO session_peer_events (session_id, peer_id, number, id, kind, seconds, created_at)
                VALUES (@SessionId, @PeerId, @Number, @Id, @Kind, @Seconds, @At)
                """,
                new
                {
                    SessionId = sessionId.Value,
                    PeerId = peerId.Value,
                    Number = (int)number,
                    Id = Guid.NewGuid(),
                    Kind = Write(kind),
                    Seconds = stayed.TotalSeconds,
                    At = at,
                });
        }
    }

    /// <summary>Those of some peers of a session, in the order they happened to each.</summary>
    public static async Task<ILookup<PeerId, PeerEvent>> ListAsync(
        DatabaseTransaction transaction, SessionId sessionId, IReadOnlyCollection<PeerId> peers)
    {
        var events = new List<PeerEvent>();
        foreach (var some in peers.Chunk(MaxPeersAtOnce))
        {
            events.AddRange(await ListSomeAsync(transaction, sessionId, some));
        }

        return events.ToLookup(happened => happened.PeerId);
    }

    private static async Task<IEnumerable<PeerEvent>> ListSomeAsync(DatabaseTransaction transaction, SessionId sessionId, PeerId[] peers)
    {
        var parameters = new DynamicParameters();
        parameters.Add("SessionId", sessionId.Value);
        foreach (var (peer, i) in peers.Select((peer, i) => (peer, i)))
        {
            parameters.Add($"Peer{i}", peer.Value);
        }

        var rows = await transaction.QueryAsync<EventRow>(
            $"""
            SELECT id, peer_id, kind, seconds, created_at FROM session_peer_events
            WHERE session_id = @SessionId AND peer_id IN ({string.Join(", ", Enumerable.Range(0, peers.Length).Select(i => $"@Peer{i}"))})
            ORDER BY peer_id, number
            """,
            parameters);
        return rows.Select(row => row.ToEvent());
    }

    private static string Write(PeerEventKind kind) => kind switch
    {
        PeerEventKind.Created => "CREATED",
        PeerEventKind.Joining => "JOINING",
        PeerEventKind.Leaving => "LEAVING",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of event."),
    };

    private sealed class EventRow
    {
        public Guid Id { get; init; }

        public Guid PeerId { get; init; }

        public string Kind { get; init; } = "";

        public double Seconds { get; init; }

        public DateTimeOffset CreatedAt { get; init; }

        public PeerEvent ToEvent() => new(
            Id,
            new PeerId(PeerId),
            Kind switch
            {
                "CREATED" => PeerEventKind.Created,
                "JOINING" => PeerEventKind.Joining,
                "LEAVING" => PeerEventKind.Leaving,
                _ => throw new StorageException(StorageFailure.Corrupted, $"A peer has the unknown event '{Kind}'."),
            },
            CreatedAt,
            TimeSpan.FromSeconds(Seconds));
    }
}
