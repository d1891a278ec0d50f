using System.Buffers.Binary;
using Roomcast.Rtc.OpenSsl;

namespace Roomcast.Rtc.Srtp;

/// <summary>AEAD_AES_128_GCM (RFC 7714). The context keeps the expanded key; per packet only the nonce is set.</summary>
internal sealed unsafe class GcmTransform : SrtpTransform
{
    private const int TagLength = 16;

    private static readonly nint Cipher = Fetch();

    private readonly CipherContextHandle _handle = new();
    private readonly nint _context;
    private readonly int _encrypt;
    private readonly UInt128 _salt; // The 12 bytes in the low 96 bits.

    public GcmTransform(SrtpSessionKeys keys, bool isSender)
    {
        _context = _handle.DangerousGetHandle();
        _encrypt = isSender ? 1 : 0;
        Span<byte> salt = stackalloc byte[16];
        salt.Clear();
        keys.Salt.CopyTo(salt[4..]);
        _salt = BinaryPrimitives.ReadUInt128BigEndian(salt);
        fixed (byte* key = keys.CipherKey)
        {
            if (LibCrypto.EVP_CipherInit_ex(_context, Cipher, 0, key, null, _encrypt) != 1)
            {
                throw new InvalidOperationException("OpenSSL refused AES-128-GCM: " + LibCrypto.TakeError());
            }
        }
    }

    /// <inheritdoc/>
    public override int RtpOverhead => TagLength;

    /// <inheritdoc/>
    public override void ProtectRtp(Span<byte> buffer, int headerLength, int length, uint ssrc, ulong index)
    {
        // RFC 7714 section 8.1: 16 zero bits, SSRC, ROC, SEQ, mixed with the salt.
        Seal(
            ((UInt128)ssrc << 48) | index,
            buffer[..headerLength],
            default,
            buffer[headerLength..length],
            buffer.Slice(length, TagLength));
    }

    /// <inheritdoc/>
    public override bool UnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, ulong index)
    {
        var length = packet.Length - TagLength;
        return Open(
            ((UInt128)ssrc << 48) | index, packet[..headerLength], default, packet[headerLength..length], packet[length..]);
    }

    /// <inheritdoc/>
    public override void ProtectRtcp(Span<byte> buffer, int length, uint ssrc, uint index)
    {
        // RFC 7714 section 9.2: the header and the index are authenticated; tag, then index, end the packet.
        var word = buffer.Slice(length + TagLength, RtcpIndexLength);
        BinaryPrimitives.WriteUInt32BigEndian(word, RtcpEncrypted | index);
        Seal(
            RtcpNonce(ssrc, index),
            buffer[..RtcpHeaderLength],
            word,
            buffer[RtcpHeaderLength..length],
            buffer.Slice(length, TagLength));
    }

    /// <inheritdoc/>
    public override bool UnprotectRtcp(Span<byte> packet, uint ssrc, uint index)
    {
        var length = packet.Length - TagLength - RtcpIndexLength;
        return Open(
            RtcpNonce(ssrc, index),
            packet[..RtcpHeaderLength],
            packet[^RtcpIndexLength..],
            packet[RtcpHeaderLength..length],
            packet.Slice(length, TagLength));
    }

    /// <inheritdoc/>
    public override uint RtcpWord(ReadOnlySpan<byte> packet) =>
        BinaryPrimitives.ReadUInt32BigEndian(packet[^RtcpIndexLength..]);

    /// <inheritdoc/>
    public override void Dispose() => _handle.Dispose();

    private static UInt128 RtcpNonce(uint ssrc, uint index) => ((UInt128)ssrc << 48) | index;

    private static nint Fetch()
    {
        var cipher = LibCrypto.EVP_CIPHER_fetch(0, "AES-128-GCM", 0);
        return cipher != 0 ? cipher : throw new InvalidOperationException("OpenSSL has no AES-128-GCM: " + LibCrypto.TakeError());
    }

    private void Seal(
        UInt128 nonce, ReadOnlySpan<byte> header, ReadOnlySpan<byte> trailer, Span<byte> payload, Span<byte> tag)
    {
        int written;
        fixed (byte* out16 = tag)
        {
            if (!Run(nonce, header, trailer, payload)
                || LibCrypto.EVP_CipherFinal_ex(_context, out16, &written) != 1
                || LibCrypto.EVP_CIPHER_CTX_ctrl(_context, LibCrypto.GcmGetTag, TagLength, out16) != 1)
            {
                // Only a broken context gets here; a packet that went out in the clear would be worse than none.
                throw new InvalidOperationException("OpenSSL could not encrypt: " + LibCrypto.TakeError());
            }
        }

        GC.KeepAlive(this);
    }

    private bool Open(
        UInt128 nonce, ReadOnlySpan<byte> header, ReadOnlySpan<byte> trailer, Span<byte> payload, ReadOnlySpan<byte> tag)
    {
        int written;
        var scratch = stackalloc byte[16];
        bool isRight;
        fixed (byte* in16 = tag)
        {
            isRight = Run(nonce, header, trailer, payload)
                && LibCrypto.EVP_CIPHER_CTX_ctrl(_context, LibCrypto.GcmSetTag, TagLength, in16) == 1
                && LibCrypto.EVP_CipherFinal_ex(_context, scratch, &written) == 1;
        }

        GC.KeepAlive(this);
        return isRight;
    }

    private bool Run(UInt128 nonce, ReadOnlySpan<byte> header, ReadOnlySpan<byte> trailer, Span<byte> payload)
    {
        int written;
        var iv = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(new Span<byte>(iv, 16), nonce ^ _salt);
        fixed (byte* headerBytes = header)
        fixed (byte* trailerBytes = trailer)
        fixed (byte* bytes = payload)
        {
            return LibCrypto.EVP_CipherInit_ex(_context, 0, 0, null, iv + 4, _encrypt) == 1
                && LibCrypto.EVP_CipherUpdate(_context, null, &written, headerBytes, header.Length) == 1
                && (trailer.IsEmpty || LibCrypto.EVP_CipherUpdate(_context, null, &written, trailerBytes, trailer.Length) == 1)
                && (payload.IsEmpty || LibCrypto.EVP_CipherUpdate(_context, bytes, &written, bytes, payload.Length) == 1);
        }
    }
}
