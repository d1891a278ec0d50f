using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>Where the two fields are whose places move between FFmpeg's major versions. They are looked for, not taken from a table.</summary>
internal static unsafe class AvLayout
{
    private const int FirstMovingByte = 144;
    private const int LastFrameByte = 472;
    private const int FirstParameterByte = 24;
    private const int LastParameterByte = 64;
    private const int NativeOrder = 1;
    private const int SixChannels = 6;
    private const int SampleFloat = 3;
    private const int SampleDouble = 4;
    private const int Samples = 10;

    /// <summary>AVFrame.ch_layout.</summary>
    public static int FrameChannelLayout { get; private set; }

    /// <summary>AVCodecParameters.format.</summary>
    public static int ParametersFormat { get; private set; }

    /// <summary>Decodes ten samples of 5.1 sound in two formats, and looks for them in what comes out.</summary>
    /// <exception cref="CodecLibraryException">The fields are not where any known version has them.</exception>
    public static void Probe()
    {
        using var doubles = OpenPcm("pcm_f64le");
        using var floats = OpenPcm("pcm_f32le");
        FrameChannelLayout = FindChannelLayout(doubles);
        ParametersFormat = FindFormat(doubles, floats);
    }

    private static AvCodecContext OpenPcm(string name) =>
        AvCodecContext.OpenDecoder(name, [("ch_layout", "5.1"), ("ar", "48000")]);

    private static int FindChannelLayout(AvCodecContext decoder)
    {
        using var packet = new AvPacket();
        using var frame = new AvFrame();
        packet.Fill(new byte[Samples * SixChannels * sizeof(double)]);
        LibAvUtil.Check(decoder.Send(packet), "Decoding a probe");
        LibAvUtil.Check(decoder.Receive(frame), "Decoding a probe");
        if (frame.Samples != Samples)
        {
            throw NotAsExpected("AVFrame.nb_samples");
        }

        // enum AVChannelOrder order; int nb_channels; uint64_t mask. 5.1 has the mask 0x3F (back) or 0x60F (side).
        var start = (byte*)frame.Pointer;
        for (var at = FirstMovingByte; at + 16 <= LastFrameByte; at += 8)
        {
            if (*(int*)(start + at) == NativeOrder && *(int*)(start + at + 4) == SixChannels && *(ulong*)(start + at + 8) is 0x3F or 0x60F)
            {
                return at;
            }
        }

        throw NotAsExpected("AVFrame.ch_layout");
    }

    private static int FindFormat(AvCodecContext doubles, AvCodecContext floats)
    {
        using var one = new AvParameters(doubles);
        using var other = new AvParameters(floats);
        for (var at = FirstParameterByte; at < LastParameterByte; at += 4)
        {
            if (one.Int32(at) == SampleDouble && other.Int32(at) == SampleFloat)
            {
                return at;
            }
        }

        throw NotAsExpected("AVCodecParameters.format");
    }

    private static CodecLibraryException NotAsExpected(string field) =>
        new($"The installed FFmpeg libraries are laid out differently from every version that is known ({field} was not found); composing needs FFmpeg 5 to 9.");
}

/// <summary>Owns an AVCodecParameters of a context.</summary>
internal sealed unsafe class AvParameters : SafeHandle
{
    private const int AudioType = 1;

    // The fields before have the same places in FFmpeg 5 to 9.
    private const int ExtraDataBytes = 16;
    private const int ExtraLengthBytes = 24;

    public AvParameters(AvCodecContext context)
        : base(0, ownsHandle: true)
    {
        SetHandle(LibAvCodec.avcodec_parameters_alloc());
        LibAvUtil.Check(LibAvCodec.avcodec_parameters_from_context(handle, context.Pointer), "Reading a codec's parameters");
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>What a decoder must know besides the packets, copied.</summary>
    public byte[] ExtraData => new ReadOnlySpan<byte>(*(byte**)(handle + ExtraDataBytes), *(int*)(handle + ExtraLengthBytes)).ToArray();

    public int Int32(int at) => *(int*)(handle + at);

    /// <summary>Makes a context one of sound with a sample format, which no option by name does.</summary>
    public void SetSampleFormat(AvCodecContext context, int format)
    {
        *(int*)handle = AudioType;
        *(int*)(handle + AvLayout.ParametersFormat) = format;
        LibAvUtil.Check(LibAvCodec.avcodec_parameters_to_context(context.Pointer, handle), "Setting a codec's sample format");
    }

    protected override bool ReleaseHandle()
    {
        LibAvCodec.avcodec_parameters_free(ref handle);
        return true;
    }
}
