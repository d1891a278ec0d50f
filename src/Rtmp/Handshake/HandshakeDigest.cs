using System.Security.Cryptography;

namespace Roomcast.Rtmp.Handshake;

/// <summary>Where a complex handshake keeps its digest: in the first or the second half of the packet's random part.</summary>
internal enum DigestScheme
{
    /// <summary>The digest lies within bytes 8 to 771, after its four offset bytes.</summary>
    DigestFirst,

    /// <summary>The digest lies within bytes 772 to 1535.</summary>
    KeyFirst,
}

/// <summary>The digests of the complex handshake, which Flash introduced and some encoders and servers still insist on.</summary>
/// <remarks>
/// <para>
/// C1 and S1 are | time:32 | version:32 | two halves of 764 bytes |. One half holds a digest of 32 bytes at a place told by
/// the sum of four offset bytes: HMAC-SHA256 of the packet without the digest, under a published key. C2 and S2 end with a
/// digest under a key that is made from the other side's digest.
/// </para>
/// <para>Adobe never documented it; the layout is common knowledge among implementers.</para>
/// </remarks>
internal static class HandshakeDigest
{
    /// <summary>Bytes of C1, S1, C2 and S2.</summary>
    public const int PacketLength = 1536;

    private const int DigestLength = 32;
    private const int HalfLength = 764;
    private const int HeaderLength = 8;
    private const int PlayerTextLength = 30;
    private const int ServerTextLength = 36;

    // The two keys: a text, and 32 bytes that both have in common. The first digest is keyed by the text alone.
    private static readonly byte[] CommonTail =
    [
        0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57,
        0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE,
    ];

    private static readonly byte[] PlayerKey = [.. "Genuine Adobe Flash Player 001"u8, .. CommonTail];
    private static readonly byte[] ServerKey = [.. "Genuine Adobe Flash Media Server 001"u8, .. CommonTail];

    /// <summary>Looks for a client's digest in C1.</summary>
    /// <returns>The scheme it uses; null when neither place holds a true digest, and then the handshake is the simple one.</returns>
    public static DigestScheme? FindInC1(ReadOnlySpan<byte> c1, Span<byte> digest) => Find(c1, FirstKey(isServer: false), digest);

    /// <summary>Looks for a server's digest in S1; as <see cref="FindInC1"/>.</summary>
    public static DigestScheme? FindInS1(ReadOnlySpan<byte> s1, Span<byte> digest) => Find(s1, FirstKey(isServer: true), digest);

    /// <summary>Puts a digest into a C1 or S1 whose other bytes are final.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="scheme">Where it goes.</param>
    /// <param name="isServer">Whether it is S1.</param>
    public static void Sign(Span<byte> packet, DigestScheme scheme, bool isServer)
    {
        var at = PlaceOf(packet, scheme);
        Compute(packet, at, FirstKey(isServer), packet.Slice(at, DigestLength));
    }

    /// <summary>Puts a digest at the end of a C2 or S2.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="peerDigest">The digest of the other side's C1 or S1.</param>
    /// <param name="isServer">Whether it is S2.</param>
    public static void SignAnswer(Span<byte> packet, ReadOnlySpan<byte> peerDigest, bool isServer)
    {
        Span<byte> key = stackalloc byte[DigestLength];
        HMACSHA256.HashData(isServer ? ServerKey : PlayerKey, peerDigest, key);
        HMACSHA256.HashData(key, packet[..^DigestLength], packet[^DigestLength..]);
    }

    /// <summary>Whether a C2 or S2 ends with the digest that answers ours.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="ownDigest">The digest of our own C1 or S1.</param>
    /// <param name="isServer">Whether it is S2.</param>
    public static bool IsAnswerTo(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> ownDigest, bool isServer)
    {
        Span<byte> expected = stackalloc byte[PacketLength];
        packet.CopyTo(expected);
        SignAnswer(expected, ownDigest, isServer);
        return CryptographicOperations.FixedTimeEquals(expected, packet);
    }

    private static ReadOnlySpan<byte> FirstKey(bool isServer) =>
        isServer ? ServerKey.AsSpan(0, ServerTextLength) : PlayerKey.AsSpan(0, PlayerTextLength);

    private static DigestScheme? Find(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> key, Span<byte> digest)
    {
        Span<byte> expected = stackalloc byte[DigestLength];
        foreach (var scheme in (ReadOnlySpan<DigestScheme>)[DigestScheme.KeyFirst, DigestScheme.DigestFirst])
        {
            var at = PlaceOf(packet, scheme);
            Compute(packet, at, key, expected);
            if (CryptographicOperations.FixedTimeEquals(expected, packet.Slice(at, DigestLength)))
            {
                expected.CopyTo(digest);
                return scheme;
            }
        }

        return null;
    }

    private static int PlaceOf(ReadOnlySpan<byte> packet, DigestScheme scheme)
    {
        var half = HeaderLength + (scheme is DigestScheme.DigestFirst ? 0 : HalfLength);
        var sum = packet[half] + packet[half + 1] + packet[half + 2] + packet[half + 3];
        return half + 4 + (sum % (HalfLength - 4 - DigestLength));
    }

    private static void Compute(ReadOnlySpan<byte> packet, int at, ReadOnlySpan<byte> key, Span<byte> digest)
    {
        Span<byte> joined = stackalloc byte[PacketLength - DigestLength];
        packet[..at].CopyTo(joined);
        packet[(at + DigestLength)..].CopyTo(joined[at..]);
        HMACSHA256.HashData(key, joined, digest);
    }
}
