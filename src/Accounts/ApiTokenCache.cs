namespace Roomcast.Accounts;

/// <summary>Remembers which digests belong to which tokens, so that a request with a token costs no query.</summary>
/// <remarks>
/// Bounded in entries and in age; it holds digests and never secrets. A revocation that happens while a query is under way wins:
/// what the query found is then not remembered.
/// </remarks>
internal sealed class ApiTokenCache(TimeProvider clock, int capacity, TimeSpan lifetime)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Queue<(string Digest, long Number)> _byAge = new();
    private long _lastNumber;
    private long _revocations;

    /// <summary>Counts revocations; handed back to <see cref="Add"/>.</summary>
    public long Revocations => Interlocked.Read(ref _revocations);

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    public ApiToken? Find(string digest)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(digest, out var entry) && clock.GetElapsedTime(entry.Since) < lifetime ? entry.Token : null;
        }
    }

    /// <summary>Remembers a token unless one was revoked since <paramref name="revocations"/> was read.</summary>
    public void Add(string digest, ApiToken token, long revocations)
    {
        lock (_lock)
        {
            if (revocations != _revocations)
            {
                return;
            }

            var number = ++_lastNumber;
            _entries[digest] = new Entry(token, clock.GetTimestamp(), number);
            _byAge.Enqueue((digest, number));

            // The oldest goes first. Numbers tell an entry from an older one of the same digest.
            while (_byAge.Count > capacity)
            {
                var oldest = _byAge.Dequeue();
                if (_entries.TryGetValue(oldest.Digest, out var entry) && entry.Number == oldest.Number)
                {
                    _entries.Remove(oldest.Digest);
                }
            }
        }
    }

    public void Forget(ApiTokenId id)
    {
        lock (_lock)
        {
            _revocations++;
            foreach (var (digest, entry) in _entries)
            {
                if (entry.Token.Id == id)
                {
                    _entries.Remove(digest);
                }
            }
        }
    }

    private readonly record struct Entry(ApiToken Token, long Since, long Number);
}
