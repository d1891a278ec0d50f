using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Delivery;

/// <summary>What a playback token is worth.</summary>
public enum PlaybackTokenVerdict
{
    /// <summary>It is ours, of this livestream, and still good.</summary>
    Valid,

    /// <summary>It is ours and of this livestream, but its time is over.</summary>
    Expired,

    /// <summary>It is not ours, or of another livestream.</summary>
    Invalid,
}

/// <summary>Makes and checks the signed tokens with which a livestream is played where its app asks for one.</summary>
/// <remarks>
/// A token stands in the path in front of the livestream's id, so that relative addresses keep it and a cache can strip it.
/// It is not kept anywhere: it holds good until its time is over, or the key changes. Thread-safe.
/// </remarks>
public sealed class PlaybackTokens
{
    /// <summary>Fewest bytes a key may have.</summary>
    public const int MinKeyLength = 32;

    /* Base64url without padding of

        | version:8 = 1 | expiry, seconds since 1970:64 | HMAC-SHA256:256 |

       The livestream's id is not in it, only in what is signed:  | version | livestream id:128 | expiry | */
    private const byte Version = 1;
    private const int TokenBytes = 1 + 8 + HMACSHA256.HashSizeInBytes;
    private const int SignedBytes = 1 + 16 + 8;

    private readonly byte[] _key;

    /// <summary>Takes the key: at least <see cref="MinKeyLength"/> secret random bytes, the same after a restart.</summary>
    public PlaybackTokens(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(key.Length, MinKeyLength);
        _key = key.ToArray();
    }

    /// <summary>Characters of a token.</summary>
    public static int TextLength { get; } = Base64Url.GetEncodedLength(TokenBytes);

    /// <summary>Makes a token.</summary>
    /// <param name="livestreamId">What may be played with it.</param>
    /// <param name="expiresAt">Until when; counts in whole seconds, rounded up.</param>
    public string Issue(LivestreamId livestreamId, DateTimeOffset expiresAt)
    {
        var expiry = (expiresAt.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;
        Span<byte> token = stackalloc byte[TokenBytes];
        token[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(token[1..], expiry);
        Sign(livestreamId, expiry, token[9..]);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>Checks a token. The signature is compared in constant time and before anything the token says is believed.</summary>
    /// <param name="token">As it stands in the path.</param>
    /// <param name="livestreamId">What is to be played.</param>
    /// <param name="now">The wall clock.</param>
    public PlaybackTokenVerdict Check(ReadOnlySpan<char> token, LivestreamId livestreamId, DateTimeOffset now)
    {
        Span<byte> bytes = stackalloc byte[TokenBytes];
        if (token.Length != TextLength
            || Base64Url.DecodeFromChars(token, bytes, out _, out var written) != OperationStatus.Done
            || written != TokenBytes
            || bytes[0] != Version)
        {
            return PlaybackTokenVerdict.Invalid;
        }

        var expiry = BinaryPrimitives.ReadInt64BigEndian(bytes[1..]);
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Sign(livestreamId, expiry, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, bytes[9..]))
        {
            return PlaybackTokenVerdict.Invalid;
        }

        return now.ToUnixTimeSeconds() < expiry ? PlaybackTokenVerdict.Valid : PlaybackTokenVerdict.Expired;
    }

    /// <summary>Says what it is without the key.</summary>
    public override string ToString() => nameof(PlaybackTokens);

    private void Sign(LivestreamId livestreamId, long expiry, Span<byte> signature)
    {
        Span<byte> message = stackalloc byte[SignedBytes];
        message[0] = Version;
        livestreamId.Value.TryWriteBytes(message[1..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(message[17..], expiry);
        HMACSHA256.HashData(_key, message, signature);
    }
}
