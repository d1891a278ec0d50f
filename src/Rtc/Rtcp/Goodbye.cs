using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtcp;

/// <summary>BYE: sources that end (RFC 3550 section 6.6). The reason, for people, is not read.</summary>
public readonly ref struct Goodbye
{
    private readonly ReadOnlySpan<byte> _sources;

    private Goodbye(ReadOnlySpan<byte> sources) => _sources = sources;

    /// <summary>How many sources end.</summary>
    public int Count => _sources.Length / 4;

    /// <summary>One of them.</summary>
    public uint this[int index] => BinaryPrimitives.ReadUInt32BigEndian(_sources[(4 * index)..]);

    /// <summary>Reads it.</summary>
    /// <returns>False when it is another kind or too short.</returns>
    public static bool TryRead(in RtcpPacket packet, out Goodbye goodbye)
    {
        goodbye = default;
        if (packet.Type is not RtcpType.Goodbye || packet.Body.Length < 4 * packet.Count)
        {
            return false;
        }

        goodbye = new Goodbye(packet.Body[..(4 * packet.Count)]);
        return true;
    }

    /// <summary>Writes one for a source.</summary>
    /// <returns>False, with nothing written, when there is no room.</returns>
    public static bool TryWrite(ref RtcpWriter writer, uint ssrc)
    {
        if (!writer.TryAdd(RtcpType.Goodbye, 1, 4, out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        return true;
    }
}
