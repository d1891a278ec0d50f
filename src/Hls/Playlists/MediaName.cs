using System.Globalization;

namespace Roomcast.Hls.Playlists;

/// <summary>What a media address names.</summary>
public enum MediaKind
{
    /// <summary>An initialisation section: <c>{tag}-init{n}.mp4</c>.</summary>
    Init,

    /// <summary>A whole segment: <c>{tag}-{msn}.m4s</c>.</summary>
    Segment,

    /// <summary>A part: <c>{tag}-{msn}.{part}.m4s</c>.</summary>
    Part,
}

/// <summary>The last step of a media address, taken apart.</summary>
/// <remarks>
/// The run tag is random for each livestream session. So a name cannot be guessed and is never used for anything else,
/// and caches may keep what it names for ever.
/// </remarks>
/// <param name="Kind">What it names.</param>
/// <param name="Number">The media sequence number, or the number of the initialisation section.</param>
/// <param name="Part">The index of the part in its segment; 0 for the others.</param>
public readonly record struct MediaName(MediaKind Kind, long Number, int Part)
{
    /// <summary>Longest name that is looked at, in characters.</summary>
    public const int MaxLength = 128;

    /// <summary>Reads a name.</summary>
    /// <param name="text">The last step of the path.</param>
    /// <param name="runTag">The tag that it must begin with.</param>
    /// <param name="name">What it names.</param>
    /// <returns>False when it is no name of this run, written as we write them.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, ReadOnlySpan<char> runTag, out MediaName name)
    {
        name = default;
        if (text.Length > MaxLength || !text.StartsWith(runTag, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = text[runTag.Length..];
        if (rest is not ['-', ..])
        {
            return false;
        }

        rest = rest[1..];
        if (rest.StartsWith("init", StringComparison.Ordinal) && rest.EndsWith(".mp4", StringComparison.Ordinal) && rest.Length > 8)
        {
            var isInit = TryParseNumber(rest[4..^4], out var number);
            name = new MediaName(MediaKind.Init, number, 0);
            return isInit;
        }

        if (!rest.EndsWith(".m4s", StringComparison.Ordinal))
        {
            return false;
        }

        rest = rest[..^4];
        var dot = rest.IndexOf('.');
        if (dot < 0)
        {
            var isSegment = TryParseNumber(rest, out var number);
            name = new MediaName(MediaKind.Segment, number, 0);
            return isSegment;
        }

        if (!TryParseNumber(rest[..dot], out var msn) || !TryParseNumber(rest[(dot + 1)..], out var part) || part > int.MaxValue)
        {
            return false;
        }

        name = new MediaName(MediaKind.Part, msn, (int)part);
        return true;
    }

    /// <summary>Writes the name.</summary>
    /// <param name="runTag">The tag of the run.</param>
    public string ToString(string runTag) => Kind switch
    {
        MediaKind.Init => string.Create(CultureInfo.InvariantCulture, $"{runTag}-init{Number}.mp4"),
        MediaKind.Segment => string.Create(CultureInfo.InvariantCulture, $"{runTag}-{Number}.m4s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{runTag}-{Number}.{Part}.m4s"),
    };

    // One way to write each number, so that one thing has one address.
    private static bool TryParseNumber(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        return (text.Length == 1 || text is not ['0', ..])
            && DecimalInteger.TryRead(text, out value);
    }
}
