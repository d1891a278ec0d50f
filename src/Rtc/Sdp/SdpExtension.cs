using System.Globalization;

namespace Roomcast.Rtc.Sdp;

/// <summary>An <c>a=extmap</c> line: which number stands for which header extension (RFC 8285 section 5).</summary>
/// <param name="Id">1 to 255; numbers from 4096 on are for offers of more than fit, and are not read.</param>
/// <param name="Uri">The extension's name.</param>
/// <param name="Direction">Firefox adds one; null when the line has none.</param>
public sealed record SdpExtension(int Id, string Uri, SdpDirection? Direction = null)
{
    /// <summary>Reads the value.</summary>
    public static bool TryParse(string? value, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SdpExtension? extension)
    {
        extension = null;
        var words = value?.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
        if (words is null || words.Length < 2)
        {
            return false;
        }

        SdpDirection? direction = null;
        var slash = words[0].IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0)
        {
            if (!DirectionNames.TryRead(words[0][(slash + 1)..], out var read))
            {
                return false;
            }

            direction = read;
        }

        if (!int.TryParse(
                slash < 0 ? words[0] : words[0][..slash], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || id is < 1 or > 255)
        {
            return false;
        }

        extension = new SdpExtension(id, words[1], direction);
        return true;
    }

    /// <summary>The value of the line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Id}{(Direction is { } direction ? "/" + DirectionNames.Of(direction) : string.Empty)} {Uri}");
}
