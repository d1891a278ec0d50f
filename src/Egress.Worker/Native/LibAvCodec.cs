using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>The functions of libavcodec that composing needs.</summary>
internal static unsafe partial class LibAvCodec
{
    /// <summary>AVERROR(EAGAIN): nothing to be had before more is given.</summary>
    public const int TryAgain = -11;

    [LibraryImport(CodecLibraries.AvCodec, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint avcodec_find_decoder_by_name(string name);

    [LibraryImport(CodecLibraries.AvCodec, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint avcodec_find_encoder_by_name(string name);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial nint avcodec_alloc_context3(nint codec);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial void avcodec_free_context(ref nint context);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial int avcodec_open2(nint context, nint codec, ref nint options);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial void avcodec_flush_buffers(nint context);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial int avcodec_send_packet(nint context, nint packet);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial int avcodec_receive_frame(nint context, nint frame);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial int avcodec_send_frame(nint context, nint frame);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial int avcodec_receive_packet(nint context, nint packet);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial nint avcodec_parameters_alloc();

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial void avcodec_parameters_free(ref nint parameters);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial int avcodec_parameters_from_context(nint parameters, nint context);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial int avcodec_parameters_to_context(nint context, nint parameters);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial nint av_packet_alloc();

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial void av_packet_free(ref nint packet);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial int av_new_packet(nint packet, int length);

    [LibraryImport(CodecLibraries.AvCodec)]
    public static partial void av_packet_unref(nint packet);
}
