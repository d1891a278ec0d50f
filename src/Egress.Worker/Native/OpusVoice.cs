using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>Owns an Opus decoder of one track: stereo at 48 kHz, samples of both channels in turn.</summary>
internal sealed unsafe class OpusVoice : SafeHandle
{
    /// <summary>Most samples of a channel that one packet holds: 120 ms.</summary>
    public const int MaxSamples = 5_760;

    private const int SampleRateHz = 48_000;

    /// <summary>Lengths that can be made up are whole multiples of this: 2.5 ms.</summary>
    private const int StepSamples = 120;

    public OpusVoice()
        : base(0, ownsHandle: true)
    {
        int error;
        SetHandle(LibOpus.opus_decoder_create(SampleRateHz, 2, &error));
        if (IsInvalid)
        {
            throw new InsufficientMemoryException("There is no memory for a sound decoder.");
        }
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Decodes a packet.</summary>
    /// <returns>Samples of each channel; below zero when the packet is damaged.</returns>
    public int Decode(ReadOnlySpan<byte> packet, Span<float> samples) =>
        packet.IsEmpty ? -1 : Decode(packet, samples, MaxSamples, redundancy: 0);

    /// <summary>Takes what was before a packet from its redundancy, as far as it has any, and makes up the rest.</summary>
    /// <returns>Samples of each channel; below zero when the packet is damaged.</returns>
    public int DecodeBefore(ReadOnlySpan<byte> packet, int count, Span<float> samples) =>
        packet.IsEmpty ? Conceal(count, samples) : Decode(packet, samples, Whole(count), redundancy: 1);

    /// <summary>Makes up what is missing from what was before it.</summary>
    /// <returns>Samples of each channel; below zero when that cannot be done.</returns>
    public int Conceal(int count, Span<float> samples) => Decode([], samples, Whole(count), redundancy: 0);

    /// <summary>Whether a packet brings the one before it along (RFC 6716, section 4.2.4).</summary>
    /// <remarks>Packets of several frames with a count of their own (code 3) are taken not to: nobody sends them in meetings.</remarks>
    public static bool HasRedundancy(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 2 || (packet[0] & 0x80) != 0)
        {
            return false;
        }

        // Only 60 and 40 ms of SILK (configurations 3, 2, 7, 6 and so on) hold more than one of its frames.
        var length = (packet[0] & 0x60) == 0x60 ? 0 : (packet[0] >> 3) & 3;
        var silkFrames = Math.Max(1, length);
        var first = (packet[0] & 3) switch
        {
            0 or 1 => 1,
            2 => packet[1] < 252 ? 2 : 3,
            _ => packet.Length,
        };
        return first < packet.Length && ((packet[first] >> (7 - silkFrames)) & 1) != 0;
    }

    protected override bool ReleaseHandle()
    {
        LibOpus.opus_decoder_destroy(handle);
        return true;
    }

    private static int Whole(int count) => Math.Clamp((count + (StepSamples / 2)) / StepSamples, 1, MaxSamples / StepSamples) * StepSamples;

    private int Decode(ReadOnlySpan<byte> packet, Span<float> samples, int room, int redundancy)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples.Length, room * 2);
        fixed (byte* data = packet)
        fixed (float* to = samples)
        {
            return LibOpus.opus_decode_float(handle, packet.IsEmpty ? null : data, packet.Length, to, room, redundancy);
        }
    }
}
