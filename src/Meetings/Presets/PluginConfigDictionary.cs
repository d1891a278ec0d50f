using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.Presets;

/// <summary>What single plugins allow, by their ids. Immutable, and equal to another with the same entries.</summary>
[JsonConverter(typeof(PluginConfigsConverter))]
public sealed class PluginConfigDictionary : IReadOnlyDictionary<string, PluginConfig>, IEquatable<PluginConfigDictionary>
{
    private readonly SortedDictionary<string, PluginConfig> _entries;

    /// <summary>Copies entries.</summary>
    public PluginConfigDictionary(IEnumerable<KeyValuePair<string, PluginConfig>> entries) =>
        _entries = new SortedDictionary<string, PluginConfig>(new Dictionary<string, PluginConfig>(entries), StringComparer.Ordinal);

    /// <summary>The one without entries.</summary>
    public static PluginConfigDictionary Empty { get; } = new([]);

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _entries.Keys;

    /// <inheritdoc/>
    public IEnumerable<PluginConfig> Values => _entries.Values;

    /// <inheritdoc/>
    public int Count => _entries.Count;

    /// <inheritdoc/>
    public PluginConfig this[string key] => _entries[key];

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _entries.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out PluginConfig value) => _entries.TryGetValue(key, out value);

    /// <inheritdoc/>
    public bool Equals(PluginConfigDictionary? other) => other is not null && _entries.SequenceEqual(other._entries);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PluginConfigDictionary);

    /// <inheritdoc/>
    public override int GetHashCode() => _entries.Count;

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, PluginConfig>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>Writes a list of numbers; what is read goes through <see cref="PresetJson"/>.</summary>
internal sealed class NumbersConverter : JsonConverter<ValueList<double>>
{
    public override ValueList<double> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Presets are read by PresetJson.");

    public override void Write(Utf8JsonWriter writer, ValueList<double> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var number in value)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }
}

/// <summary>Writes what plugins allow; what is read goes through <see cref="PresetJson"/>.</summary>
internal sealed class PluginConfigsConverter : JsonConverter<PluginConfigDictionary>
{
    public override PluginConfigDictionary Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Presets are read by PresetJson.");

    public override void Write(Utf8JsonWriter writer, PluginConfigDictionary value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (id, plugin) in value)
        {
            writer.WritePropertyName(id);
            JsonSerializer.Serialize(writer, plugin, PresetJsonContext.Default.PluginConfig);
        }

        writer.WriteEndObject();
    }
}

/// <summary>Writes text that is JSON already.</summary>
internal sealed class RawJsonConverter : JsonConverter<string>
{
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Presets are read by PresetJson.");

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteRawValue(value);
}
