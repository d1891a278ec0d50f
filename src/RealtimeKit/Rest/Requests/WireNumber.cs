using System.Text.Json;

namespace Roomcast.RealtimeKit.Rest.Requests;

/// <summary>Numbers from callers.</summary>
internal static class WireNumber
{
    /// <summary>Reads a whole number within bounds, however it is spelled: JSON does not tell 60, 60.0 and 6e1 apart.</summary>
    public static int? ReadWhole(JsonElement value, int least, int most) =>
        value.ValueKind is JsonValueKind.Number && value.TryGetDecimal(out var number)
        && number == decimal.Truncate(number) && number >= least && number <= most
            ? (int)number
            : null;
}
