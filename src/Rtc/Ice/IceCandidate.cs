using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Roomcast.Rtc.Ice;

/// <summary>How a candidate's address was found.</summary>
public enum IceCandidateType
{
    /// <summary>An interface's own address.</summary>
    Host,

    /// <summary>Learnt from a STUN server.</summary>
    ServerReflexive,

    /// <summary>Learnt from a check.</summary>
    PeerReflexive,

    /// <summary>An address on a TURN server.</summary>
    Relayed,
}

/// <summary>Which side opens the TCP connection of a candidate (RFC 6544 section 4.5).</summary>
public enum IceTcpType
{
    /// <summary>Not TCP.</summary>
    None,

    /// <summary>It connects.</summary>
    Active,

    /// <summary>It listens.</summary>
    Passive,

    /// <summary>Both at once.</summary>
    SimultaneousOpen,
}

/// <summary>One candidate as a description carries it (RFC 8839 section 5.1).</summary>
/// <param name="Foundation">Equal for candidates that likely share their fate; 1 to 32 characters.</param>
/// <param name="Component">1 for RTP, and with it RTCP, as we always multiplex; 2 for RTCP of old.</param>
/// <param name="Protocol">UDP or TCP.</param>
/// <param name="Priority">Higher is better.</param>
/// <param name="Host">An IP address, or a host name: browsers hide theirs behind <c>….local</c>.</param>
/// <param name="Port">The port; 9 for active TCP candidates.</param>
/// <param name="Type">How it was found.</param>
/// <param name="TcpType">Who connects, for TCP.</param>
public sealed record IceCandidate(
    string Foundation,
    int Component,
    RtcProtocol Protocol,
    uint Priority,
    string Host,
    ushort Port,
    IceCandidateType Type,
    IceTcpType TcpType)
{
    private const int MaxFoundationLength = 32;
    private const int MaxHostLength = 255;

    /// <summary>The priority of RFC 8445 section 5.1.2.1 for component 1.</summary>
    /// <param name="type">How the candidate was found.</param>
    /// <param name="localPreference">0 to 65535, higher is better; tells addresses of one type apart.</param>
    public static uint PriorityOf(IceCandidateType type, ushort localPreference)
    {
        var typePreference = type switch
        {
            IceCandidateType.Host => 126u,
            IceCandidateType.PeerReflexive => 110u,
            IceCandidateType.ServerReflexive => 100u,
            _ => 0u,
        };
        return (typePreference << 24) | ((uint)localPreference << 8) | 255;
    }

    /// <summary>A host candidate of ours: UDP, or passive TCP.</summary>
    /// <param name="address">Address, port and protocol. UDP is preferred to TCP.</param>
    /// <param name="index">Position in our list of addresses, from 0, best first.</param>
    public static IceCandidate HostOf(RtcAddress address, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        var isTcp = address.Protocol is RtcProtocol.Tcp;

        // RFC 6544 section 4.2 puts the direction preference into the top three bits; passive is 4 of 7 for hosts.
        var preference = isTcp ? (4 << 13) - 1 - index : ushort.MaxValue - index;
        return new IceCandidate(
            ((2 * index) + (isTcp ? 2 : 1)).ToString(CultureInfo.InvariantCulture),
            Component: 1,
            address.Protocol,
            PriorityOf(IceCandidateType.Host, (ushort)Math.Max(0, preference)),
            address.ToIPAddress().ToString(),
            address.Port,
            IceCandidateType.Host,
            isTcp ? IceTcpType.Passive : IceTcpType.None);
    }

    /// <summary>The address when <see cref="Host"/> is an IP address.</summary>
    public bool TryGetAddress(out RtcAddress address)
    {
        if (IPAddress.TryParse(Host, out var ip))
        {
            address = RtcAddress.From(ip, Port, Protocol);
            return true;
        }

        address = default;
        return false;
    }

    /// <summary>Reads the value of an <c>a=candidate:</c> line. What stands behind the known fields is not kept.</summary>
    /// <returns>False when a field is missing, out of range or of a transport that is neither UDP nor TCP.</returns>
    public static bool TryParse(string? value, [NotNullWhen(true)] out IceCandidate? candidate)
    {
        candidate = null;
        var fields = value?.Split(' ', 64, StringSplitOptions.RemoveEmptyEntries);
        if (fields is null || fields.Length < 8
            || fields[0].Length > MaxFoundationLength
            || !int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var component)
            || component is < 1 or > 256
            || !TryParseProtocol(fields[2], out var protocol)
            || !uint.TryParse(fields[3], NumberStyles.None, CultureInfo.InvariantCulture, out var priority)
            || fields[4].Length > MaxHostLength
            || !ushort.TryParse(fields[5], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || fields[6] != "typ"
            || !TryParseType(fields[7], out var type))
        {
            return false;
        }

        var tcpType = IceTcpType.None;
        for (var i = 8; i + 1 < fields.Length; i += 2)
        {
            if (fields[i] == "tcptype" && !TryParseTcpType(fields[i + 1], out tcpType))
            {
                return false;
            }
        }

        if (protocol is RtcProtocol.Tcp && tcpType is IceTcpType.None)
        {
            return false;
        }

        candidate = new IceCandidate(fields[0], component, protocol, priority, fields[4], port, type, tcpType);
        return true;
    }

    /// <summary>The value of an <c>a=candidate:</c> line.</summary>
    public override string ToString()
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{Foundation} {Component} {(Protocol is RtcProtocol.Udp ? "udp" : "tcp")} {Priority} {Host} {Port} typ {NameOf(Type)}");
        return TcpType switch
        {
            IceTcpType.Active => text + " tcptype active",
            IceTcpType.Passive => text + " tcptype passive",
            IceTcpType.SimultaneousOpen => text + " tcptype so",
            _ => text,
        };
    }

    private static string NameOf(IceCandidateType type) => type switch
    {
        IceCandidateType.Host => "host",
        IceCandidateType.ServerReflexive => "srflx",
        IceCandidateType.PeerReflexive => "prflx",
        _ => "relay",
    };

    private static bool TryParseProtocol(string text, out RtcProtocol protocol)
    {
        protocol = text.Equals("tcp", StringComparison.OrdinalIgnoreCase) ? RtcProtocol.Tcp : RtcProtocol.Udp;
        return protocol is RtcProtocol.Tcp || text.Equals("udp", StringComparison.OrdinalIgnoreCase);
    }

    private static bool TryParseType(string text, out IceCandidateType type)
    {
        type = text switch
        {
            "host" => IceCandidateType.Host,
            "srflx" => IceCandidateType.ServerReflexive,
            "prflx" => IceCandidateType.PeerReflexive,
            "relay" => IceCandidateType.Relayed,
            _ => (IceCandidateType)(-1),
        };
        return type >= 0;
    }

    private static bool TryParseTcpType(string text, out IceTcpType type)
    {
        type = text switch
        {
            "active" => IceTcpType.Active,
            "passive" => IceTcpType.Passive,
            "so" => IceTcpType.SimultaneousOpen,
            _ => IceTcpType.None,
        };
        return type is not IceTcpType.None;
    }
}
