using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Roomcast.Rtc.Sdp;

/// <summary>An <c>a=ssrc</c> line: something said of one source (RFC 5576 section 4.1).</summary>
/// <param name="Ssrc">The source.</param>
/// <param name="Attribute">What is said: cname, msid …</param>
/// <param name="Value">Its value; null when it has none.</param>
public sealed record SdpSource(uint Ssrc, string Attribute, string? Value = null)
{
    /// <summary>Reads the value.</summary>
    public static bool TryParse(string? value, [NotNullWhen(true)] out SdpSource? source)
    {
        source = null;
        var words = value?.Split(' ', 2);
        if (words is null || words.Length < 2 || words[1].Length == 0
            || !uint.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ssrc))
        {
            return false;
        }

        var colon = words[1].IndexOf(':', StringComparison.Ordinal);
        source = colon < 0
            ? new SdpSource(ssrc, words[1])
            : new SdpSource(ssrc, words[1][..colon], words[1][(colon + 1)..]);
        return true;
    }

    /// <summary>The value of the line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Ssrc} {Attribute}{(Value is null ? string.Empty : ":" + Value)}");
}

/// <summary>An <c>a=ssrc-group</c> line: sources that belong together (RFC 5576 section 4.2).</summary>
/// <param name="Semantics">FID for a source and its retransmissions, SIM for encodings of old.</param>
/// <param name="Ssrcs">The sources.</param>
public sealed record SdpSourceGroup(string Semantics, IReadOnlyList<uint> Ssrcs)
{
    private const int MaxSources = 32;

    /// <summary>Reads the value.</summary>
    public static bool TryParse(string? value, [NotNullWhen(true)] out SdpSourceGroup? group)
    {
        group = null;
        var words = value?.Split(' ', MaxSources + 2, StringSplitOptions.RemoveEmptyEntries);
        if (words is null || words.Length is < 2 or > MaxSources + 1)
        {
            return false;
        }

        var ssrcs = new uint[words.Length - 1];
        for (var i = 0; i < ssrcs.Length; i++)
        {
            if (!uint.TryParse(words[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out ssrcs[i]))
            {
                return false;
            }
        }

        group = new SdpSourceGroup(words[0], ssrcs);
        return true;
    }

    /// <summary>The value of the line.</summary>
    public override string ToString() => $"{Semantics} {string.Join(' ', Ssrcs)}";
}

/// <summary>An <c>a=msid</c> line: the stream and the track that a section belongs to (RFC 8830).</summary>
/// <param name="Stream">The stream; a dash means none.</param>
/// <param name="Track">The track; null when the line has none.</param>
public sealed record SdpStreamId(string Stream, string? Track)
{
    /// <summary>Reads the value. Firefox puts braces around its ids; they belong to them.</summary>
    public static bool TryParse(string? value, [NotNullWhen(true)] out SdpStreamId? id)
    {
        var words = value?.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
        id = words is { Length: 1 or 2 } ? new SdpStreamId(words[0], words.Length == 2 ? words[1] : null) : null;
        return id is not null;
    }

    /// <summary>The value of the line.</summary>
    public override string ToString() => Track is null ? Stream : $"{Stream} {Track}";
}
