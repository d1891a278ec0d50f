using System.Text.Json;
using Roomcast.Client.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>A plugin of the application, and whether it is active in the meeting.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Icon">Address of its icon; null for none.</param>
/// <param name="IsActive">Whether it is active for all.</param>
/// <param name="EnabledBy">The presence that activated it; null while it is not active.</param>
public sealed record PluginItem(string Id, string Name, string? Icon, bool IsActive, string? EnabledBy);

/// <summary>The plugins of the application. What they do is the application's; the meeting shares which are active.</summary>
public sealed class Plugins
{
    internal const string StoreName = "__rtk_plugins__";

    private readonly MeetingLink _link;
    private Store? _store;

    internal Plugins(MeetingLink link) => _link = link;

    /// <summary>A plugin was activated or deactivated.</summary>
    public event Action<PluginItem>? StateUpdated;

    /// <summary>All that the options name.</summary>
    public IReadOnlyList<PluginItem> All => [.. _link.Options.Plugins.Select(ItemOf)];

    /// <summary>Those that are active.</summary>
    public IReadOnlyList<PluginItem> Active => [.. All.Where(plugin => plugin.IsActive)];

    /// <summary>Activates a plugin for all.</summary>
    /// <exception cref="RealtimeKitException">NotFound when the options do not name it; Refused by the server; Unreachable; TimedOut.</exception>
    public Task ActivateAsync(string pluginId, CancellationToken cancellationToken = default)
    {
        var plugin = Find(pluginId);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("name", plugin.Name);
            json.WriteString("icon", plugin.Icon);
            json.WriteString("id", plugin.Id);
            json.WriteString("enabledBy", _link.PeerId);
            json.WriteEndObject();
        }

        return SetAsync(pluginId, buffer.ToArray(), cancellationToken);
    }

    /// <summary>Deactivates a plugin for all.</summary>
    /// <exception cref="RealtimeKitException">NotFound when the options do not name it; Refused by the server; Unreachable; TimedOut.</exception>
    public Task DeactivateAsync(string pluginId, CancellationToken cancellationToken = default)
    {
        Find(pluginId);
        return SetAsync(pluginId, "null"u8.ToArray(), cancellationToken);
    }

    internal async Task OpenAsync(Stores stores, CancellationToken cancellationToken)
    {
        _store = await stores.CreateAsync(StoreName, cancellationToken).ConfigureAwait(false);
        _store.Changed += (key, _) =>
        {
            if (_link.Options.Plugins.FirstOrDefault(plugin => KeyOf(plugin.Id) == key) is { } changed)
            {
                StateUpdated.CallEach(ItemOf(changed));
            }
        };
    }

    private string KeyOf(string pluginId) => $"{_link.MeetingId}:{pluginId}";

    private PluginDefinition Find(string pluginId) => _link.Options.Plugins.FirstOrDefault(plugin => plugin.Id == pluginId)
        ?? throw new RealtimeKitException(RealtimeKitError.NotFound, $"The options name no plugin {pluginId}.");

    private async Task SetAsync(string pluginId, byte[] value, CancellationToken cancellationToken)
    {
        using var json = JsonDocument.Parse(value);
        await _store!.SetAsync(KeyOf(pluginId), json.RootElement.Clone(), cancellationToken).ConfigureAwait(false);
    }

    private PluginItem ItemOf(PluginDefinition plugin)
    {
        var state = _store?.Get(KeyOf(plugin.Id));
        var isActive = state is { ValueKind: JsonValueKind.Object };
        var by = isActive && state!.Value.TryGetProperty("enabledBy", out var peer) && peer.ValueKind is JsonValueKind.String ? peer.GetString() : null;
        return new PluginItem(plugin.Id, plugin.Name, plugin.Icon, isActive, by);
    }
}
