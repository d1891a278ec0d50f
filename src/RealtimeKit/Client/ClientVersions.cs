namespace Roomcast.RealtimeKit.Client;

/// <summary>Which version of the client library peers use: said with the first call of a client, and asked when its socket opens.</summary>
/// <remarks>Thread-safe. Remembers the latest few thousand; it is a note for reports and nothing depends on it.</remarks>
internal sealed class ClientVersions
{
    private const int Capacity = 4_096;
    private const int MaxLength = 32;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, string> _versions = [];
    private readonly Queue<Guid> _order = new();

    /// <summary>Notes what a client says of itself. What is no peer id, or no version, is passed over.</summary>
    public void Note(string? peerId, string? version)
    {
        if (!Guid.TryParseExact(peerId, "D", out var id) || version is not { Length: > 0 and <= MaxLength })
        {
            return;
        }

        lock (_lock)
        {
            if (_versions.TryAdd(id, version))
            {
                _order.Enqueue(id);
                if (_order.Count > Capacity)
                {
                    _versions.Remove(_order.Dequeue());
                }
            }
            else
            {
                _versions[id] = version;
            }
        }
    }

    /// <summary>The version that the client of a peer said it is; null when none is remembered.</summary>
    public string? Find(string peerId)
    {
        lock (_lock)
        {
            return Guid.TryParseExact(peerId, "D", out var id) ? _versions.GetValueOrDefault(id) : null;
        }
    }
}
