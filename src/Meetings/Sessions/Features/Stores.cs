using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>A value of a store.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">The value; empty when it was deleted.</param>
/// <param name="PeerId">Who wrote it.</param>
/// <param name="At">When.</param>
public sealed record StoreItem(string Key, ReadOnlyMemory<byte> Value, string PeerId, DateTimeOffset At);

/// <summary>
/// Values shared by everybody in a session, in named stores. They live as long as the session, restarts of the server in between
/// included.
/// </summary>
public sealed class Stores(SessionRoom room)
{
    private readonly Dictionary<(string Space, string Store), Dictionary<string, StoreItem>> _stores = [];
    private long _bytes;

    /// <summary>Reads values; nothing for a peer that waits.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="space">The space of stores.</param>
    /// <param name="store">The store.</param>
    /// <param name="keys">Which values; none for all.</param>
    public IReadOnlyList<StoreItem> Read(SessionPeer peer, string space, string store, IReadOnlyCollection<string> keys)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(keys);
        room.Require(peer, SessionAct.ReadStore);
        Check(space, store, keys);
        if (!room.Sees(peer) || !_stores.TryGetValue((space, store), out var items))
        {
            return [];
        }

        return keys.Count == 0 ? [.. items.Values] : [.. keys.Where(items.ContainsKey).Select(key => items[key])];
    }

    /// <summary>Writes values. The others are told.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="space">The space of stores.</param>
    /// <param name="store">The store.</param>
    /// <param name="values">Keys and what they become.</param>
    /// <param name="acts">What writing them means: <see cref="SessionAct.WriteStore"/>, or what a reserved store stands for.</param>
    public void Write(
        SessionPeer peer,
        string space,
        string store,
        IReadOnlyDictionary<string, ReadOnlyMemory<byte>> values,
        IReadOnlyCollection<SessionAct> acts)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(acts);
        foreach (var act in acts)
        {
            room.Require(peer, act);
        }

        Check(space, store, values.Keys);
        _stores.TryGetValue((space, store), out var items);
        var grown = 0L;
        var isNew = 0;
        foreach (var (key, value) in values)
        {
            if (value.Length > SessionLimits.MaxStoreValueBytes)
            {
                throw new SessionException(SessionFault.Invalid, $"a value is at most {SessionLimits.MaxStoreValueBytes} bytes");
            }

            var old = items?.GetValueOrDefault(key);
            grown += value.Length - (old?.Value.Length ?? -key.Length);
            isNew += old is null ? 1 : 0;
        }

        if ((items is null && _stores.Count >= SessionLimits.MaxStores)
            || (items?.Count ?? 0) + isNew > SessionLimits.MaxStoreKeys
            || _bytes + grown > SessionLimits.MaxStoreBytes)
        {
            throw new SessionException(SessionFault.TooMany, "the stores of this session are full");
        }

        if (items is null)
        {
            _stores.Add((space, store), items = new Dictionary<string, StoreItem>(StringComparer.Ordinal));
        }

        _bytes += grown;
        var written = values.Select(value => new StoreItem(value.Key, value.Value, peer.Id, room.WallClock)).ToArray();
        foreach (var item in written)
        {
            items[item.Key] = item;
        }

        room.Memory.KeepStores(written.Select(item => (space, store, item)));
        Tell(peer, new StoreChanged(space, store, written, AreDeleted: false));
    }

    /// <summary>Deletes values. The others are told.</summary>
    public void Delete(
        SessionPeer peer, string space, string store, IReadOnlyCollection<string> keys, IReadOnlyCollection<SessionAct> acts)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(acts);
        foreach (var act in acts)
        {
            room.Require(peer, act);
        }

        Check(space, store, keys);
        if (_stores.TryGetValue((space, store), out var items))
        {
            foreach (var key in keys)
            {
                if (items.Remove(key, out var old))
                {
                    _bytes -= key.Length + old.Value.Length;
                }
            }

            if (items.Count == 0)
            {
                _stores.Remove((space, store));
            }
        }

        room.Memory.ForgetStores(space, store, keys);
        Tell(peer, new StoreChanged(
            space, store, [.. keys.Select(key => new StoreItem(key, default, peer.Id, room.WallClock))], AreDeleted: true));
    }

    /// <summary>Every value there is.</summary>
    internal IEnumerable<(string Space, string Store, StoreItem Item)> Items =>
        _stores.SelectMany(store => store.Value.Values.Select(item => (store.Key.Space, store.Key.Store, item)));

    /// <summary>Takes a value of a session that goes on after a restart of the server.</summary>
    internal void Load(string space, string store, StoreItem item)
    {
        if (!_stores.TryGetValue((space, store), out var items))
        {
            _stores.Add((space, store), items = new Dictionary<string, StoreItem>(StringComparer.Ordinal));
        }

        items.Add(item.Key, item);
        _bytes += item.Key.Length + item.Value.Length;
    }

    private static void Check(string space, string store, IEnumerable<string> keys)
    {
        Texts.Check(space, "the space", SessionLimits.MaxStoreNameLength, mayBeEmpty: true);
        Texts.Check(store, "the store's name", SessionLimits.MaxStoreNameLength);
        var count = 0;
        foreach (var key in keys)
        {
            Texts.Check(key, "a key", SessionLimits.MaxStoreNameLength);
            count++;
        }

        if (count > SessionLimits.MaxStoreBatch)
        {
            throw new SessionException(SessionFault.Invalid, $"at most {SessionLimits.MaxStoreBatch} keys at once");
        }
    }

    // Pages use stores before they join, so all are told who need not wait.
    private void Tell(SessionPeer writer, StoreChanged changed)
    {
        foreach (var peer in room.Peers.Values.Where(peer => peer != writer && room.Sees(peer)))
        {
            peer.Link?.Tell(changed);
        }
    }
}
