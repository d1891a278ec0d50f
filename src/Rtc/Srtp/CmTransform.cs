using System.Buffers.Binary;
using System.Security.Cryptography;
using Roomcast.Rtc.OpenSsl;

namespace Roomcast.Rtc.Srtp;

/// <summary>AES in counter mode with HMAC-SHA1 cut to 80 bits (RFC 3711 sections 4.1.1 and 4.2.1).</summary>
internal sealed unsafe class CmTransform : SrtpTransform
{
    private const int TagLength = 10;

    private static readonly nint Cipher = Fetch();

    private readonly CipherContextHandle _handle = new();
    private readonly nint _context;
    private readonly HmacSha1 _hmac;
    private readonly UInt128 _salt; // The 14 bytes in the high 112 bits.

    public CmTransform(SrtpSessionKeys keys)
    {
        _context = _handle.DangerousGetHandle();
        _hmac = new HmacSha1(keys.AuthenticationKey);
        Span<byte> salt = stackalloc byte[16];
        salt.Clear();
        keys.Salt.CopyTo(salt);
        _salt = BinaryPrimitives.ReadUInt128BigEndian(salt);
        fixed (byte* key = keys.CipherKey)
        {
            if (LibCrypto.EVP_CipherInit_ex(_context, Cipher, 0, key, null, 1) != 1)
            {
                throw new InvalidOperationException("OpenSSL refused AES-128-CTR: " + LibCrypto.TakeError());
            }
        }
    }

    /// <inheritdoc/>
    public override int RtpOverhead => TagLength;

    /// <inheritdoc/>
    public override void ProtectRtp(Span<byte> buffer, int headerLength, int length, uint ssrc, ulong index)
    {
        Span<byte> tag = stackalloc byte[HmacSha1.Length];
        Crypt(buffer[headerLength..length], ssrc, index);
        _hmac.Compute(buffer[..length], (uint)(index >> 16), tag);
        tag[..TagLength].CopyTo(buffer[length..]);
    }

    /// <inheritdoc/>
    public override bool UnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, ulong index)
    {
        Span<byte> tag = stackalloc byte[HmacSha1.Length];
        var length = packet.Length - TagLength;
        _hmac.Compute(packet[..length], (uint)(index >> 16), tag);
        if (!CryptographicOperations.FixedTimeEquals(tag[..TagLength], packet[length..]))
        {
            return false;
        }

        Crypt(packet[headerLength..length], ssrc, index);
        return true;
    }

    /// <inheritdoc/>
    public override void ProtectRtcp(Span<byte> buffer, int length, uint ssrc, uint index)
    {
        // RFC 3711 section 3.4: the index follows the packet, and the tag covers and follows both.
        Span<byte> tag = stackalloc byte[HmacSha1.Length];
        Crypt(buffer[RtcpHeaderLength..length], ssrc, index);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[length..], RtcpEncrypted | index);
        _hmac.Compute(buffer[..length], RtcpEncrypted | index, tag);
        tag[..TagLength].CopyTo(buffer[(length + RtcpIndexLength)..]);
    }

    /// <inheritdoc/>
    public override bool UnprotectRtcp(Span<byte> packet, uint ssrc, uint index)
    {
        Span<byte> tag = stackalloc byte[HmacSha1.Length];
        var length = packet.Length - TagLength - RtcpIndexLength;
        _hmac.Compute(packet[..length], RtcpEncrypted | index, tag);
        if (!CryptographicOperations.FixedTimeEquals(tag[..TagLength], packet[^TagLength..]))
        {
            return false;
        }

        Crypt(packet[RtcpHeaderLength..length], ssrc, index);
        return true;
    }

    /// <inheritdoc/>
    public override uint RtcpWord(ReadOnlySpan<byte> packet) =>
        BinaryPrimitives.ReadUInt32BigEndian(packet[^(TagLength + RtcpIndexLength)..]);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _hmac.Dispose();
        _handle.Dispose();
    }

    private static nint Fetch()
    {
        var cipher = LibCrypto.EVP_CIPHER_fetch(0, "AES-128-CTR", 0);
        return cipher != 0 ? cipher : throw new InvalidOperationException("OpenSSL has no AES-128-CTR: " + LibCrypto.TakeError());
    }

    private void Crypt(Span<byte> payload, uint ssrc, ulong index)
    {
        if (payload.IsEmpty)
        {
            return;
        }

        // RFC 3711 section 4.1.1: salt · 2^16, SSRC · 2^64 and index · 2^16, added without carry.
        int written;
        var iv = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(new Span<byte>(iv, 16), _salt ^ ((UInt128)ssrc << 64) ^ ((UInt128)index << 16));
        fixed (byte* bytes = payload)
        {
            if (LibCrypto.EVP_CipherInit_ex(_context, 0, 0, null, iv, 1) != 1
                || LibCrypto.EVP_CipherUpdate(_context, bytes, &written, bytes, payload.Length) != 1)
            {
                throw new InvalidOperationException("OpenSSL could not encrypt: " + LibCrypto.TakeError());
            }
        }

        GC.KeepAlive(this);
    }
}
