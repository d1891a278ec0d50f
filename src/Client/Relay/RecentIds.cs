namespace Roomcast.Client.Relay;

/// <summary>The ids of what came lately: as many as the server keeps for one that is away, and some more.</summary>
/// <remarks>A server sends again what was not acknowledged when a connection was lost; it may have come all the same. Used by one reader.</remarks>
internal sealed class RecentIds
{
    /// <summary>How many are remembered.</summary>
    public const int Capacity = 4_096;

    private const int MaxLength = 128;

    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    /// <summary>Notes one. False when it was there already.</summary>
    public bool TryAdd(string id)
    {
        if (id.Length > MaxLength)
        {
            return true;
        }

        if (!_ids.Add(id))
        {
            return false;
        }

        _order.Enqueue(id);
        if (_order.Count > Capacity)
        {
            _ids.Remove(_order.Dequeue());
        }

        return true;
    }
}
