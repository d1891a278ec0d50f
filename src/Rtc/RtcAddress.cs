using System.Buffers.Binary;
using System.Net;

namespace Roomcast.Rtc;

/// <summary>How datagrams travel between a peer and us.</summary>
public enum RtcProtocol : byte
{
    /// <summary>UDP.</summary>
    Udp,

    /// <summary>TCP, each datagram behind a length of two bytes (RFC 4571).</summary>
    Tcp,
}

/// <summary>Where a datagram comes from or goes to: an address, a port and how it travels.</summary>
/// <remarks>
/// A plain value, so that it can be the key of a table and be passed per packet without a heap object. IPv4 is kept in
/// its IPv4-mapped form, hence an address is equal to itself however a dual-stack socket reports it.
/// </remarks>
/// <param name="Ip">The 128 bits of the IPv6 or IPv4-mapped address, first byte of the wire in the highest bits.</param>
/// <param name="Port">The port.</param>
/// <param name="Protocol">UDP or TCP.</param>
public readonly record struct RtcAddress(UInt128 Ip, ushort Port, RtcProtocol Protocol)
{
    private const uint MappedPrefix = 0x0000_FFFF;

    /// <summary>Whether it is an IPv4 address.</summary>
    public bool IsIPv4 => (ulong)(Ip >> 64) == 0 && (uint)(Ip >> 32) == MappedPrefix;

    /// <summary>Takes an address of the framework over.</summary>
    /// <param name="address">IPv4 or IPv6; a scope id is dropped.</param>
    /// <param name="port">0 to 65535.</param>
    /// <param name="protocol">UDP or TCP.</param>
    public static RtcAddress From(IPAddress address, int port, RtcProtocol protocol = RtcProtocol.Udp)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4
            ? FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes), (ushort)port, protocol)
            : new RtcAddress(BinaryPrimitives.ReadUInt128BigEndian(bytes), (ushort)port, protocol);
    }

    /// <summary>An IPv4 address.</summary>
    /// <param name="ip">The address, its first byte in the highest bits.</param>
    /// <param name="port">The port.</param>
    /// <param name="protocol">UDP or TCP.</param>
    public static RtcAddress FromIPv4(uint ip, ushort port, RtcProtocol protocol = RtcProtocol.Udp) =>
        new(((UInt128)MappedPrefix << 32) | ip, port, protocol);

    /// <summary>The address for the framework; IPv4 in its own form. Allocates.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Ip);
        return IsIPv4 ? new IPAddress(bytes[12..]) : new IPAddress(bytes);
    }

    /// <summary>The address and port for the framework. Allocates.</summary>
    public IPEndPoint ToEndPoint() => new(ToIPAddress(), Port);

    /// <inheritdoc/>
    public override string ToString() => Protocol is RtcProtocol.Tcp ? $"tcp {ToEndPoint()}" : ToEndPoint().ToString();
}
