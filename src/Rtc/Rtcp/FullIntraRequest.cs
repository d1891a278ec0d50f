using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtcp;

/// <summary>FIR: sources are told to send a keyframe (RFC 5104 section 4.3.1).</summary>
public readonly ref struct FullIntraRequest
{
    /* per entry: | SSRC:32 | command number:8 | reserved:24 | */
    private const int EntryLength = 8;

    private readonly ReadOnlySpan<byte> _entries;

    private FullIntraRequest(ReadOnlySpan<byte> body)
    {
        SenderSsrc = Feedback.SenderOf(body);
        _entries = body[Feedback.FixedLength..];
    }

    /// <summary>Who asks.</summary>
    public uint SenderSsrc { get; }

    /// <summary>How many sources are asked.</summary>
    public int Count => _entries.Length / EntryLength;

    /// <summary>One of them, with the number of the command: the same number again is the same command repeated.</summary>
    public (uint Ssrc, byte CommandNumber) this[int index] => (
        BinaryPrimitives.ReadUInt32BigEndian(_entries[(index * EntryLength)..]),
        _entries[(index * EntryLength) + 4]);

    /// <summary>Reads it.</summary>
    /// <returns>False when it is another kind or has no entry.</returns>
    public static bool TryRead(in RtcpPacket packet, out FullIntraRequest request)
    {
        request = default;
        if (!Feedback.Is(packet, RtcpType.PayloadFeedback, Feedback.FullIntra, EntryLength))
        {
            return false;
        }

        request = new FullIntraRequest(packet.Body);
        return true;
    }

    /// <summary>Writes one for a source.</summary>
    /// <returns>False, with nothing written, when there is no room.</returns>
    public static bool TryWrite(ref RtcpWriter writer, uint senderSsrc, uint ssrc, byte commandNumber)
    {
        if (!writer.TryAdd(RtcpType.PayloadFeedback, Feedback.FullIntra, Feedback.FixedLength + EntryLength, out var body))
        {
            return false;
        }

        Feedback.WriteHead(body, senderSsrc, media: 0);
        BinaryPrimitives.WriteUInt32BigEndian(body[Feedback.FixedLength..], ssrc);
        body[Feedback.FixedLength + 4] = commandNumber;
        return true;
    }
}
