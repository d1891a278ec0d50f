using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>Owns an opened AVCodecContext.</summary>
internal sealed class AvCodecContext : SafeHandle
{
    private AvCodecContext(nint codec)
        : base(0, ownsHandle: true) => SetHandle(LibAvCodec.avcodec_alloc_context3(codec));

    public override bool IsInvalid => handle == 0;

    public nint Pointer => handle;

    /// <summary>Opens a decoder.</summary>
    /// <exception cref="CodecLibraryException">The library has none of that name, or an option is not known to it.</exception>
    public static AvCodecContext OpenDecoder(string name, ReadOnlySpan<(string Name, string Value)> options) =>
        Open(LibAvCodec.avcodec_find_decoder_by_name(name), name, options, sampleFormat: null);

    /// <summary>Opens a decoder for a stream of a source. Options it does not know are passed over.</summary>
    /// <param name="codec">The decoder.</param>
    /// <param name="parameters">The stream's AVCodecParameters.</param>
    /// <param name="options">Options by name.</param>
    /// <returns>Null when it cannot decode this stream.</returns>
    public static AvCodecContext? TryOpenDecoder(nint codec, nint parameters, ReadOnlySpan<(string Name, string Value)> options)
    {
        var context = new AvCodecContext(codec);
        nint dictionary = 0;
        try
        {
            foreach (var (option, value) in options)
            {
                LibAvUtil.Check(LibAvUtil.av_dict_set(ref dictionary, option, value, 0), "Setting an option");
            }

            if (LibAvCodec.avcodec_parameters_to_context(context.handle, parameters) >= 0
                && LibAvCodec.avcodec_open2(context.handle, codec, ref dictionary) >= 0)
            {
                return context;
            }
        }
        finally
        {
            LibAvUtil.av_dict_free(ref dictionary);
        }

        context.Dispose();
        return null;
    }

    /// <summary>Forgets what it was given: what follows is of elsewhere.</summary>
    public void Forget() => LibAvCodec.avcodec_flush_buffers(handle);

    /// <summary>Opens an encoder; one of sound needs a sample format.</summary>
    /// <exception cref="CodecLibraryException">The library has none of that name, or an option is not known to it.</exception>
    public static AvCodecContext OpenEncoder(string name, ReadOnlySpan<(string Name, string Value)> options, int? sampleFormat = null) =>
        Open(LibAvCodec.avcodec_find_encoder_by_name(name), name, options, sampleFormat);

    /// <summary>Whether the library has an encoder of a name.</summary>
    public static bool HasEncoder(string name) => LibAvCodec.avcodec_find_encoder_by_name(name) != 0;

    /// <summary>Samples of each channel that an encoder of sound takes at once; 0 for any number.</summary>
    public int FrameSamples =>
        LibAvUtil.av_opt_get_int(handle, "frame_size", 0, out var samples) >= 0 ? (int)samples : 0;

    /// <summary>Gives a decoder a packet. Below zero when it is damaged.</summary>
    public int Send(AvPacket packet) => LibAvCodec.avcodec_send_packet(handle, packet.Pointer);

    /// <summary>Takes a picture or sound from a decoder. Below zero when there is none, or the input was damaged.</summary>
    public int Receive(AvFrame frame) => LibAvCodec.avcodec_receive_frame(handle, frame.Pointer);

    /// <summary>Gives an encoder a picture or sound.</summary>
    public int Send(AvFrame frame) => LibAvCodec.avcodec_send_frame(handle, frame.Pointer);

    /// <summary>Tells an encoder or a decoder that nothing follows.</summary>
    public int SendEnd(bool isEncoder) => isEncoder ? LibAvCodec.avcodec_send_frame(handle, 0) : LibAvCodec.avcodec_send_packet(handle, 0);

    /// <summary>Takes a packet from an encoder. Below zero when there is none.</summary>
    public int Receive(AvPacket packet) => LibAvCodec.avcodec_receive_packet(handle, packet.Pointer);

    protected override bool ReleaseHandle()
    {
        LibAvCodec.avcodec_free_context(ref handle);
        return true;
    }

    private static AvCodecContext Open(nint codec, string name, ReadOnlySpan<(string Name, string Value)> options, int? sampleFormat)
    {
        if (codec == 0)
        {
            throw new CodecLibraryException($"The installed libavcodec has no {name}; composing needs it.");
        }

        var context = new AvCodecContext(codec);
        nint dictionary = 0;
        try
        {
            if (sampleFormat is { } format)
            {
                using var parameters = new AvParameters(context);
                parameters.SetSampleFormat(context, format);
            }

            foreach (var (option, value) in options)
            {
                LibAvUtil.Check(LibAvUtil.av_dict_set(ref dictionary, option, value, 0), "Setting an option");
            }

            LibAvUtil.Check(LibAvCodec.avcodec_open2(context.handle, codec, ref dictionary), $"Opening {name}");
            if (LibAvUtil.av_dict_count(dictionary) != 0)
            {
                throw new CodecLibraryException($"The installed libavcodec's {name} does not know an option that composing sets.");
            }

            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
        finally
        {
            LibAvUtil.av_dict_free(ref dictionary);
        }
    }
}
