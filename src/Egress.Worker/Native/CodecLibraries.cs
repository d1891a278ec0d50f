using System.Reflection;
using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>Finds the native libraries that composing needs on this machine.</summary>
/// <remarks>
/// FFmpeg's libraries belong together by their major versions, so they are taken as a set and never mixed. Of their structures
/// only leading fields are used, which are the same in all these versions, and two that move and are looked for
/// (<see cref="AvLayout"/>); everything else is an opaque pointer, and options are set by name.
/// </remarks>
internal static class CodecLibraries
{
    public const string AvCodec = "roomcast-avcodec";
    public const string AvUtil = "roomcast-avutil";
    public const string SwScale = "roomcast-swscale";
    public const string Opus = "roomcast-opus";
    public const string FreeType = "roomcast-freetype";
    public const string AvFormat = "roomcast-avformat";
    public const string SwResample = "roomcast-swresample";

    private const string OpusFile = "libopus.so.0";
    private const string FreeTypeFile = "libfreetype.so.6";

    /// <summary>Major versions of libavcodec, libavutil and libswscale that were released together: FFmpeg 9 down to 5.</summary>
    private static readonly (int AvCodec, int AvUtil, int SwScale)[] Sets =
        [(63, 61, 10), (62, 60, 9), (61, 59, 8), (60, 58, 7), (59, 57, 6)];

    private static readonly Lock Gate = new();
    private static Dictionary<string, nint>? _handles;
    private static int _avCodecMajor;

    private static readonly Lazy<bool> Resolver = new(static () =>
    {
        NativeLibrary.SetDllImportResolver(typeof(CodecLibraries).Assembly, Resolve);
        return true;
    });

    /// <summary>Major versions of libavformat and libswresample, by that of the libavcodec they were released with.</summary>
    private static readonly Dictionary<int, (int AvFormat, int SwResample)> PlayingSets = new()
    {
        [63] = (63, 7), [62] = (62, 6), [61] = (61, 5), [60] = (60, 4), [59] = (59, 4),
    };

    /// <summary>Major version of libavformat; 0 before <see cref="NeedForPlaying"/>.</summary>
    public static int AvFormatMajor { get; private set; }

    /// <summary>Loads what playing needs besides: what opens files and streams, and what brings sound to one rate.</summary>
    /// <exception cref="CodecLibraryException">One is missing, or not as expected.</exception>
    public static void NeedForPlaying()
    {
        Need();
        lock (Gate)
        {
            if (AvFormatMajor != 0)
            {
                return;
            }

            var (format, resample) = PlayingSets[_avCodecMajor];
            _handles![AvFormat] = FindOne(Load, $"libavformat.so.{format}", $"libavformat{format}");
            _handles[SwResample] = FindOne(Load, $"libswresample.so.{resample}", $"libswresample{resample}");
            FormatLayout.Probe(format);
            OpenGuard.Probe();
            AvFormatMajor = format;
        }
    }

    private static nint Load(string file) => NativeLibrary.TryLoad(file, out var handle) ? handle : 0;

    /// <summary>Loads them, and looks for the fields that move.</summary>
    /// <exception cref="CodecLibraryException">One is missing, or not as expected.</exception>
    public static void Need()
    {
        lock (Gate)
        {
            if (_handles is not null)
            {
                return;
            }

            _ = Resolver.Value;
            (_handles, _avCodecMajor) = Find(Load);
            try
            {
                LibAvUtil.av_log_set_level(LibAvUtil.LogQuiet);
                AvLayout.Probe();
            }
            catch
            {
                _handles = null;
                throw;
            }
        }
    }

    /// <summary>Finds a set that belongs together, and the others.</summary>
    /// <param name="load">Loads a file by its name; 0 when there is none.</param>
    /// <returns>The libraries by the names above, and the major version of libavcodec.</returns>
    /// <exception cref="CodecLibraryException">One is missing.</exception>
    internal static (Dictionary<string, nint> Handles, int AvCodecMajor) Find(Func<string, nint> load)
    {
        foreach (var set in Sets)
        {
            if (load($"libavcodec.so.{set.AvCodec}") is var codec and not 0)
            {
                var handles = new Dictionary<string, nint>(StringComparer.Ordinal)
                {
                    [AvCodec] = codec,
                    [AvUtil] = FindOne(load, $"libavutil.so.{set.AvUtil}", $"libavutil{set.AvUtil}"),
                    [SwScale] = FindOne(load, $"libswscale.so.{set.SwScale}", $"libswscale{set.SwScale}"),
                    [Opus] = FindOne(load, OpusFile, "libopus0"),
                    [FreeType] = FindOne(load, FreeTypeFile, "libfreetype6"),
                };
                return (handles, set.AvCodec);
            }
        }

        throw new CodecLibraryException(
            $"libavcodec of FFmpeg 5 to 9 (libavcodec.so.{Sets[^1].AvCodec} to .{Sets[0].AvCodec}) was not found; composing needs it. "
            + "On Debian 12: apt-get install libavcodec59 libavutil57 libswscale6 libswresample4.");
    }

    private static nint FindOne(Func<string, nint> load, string file, string package) => load(file) is var handle and not 0
        ? handle
        : throw new CodecLibraryException($"{file} was not found; composing needs it. On Debian and Ubuntu: apt-get install {package}.");

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        _handles is { } handles && handles.TryGetValue(name, out var handle) ? handle : 0;
}
