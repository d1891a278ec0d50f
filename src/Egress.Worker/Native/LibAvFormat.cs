using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>The functions of libavformat that playing needs.</summary>
internal static unsafe partial class LibAvFormat
{
    /// <summary>AVERROR_EOF.</summary>
    public const int End = -0x20464F45;

    /// <summary>AVMEDIA_TYPE_VIDEO.</summary>
    public const int Video = 0;

    /// <summary>AVMEDIA_TYPE_AUDIO.</summary>
    public const int Audio = 1;

    [LibraryImport(CodecLibraries.AvFormat)]
    public static partial int avformat_network_init();

    [LibraryImport(CodecLibraries.AvFormat)]
    public static partial nint avformat_alloc_context();

    [LibraryImport(CodecLibraries.AvFormat)]
    public static partial void avformat_free_context(nint context);

    [LibraryImport(CodecLibraries.AvFormat)]
    public static partial nint avformat_new_stream(nint context, nint codec);

    [LibraryImport(CodecLibraries.AvFormat, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int avformat_open_input(ref nint context, string url, nint format, ref nint options);

    [LibraryImport(CodecLibraries.AvFormat)]
    public static partial void avformat_close_input(ref nint context);

    [LibraryImport(CodecLibraries.AvFormat)]
    public static partial int avformat_find_stream_info(nint context, nint options);

    [LibraryImport(CodecLibraries.AvFormat)]
    public static partial int av_find_best_stream(nint context, int type, int wanted, int related, out nint decoder, int flags);

    [LibraryImport(CodecLibraries.AvFormat)]
    public static partial int av_read_frame(nint context, nint packet);

    [LibraryImport(CodecLibraries.AvFormat)]
    public static partial int avformat_seek_file(nint context, int stream, long least, long target, long most, int flags);
}

/// <summary>
/// Where fields of libavformat's structures are. They have moved twice since FFmpeg 5, so they are taken by the library's major
/// version, and looked at before they are trusted.
/// </summary>
internal static unsafe class FormatLayout
{
    private const int StreamCountBytes = 44;
    private const int StreamsBytes = 48;
    private const int UnknownType = -1;

    private static int _startTime;
    private static int _parameters;
    private static int _timeBase;

    /// <summary>Takes them for a version, and makes a source with one stream to look at them.</summary>
    /// <exception cref="CodecLibraryException">They are elsewhere.</exception>
    public static void Probe(int major)
    {
        // AVFormatContext gained groups and chapters before its times with 61; AVStream's fields were put in another order with 60.
        _startTime = major >= 61 ? 96 : 64;
        (_parameters, _timeBase) = major >= 60 ? (16, 32) : (208, 16);
        var context = LibAvFormat.avformat_alloc_context();
        try
        {
            var stream = LibAvFormat.avformat_new_stream(context, 0);
            if (stream == 0 || StreamsOf(context).Length != 1 || StreamsOf(context)[0] != stream
                || ParametersOf(stream) is var parameters && (parameters == 0 || *(int*)parameters != UnknownType))
            {
                throw new CodecLibraryException(
                    "The installed libavformat is laid out differently from every version that is known; playing needs FFmpeg 5 to 9.");
            }
        }
        finally
        {
            LibAvFormat.avformat_free_context(context);
        }
    }

    /// <summary>The streams of a source.</summary>
    public static ReadOnlySpan<nint> StreamsOf(nint context) =>
        new(*(nint**)(context + StreamsBytes), *(int*)(context + StreamCountBytes));

    /// <summary>When the source begins, in microseconds; <see cref="long.MinValue"/> where that is not known.</summary>
    public static long StartOf(nint context) => *(long*)(context + _startTime);

    /// <summary>How long it is, in microseconds; zero or less where that is not known.</summary>
    public static long LengthOf(nint context) => *(long*)(context + _startTime + sizeof(long));

    /// <summary>A stream's AVCodecParameters.</summary>
    public static nint ParametersOf(nint stream) => *(nint*)(stream + _parameters);

    /// <summary>The unit of a stream's times, in seconds as a fraction.</summary>
    public static (int Numerator, int Denominator) TimeBaseOf(nint stream) => (*(int*)(stream + _timeBase), *(int*)(stream + _timeBase + 4));
}
