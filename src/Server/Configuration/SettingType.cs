using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;

namespace Roomcast.Server.Configuration;

/// <summary>Reads one written value. Returns false for anything that is not allowed; never throws.</summary>
internal delegate bool SettingParser<T>(string text, [MaybeNullWhen(false)] out T value);

/// <summary>How values of one kind are written: the same in the settings file, the environment and the command line.</summary>
/// <param name="allowed">What may be written, to stand after "allowed is".</param>
/// <param name="parse">Reads a written value.</param>
/// <param name="format">Writes a value as <paramref name="parse"/> reads it.</param>
/// <param name="schema">The JSON schema of the value in <c>roomcast.json</c>.</param>
/// <typeparam name="T">What the value becomes.</typeparam>
internal sealed class SettingType<T>(string allowed, SettingParser<T> parse, Func<T, string> format, Func<JsonObject> schema)
{
    public string Allowed { get; } = allowed;

    public bool TryParse(string text, [MaybeNullWhen(false)] out T value) => parse(text, out value);

    public string Format(T value) => format(value);

    public JsonObject Schema() => schema();
}
