using System.Globalization;

namespace Roomcast.Hls.Playlists;

/// <summary>The delivery directives of a media playlist request.</summary>
/// <remarks>
/// Source: rfc8216bis 6.2.5. Directives of a name we do not know, and everything that is not a directive, are passed over.
/// </remarks>
/// <param name="Msn">The media sequence number that the playlist must contain, or null.</param>
/// <param name="Part">The index of the part that it must contain, or null; never without <paramref name="Msn"/>.</param>
/// <param name="WantsDelta">Whether a delta update will do: <c>_HLS_skip</c> is YES or v2.</param>
public readonly record struct PlaylistQuery(long? Msn, int? Part, bool WantsDelta)
{
    private const string Prefix = "_HLS_";

    /// <summary>Whether the request waits for something, so that its answer can be told apart by its address.</summary>
    public bool HasDirectives => Msn is not null || WantsDelta;

    /// <summary>Reads the directives of a query.</summary>
    /// <param name="text">The query as sent, with or without the question mark.</param>
    /// <param name="query">The directives; the default when the result is not null.</param>
    /// <returns>Null when all is well, otherwise what is wrong with it, one sentence.</returns>
    public static string? TryParse(ReadOnlySpan<char> text, out PlaylistQuery query)
    {
        query = default;
        long? msn = null;
        long? part = null;
        var wantsDelta = false;

        foreach (var (name, value) in new QueryPairs(text))
        {
            switch (name)
            {
                case "_HLS_msn" when msn is not null:
                    return "_HLS_msn is given twice.";
                case "_HLS_msn":
                    if (!DecimalInteger.TryRead(value, out var msnValue))
                    {
                        return "_HLS_msn is not a decimal integer.";
                    }

                    msn = msnValue;
                    break;
                case "_HLS_part" when part is not null:
                    return "_HLS_part is given twice.";
                case "_HLS_part":
                    if (!DecimalInteger.TryRead(value, out var partValue))
                    {
                        return "_HLS_part is not a decimal integer.";
                    }

                    part = partValue;
                    break;
                case "_HLS_skip":
                    wantsDelta = value is "YES" or "v2";
                    break;
                default:
                    break;
            }
        }

        if (part is not null && msn is null)
        {
            return "_HLS_part needs _HLS_msn.";
        }

        query = new PlaylistQuery(msn, part is { } index ? (int)Math.Min(index, int.MaxValue) : null, wantsDelta);
        return null;
    }

    /// <summary>
    /// The parameters of a multivariant request that its child addresses carry: all but directives and
    /// <paramref name="own"/>, in order, escaped so that they can stand in a playlist.
    /// </summary>
    /// <param name="text">The query as sent, with or without the question mark.</param>
    /// <param name="own">A parameter of ours that ends here.</param>
    /// <param name="maxLength">Characters that the result may have; a longer one is left out whole.</param>
    /// <returns>Empty, or a query that begins with a question mark.</returns>
    public static string Carry(ReadOnlySpan<char> text, string own, int maxLength = 1_024)
    {
        var result = new System.Text.StringBuilder();
        foreach (var (name, value) in new QueryPairs(text))
        {
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) || name.SequenceEqual(own) || (name.IsEmpty && value.IsEmpty))
            {
                continue;
            }

            result.Append(result.Length == 0 ? '?' : '&');
            Escape(result, name);
            if (!value.IsEmpty)
            {
                result.Append('=');
                Escape(result, value);
            }

            if (result.Length > maxLength)
            {
                return "";
            }
        }

        return result.ToString();
    }

    /// <summary>Whether the query has a parameter of exactly this value.</summary>
    public static bool Has(ReadOnlySpan<char> text, string name, string value)
    {
        foreach (var pair in new QueryPairs(text))
        {
            if (pair.Name.SequenceEqual(name) && pair.Value.SequenceEqual(value))
            {
                return true;
            }
        }

        return false;
    }

    private static void Escape(System.Text.StringBuilder result, ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            // The characters that RFC 3986 allows in a query, and the percent sign of what is escaped already.
            if (rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || "-._~!$'()*+,;:@/?%=".Contains((char)rune.Value, StringComparison.Ordinal)))
            {
                result.Append((char)rune.Value);
                continue;
            }

            foreach (var b in bytes[..rune.EncodeToUtf8(bytes)])
            {
                result.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
            }
        }
    }

    /// <summary>Walks the name and value pairs of a query without copying them.</summary>
    private ref struct QueryPairs(ReadOnlySpan<char> text)
    {
        private ReadOnlySpan<char> _rest = text is ['?', ..] ? text[1..] : text;

        public Pair Current { get; private set; }

        public readonly QueryPairs GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_rest.IsEmpty)
            {
                return false;
            }

            var end = _rest.IndexOf('&');
            var pair = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            var equals = pair.IndexOf('=');
            Current = equals < 0 ? new Pair(pair, default) : new Pair(pair[..equals], pair[(equals + 1)..]);
            return true;
        }
    }

    private readonly ref struct Pair(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        public ReadOnlySpan<char> Name { get; } = name;

        public ReadOnlySpan<char> Value { get; } = value;

        public void Deconstruct(out ReadOnlySpan<char> name, out ReadOnlySpan<char> value)
        {
            name = Name;
            value = Value;
        }
    }
}
