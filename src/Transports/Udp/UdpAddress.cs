using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Roomcast.Rtc;

namespace Roomcast.Transports.Udp;

/// <summary>Reads and writes the system's address structures (<c>sockaddr_in</c>, <c>sockaddr_in6</c>) of one family.</summary>
/// <remarks>A socket for IPv6 that takes IPv4 too has IPv4 addresses in their mapped form, as <see cref="RtcAddress"/> keeps them.</remarks>
internal readonly struct UdpAddress(AddressFamily family)
{
    /* All systems agree behind the first two bytes:

        IPv4: | family:16 | port:16 | address: 4 bytes  | zero: 8 bytes |
        IPv6: | family:16 | port:16 | flow:32 | address: 16 bytes | scope:32 |
    */

    /// <summary>Room for either structure.</summary>
    public const int MaxLength = 28;

    private readonly bool _isIPv6 = family is AddressFamily.InterNetworkV6;

    /// <summary>Bytes of a structure.</summary>
    public int Length => _isIPv6 ? 28 : 16;

    /// <summary>Writes the family and zeroes, which <see cref="TryWrite"/> leaves as they are.</summary>
    public void Prepare(Span<byte> structure)
    {
        structure.Clear();
        var any = new IPEndPoint(_isIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0).Serialize();
        any.Buffer.Span[..2].CopyTo(structure);
    }

    /// <summary>Reads an address that the system wrote.</summary>
    public RtcAddress Read(ReadOnlySpan<byte> structure)
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(structure[2..]);
        return _isIPv6
            ? new RtcAddress(BinaryPrimitives.ReadUInt128BigEndian(structure[8..]), port, RtcProtocol.Udp)
            : RtcAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(structure[4..]), port);
    }

    /// <summary>Writes an address for the system.</summary>
    /// <returns>False when it is of the other family.</returns>
    public bool TryWrite(Span<byte> structure, in RtcAddress address)
    {
        BinaryPrimitives.WriteUInt16BigEndian(structure[2..], address.Port);
        if (_isIPv6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(structure[8..], address.Ip);
            return true;
        }

        BinaryPrimitives.WriteUInt32BigEndian(structure[4..], (uint)address.Ip);
        return address.IsIPv4;
    }
}
