namespace Roomcast.Server.Configuration;

/// <summary>The value of every setting, and where each came from. Immutable.</summary>
internal sealed class SettingValues(IReadOnlyDictionary<Setting, (object? Value, string Origin)> set)
{
    /// <summary>The origin of a value nobody set.</summary>
    public const string DefaultOrigin = "default";

    public T Get<T>(Setting<T> setting) => (T)ValueOf(setting)!;

    /// <summary>Where the value was set, for example <c>environment variable ROOMCAST_BIND</c>.</summary>
    public string OriginOf(Setting setting) => set.TryGetValue(setting, out var found) ? found.Origin : DefaultOrigin;

    /// <summary>The value as a person may see it: secrets covered.</summary>
    public string Show(Setting setting) => setting.Show(ValueOf(setting));

    private object? ValueOf(Setting setting) => set.TryGetValue(setting, out var found) ? found.Value : setting.DefaultValue;
}
