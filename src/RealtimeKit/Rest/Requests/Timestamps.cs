using System.Globalization;

namespace Roomcast.RealtimeKit.Rest.Requests;

/// <summary>The spellings of a moment that this API knows.</summary>
internal static class Timestamps
{
    private static readonly string[] IsoFormats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mmK",
    ];

    /// <summary>Writes a moment: RFC 3339, UTC, milliseconds, <c>Z</c>.</summary>
    public static string Write(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads ISO 8601 as callers write it: a date with time, with or without fraction and offset (then UTC), or a date alone.
    /// </summary>
    /// <param name="text">As given. A blank before the offset is taken for the plus sign that a query string swallows.</param>
    /// <param name="moment">The moment, in UTC; midnight for a date alone.</param>
    /// <param name="isWholeDay">Whether it was a date alone.</param>
    /// <returns>False when it is none of these.</returns>
    public static bool TryReadIso(string text, out DateTimeOffset moment, out bool isWholeDay)
    {
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
        {
            moment = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
            isWholeDay = true;
            return true;
        }

        isWholeDay = false;
        var isoText = WithTicksAtMost(text.Length > 6 && text[^6] == ' ' ? $"{text[..^6]}+{text[^5..]}" : text);
        return DateTimeOffset.TryParseExact(
            isoText,
            IsoFormats,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out moment);
    }

    /// <summary>Reads Unix seconds: digits, with a fraction at most, up to the year 9999.</summary>
    public static bool TryReadUnixSeconds(string text, out DateTimeOffset moment)
    {
        moment = default;
        if (text.Length is 0 or > 32
            || !char.IsAsciiDigit(text[0])
            || !decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            return false;
        }

        moment = DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1_000));
        return true;
    }

    /// <summary>Adds to a moment, stopping at the end of the calendar.</summary>
    public static DateTimeOffset After(this DateTimeOffset moment, TimeSpan span) =>
        DateTimeOffset.MaxValue - moment <= span ? DateTimeOffset.MaxValue : moment + span;

    // Some languages write nanoseconds; the framework reads seven digits of a fraction.
    private static string WithTicksAtMost(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            return text;
        }

        var end = dot + 1;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return end - dot - 1 > 7 ? string.Concat(text.AsSpan(0, dot + 8), text.AsSpan(end)) : text;
    }
}
