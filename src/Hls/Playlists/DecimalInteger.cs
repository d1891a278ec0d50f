namespace Roomcast.Hls.Playlists;

/// <summary>Reads numbers as playlists and addresses write them: digits and nothing else (rfc8216bis 4.2).</summary>
/// <remarks>The framework's own parser takes trailing zero bytes as well.</remarks>
internal static class DecimalInteger
{
    // 18 digits always fit a long. No stream lasts that many segments.
    private const int MaxDigits = 18;

    /// <summary>Reads a whole text as a number.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        if (text.Length is 0 or > MaxDigits)
        {
            return false;
        }

        foreach (var letter in text)
        {
            if (!char.IsAsciiDigit(letter))
            {
                value = 0;
                return false;
            }

            value = (value * 10) + (letter - '0');
        }

        return true;
    }
}
