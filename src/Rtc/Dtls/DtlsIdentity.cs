using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Roomcast.Rtc.OpenSsl;

namespace Roomcast.Rtc.Dtls;

/// <summary>A certificate with its key, ready for handshakes: what a server shows to all its peers.</summary>
/// <remarks>
/// One is enough for a process; it may be used by connections on several threads at once. Connections keep what they
/// need of it, so it can be disposed before them. The certificate is self-signed: peers trust its fingerprint, which
/// reaches them with the description (RFC 8827 section 6.5).
/// </remarks>
public sealed unsafe class DtlsIdentity : IDisposable
{
    // Forward secrecy and AEAD only. ECDSA is what we and browsers show; RSA is for peers of other makes.
    private const string Ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256";

    private const string Groups = "X25519:P-256:P-384";

    // GCM costs half of AES-CM with HMAC-SHA1, so it comes first.
    private const string SrtpProfiles = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";

    private const int MaxPeerCertificatesBytes = 32 * 1024;

    private DtlsIdentity(SslContextHandle context, DtlsFingerprint fingerprint)
    {
        Context = context;
        Fingerprint = fingerprint;
    }

    /// <summary>SHA-256 of the certificate, for descriptions.</summary>
    public DtlsFingerprint Fingerprint { get; }

    internal SslContextHandle Context { get; }

    /// <summary>Makes a key and a certificate over it (ECDSA, P-256), valid from a day before now.</summary>
    /// <param name="now">The wall clock.</param>
    /// <param name="lifetime">How long the certificate is valid; a year when null. Browsers do not look at it.</param>
    /// <exception cref="DllNotFoundException">OpenSSL 3 is not installed; the message says how to.</exception>
    public static DtlsIdentity Create(DateTimeOffset now, TimeSpan? lifetime = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=WebRTC", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now + (lifetime ?? TimeSpan.FromDays(365)));
        var pkcs8 = key.ExportPkcs8PrivateKey();
        try
        {
            var context = MakeContext(certificate.RawData, pkcs8, SrtpProfiles);
            return new DtlsIdentity(context, DtlsFingerprint.Of(certificate.RawData, HashAlgorithmName.SHA256));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>Frees the native context once the last connection has gone.</summary>
    public void Dispose() => Context.Dispose();

    private static SslContextHandle MakeContext(byte[] certificate, byte[] pkcs8, string profiles)
    {
        LibCrypto.ERR_clear_error();
        var context = new SslContextHandle(LibSsl.SSL_CTX_new(LibSsl.DTLS_method()));
        try
        {
            Demand(!context.IsInvalid);
            Demand(LibSsl.SSL_CTX_ctrl(context, LibSsl.ControlSetMinProtocol, LibSsl.Dtls12, 0) == 1);
            Demand(LibSsl.SSL_CTX_ctrl(context, LibSsl.ControlSetMaxProtocol, LibSsl.Dtls12, 0) == 1);
            Demand(LibSsl.SSL_CTX_set_cipher_list(context, Ciphers) == 1);
            Demand(LibSsl.SSL_CTX_set_tlsext_use_srtp(context, profiles) == 0);
            var groups = Marshal.StringToCoTaskMemUTF8(Groups);
            try
            {
                Demand(LibSsl.SSL_CTX_ctrl(context, LibSsl.ControlSetGroupsList, 0, groups) == 1);
            }
            finally
            {
                Marshal.FreeCoTaskMem(groups);
            }

            LibSsl.SSL_CTX_set_options(context, LibSsl.OptionNoQueryMtu | LibSsl.OptionNoTicket | LibSsl.OptionNoRenegotiation);
            LibSsl.SSL_CTX_ctrl(context, LibSsl.ControlSetSessionCacheMode, LibSsl.SessionCacheOff, 0);
            LibSsl.SSL_CTX_ctrl(context, LibSsl.ControlMode, LibSsl.ModeReleaseBuffers, 0);
            LibSsl.SSL_CTX_ctrl(context, LibSsl.ControlSetMaxCertificateList, MaxPeerCertificatesBytes, 0);
            LibSsl.SSL_CTX_set_verify(context, LibSsl.VerifyPeerAndRequireCertificate, &AcceptAny);
            UseKey(context, certificate, pkcs8);
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    private static void UseKey(SslContextHandle context, byte[] certificate, byte[] pkcs8)
    {
        fixed (byte* der = certificate)
        {
            Demand(LibSsl.SSL_CTX_use_certificate_ASN1(context, certificate.Length, der) == 1);
        }

        fixed (byte* der = pkcs8)
        {
            var at = der;
            var key = LibCrypto.d2i_AutoPrivateKey(0, ref at, pkcs8.Length);
            Demand(key != 0);
            var used = LibSsl.SSL_CTX_use_PrivateKey(context, key);
            LibCrypto.EVP_PKEY_free(key);
            Demand(used == 1);
        }

        Demand(LibSsl.SSL_CTX_check_private_key(context) == 1);
    }

    // Who the peer is follows from the fingerprint, which is compared before any key is handed out.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AcceptAny(int isValid, nint store) => 1;

    private static void Demand(bool worked)
    {
        if (!worked)
        {
            throw new InvalidOperationException("OpenSSL refused the DTLS set-up: " + LibCrypto.TakeError());
        }
    }
}
