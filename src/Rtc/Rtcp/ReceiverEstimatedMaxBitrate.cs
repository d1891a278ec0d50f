using System.Buffers.Binary;
using System.Numerics;

namespace Roomcast.Rtc.Rtcp;

/// <summary>REMB: what a receiver thinks its path carries, over all sources (draft-alvestrand-rmcat-remb-03).</summary>
/// <param name="SenderSsrc">Who says so.</param>
/// <param name="BitrateBps">Bits per second.</param>
public readonly record struct ReceiverEstimatedMaxBitrate(uint SenderSsrc, long BitrateBps)
{
    /* | 'R' 'E' 'M' 'B' | number of SSRCs:8 | exponent:6 | mantissa:18 | SSRCs: 32 each | */
    private const uint Magic = 0x5245_4D42;
    private const int FixedControlLength = 8;
    private const int MantissaBits = 18;

    /// <summary>Reads it.</summary>
    /// <returns>False when it is another kind or too short.</returns>
    public static bool TryRead(in RtcpPacket packet, out ReceiverEstimatedMaxBitrate estimate)
    {
        estimate = default;
        if (!Feedback.Is(packet, RtcpType.PayloadFeedback, Feedback.ApplicationLayer, FixedControlLength)
            || BinaryPrimitives.ReadUInt32BigEndian(packet.Body[Feedback.FixedLength..]) != Magic)
        {
            return false;
        }

        var word = BinaryPrimitives.ReadUInt32BigEndian(packet.Body[(Feedback.FixedLength + 4)..]);
        var sources = word >> 24;
        var exponent = (int)(word >> MantissaBits) & 0x3F;
        var mantissa = (long)(word & ((1 << MantissaBits) - 1));
        if (packet.Body.Length < Feedback.FixedLength + FixedControlLength + (4 * sources))
        {
            return false;
        }

        // More than a long holds is as good as no limit.
        var bits = mantissa == 0 ? 0 : BitOperations.Log2((ulong)mantissa) + 1 + exponent;
        estimate = new ReceiverEstimatedMaxBitrate(
            Feedback.SenderOf(packet.Body), bits > 62 ? long.MaxValue : mantissa << exponent);
        return true;
    }

    /// <summary>Writes it.</summary>
    /// <returns>False, with nothing written, when there is no room.</returns>
    public bool TryWrite(ref RtcpWriter writer, scoped ReadOnlySpan<uint> sources)
    {
        var length = Feedback.FixedLength + FixedControlLength + (4 * sources.Length);
        if (sources.Length > byte.MaxValue
            || !writer.TryAdd(RtcpType.PayloadFeedback, Feedback.ApplicationLayer, length, out var body))
        {
            return false;
        }

        var mantissa = (ulong)Math.Max(0, BitrateBps);
        var exponent = Math.Max(0, 64 - BitOperations.LeadingZeroCount(mantissa) - MantissaBits);
        Feedback.WriteHead(body, SenderSsrc, media: 0);
        BinaryPrimitives.WriteUInt32BigEndian(body[Feedback.FixedLength..], Magic);
        BinaryPrimitives.WriteUInt32BigEndian(
            body[(Feedback.FixedLength + 4)..],
            ((uint)sources.Length << 24) | ((uint)exponent << MantissaBits) | (uint)(mantissa >> exponent));
        for (var i = 0; i < sources.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(body[(Feedback.FixedLength + FixedControlLength + (4 * i))..], sources[i]);
        }

        return true;
    }
}
