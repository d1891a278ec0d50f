using System.Runtime.InteropServices;

namespace Roomcast.Rtc.OpenSsl;

/// <summary>The functions of libcrypto that DTLS and SRTP need. Names and numbers are those of OpenSSL 3's headers.</summary>
/// <remarks>
/// The ones used per packet leave out the garbage collector's transition: each lasts well under a microsecond and
/// never calls back. They take bare pointers; whoever owns the handle keeps it alive over the call.
/// </remarks>
internal static unsafe partial class LibCrypto
{
    public const int BioReset = 1;
    public const int BioInfo = 3;
    public const int BioSetEofReturn = 130;
    public const int GcmGetTag = 0x10;
    public const int GcmSetTag = 0x11;

    static LibCrypto() => OpenSslLibrary.Register();

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nint d2i_AutoPrivateKey(nint key, ref byte* der, nint length);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial void EVP_PKEY_free(nint key);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nint BIO_s_mem();

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nint BIO_new(nint method);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial int BIO_write(nint bio, byte* source, int length);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nint BIO_ctrl(nint bio, int command, nint number, nint pointer);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial int i2d_X509(nint certificate, byte** destination);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial void X509_free(nint certificate);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nuint ERR_get_error();

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial void ERR_clear_error();

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial void ERR_error_string_n(nuint error, byte* destination, nuint length);

    [LibraryImport(OpenSslLibrary.Crypto, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint EVP_CIPHER_fetch(nint library, string algorithm, nint properties);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nint EVP_CIPHER_CTX_new();

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial void EVP_CIPHER_CTX_free(nint context);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CipherInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv, int encrypt);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CipherUpdate(nint context, byte* destination, int* written, byte* source, int length);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CipherFinal_ex(nint context, byte* destination, int* written);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CIPHER_CTX_ctrl(nint context, int type, int argument, void* pointer);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int SHA1_Init(void* state);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int SHA1_Update(void* state, void* source, nuint length);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int SHA1_Final(byte* destination, void* state);

    /// <summary>What the library complains about, for our own faults' exceptions; empty when it does not.</summary>
    public static string TakeError()
    {
        var error = ERR_get_error();
        if (error == 0)
        {
            return string.Empty;
        }

        var text = stackalloc byte[256];
        ERR_error_string_n(error, text, 256);
        return Marshal.PtrToStringUTF8((nint)text) ?? string.Empty;
    }
}
