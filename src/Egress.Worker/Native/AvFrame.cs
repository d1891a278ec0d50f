using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>Owns an AVFrame. The fields used lead the structure and have the same places in FFmpeg 5 to 9.</summary>
internal sealed unsafe class AvFrame : SafeHandle
{
    private const int StrideBytes = 64;
    private const int WidthBytes = 104;
    private const int HeightBytes = 108;
    private const int SamplesBytes = 112;
    private const int FormatBytes = 116;
    private const int TimeBytes = 136;

    // key_frame and pict_type up to FFmpeg 7, pict_type and the first half of the sample aspect ratio from 8 on: with both set a
    // picture is wanted as a keyframe in each, and the ratio's other half is left alone.
    private const int FirstTypeBytes = 120;
    private const int SecondTypeBytes = 124;
    private const int IntraPicture = 1;

    public AvFrame()
        : base(0, ownsHandle: true)
    {
        SetHandle(LibAvUtil.av_frame_alloc());
        if (IsInvalid)
        {
            throw new InsufficientMemoryException("There is no memory for a frame.");
        }
    }

    public override bool IsInvalid => handle == 0;

    public nint Pointer => handle;

    /// <summary>Pointers to the planes, eight of them.</summary>
    public byte** Planes => (byte**)handle;

    /// <summary>Bytes from row to row of the planes, eight of them.</summary>
    public int* Strides => (int*)(handle + StrideBytes);

    public int Width => *(int*)(handle + WidthBytes);

    public int Height => *(int*)(handle + HeightBytes);

    public int Samples => *(int*)(handle + SamplesBytes);

    public int Format => *(int*)(handle + FormatBytes);

    /// <summary>Channels of a sound: the number behind the order in AVChannelLayout.</summary>
    public int Channels => *(int*)(handle + AvLayout.FrameChannelLayout + sizeof(int));

    /// <summary>When it is shown, in units of the codec's time base.</summary>
    public long Time
    {
        get => *(long*)(handle + TimeBytes);
        set => *(long*)(handle + TimeBytes) = value;
    }

    /// <summary>Says whether an encoder is to make a keyframe of it.</summary>
    public void WantKeyframe(bool isWanted)
    {
        *(int*)(handle + FirstTypeBytes) = isWanted ? IntraPicture : 0;
        *(int*)(handle + SecondTypeBytes) = isWanted ? IntraPicture : 0;
    }

    /// <summary>Makes a picture of a size, in YUV 4:2:0.</summary>
    public static AvFrame OfPicture(int width, int height)
    {
        var frame = new AvFrame();
        *(int*)(frame.handle + WidthBytes) = width;
        *(int*)(frame.handle + HeightBytes) = height;
        *(int*)(frame.handle + FormatBytes) = LibAvUtil.Yuv420;
        LibAvUtil.Check(LibAvUtil.av_frame_get_buffer(frame.handle, 0), "Making a picture");
        return frame;
    }

    /// <summary>Makes stereo sound of a length, in floats: planes of them, or both channels in turn.</summary>
    public static AvFrame OfStereo(int samples, int format = LibAvUtil.FloatPlanar) => OfSound(samples, 2, format);

    /// <summary>Makes sound of a length and a number of channels, in floats.</summary>
    public static AvFrame OfSound(int samples, int channels, int format = LibAvUtil.FloatPlanar)
    {
        var frame = new AvFrame();
        *(int*)(frame.handle + SamplesBytes) = samples;
        *(int*)(frame.handle + FormatBytes) = format;
        LibAvUtil.av_channel_layout_default(frame.handle + AvLayout.FrameChannelLayout, channels);
        LibAvUtil.Check(LibAvUtil.av_frame_get_buffer(frame.handle, 0), "Making a sound");
        return frame;
    }

    /// <summary>Bytes of one row of a picture in YUV 4:2:0 or BGRA.</summary>
    /// <param name="plane">0 for brightness or BGRA, 1 and 2 for colour.</param>
    /// <param name="row">The plane's row, 0 to its height less one.</param>
    /// <param name="left">First byte.</param>
    /// <param name="length">Number of bytes; within the row.</param>
    public Span<byte> Row(int plane, int row, int left, int length) =>
        new(Planes[plane] + ((long)row * Strides[plane]) + left, length);

    /// <summary>Samples of one channel of a sound.</summary>
    public Span<float> Channel(int channel) => new(Planes[channel], Samples);

    /// <summary>Samples of stereo sound, both channels in turn.</summary>
    public Span<float> Interleaved() => new(Planes[0], Samples * 2);

    /// <summary>Makes sure that nobody else holds the memory: copies it when somebody does.</summary>
    public void MakeWritable() => LibAvUtil.Check(LibAvUtil.av_frame_make_writable(handle), "Writing to a frame");

    /// <summary>Lets go of the picture or sound.</summary>
    public void Clear() => LibAvUtil.av_frame_unref(handle);

    protected override bool ReleaseHandle()
    {
        LibAvUtil.av_frame_free(ref handle);
        return true;
    }
}
