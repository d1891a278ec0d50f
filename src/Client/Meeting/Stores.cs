using System.Collections.Immutable;
using System.Text.Json;
using Google.Protobuf;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>Keys and values that the applications of all in the meeting share, as long as the session lasts.</summary>
public sealed class Store
{
    private readonly MeetingLink _link;
    private readonly Lock _lock = new();

    // Own changes that are under way, and those that a list of all items, asked for before them, knows nothing of.
    private readonly List<string> _unsent = [];
    private readonly HashSet<string> _newer = new(StringComparer.Ordinal);
    private ImmutableDictionary<string, JsonElement> _items = ImmutableDictionary<string, JsonElement>.Empty;

    internal Store(MeetingLink link, string name)
    {
        _link = link;
        Name = name;
    }

    /// <summary>A value was set, or deleted (null).</summary>
    public event Action<string, JsonElement?>? Changed;

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>All keys and values.</summary>
    public IReadOnlyDictionary<string, JsonElement> Items => _items;

    /// <summary>The value of a key; null when there is none.</summary>
    public JsonElement? Get(string key) => _items.TryGetValue(key, out var value) ? value : null;

    /// <summary>Sets a value. It is here at once, and as it was before when the server refuses it.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task SetAsync(string key, JsonElement value, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return ChangeAsync(
            key,
            value.Clone(),
            SocketEvent.StoreInsert,
            new PluginStoreInsertKeysRequest
            {
                PluginId = _link.MeetingId,
                StoreName = Name,
                InsertKeys = { new StoreKeys { StoreKey = key, Payload = ByteString.CopyFromUtf8(value.GetRawText()) } },
            },
            cancellationToken);
    }

    /// <summary>Deletes a key. It is gone at once, and there again when the server refuses it.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task DeleteAsync(string key, CancellationToken cancellationToken = default) => ChangeAsync(
        key,
        null,
        SocketEvent.StoreDelete,
        new PluginStoreDeleteKeysRequest { PluginId = _link.MeetingId, StoreName = Name, DeleteKeys = { new StoreKeys { StoreKey = key } } },
        cancellationToken);

    /// <summary>Asks for all items.</summary>
    internal Task LoadAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _newer.Clear();
            _newer.UnionWith(_unsent);
        }

        return _link.AskAsync(
            SocketEvent.StoreGet, new PluginStoreGetKeysRequest { PluginId = _link.MeetingId, StoreName = Name }, cancellationToken);
    }

    /// <summary>Takes what somebody has set or deleted. Own changes are here already, and perhaps newer ones.</summary>
    internal void Apply(PluginStoreResponse response, bool areDeleted)
    {
        foreach (var item in response.StoreItems.Where(item => item.PeerId != _link.PeerId))
        {
            if (areDeleted)
            {
                Put(item.StoreKey, null);
            }
            else if (ValueOf(item) is { } value)
            {
                Put(item.StoreKey, value);
            }
        }
    }

    /// <summary>Takes the list of all items. Only what differs is told.</summary>
    internal void ApplyAll(PluginStoreResponse response)
    {
        var all = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var item in response.StoreItems)
        {
            if (ValueOf(item) is { } value)
            {
                all[item.StoreKey] = value;
            }
        }

        var changes = new List<(string Key, JsonElement? Value)>();
        lock (_lock)
        {
            changes.AddRange(_items.Keys.Where(key => !all.ContainsKey(key)).Select(key => (key, (JsonElement?)null)));
            changes.AddRange(all.Where(item => !(_items.TryGetValue(item.Key, out var known) && JsonElement.DeepEquals(known, item.Value)))
                .Select(item => (item.Key, (JsonElement?)item.Value)));
            changes.RemoveAll(change => _newer.Contains(change.Key));
            foreach (var (key, value) in changes)
            {
                Keep(key, value);
            }
        }

        foreach (var (key, value) in changes)
        {
            Tell(key, value);
        }
    }

    /// <summary>The value of an item; null when some application wrote what is no JSON: it is not for us.</summary>
    private static JsonElement? ValueOf(PluginStoreItem item)
    {
        try
        {
            using var value = JsonDocument.Parse(item.Payload.Memory, new JsonDocumentOptions { MaxDepth = 32 });
            return value.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task ChangeAsync(string key, JsonElement? value, SocketEvent number, IMessage told, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _unsent.Add(key);
            _newer.Add(key);
            Keep(key, value);
        }

        Tell(key, value);
        var isSent = false;
        var isRefused = false;
        try
        {
            await _link.DoAsync(number, told, cancellationToken).ConfigureAwait(false);
            isSent = true;
        }
        catch (RealtimeKitException fault) when (fault.Error is RealtimeKitError.Refused)
        {
            isRefused = true;
            throw;
        }
        finally
        {
            lock (_lock)
            {
                _unsent.Remove(key);
                if (!isSent)
                {
                    _newer.Remove(key); // The next list of all tells how it is.
                }
            }

            if (isRefused)
            {
                await RestoreAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes back what the server has not taken.</summary>
    private async Task RestoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LoadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RealtimeKitException)
        {
            // The socket is gone: coming back asks for all.
        }
    }

    private void Put(string key, JsonElement? value)
    {
        lock (_lock)
        {
            Keep(key, value);
        }

        Tell(key, value);
    }

    // Within the lock; reads need none.
    private void Keep(string key, JsonElement? value) =>
        Volatile.Write(ref _items, value is { } set ? _items.SetItem(key, set) : _items.Remove(key));

    // Not within the lock: handlers may run at once.
    private void Tell(string key, JsonElement? value) => _link.Raise(this, key, () => Changed.CallEach(key, value));
}

/// <summary>The stores of the meeting.</summary>
public sealed class Stores
{
    private readonly MeetingLink _link;
    private ImmutableDictionary<string, Store> _stores = ImmutableDictionary<string, Store>.Empty;

    internal Stores(MeetingLink link) => _link = link;

    /// <summary>Opens a store, with what others have put into it.</summary>
    public async Task<Store> CreateAsync(string name, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var store = ImmutableInterlocked.GetOrAdd(ref _stores, name, added => new Store(_link, added));
        await store.LoadAsync(cancellationToken).ConfigureAwait(false);
        return store;
    }

    /// <summary>Asks for all stores anew: after a reconnection.</summary>
    internal async Task ReloadAsync(CancellationToken cancellationToken)
    {
        foreach (var store in _stores.Values)
        {
            await store.LoadAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    internal void Handle(SocketEvent number, SocketMessage message)
    {
        if (number is (SocketEvent.StoreInsert or SocketEvent.StoreGet or SocketEvent.StoreDelete)
            && Envelope.TryRead(message, PluginStoreResponse.Parser, out var response)
            && response.PluginId == _link.MeetingId
            && _stores.TryGetValue(response.StoreName, out var store))
        {
            if (number is SocketEvent.StoreGet)
            {
                store.ApplyAll(response);
            }
            else
            {
                store.Apply(response, number is SocketEvent.StoreDelete);
            }
        }
    }
}
