using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Delivery;

/// <summary>What an address under <c>/live/</c> names.</summary>
internal enum LivePathKind
{
    /// <summary>Not an address of delivery: somebody else may answer it.</summary>
    NotOurs,

    /// <summary>An address of delivery at which there can be nothing.</summary>
    Nothing,

    /// <summary><c>index.m3u8</c>: the multivariant playlist.</summary>
    Multivariant,

    /// <summary><c>v/{viewer}/{rendition}/media.m3u8</c>: a media playlist.</summary>
    MediaPlaylist,

    /// <summary><c>m/{rendition}/{name}</c>: an initialisation section, a segment or a part.</summary>
    Media,
}

/// <summary>An address under <c>/live/</c> taken apart: <c>/live/[t/{token}/]{livestream}/…</c>. Copies nothing.</summary>
internal readonly struct LivePath
{
    public const string Prefix = "/live/";

    /// <summary>In place of a viewer's id: a playlist that all share, whose viewers are counted otherwise.</summary>
    public const string AllViewers = "all";

    private const int MaxLength = 512;
    private const int MaxViewerLength = 64;
    private const int MaxRenditionLength = 16;

    private readonly string _path;
    private readonly Range _token;
    private readonly Range _viewer;
    private readonly Range _rendition;
    private readonly Range _name;

    private LivePath(string path, LivePathKind kind, LivestreamId id, Range token, Range viewer, Range rendition, Range name)
    {
        _path = path;
        Kind = kind;
        LivestreamId = id;
        _token = token;
        _viewer = viewer;
        _rendition = rendition;
        _name = name;
    }

    public LivePathKind Kind { get; }

    public LivestreamId LivestreamId { get; }

    /// <summary>The playback token; empty when there is none.</summary>
    public ReadOnlySpan<char> Token => _path.AsSpan(_token);

    public ReadOnlySpan<char> Viewer => _path.AsSpan(_viewer);

    public ReadOnlySpan<char> Rendition => _path.AsSpan(_rendition);

    public ReadOnlySpan<char> Name => _path.AsSpan(_name);

    /// <summary>Reads the path of a request, decoded as the server does it.</summary>
    public static LivePath Read(string? path)
    {
        if (path is null || !path.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return default;
        }

        var steps = new Steps(path);
        var token = default(Range);
        var first = steps.Next();
        if (path.AsSpan(first) is "t")
        {
            token = steps.Next();
            first = steps.Next();
        }

        LivestreamId id = default;
        if (path.Length > MaxLength || !TryReadId(path.AsSpan(first), out id))
        {
            return Make(LivePathKind.Nothing);
        }

        switch (path.AsSpan(steps.Next()))
        {
            case "index.m3u8" when steps.IsAtEnd:
                return Make(LivePathKind.Multivariant);
            case "v":
                var (viewer, rendition, file) = (steps.Next(), steps.Next(), steps.Next());
                var isPlaylist = steps.IsAtEnd
                    && path.AsSpan(file) is "media.m3u8"
                    && IsWord(path.AsSpan(viewer), MaxViewerLength)
                    && IsWord(path.AsSpan(rendition), MaxRenditionLength);
                return isPlaylist
                    ? new LivePath(path, LivePathKind.MediaPlaylist, id, token, viewer, rendition, default)
                    : Make(LivePathKind.Nothing);
            case "m":
                var (of, name) = (steps.Next(), steps.Next());
                return steps.IsAtEnd && IsWord(path.AsSpan(of), MaxRenditionLength) && !path.AsSpan(name).IsEmpty
                    ? new LivePath(path, LivePathKind.Media, id, token, default, of, name)
                    : Make(LivePathKind.Nothing);
            case "status" or "viewers":
                return default;
            default:
                return Make(LivePathKind.Nothing);
        }

        LivePath Make(LivePathKind kind) => new(path, kind, id, token, default, default, default);
    }

    private static bool TryReadId(ReadOnlySpan<char> text, out LivestreamId id)
    {
        var isId = Guid.TryParseExact(text, "D", out var value);
        id = new LivestreamId(value);
        return isId;
    }

    private static bool IsWord(ReadOnlySpan<char> text, int maxLength)
    {
        if (text.IsEmpty || text.Length > maxLength)
        {
            return false;
        }

        foreach (var letter in text)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Walks the steps of the path behind the prefix.</summary>
    private struct Steps(string path)
    {
        private int _at = Prefix.Length;

        public readonly bool IsAtEnd => _at > path.Length;

        public Range Next()
        {
            if (_at > path.Length)
            {
                return default;
            }

            var start = _at;
            var slash = path.IndexOf('/', start);
            var end = slash < 0 ? path.Length : slash;
            _at = end + 1;
            return start..end;
        }
    }
}
