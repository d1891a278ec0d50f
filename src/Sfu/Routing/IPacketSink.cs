namespace Roomcast.Sfu.Routing;

/// <summary>Takes the packets that leave to one peer: encrypts and sends them, or keeps them for a test to look at.</summary>
/// <remarks>A packet is written straight into the sink's own memory, so that fan-out copies it once per receiver.</remarks>
public interface IPacketSink
{
    /// <summary>Room for a packet, with what encryption adds behind it.</summary>
    /// <param name="length">Bytes wanted; at most what the <see cref="Router"/> was made for.</param>
    /// <returns>At least so many bytes; empty when the peer cannot be sent anything now.</returns>
    Span<byte> Reserve(int length);

    /// <summary>Sends what was written to the last reserved room, in the clear so far.</summary>
    /// <param name="room">All of the room, as <see cref="Reserve"/> gave it.</param>
    /// <param name="length">Bytes of the packet.</param>
    /// <param name="isRtcp">Whether it is an RTCP compound and not an RTP packet.</param>
    void Commit(Span<byte> room, int length, bool isRtcp);
}
