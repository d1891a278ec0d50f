using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Roomcast.Egress.Recording.Pages;

/// <summary>How far what was read of a greeting or a request goes.</summary>
internal enum SocksOutcome
{
    /// <summary>More is to come.</summary>
    Partial,

    /// <summary>It is whole.</summary>
    Whole,

    /// <summary>It is none.</summary>
    Malformed,
}

/// <summary>Reads what a client of a SOCKS proxy says before its connection is open.</summary>
/// <remarks>Source: RFC 1928 sections 3 and 4. Nothing but its version 5 without authentication is taken, and no command but CONNECT.</remarks>
internal static class SocksRequest
{
    /// <summary>Longest request, in bytes.</summary>
    public const int MaxLength = 6 + 1 + byte.MaxValue;

    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte Connect = 1;

    /// <summary>Reads the greeting: a version and the methods of authentication that the client knows.</summary>
    /// <param name="bytes">What has come.</param>
    /// <param name="length">Its length when it is whole.</param>
    public static SocksOutcome ReadGreeting(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (bytes.Length > 0 && bytes[0] != Version)
        {
            return SocksOutcome.Malformed;
        }

        if (bytes.Length < 2 || bytes.Length < 2 + bytes[1])
        {
            return SocksOutcome.Partial;
        }

        length = 2 + bytes[1];
        return bytes[2..length].Contains(NoAuthentication) ? SocksOutcome.Whole : SocksOutcome.Malformed;
    }

    /// <summary>Reads a request.</summary>
    /// <param name="bytes">What has come.</param>
    /// <param name="length">Its length when it is whole.</param>
    /// <param name="target">To where: a name of ASCII letters, digits, hyphens, dots, underscores and colons, or an address.</param>
    public static SocksOutcome Read(ReadOnlySpan<byte> bytes, out int length, out DnsEndPoint? target)
    {
        (length, target) = (0, null);
        if ((bytes.Length > 0 && bytes[0] != Version) || (bytes.Length > 1 && bytes[1] != Connect) || (bytes.Length > 2 && bytes[2] != 0))
        {
            return SocksOutcome.Malformed;
        }

        if (bytes.Length < 5)
        {
            return SocksOutcome.Partial;
        }

        var (start, size) = bytes[3] switch
        {
            1 => (4, 4),
            3 => (5, bytes[4]),
            4 => (4, 16),
            _ => (0, 0),
        };
        if (size == 0)
        {
            return SocksOutcome.Malformed;
        }

        var whole = start + size + 2;
        if (bytes.Length < whole)
        {
            return SocksOutcome.Partial;
        }

        var name = bytes.Slice(start, size);
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[(whole - 2)..]);
        var host = bytes[3] == 3 ? IsName(name) ? Encoding.ASCII.GetString(name) : null : new IPAddress(name).ToString();
        if (host is null || port == 0)
        {
            return SocksOutcome.Malformed;
        }

        (length, target) = (whole, new DnsEndPoint(host, port));
        return SocksOutcome.Whole;
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        foreach (var each in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)each) && each is not ((byte)'-' or (byte)'.' or (byte)'_' or (byte)':'))
            {
                return false;
            }
        }

        return true;
    }
}
