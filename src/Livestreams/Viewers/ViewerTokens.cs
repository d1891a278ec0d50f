using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Viewers;

/// <summary>Makes and checks viewer ids, and the tokens that heartbeats carry. Nobody else can make either.</summary>
/// <remarks>
/// Both are HMAC-SHA256 under one key with a word of their own in front, bound to the livestream and shortened: 64 bits for
/// the code inside an id, which guards figures, and 128 bits for a heartbeat's token. Nothing is kept, so that ids live
/// through a restart as long as the key does. Thread-safe.
/// </remarks>
public sealed class ViewerTokens
{
    /// <summary>Fewest bytes a key may have.</summary>
    public const int MinKeyLength = 32;

    private const int MessageLength = 1 + 16 + 16;
    private const int HeartbeatTokenBytes = 16;
    private const byte ViewerIdPurpose = 1;
    private const byte HeartbeatPurpose = 2;

    private readonly byte[] _key;

    /// <summary>Takes the key: at least <see cref="MinKeyLength"/> secret random bytes, the same after a restart.</summary>
    public ViewerTokens(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(key.Length, MinKeyLength);
        _key = key.ToArray();
    }

    /// <summary>Makes the id of a new viewer of one livestream: 32 characters that stand in a path as they are.</summary>
    public string NewViewerId(LivestreamId livestreamId)
    {
        Span<byte> random = stackalloc byte[16];
        RandomNumberGenerator.Fill(random);
        var value = BinaryPrimitives.ReadUInt128BigEndian(random);
        return new ViewerKey(value, CodeOf(livestreamId, value)).ToText();
    }

    /// <summary>Whether we made this id for this livestream.</summary>
    public bool IsViewerId(LivestreamId livestreamId, string? viewerId) =>
        ViewerKey.TryRead(viewerId, out var key) && IsOurs(livestreamId, key);

    /// <summary>The token that lets its holder send heartbeats as this viewer; null when the id is not ours.</summary>
    public string? HeartbeatTokenOf(LivestreamId livestreamId, string viewerId)
    {
        if (!ViewerKey.TryRead(viewerId, out var key) || !IsOurs(livestreamId, key))
        {
            return null;
        }

        Span<byte> token = stackalloc byte[HeartbeatTokenBytes];
        Sign(HeartbeatPurpose, livestreamId, key.Random, token);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>Checks a heartbeat's token, in constant time.</summary>
    public bool IsHeartbeatToken(LivestreamId livestreamId, string viewerId, string? token)
    {
        const int TokenLength = 22;
        if (token is not { Length: TokenLength } || !ViewerKey.TryRead(viewerId, out var key) || !IsOurs(livestreamId, key))
        {
            return false;
        }

        Span<byte> given = stackalloc byte[HeartbeatTokenBytes];
        Span<byte> expected = stackalloc byte[HeartbeatTokenBytes];
        Sign(HeartbeatPurpose, livestreamId, key.Random, expected);
        return Base64Url.DecodeFromChars(token, given, out _, out var written) == System.Buffers.OperationStatus.Done
            && written == HeartbeatTokenBytes
            && CryptographicOperations.FixedTimeEquals(given, expected);
    }

    /// <summary>Says what it is without the key.</summary>
    public override string ToString() => nameof(ViewerTokens);

    /// <summary>Whether the code inside the id is the one we would have put there.</summary>
    internal bool IsOurs(LivestreamId livestreamId, ViewerKey key)
    {
        Span<byte> given = stackalloc byte[sizeof(ulong)];
        Span<byte> expected = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(given, key.Code);
        Sign(ViewerIdPurpose, livestreamId, key.Random, expected);
        return CryptographicOperations.FixedTimeEquals(given, expected);
    }

    private ulong CodeOf(LivestreamId livestreamId, UInt128 random)
    {
        Span<byte> code = stackalloc byte[sizeof(ulong)];
        Sign(ViewerIdPurpose, livestreamId, random, code);
        return BinaryPrimitives.ReadUInt64BigEndian(code);
    }

    private void Sign(byte purpose, LivestreamId livestreamId, UInt128 random, Span<byte> shortened)
    {
        Span<byte> message = stackalloc byte[MessageLength];
        message[0] = purpose;
        livestreamId.Value.TryWriteBytes(message[1..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt128BigEndian(message[17..], random);

        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, message, whole);
        whole[..shortened.Length].CopyTo(shortened);
    }
}
