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

    private const string OpusFile = "libopus.so.0";
    private const string FreeTypeFile = "libfreetype.so.6";

    /// <summary>Major versions of libavcodec, libavutil and libswscale that were released together: FFmpeg 9 down to 5.</summary>
    private static readonly (int AvCodec, int AvUtil, int SwScale)[] Sets =
        [(63, 61, 10), (62, 60, 9), (61, 59, 8), (60, 58, 7), (59, 57, 6)];

    private static readonly Lock Gate = new();
    private static Dictionary<string, nint>? _handles;

    private static readonly Lazy<bool> Resolver = new(static () =>
    {
        NativeLibrary.SetDllImportResolver(typeof(CodecLibraries).Assembly, Resolve);
        return true;
    });

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
            _handles = Load();
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

    private static Dictionary<string, nint> Load()
    {
        foreach (var set in Sets)
        {
            if (NativeLibrary.TryLoad($"libavcodec.so.{set.AvCodec}", out var codec))
            {
                return new Dictionary<string, nint>(StringComparer.Ordinal)
                {
                    [AvCodec] = codec,
                    [AvUtil] = LoadOne($"libavutil.so.{set.AvUtil}", $"libavutil{set.AvUtil}"),
                    [SwScale] = LoadOne($"libswscale.so.{set.SwScale}", $"libswscale{set.SwScale}"),
                    [Opus] = LoadOne(OpusFile, "libopus0"),
                    [FreeType] = LoadOne(FreeTypeFile, "libfreetype6"),
                };
            }
        }

        throw new CodecLibraryException(
            $"libavcodec of FFmpeg 5 to 9 (libavcodec.so.{Sets[^1].AvCodec} to .{Sets[0].AvCodec}) was not found; composing needs it. "
            + "On Debian 12: apt-get install libavcodec59 libavutil57 libswscale6 libswresample4.");
    }

    private static nint LoadOne(string file, string package) => NativeLibrary.TryLoad(file, out var handle)
        ? handle
        : throw new CodecLibraryException($"{file} was not found; composing needs it. On Debian and Ubuntu: apt-get install {package}.");

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        _handles is { } handles && handles.TryGetValue(name, out var handle) ? handle : 0;
}
