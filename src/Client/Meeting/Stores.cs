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

    /// <summary>Sets a value.</summary>
    public Task SetAsync(string key, JsonElement value, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        Put(key, value.Clone());
        return _link.TellAsync(
            SocketEvent.StoreInsert,
            new PluginStoreInsertKeysRequest
            {
                PluginId = _link.MeetingId,
                StoreName = Name,
                InsertKeys = { new StoreKeys { StoreKey = key, Payload = ByteString.CopyFromUtf8(value.GetRawText()) } },
            },
            cancellationToken);
    }

    /// <summary>Deletes a key.</summary>
    public Task DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        Put(key, null);
        return _link.TellAsync(
            SocketEvent.StoreDelete,
            new PluginStoreDeleteKeysRequest { PluginId = _link.MeetingId, StoreName = Name, DeleteKeys = { new StoreKeys { StoreKey = key } } },
            cancellationToken);
    }

    /// <summary>Takes items over.</summary>
    /// <param name="response">The items.</param>
    /// <param name="areDeleted">Whether they are gone.</param>
    /// <param name="skipsOwn">Whether those of this presence are left out: they are here already, and perhaps newer.</param>
    internal void Apply(PluginStoreResponse response, bool areDeleted, bool skipsOwn)
    {
        foreach (var item in response.StoreItems)
        {
            if (skipsOwn && item.PeerId == _link.PeerId)
            {
                continue;
            }

            if (areDeleted)
            {
                Put(item.StoreKey, null);
                continue;
            }

            try
            {
                using var value = JsonDocument.Parse(item.Payload.Memory, new JsonDocumentOptions { MaxDepth = 32 });
                Put(item.StoreKey, value.RootElement.Clone());
            }
            catch (JsonException)
            {
                // Some application wrote what is no JSON; it is not for us.
            }
        }
    }

    private void Put(string key, JsonElement? value)
    {
        ImmutableInterlocked.Update(ref _items, items => value is { } set ? items.SetItem(key, set) : items.Remove(key));
        _link.Raise(this, key, () => Changed.CallEach(key, value));
    }
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
        await LoadAsync(store, cancellationToken).ConfigureAwait(false);
        return store;
    }

    /// <summary>Asks for all stores anew: after a reconnection.</summary>
    internal async Task ReloadAsync(CancellationToken cancellationToken)
    {
        foreach (var store in _stores.Values)
        {
            await LoadAsync(store, cancellationToken).ConfigureAwait(false);
        }
    }

    internal void Handle(SocketEvent number, SocketMessage message)
    {
        if (number is (SocketEvent.StoreInsert or SocketEvent.StoreGet or SocketEvent.StoreDelete)
            && Envelope.TryRead(message, PluginStoreResponse.Parser, out var response)
            && response.PluginId == _link.MeetingId
            && _stores.TryGetValue(response.StoreName, out var store))
        {
            store.Apply(response, number is SocketEvent.StoreDelete, skipsOwn: number is not SocketEvent.StoreGet);
        }
    }

    private Task LoadAsync(Store store, CancellationToken cancellationToken) => _link.AskAsync(
        SocketEvent.StoreGet,
        new PluginStoreGetKeysRequest { PluginId = _link.MeetingId, StoreName = store.Name },
        cancellationToken);
}
