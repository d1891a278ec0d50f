using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>Owns an AVPacket. The fields used lead the structure and have the same places in FFmpeg 5 to 9.</summary>
internal sealed unsafe class AvPacket : SafeHandle
{
    private const int TimeBytes = 8;
    private const int DataBytes = 24;
    private const int LengthBytes = 32;
    private const int StreamBytes = 36;
    private const int FlagsBytes = 40;
    private const int KeyframeFlag = 1;

    public AvPacket()
        : base(0, ownsHandle: true)
    {
        SetHandle(LibAvCodec.av_packet_alloc());
        if (IsInvalid)
        {
            throw new InsufficientMemoryException("There is no memory for a packet.");
        }
    }

    public override bool IsInvalid => handle == 0;

    public nint Pointer => handle;

    /// <summary>When it is shown, in units of the codec's time base.</summary>
    public long Time
    {
        get => *(long*)(handle + TimeBytes);
        set => *(long*)(handle + TimeBytes) = value;
    }

    /// <summary>The stream of the source that it is of.</summary>
    public int Stream => *(int*)(handle + StreamBytes);

    public bool IsKeyframe => (*(int*)(handle + FlagsBytes) & KeyframeFlag) != 0;

    public ReadOnlySpan<byte> Data => new(*(byte**)(handle + DataBytes), *(int*)(handle + LengthBytes));

    /// <summary>Copies bytes into it, in place of what was there.</summary>
    public void Fill(ReadOnlySpan<byte> bytes)
    {
        Clear();
        LibAvUtil.Check(LibAvCodec.av_new_packet(handle, bytes.Length), "Making a packet");
        bytes.CopyTo(new Span<byte>(*(byte**)(handle + DataBytes), bytes.Length));
    }

    /// <summary>Lets go of the bytes.</summary>
    public void Clear() => LibAvCodec.av_packet_unref(handle);

    protected override bool ReleaseHandle()
    {
        LibAvCodec.av_packet_free(ref handle);
        return true;
    }
}
