using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;

namespace Roomcast.TestKit.Rtc;

/// <summary>Makes RTP packets of whole frames, as a browser does: VP8 cut into pieces with a descriptor, Opus a packet each.</summary>
/// <remarks>The sender's clock is the caller's: what a frame was sampled at, since some moment that sound and picture share.</remarks>
public sealed class RtpPacketizer(uint ssrc, byte payloadType, int clockRateHz, ushort firstNumber = 65_500, uint firstTimestamp = 4_294_900_000)
{
    private const int MaxPayload = 1_100;

    private ushort _number = firstNumber;
    private uint _packets;

    /// <summary>The source.</summary>
    public uint Ssrc => ssrc;

    /// <summary>Id of the video orientation extension; 0 (the default) without.</summary>
    public byte OrientationId { get; init; }

    /// <summary>The byte of the orientation, put on the last packet of each frame.</summary>
    public byte Orientation { get; set; }

    /// <summary>The timestamp of a moment of the sender's clock.</summary>
    public uint TimestampAt(TimeSpan sampledAt) =>
        unchecked(firstTimestamp + (uint)(long)Math.Round(sampledAt.TotalSeconds * clockRateHz));

    /// <summary>The packets of a VP8 frame.</summary>
    public List<byte[]> Vp8(ReadOnlySpan<byte> frame, TimeSpan sampledAt)
    {
        var packets = new List<byte[]>();
        for (var at = 0; at < frame.Length; at += MaxPayload)
        {
            var piece = frame[at..Math.Min(frame.Length, at + MaxPayload)];
            var isLast = at + MaxPayload >= frame.Length;
            // RFC 7741 section 4.2: S in the first piece alone, all of it called partition 0.
            packets.Add(Packet(piece, at == 0 ? [0x10] : [0x00], isLast, sampledAt));
        }

        return packets;
    }

    /// <summary>The packet of an Opus frame.</summary>
    public byte[] Opus(ReadOnlySpan<byte> frame, TimeSpan sampledAt) => Packet(frame, [], isLast: false, sampledAt);

    /// <summary>A packet of padding alone, which probes the bandwidth.</summary>
    public byte[] Padding(TimeSpan sampledAt) => Packet([], [], isLast: false, sampledAt);

    /// <summary>A sender report.</summary>
    /// <param name="now">The moment, by the sender's clock.</param>
    /// <param name="ntp">The same moment as the sender's wall clock has it.</param>
    public byte[] Report(TimeSpan now, NtpTime ntp)
    {
        var buffer = new byte[100];
        var writer = new RtcpWriter(buffer);
        SenderReport.TryWrite(ref writer, ssrc, ntp, TimestampAt(now), _packets, 1, []);
        return buffer[..writer.Length];
    }

    private byte[] Packet(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> descriptor, bool isLast, TimeSpan sampledAt)
    {
        var buffer = new byte[payload.Length + descriptor.Length + 40];
        var writer = new RtpHeaderWriter(buffer, payloadType, isLast, _number++, TimestampAt(sampledAt), ssrc);
        _packets++;
        if (isLast && OrientationId != 0)
        {
            writer.AddExtension(OrientationId, [Orientation]);
        }

        var at = writer.Finish();
        descriptor.CopyTo(buffer.AsSpan(at));
        payload.CopyTo(buffer.AsSpan(at + descriptor.Length));
        return buffer[..(at + descriptor.Length + payload.Length)];
    }
}
