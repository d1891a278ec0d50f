using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>
/// Stands before everything that libavformat opens for one source: the source itself and what it leads to, as a playlist's variants,
/// segments and keys. What does not begin as it may is not opened.
/// </summary>
/// <remarks>
/// The library's own list of protocols does not do this: what HTTP is made of, as plain TCP, must be on it, and so playlists could name
/// it. The guard takes the place of AVFormatContext.io_open, a public field whose place moves from version to version; it is looked for,
/// and proved by a call, before it is trusted.
/// </remarks>
internal sealed unsafe class OpenGuard : IDisposable
{
    private const int AccessDenied = -13;
    private const int FirstBytes = 64;
    private const int LastBytes = 504;
    private const string ProbeUrl = "roomcast:nothing";

    private static readonly ConcurrentDictionary<nint, OpenGuard> Guards = new();
    private static int _openBytes;

    private readonly IReadOnlyList<string> _prefixes;
    private readonly IReadOnlyList<(string Name, string Value)> _options;
    private readonly nint _original;
    private readonly nint _context;
    private volatile bool _hasRefused;
    private volatile string? _asked;

    /// <summary>Puts a guard before a source that is not open yet.</summary>
    /// <param name="context">The source.</param>
    /// <param name="prefixes">How addresses that may be opened begin.</param>
    /// <param name="options">Options that each of them is opened with, whatever the library passes on by itself.</param>
    public OpenGuard(nint context, IReadOnlyList<string> prefixes, IReadOnlyList<(string Name, string Value)> options)
        : this(context, _openBytes, prefixes, options)
    {
    }

    private OpenGuard(nint context, int openBytes, IReadOnlyList<string> prefixes, IReadOnlyList<(string Name, string Value)> options)
    {
        (_context, _prefixes, _options) = (context, prefixes, options);
        _original = *(nint*)(context + openBytes);
        Guards[context] = this;
        *(nint*)(context + openBytes) = (nint)(delegate* unmanaged[Cdecl]<nint, nint*, byte*, int, nint*, int>)&Open;
    }

    /// <summary>Whether something was not opened.</summary>
    public bool HasRefused => _hasRefused;

    /// <summary>Looks for the field.</summary>
    /// <exception cref="CodecLibraryException">It is not found, so that nothing can be played safely.</exception>
    public static void Probe()
    {
        var fresh = LibAvFormat.avformat_alloc_context();
        var code = CodeOf(*(nint*)fresh);
        var places = Enumerable.Range(0, (LastBytes - FirstBytes) / sizeof(nint)).Select(static index => FirstBytes + (index * sizeof(nint)))
            .Where(place => *(nint*)(fresh + place) is var value && code.Any(range => value >= range.Begin && value < range.End)).ToArray();
        LibAvFormat.avformat_free_context(fresh);
        foreach (var place in places)
        {
            var context = LibAvFormat.avformat_alloc_context();
            using var guard = new OpenGuard(context, place, [], []);
            nint options = 0;
            if (LibAvFormat.avformat_open_input(ref context, ProbeUrl, 0, ref options) == AccessDenied && guard._asked == ProbeUrl)
            {
                _openBytes = place;
                return;
            }
        }

        throw new CodecLibraryException("The installed libavformat does not let what a source leads to be judged; playing needs FFmpeg 5 to 9.");
    }

    /// <summary>To be called once nothing more is opened.</summary>
    public void Dispose() => Guards.TryRemove(new KeyValuePair<nint, OpenGuard>(_context, this));

    /// <summary>Where the code of the library is whose data an address lies in.</summary>
    private static List<(nint Begin, nint End)> CodeOf(nint data)
    {
        var maps = File.ReadLines("/proc/self/maps")
            .Select(static line => line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Where(static parts => parts.Length == 6)
            .Select(static parts => (Range: parts[0].Split('-'), IsCode: parts[1].Contains('x', StringComparison.Ordinal), File: parts[5]))
            .Select(static map => (Begin: Parse(map.Range[0]), End: Parse(map.Range[1]), map.IsCode, map.File)).ToList();
        var file = maps.Find(map => data >= map.Begin && data < map.End).File;
        return [.. maps.Where(map => map.IsCode && map.File == file).Select(static map => (map.Begin, map.End))];

        static nint Parse(string text) => nint.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(nint context, nint* io, byte* url, int flags, nint* options)
    {
        if (!Guards.TryGetValue(context, out var guard) || Marshal.PtrToStringUTF8((nint)url) is not { } asked)
        {
            return AccessDenied;
        }

        guard._asked = asked;
        if (!guard._prefixes.Any(prefix => asked.StartsWith(prefix, StringComparison.Ordinal)))
        {
            guard._hasRefused = true;
            return AccessDenied;
        }

        nint own = 0;
        var all = options is null ? &own : options;
        foreach (var (name, value) in guard._options)
        {
            if (LibAvUtil.av_dict_set(ref *all, name, value, 0) < 0)
            {
                return AccessDenied;
            }
        }

        var result = ((delegate* unmanaged[Cdecl]<nint, nint*, byte*, int, nint*, int>)guard._original)(context, io, url, flags, all);
        LibAvUtil.av_dict_free(ref own);
        return result;
    }
}
