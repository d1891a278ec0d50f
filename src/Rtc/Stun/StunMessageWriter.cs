using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Roomcast.Rtc.Stun;

/// <summary>Writes one STUN message into the caller's memory, attribute by attribute.</summary>
/// <remarks>
/// The order is the caller's, but MESSAGE-INTEGRITY comes behind all it covers and <see cref="Finish"/>, which adds
/// FINGERPRINT, comes last. What is written is ours, so room that is too small is a fault of ours and throws.
/// </remarks>
internal ref struct StunMessageWriter
{
    public const uint MagicCookie = 0x2112_A442;
    public const uint FingerprintMask = 0x5354_554E;

    private const int IntegrityLength = 20;

    private readonly Span<byte> _bytes;
    private int _length;

    /// <summary>Begins a message.</summary>
    /// <param name="destination">Where it goes; <see cref="StunMessage.MaxLength"/> bytes are always enough.</param>
    /// <param name="class">Request, indication, success or error.</param>
    /// <param name="method">Below 0x1000.</param>
    /// <param name="transactionId">12 bytes.</param>
    public StunMessageWriter(Span<byte> destination, StunClass @class, ushort method, scoped ReadOnlySpan<byte> transactionId)
    {
        _bytes = destination;
        _length = StunMessage.HeaderLength;
        var type = (method & 0x0F)
            | ((method & 0x70) << 1)
            | ((method & 0xF80) << 2)
            | (((int)@class & 1) << 4)
            | (((int)@class & 2) << 7);
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)type);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], MagicCookie);
        transactionId[..StunMessage.TransactionIdLength].CopyTo(destination[8..]);
    }

    /// <summary>USERNAME of a check: the asked agent's fragment, a colon, ours (RFC 8445 section 7.2.2).</summary>
    public void AddUsername(string askedUfrag, string ownUfrag)
    {
        var length = Encoding.ASCII.GetByteCount(askedUfrag) + 1 + Encoding.ASCII.GetByteCount(ownUfrag);
        var value = Begin(StunAttributeType.Username, length);
        var at = Encoding.ASCII.GetBytes(askedUfrag, value);
        value[at++] = (byte)':';
        Encoding.ASCII.GetBytes(ownUfrag, value[at..]);
    }

    public void AddPriority(uint priority) =>
        BinaryPrimitives.WriteUInt32BigEndian(Begin(StunAttributeType.Priority, 4), priority);

    public void AddUseCandidate() => Begin(StunAttributeType.UseCandidate, 0);

    public void AddRole(bool isControlling, ulong tieBreaker) => BinaryPrimitives.WriteUInt64BigEndian(
        Begin(isControlling ? StunAttributeType.IceControlling : StunAttributeType.IceControlled, 8), tieBreaker);

    public void AddXorMappedAddress(RtcAddress address)
    {
        var value = Begin(StunAttributeType.XorMappedAddress, address.IsIPv4 ? 8 : 20);
        value[0] = 0;
        value[1] = address.IsIPv4 ? (byte)1 : (byte)2;
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], (ushort)(address.Port ^ (MagicCookie >> 16)));
        if (address.IsIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(value[4..], (uint)address.Ip ^ MagicCookie);
        }
        else
        {
            BinaryPrimitives.WriteUInt128BigEndian(value[4..], address.Ip ^ BinaryPrimitives.ReadUInt128BigEndian(_bytes[4..]));
        }
    }

    /// <summary>ERROR-CODE with its reason phrase.</summary>
    public void AddErrorCode(int code, string reason)
    {
        var value = Begin(StunAttributeType.ErrorCode, 4 + Encoding.UTF8.GetByteCount(reason));
        value[0] = 0;
        value[1] = 0;
        value[2] = (byte)(code / 100);
        value[3] = (byte)(code % 100);
        Encoding.UTF8.GetBytes(reason, value[4..]);
    }

    public void AddUnknownAttributes(scoped ReadOnlySpan<ushort> types)
    {
        var value = Begin(StunAttributeType.UnknownAttributes, 2 * types.Length);
        for (var i = 0; i < types.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(value[(2 * i)..], types[i]);
        }
    }

    /// <summary>MESSAGE-INTEGRITY over all that was written so far.</summary>
    /// <param name="key">The password's bytes.</param>
    [SuppressMessage("Security", "CA5350", Justification = "MESSAGE-INTEGRITY is HMAC-SHA1 by definition.")]
    public void AddIntegrity(scoped ReadOnlySpan<byte> key)
    {
        var covered = _bytes[.._length];
        var value = Begin(StunAttributeType.MessageIntegrity, IntegrityLength);
        WriteLength();
        HMACSHA1.HashData(key, covered, value);
    }

    /// <summary>Adds FINGERPRINT and closes the message.</summary>
    /// <returns>The message's length in bytes.</returns>
    public int Finish()
    {
        var covered = _bytes[.._length];
        var value = Begin(StunAttributeType.Fingerprint, 4);
        WriteLength();
        BinaryPrimitives.WriteUInt32BigEndian(value, Crc32.Of(covered) ^ FingerprintMask);
        return _length;
    }

    private readonly void WriteLength() =>
        BinaryPrimitives.WriteUInt16BigEndian(_bytes[2..], (ushort)(_length - StunMessage.HeaderLength));

    private Span<byte> Begin(StunAttributeType type, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_bytes[_length..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(_bytes[(_length + 2)..], (ushort)length);
        var padded = (length + 3) & ~3;
        var value = _bytes.Slice(_length + 4, padded);
        value[length..].Clear();
        _length += 4 + padded;
        return value[..length];
    }
}
