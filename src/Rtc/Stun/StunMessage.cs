using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Roomcast.Rtc.Stun;

/// <summary>One STUN message, read in place. Attributes are found once; their values are taken from the datagram.</summary>
/// <remarks>
/// Sources: RFC 8489 sections 5 and 14, RFC 8445 section 16.1. Of an attribute that stands twice the first counts, and
/// what stands behind MESSAGE-INTEGRITY is not seen, except FINGERPRINT (RFC 8489 section 14).
/// </remarks>
internal readonly ref struct StunMessage
{
    /* RFC 8489, figure 2

        |0 0|     message type:14     |      message length:16      |
        |                     magic cookie:32                       |
        |                    transaction id:96                      |
    */

    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 20;

    /// <summary>Bytes of a transaction id.</summary>
    public const int TransactionIdLength = 12;

    /// <summary>Longest message read or written: what passes every path without fragmentation (RFC 8489 section 6.1).</summary>
    public const int MaxLength = 1280;

    /// <summary>The method of ICE's checks.</summary>
    public const ushort Binding = 1;

    private const int MaxUnknownKept = 4;
    private const int IntegrityLength = 20;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _integrityAt;
    private readonly int _fingerprintAt;
    private readonly bool _hasPriority;
    private readonly uint _priority;
    private readonly ulong _unknown;
    private readonly int _unknownCount;

    private StunMessage(ReadOnlySpan<byte> bytes, scoped in Found found)
    {
        _bytes = bytes;
        _integrityAt = found.IntegrityAt;
        _fingerprintAt = found.FingerprintAt;
        _hasPriority = found.HasPriority;
        _priority = found.Priority;
        _unknown = found.Unknown;
        _unknownCount = found.UnknownCount;
        Username = found.UsernameAt == 0 ? default : bytes.Slice(found.UsernameAt, found.UsernameLength);
        HasUsername = found.UsernameAt != 0;
        UseCandidate = found.UseCandidate;
        IsFromControlling = found.IsFromControlling;
        IsFromControlled = found.IsFromControlled;
        MappedAddress = found.MappedAddress;
        ErrorCode = found.ErrorCode;
    }

    /// <summary>Request, indication, success or error.</summary>
    public StunClass Class => (StunClass)(((_bytes[0] & 1) << 1) | ((_bytes[1] >> 4) & 1));

    /// <summary>The method; <see cref="Binding"/> is the only one of ICE.</summary>
    public ushort Method => (ushort)((_bytes[1] & 0x0F) | ((_bytes[1] & 0xE0) >> 1) | ((_bytes[0] & 0x3E) << 6));

    /// <summary>The 12 bytes that join a response to its request.</summary>
    public ReadOnlySpan<byte> TransactionId => _bytes.Slice(8, TransactionIdLength);

    /// <summary>USERNAME, empty when absent.</summary>
    public ReadOnlySpan<byte> Username { get; }

    /// <summary>Whether USERNAME is present.</summary>
    public bool HasUsername { get; }

    /// <summary>Whether USE-CANDIDATE is present.</summary>
    public bool UseCandidate { get; }

    /// <summary>Whether ICE-CONTROLLING is present.</summary>
    public bool IsFromControlling { get; }

    /// <summary>Whether ICE-CONTROLLED is present.</summary>
    public bool IsFromControlled { get; }

    /// <summary>XOR-MAPPED-ADDRESS as an UDP address; null when absent.</summary>
    public RtcAddress? MappedAddress { get; }

    /// <summary>ERROR-CODE, 300 to 699; 0 when absent.</summary>
    public int ErrorCode { get; }

    /// <summary>Whether MESSAGE-INTEGRITY is present.</summary>
    public bool HasIntegrity => _integrityAt != 0;

    /// <summary>How many attributes are unknown and must be understood (type below 0x8000).</summary>
    public int UnknownRequiredCount => _unknownCount;

    /// <summary>PRIORITY.</summary>
    public bool TryGetPriority(out uint priority)
    {
        priority = _priority;
        return _hasPriority;
    }

    /// <summary>The types of the first unknown attributes that must be understood.</summary>
    /// <param name="types">Room for up to four.</param>
    /// <returns>How many were written.</returns>
    public int CopyUnknownRequired(Span<ushort> types)
    {
        var count = Math.Min(Math.Min(_unknownCount, MaxUnknownKept), types.Length);
        for (var i = 0; i < count; i++)
        {
            types[i] = (ushort)(_unknown >> (16 * i));
        }

        return count;
    }

    /// <summary>Whether a datagram can be STUN at all: the first two bits, the cookie and the length agree.</summary>
    public static bool IsStun(ReadOnlySpan<byte> datagram) =>
        datagram.Length is >= HeaderLength and <= MaxLength
        && (datagram[0] & 0xC0) == 0
        && BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) == StunMessageWriter.MagicCookie
        && BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]) == datagram.Length - HeaderLength
        && (datagram.Length & 3) == 0;

    /// <summary>Reads one datagram. The message lends the datagram's bytes.</summary>
    /// <returns>False when it is not STUN, is cut short, or an attribute that we know has the wrong form.</returns>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out StunMessage message)
    {
        message = default;
        if (!IsStun(datagram))
        {
            return false;
        }

        var found = default(Found);
        var at = HeaderLength;
        while (at < datagram.Length)
        {
            // The message length is a multiple of four, so a header always fits here.
            var type = BinaryPrimitives.ReadUInt16BigEndian(datagram[at..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[(at + 2)..]);
            var valueAt = at + 4;
            if (length > datagram.Length - valueAt || found.FingerprintAt != 0)
            {
                return false; // Cut short, or something stands behind FINGERPRINT, which must be last.
            }

            if ((found.IntegrityAt == 0 || type == (ushort)StunAttributeType.Fingerprint)
                && !found.TryAdd(datagram, (StunAttributeType)type, at, valueAt, length))
            {
                return false;
            }

            at = valueAt + ((length + 3) & ~3);
        }

        if (at != datagram.Length)
        {
            return false;
        }

        message = new StunMessage(datagram, found);
        return true;
    }

    /// <summary>Whether FINGERPRINT is present and right (RFC 8489 section 14.7).</summary>
    public bool HasValidFingerprint() =>
        _fingerprintAt != 0
        && BinaryPrimitives.ReadUInt32BigEndian(_bytes[(_fingerprintAt + 4)..])
            == (Crc32.Of(_bytes[.._fingerprintAt]) ^ StunMessageWriter.FingerprintMask);

    /// <summary>Whether MESSAGE-INTEGRITY is present and was made with this key (RFC 8489 section 14.5). Constant time.</summary>
    /// <param name="key">The password's bytes: ICE passwords need no preparation.</param>
    [SuppressMessage("Security", "CA5350", Justification = "MESSAGE-INTEGRITY is HMAC-SHA1 by definition.")]
    public bool HasValidIntegrity(ReadOnlySpan<byte> key)
    {
        if (_integrityAt == 0)
        {
            return false;
        }

        // The HMAC covers the message as if it ended with MESSAGE-INTEGRITY.
        Span<byte> covered = stackalloc byte[MaxLength];
        covered = covered[.._integrityAt];
        _bytes[.._integrityAt].CopyTo(covered);
        BinaryPrimitives.WriteUInt16BigEndian(covered[2..], (ushort)(_integrityAt + 4 + IntegrityLength - HeaderLength));

        Span<byte> expected = stackalloc byte[IntegrityLength];
        HMACSHA1.HashData(key, covered, expected);
        return CryptographicOperations.FixedTimeEquals(expected, _bytes.Slice(_integrityAt + 4, IntegrityLength));
    }

    /// <summary>The left half of USERNAME of a Binding request, which names the agent that is asked: the key by which one
    /// socket finds the connection that a check from an unknown address is meant for. Nothing is verified yet.</summary>
    /// <param name="datagram">What arrived.</param>
    /// <param name="ufrag">Lent from the datagram.</param>
    public static bool TryReadAskedUfrag(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> ufrag)
    {
        ufrag = default;
        if (!TryRead(datagram, out var message) || message.Class is not StunClass.Request || message.Method != Binding)
        {
            return false;
        }

        var colon = message.Username.IndexOf((byte)':');
        if (colon <= 0)
        {
            return false;
        }

        ufrag = message.Username[..colon];
        return true;
    }

    /// <summary>What the walk over the attributes has found so far.</summary>
    private struct Found
    {
        public int IntegrityAt;
        public int FingerprintAt;
        public int UsernameAt;
        public int UsernameLength;
        public bool UseCandidate;
        public bool HasPriority;
        public uint Priority;
        public bool IsFromControlling;
        public bool IsFromControlled;
        public RtcAddress? MappedAddress;
        public int ErrorCode;
        public ulong Unknown;
        public int UnknownCount;

        private const int MaxUsernameLength = 513; // RFC 8445 section 7.2.2: two fragments of up to 256 characters.

        public bool TryAdd(ReadOnlySpan<byte> datagram, StunAttributeType type, int at, int valueAt, int length)
        {
            var value = datagram.Slice(valueAt, length);
            switch (type)
            {
                case StunAttributeType.Username:
                    if (length > MaxUsernameLength)
                    {
                        return false;
                    }

                    if (UsernameAt == 0)
                    {
                        UsernameAt = valueAt;
                        UsernameLength = length;
                    }

                    return true;

                case StunAttributeType.MessageIntegrity:
                    IntegrityAt = at;
                    return length == IntegrityLength;

                case StunAttributeType.Fingerprint:
                    FingerprintAt = at;
                    return length == 4;

                case StunAttributeType.Priority:
                    if (length != 4)
                    {
                        return false;
                    }

                    Priority = HasPriority ? Priority : BinaryPrimitives.ReadUInt32BigEndian(value);
                    HasPriority = true;
                    return true;

                case StunAttributeType.UseCandidate:
                    UseCandidate = true;
                    return length == 0;

                case StunAttributeType.IceControlling:
                case StunAttributeType.IceControlled:
                    if (length != 8)
                    {
                        return false;
                    }

                    if (!IsFromControlled && !IsFromControlling)
                    {
                        IsFromControlling = type is StunAttributeType.IceControlling;
                        IsFromControlled = !IsFromControlling;
                    }

                    return true;

                case StunAttributeType.XorMappedAddress:
                    if (!TryReadXorAddress(datagram, value, out var address))
                    {
                        return false;
                    }

                    MappedAddress ??= address;
                    return true;

                case StunAttributeType.ErrorCode:
                    if (length < 4 || (value[2] & 7) is < 3 or > 6 || value[3] > 99)
                    {
                        return false;
                    }

                    ErrorCode = ErrorCode == 0 ? ((value[2] & 7) * 100) + value[3] : ErrorCode;
                    return true;

                case StunAttributeType.MappedAddress:
                case StunAttributeType.UnknownAttributes:
                case StunAttributeType.Software:
                    return true;

                default:
                    if ((ushort)type < 0x8000)
                    {
                        if (UnknownCount < MaxUnknownKept)
                        {
                            Unknown |= (ulong)(ushort)type << (16 * UnknownCount);
                        }

                        UnknownCount++;
                    }

                    return true;
            }
        }

        private static bool TryReadXorAddress(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> value, out RtcAddress address)
        {
            /* RFC 8489, figure 6

                |  0:8  | family:8 |   x-port:16   |
                |      x-address: 32 or 128        |
            */
            address = default;
            if (value.Length < 8)
            {
                return false;
            }

            var port = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(value[2..]) ^ (StunMessageWriter.MagicCookie >> 16));
            if (value[1] == 1 && value.Length == 8)
            {
                var ip = BinaryPrimitives.ReadUInt32BigEndian(value[4..]) ^ StunMessageWriter.MagicCookie;
                address = RtcAddress.FromIPv4(ip, port);
                return true;
            }

            if (value[1] == 2 && value.Length == 20)
            {
                // The mask is the cookie followed by the transaction id, which is how they stand in the header.
                var mask = BinaryPrimitives.ReadUInt128BigEndian(datagram[4..]);
                address = new RtcAddress(BinaryPrimitives.ReadUInt128BigEndian(value[4..]) ^ mask, port, RtcProtocol.Udp);
                return true;
            }

            return false;
        }
    }
}
