using System.Runtime.InteropServices;

namespace Roomcast.Rtc.OpenSsl;

/// <summary>The functions of libssl that DTLS needs. Names and numbers are those of OpenSSL 3's headers.</summary>
internal static unsafe partial class LibSsl
{
    public const int ControlSetMtu = 17;
    public const int ControlMode = 33;
    public const int ControlSetSessionCacheMode = 44;
    public const int ControlSetMaxCertificateList = 50;
    public const int ControlGetTimeout = 73;
    public const int ControlHandleTimeout = 74;
    public const int ControlSetGroupsList = 92;
    public const int ControlSetMinProtocol = 123;
    public const int ControlSetMaxProtocol = 124;

    public const int Dtls12 = 0xFEFD;
    public const int ModeReleaseBuffers = 0x10;
    public const int SessionCacheOff = 0;
    public const int VerifyPeerAndRequireCertificate = 0x01 | 0x02;

    public const ulong OptionNoQueryMtu = 1UL << 12;
    public const ulong OptionNoTicket = 1UL << 14;
    public const ulong OptionNoRenegotiation = 1UL << 30;

    public const int ErrorWantRead = 2;
    public const int ErrorWantWrite = 3;
    public const int ErrorZeroReturn = 6;

    static LibSsl() => OpenSslLibrary.Register();

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint DTLS_method();

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_CTX_new(nint method);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_CTX_free(nint context);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_CTX_ctrl(SslContextHandle context, int command, nint number, nint pointer);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial ulong SSL_CTX_set_options(SslContextHandle context, ulong options);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_CTX_use_certificate_ASN1(SslContextHandle context, int length, byte* der);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_CTX_use_PrivateKey(SslContextHandle context, nint key);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_CTX_check_private_key(SslContextHandle context);

    /// <summary>Returns 0 when it worked, against the library's custom.</summary>
    [LibraryImport(OpenSslLibrary.Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_tlsext_use_srtp(SslContextHandle context, string profiles);

    [LibraryImport(OpenSslLibrary.Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_cipher_list(SslContextHandle context, string ciphers);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_CTX_set_verify(
        SslContextHandle context, int mode, delegate* unmanaged[Cdecl]<int, nint, int> callback);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_new(SslContextHandle context);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_free(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_set_bio(SslHandle ssl, nint read, nint write);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_set_accept_state(SslHandle ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_set_connect_state(SslHandle ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_ctrl(SslHandle ssl, int command, nint number, nint pointer);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_set_ex_data(SslHandle ssl, int index, nint data);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_get_ex_data(nint ssl, int index);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void DTLS_set_timer_cb(SslHandle ssl, delegate* unmanaged[Cdecl]<nint, uint, uint> callback);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_do_handshake(SslHandle ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_read(SslHandle ssl, byte* destination, int length);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_shutdown(SslHandle ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_get_error(SslHandle ssl, int result);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_get1_peer_certificate(SslHandle ssl);

    /// <summary>A pointer to {char* name; unsigned long id}, or null.</summary>
    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_get_selected_srtp_profile(SslHandle ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_export_keying_material(
        SslHandle ssl,
        byte* destination,
        nuint length,
        byte* label,
        nuint labelLength,
        byte* context,
        nuint contextLength,
        int useContext);
}
