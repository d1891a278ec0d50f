namespace Roomcast.Relay.Controllers;

/// <summary>Names of controllers that were retired in this life of the server, each with until when it had heard of what happens. Thread-safe.</summary>
/// <remarks>Without it, one that comes back would be taken for one from before a restart, and be told again of rooms it knows.</remarks>
/// <param name="most">Most that are remembered; those retired first are forgotten first.</param>
internal sealed class RetiredNames(int most)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<(string Name, DateTimeOffset HeardUntil)>> _byName = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Name, DateTimeOffset HeardUntil)> _inOrder = [];

    /// <summary>Remembers a name; what was remembered of it before no longer counts.</summary>
    public void Add(string name, DateTimeOffset heardUntil)
    {
        lock (_lock)
        {
            if (_byName.Remove(name, out var before))
            {
                _inOrder.Remove(before);
            }

            _byName[name] = _inOrder.AddLast((name, heardUntil));
            if (_byName.Count > most)
            {
                _byName.Remove(_inOrder.First!.Value.Name);
                _inOrder.RemoveFirst();
            }
        }
    }

    /// <summary>Until when it had heard of what happens; null for a name that is not remembered.</summary>
    public DateTimeOffset? Find(string name)
    {
        lock (_lock)
        {
            return _byName.TryGetValue(name, out var node) ? node.Value.HeardUntil : null;
        }
    }
}
