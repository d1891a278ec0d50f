using System.Text.Json;

namespace Roomcast.Client.Relay;

/// <summary>Reads the fields of entities. What is missing, of another type or out of all bounds is null.</summary>
internal static class RelayJson
{
    /// <summary>Most items of a list that are taken.</summary>
    public const int MaxItems = 10_000;

    private const double LastSecond = 253_402_300_799;

    public static bool Has(this JsonElement element, string name, out JsonElement value)
    {
        value = default;
        return element.ValueKind is JsonValueKind.Object && element.TryGetProperty(name, out value);
    }

    public static string? Text(this JsonElement element, string name) =>
        element.Has(name, out var value) ? value.Text() : null;

    public static string? Text(this JsonElement value)
    {
        try
        {
            return value.ValueKind is JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // Half a character.
        }
    }

    public static bool? Flag(this JsonElement element, string name) =>
        element.Has(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    public static double? Number(this JsonElement element, string name) =>
        element.Has(name, out var value) && value.ValueKind is JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : null;

    /// <summary>A moment: seconds since 1970, to the millisecond. 0 says that there is none.</summary>
    public static DateTimeOffset? Time(this JsonElement element, string name) =>
        element.Number(name) is > 0 and < LastSecond and var seconds ? DateTimeOffset.UnixEpoch.AddMilliseconds(Math.Round(seconds * 1_000)) : null;

    /// <summary>A length of time: seconds, to the millisecond.</summary>
    public static TimeSpan? Seconds(this JsonElement element, string name) =>
        element.Number(name) is >= 0 and < LastSecond and var seconds ? TimeSpan.FromMilliseconds(Math.Round(seconds * 1_000)) : null;

    /// <summary>An object, kept beyond the frame it came in.</summary>
    public static JsonElement? Kept(this JsonElement element, string name) =>
        element.Has(name, out var value) && value.ValueKind is JsonValueKind.Object ? value.Clone() : null;

    /// <summary>The objects of a list; null where there is no list.</summary>
    public static IReadOnlyList<JsonElement>? Objects(this JsonElement element, string name) =>
        element.Has(name, out var list) && list.ValueKind is JsonValueKind.Array
            ? [.. list.EnumerateArray().Take(MaxItems).Where(item => item.ValueKind is JsonValueKind.Object)]
            : null;

    /// <summary>The texts of a list; empty where there is none.</summary>
    public static IReadOnlyList<string> Texts(this JsonElement element, string name) =>
        element.Has(name, out var list) && list.ValueKind is JsonValueKind.Array
            ? [.. list.EnumerateArray().Take(MaxItems).Select(item => item.Text()).OfType<string>()]
            : [];
}
