using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>The functions of libavutil that composing needs.</summary>
internal static unsafe partial class LibAvUtil
{
    /// <summary>AV_LOG_QUIET: complaints about damaged input are counted by us, and not written to the standard error.</summary>
    public const int LogQuiet = -8;

    /// <summary>AV_PIX_FMT_YUV420P.</summary>
    public const int Yuv420 = 0;

    /// <summary>AV_PIX_FMT_BGRA.</summary>
    public const int Bgra = 28;

    /// <summary>AV_SAMPLE_FMT_FLTP: floats, one plane for each channel.</summary>
    public const int FloatPlanar = 8;

    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial void av_log_set_level(int level);

    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial nint av_frame_alloc();

    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial void av_frame_free(ref nint frame);

    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial int av_frame_get_buffer(nint frame, int alignment);

    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial int av_frame_make_writable(nint frame);

    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial void av_frame_unref(nint frame);

    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial void av_channel_layout_default(nint layout, int channels);

    [LibraryImport(CodecLibraries.AvUtil, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_dict_set(ref nint dictionary, string key, string value, int flags);

    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial int av_dict_count(nint dictionary);

    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial void av_dict_free(ref nint dictionary);

    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial int av_strerror(int error, byte* text, nuint length);

    /// <summary>Passes a result on, and throws when it is an error of ours: for calls that fail only when something is wrong here.</summary>
    public static int Check(int result, string what)
    {
        if (result >= 0)
        {
            return result;
        }

        var text = stackalloc byte[256];
        _ = av_strerror(result, text, 256);
        throw new CodecLibraryException($"{what} failed: {Marshal.PtrToStringUTF8((nint)text)} ({result}).");
    }
}
