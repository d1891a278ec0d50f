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

    /// <summary>AV_SAMPLE_FMT_FLT: floats, the channels in turn.</summary>
    public const int Float = 3;

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

    /// <summary>Writes a layout's name, such as "stereo", which resamplers are told by.</summary>
    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial int av_channel_layout_describe(nint layout, byte* text, nuint length);

    [LibraryImport(CodecLibraries.AvUtil)]
    public static partial nint av_get_sample_fmt_name(int format);

    [LibraryImport(CodecLibraries.AvUtil, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_opt_set(nint target, string name, string value, int searchFlags);

    [LibraryImport(CodecLibraries.AvUtil, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_opt_get_int(nint target, string name, int searchFlags, out long value);

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

        throw new CodecLibraryException($"{what} failed: {Describe(result)} ({result}).");
    }

    /// <summary>What an error says.</summary>
    public static string Describe(int error)
    {
        var text = stackalloc byte[256];
        _ = av_strerror(error, text, 256);
        return Marshal.PtrToStringUTF8((nint)text) ?? "";
    }
}
