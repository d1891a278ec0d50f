using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtcp;

/// <summary>What all feedback packets begin with (RFC 4585 section 6.1), and the formats we know.</summary>
internal static class Feedback
{
    /* | SSRC of who reports:32 | SSRC of the media:32 | feedback control information | */
    public const int FixedLength = 8;

    public const byte Nack = 1;
    public const byte TransportWide = 15;
    public const byte PictureLoss = 1;
    public const byte FullIntra = 4;
    public const byte ApplicationLayer = 15;

    public static bool Is(in RtcpPacket packet, RtcpType type, byte format, int minControlLength) =>
        packet.Type == type && packet.Count == format && packet.Body.Length >= FixedLength + minControlLength;

    public static uint SenderOf(ReadOnlySpan<byte> body) => BinaryPrimitives.ReadUInt32BigEndian(body);

    public static uint MediaOf(ReadOnlySpan<byte> body) => BinaryPrimitives.ReadUInt32BigEndian(body[4..]);

    public static void WriteHead(Span<byte> body, uint sender, uint media)
    {
        BinaryPrimitives.WriteUInt32BigEndian(body, sender);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], media);
    }
}
