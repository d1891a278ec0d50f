using System.Runtime.InteropServices;

namespace Roomcast.Client.Codecs;

/// <summary>The functions of libavcodec and libavutil that decoding needs, and the fields that lead their structures.</summary>
/// <remarks>
/// The fields that are used have the same places in FFmpeg 5 to 9; everything else is an opaque pointer. Both libraries are taken
/// from one release of FFmpeg and never mixed.
/// </remarks>
internal static class AvLibraries
{
    public const string AvCodec = "roomcast-client-avcodec";
    public const string AvUtil = "roomcast-client-avutil";

    /// <summary>AVERROR(EAGAIN): nothing to be had before more is given.</summary>
    public const int TryAgain = -11;

    /// <summary>AV_PIX_FMT_YUV420P.</summary>
    public const int Yuv420 = 0;

    /// <summary>In AVFrame: the first of eight strides, behind as many planes.</summary>
    public const int FrameStrides = 64;

    public const int FrameWidth = 104;
    public const int FrameHeight = 108;
    public const int FrameFormat = 116;

    /// <summary>In AVPacket: where its bytes are.</summary>
    public const int PacketData = 24;

    private const int LogQuiet = -8;

    private static readonly (int AvCodec, int AvUtil)[] Sets = [(63, 61), (62, 60), (61, 59), (60, 58), (59, 57)];

    private static readonly Lazy<Dictionary<string, nint>> Handles = new(() => Find(static file => NativeLibrary.TryLoad(file, out var handle) ? handle : 0));

    private static readonly Lazy<bool> Resolver = new(static () =>
    {
        NativeLibrary.SetDllImportResolver(typeof(AvLibraries).Assembly, static (name, _, _) => Handles.Value.GetValueOrDefault(name));
        av_log_set_level(LogQuiet); // Complaints about damaged input are results here.
        return true;
    });

    /// <summary>Loads them.</summary>
    /// <exception cref="CodecsMissingException">They are missing.</exception>
    public static void Need()
    {
        _ = Handles.Value;
        _ = Resolver.Value;
    }

    /// <summary>Finds two that belong together.</summary>
    /// <param name="load">Loads a file by its name; 0 when there is none.</param>
    internal static Dictionary<string, nint> Find(Func<string, nint> load)
    {
        foreach (var (codec, util) in Sets)
        {
            if (load($"libavcodec.so.{codec}") is var first and not 0 && load($"libavutil.so.{util}") is var second and not 0)
            {
                return new Dictionary<string, nint>(StringComparer.Ordinal) { [AvCodec] = first, [AvUtil] = second };
            }
        }

        throw new CodecsMissingException(
            $"Decoding needs libavcodec and libavutil of FFmpeg 5 to 9 (libavcodec.so.{Sets[^1].AvCodec} to .{Sets[0].AvCodec}), which were not found. On Debian 12: apt-get install libavcodec59.");
    }

    [DllImport(AvCodec)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint avcodec_find_decoder_by_name(byte[] name);

    [DllImport(AvCodec)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint avcodec_alloc_context3(nint codec);

    [DllImport(AvCodec)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void avcodec_free_context(ref nint context);

    [DllImport(AvCodec)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int avcodec_open2(nint context, nint codec, nint options);

    [DllImport(AvCodec)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int avcodec_send_packet(nint context, nint packet);

    [DllImport(AvCodec)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int avcodec_receive_frame(nint context, nint frame);

    [DllImport(AvCodec)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint av_packet_alloc();

    [DllImport(AvCodec)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void av_packet_free(ref nint packet);

    [DllImport(AvCodec)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int av_new_packet(nint packet, int length);

    [DllImport(AvCodec)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void av_packet_unref(nint packet);

    [DllImport(AvUtil)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint av_frame_alloc();

    [DllImport(AvUtil)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void av_frame_free(ref nint frame);

    [DllImport(AvUtil)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void av_frame_unref(nint frame);

    [DllImport(AvUtil)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void av_log_set_level(int level);
}
