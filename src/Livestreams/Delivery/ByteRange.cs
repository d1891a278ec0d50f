using System.Globalization;

namespace Roomcast.Livestreams.Delivery;

/// <summary>A single byte range of a request, laid on what there is.</summary>
/// <remarks>
/// Source: RFC 9110 section 14. Several ranges, units other than bytes and malformed ones are passed over: the answer is then
/// the whole, as the RFC allows.
/// </remarks>
/// <param name="Start">First byte.</param>
/// <param name="Length">Bytes, 1 or more.</param>
internal readonly record struct ByteRange(long Start, long Length)
{
    private const string Unit = "bytes=";

    /// <summary>Reads a Range header.</summary>
    /// <param name="header">The header, or null.</param>
    /// <param name="total">Bytes that there are.</param>
    /// <param name="range">The range, when the result is true.</param>
    /// <returns>True for a range to send, false for none of the bytes, null when the whole is to be sent.</returns>
    public static bool? TryRead(string? header, long total, out ByteRange range)
    {
        range = default;
        if (header is null || !header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var spec = header.AsSpan(Unit.Length).Trim();
        var dash = spec.IndexOf('-');
        if (dash < 0 || spec.Contains(','))
        {
            return null;
        }

        var first = spec[..dash].Trim();
        var last = spec[(dash + 1)..].Trim();
        if (first.IsEmpty)
        {
            // The last so many bytes.
            if (!TryReadNumber(last, out var suffix))
            {
                return null;
            }

            range = new ByteRange(Math.Max(0, total - suffix), Math.Min(suffix, total));
            return suffix > 0 && total > 0;
        }

        if (!TryReadNumber(first, out var start))
        {
            return null;
        }

        var end = total - 1;
        if (!last.IsEmpty)
        {
            if (!TryReadNumber(last, out var asked) || asked < start)
            {
                return null;
            }

            end = Math.Min(end, asked);
        }

        range = new ByteRange(start, end - start + 1);
        return start < total;
    }

    private static bool TryReadNumber(ReadOnlySpan<char> text, out long number)
    {
        number = 0;
        return text.Length is > 0 and <= 18
            && !text.ContainsAnyExceptInRange('0', '9')
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
