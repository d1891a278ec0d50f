using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Roomcast.Relay.Framing;

/// <summary>Reads parameters, each with its bounds.</summary>
internal static class Parameters
{
    /// <summary>A text of so many characters at most; false when it is absent, empty, of another type or longer.</summary>
    public static bool TryText(this JsonElement parameters, string name, int most, [NotNullWhen(true)] out string? text)
    {
        text = parameters.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
        return text is { Length: > 0 } && text.Length <= most;
    }

    /// <summary>A hyphenated UUID.</summary>
    public static bool TryId(this JsonElement parameters, string name, out Guid id)
    {
        id = default;
        return parameters.TryText(name, 36, out var text) && Guid.TryParseExact(text, "D", out id);
    }

    /// <summary>A number within bounds.</summary>
    public static bool TryNumber(this JsonElement parameters, string name, double least, double most, out double number)
    {
        number = 0;
        return parameters.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number
            && value.TryGetDouble(out number) && number >= least && number <= most;
    }

    /// <summary>True or false.</summary>
    public static bool TryBoolean(this JsonElement parameters, string name, out bool flag)
    {
        flag = false;
        if (!parameters.TryGetProperty(name, out var value) || value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            return false;
        }

        flag = value.GetBoolean();
        return true;
    }

    /// <summary>A list of so many texts at most, each with a bound; false when it is no such list.</summary>
    public static bool TryTexts(this JsonElement parameters, string name, int mostTexts, int mostCharacters, out List<string> texts)
    {
        texts = [];
        if (!parameters.TryGetProperty(name, out var list) || list.ValueKind is not JsonValueKind.Array || list.GetArrayLength() > mostTexts)
        {
            return false;
        }

        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind is not JsonValueKind.String || item.GetString() is not { } text || text.Length > mostCharacters)
            {
                return false;
            }

            texts.Add(text);
        }

        return true;
    }
}
