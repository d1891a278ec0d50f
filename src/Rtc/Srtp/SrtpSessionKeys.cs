using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Roomcast.Rtc.Srtp;

/// <summary>The session keys of one direction and one of RTP or RTCP. Wiped by whoever made them.</summary>
/// <param name="cipherKey">16 bytes.</param>
/// <param name="authenticationKey">20 bytes for HMAC-SHA1; unused with GCM.</param>
/// <param name="salt">14 bytes, or 12 with GCM.</param>
internal sealed class SrtpSessionKeys(byte[] cipherKey, byte[] authenticationKey, byte[] salt) : IDisposable
{
    private const byte RtpEncryption = 0;
    private const byte RtpAuthentication = 1;
    private const byte RtpSalt = 2;
    private const byte RtcpOffset = 3;

    private readonly byte[] _cipherKey = cipherKey;
    private readonly byte[] _authenticationKey = authenticationKey;
    private readonly byte[] _salt = salt;

    public ReadOnlySpan<byte> CipherKey => _cipherKey;

    public ReadOnlySpan<byte> AuthenticationKey => _authenticationKey;

    public ReadOnlySpan<byte> Salt => _salt;

    /// <summary>Derives them from the master key (RFC 3711 section 4.3, RFC 7714 section 11) with a derivation rate of zero.</summary>
    public static SrtpSessionKeys Derive(
        SrtpProfile profile, ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt, bool isRtcp)
    {
        var offset = isRtcp ? RtcpOffset : (byte)0;
        var keys = new SrtpSessionKeys(
            new byte[SrtpProfiles.MasterKeyLength], new byte[20], new byte[profile.MasterSaltLength()]);
        DeriveOne(masterKey, masterSalt, (byte)(RtpEncryption + offset), keys._cipherKey);
        DeriveOne(masterKey, masterSalt, (byte)(RtpAuthentication + offset), keys._authenticationKey);
        DeriveOne(masterKey, masterSalt, (byte)(RtpSalt + offset), keys._salt);
        return keys;
    }

    /// <summary>One run of the key derivation function: AES in counter mode over the salt with the label mixed in.</summary>
    /// <param name="masterKey">16 bytes.</param>
    /// <param name="masterSalt">14 bytes; the 12 of GCM are taken as the high ones (RFC 7714 section 11).</param>
    /// <param name="label">0 to 5 (RFC 3711 section 4.3.2).</param>
    /// <param name="derived">Filled.</param>
    public static void DeriveOne(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt, byte label, Span<byte> derived)
    {
        using var aes = Aes.Create();
        aes.SetKey(masterKey);

        Span<byte> counter = stackalloc byte[16];
        counter.Clear();
        masterSalt.CopyTo(counter);
        counter[7] ^= label; // The key id is label then a 48-bit index of zero, right-aligned in the 112 bits of salt.

        Span<byte> block = stackalloc byte[16];
        for (var i = 0; i * 16 < derived.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(counter[14..], (ushort)i);
            aes.EncryptEcb(counter, block, PaddingMode.None);
            var left = derived[(16 * i)..];
            block[..Math.Min(16, left.Length)].CopyTo(left);
        }

        CryptographicOperations.ZeroMemory(block);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_cipherKey);
        CryptographicOperations.ZeroMemory(_authenticationKey);
        CryptographicOperations.ZeroMemory(_salt);
    }
}
