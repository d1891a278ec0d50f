using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Roomcast.Meetings.Presets;

/// <summary>JSON objects of any content, which are kept as text: compact, each key once, all text well-formed.</summary>
internal static class FreeObject
{
    private const string Replacement = @"\uFFFD";
    private const int EscapeLength = 6; // \u and four digits.

    /// <summary>Reads an element.</summary>
    /// <param name="element">Any value.</param>
    /// <param name="copy">A copy of it; of a key that stands twice the last value. Worth nothing after false.</param>
    /// <param name="pointer">After false: where the text stands, or the object with the key, as a JSON pointer from the element.</param>
    /// <returns>False when some text in it, or some key, holds NUL or half a surrogate pair.</returns>
    public static bool TryRead(JsonElement element, out JsonNode? copy, out string pointer)
    {
        copy = null;
        pointer = "";
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var members = new JsonObject();
                copy = members;
                foreach (var property in element.EnumerateObject())
                {
                    if (!PresetFields.TryReadName(property, out var name) || name.Contains('\0', StringComparison.Ordinal))
                    {
                        return false;
                    }

                    if (!TryRead(property.Value, out var value, out var below))
                    {
                        pointer = PresetFields.Step(name) + below;
                        return false;
                    }

                    members[name] = value;
                }

                return true;

            case JsonValueKind.Array:
                var items = new JsonArray();
                copy = items;
                foreach (var item in element.EnumerateArray())
                {
                    if (!TryRead(item, out var value, out var below))
                    {
                        pointer = string.Create(CultureInfo.InvariantCulture, $"/{items.Count}{below}");
                        return false;
                    }

                    items.Add(value);
                }

                return true;

            case JsonValueKind.String:
                if (!PresetFields.TryReadText(element, out var text) || text.Contains('\0', StringComparison.Ordinal))
                {
                    return false;
                }

                copy = JsonValue.Create(text);
                return true;

            case JsonValueKind.Null:
                return true;

            default:
                copy = JsonValue.Create(element.Clone());
                return true;
        }
    }

    /// <summary>Writes one. It is never longer than what it was read from: no character is escaped that need not be.</summary>
    public static string Write(JsonObject members)
    {
        var text = new StringBuilder();
        Write(members, text);
        return text.ToString();
    }

    /// <summary>Puts U+FFFD in the place of what JSON can spell and nobody can read: escapes of NUL and of half a surrogate pair.</summary>
    public static string Mend(string json)
    {
        char[]? mended = null;
        for (var i = json.IndexOf('\\', StringComparison.Ordinal); i >= 0 && i + 1 < json.Length; i = json.IndexOf('\\', i))
        {
            if (CodeAt(json, i) is not { } code)
            {
                i += 2; // An escape of another kind: what follows the backslash is part of it.
            }
            else if (char.IsHighSurrogate(code) && CodeAt(json, i + EscapeLength) is { } low && char.IsLowSurrogate(low))
            {
                i += 2 * EscapeLength;
            }
            else
            {
                if (code == '\0' || char.IsSurrogate(code))
                {
                    mended ??= json.ToCharArray();
                    Replacement.CopyTo(mended.AsSpan(i));
                }

                i += EscapeLength;
            }
        }

        return mended is null ? json : new string(mended);
    }

    private static char? CodeAt(string json, int at) =>
        at + EscapeLength <= json.Length && json[at] == '\\' && json[at + 1] == 'u'
        && ushort.TryParse(json.AsSpan(at + 2, EscapeLength - 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            ? (char)code
            : null;

    private static void Write(JsonNode? node, StringBuilder text)
    {
        switch (node)
        {
            case JsonObject members:
                text.Append('{');
                foreach (var (index, (name, value)) in members.Index())
                {
                    text.Append(index == 0 ? "" : ",");
                    WriteText(name, text);
                    text.Append(':');
                    Write(value, text);
                }

                text.Append('}');
                break;

            case JsonArray items:
                text.Append('[');
                foreach (var (index, item) in items.Index())
                {
                    text.Append(index == 0 ? "" : ",");
                    Write(item, text);
                }

                text.Append(']');
                break;

            case JsonValue value when value.TryGetValue<string>(out var said):
                WriteText(said, text);
                break;

            default:
                text.Append(node?.ToJsonString() ?? "null");
                break;
        }
    }

    private static void WriteText(string said, StringBuilder text)
    {
        text.Append('"');
        foreach (var c in said)
        {
            _ = c switch
            {
                '"' or '\\' => text.Append('\\').Append(c),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}
