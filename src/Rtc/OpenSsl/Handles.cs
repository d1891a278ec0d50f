using System.Runtime.InteropServices;

namespace Roomcast.Rtc.OpenSsl;

/// <summary>Owns an SSL_CTX.</summary>
internal sealed class SslContextHandle : SafeHandle
{
    public SslContextHandle(nint context)
        : base(0, ownsHandle: true) => SetHandle(context);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_CTX_free(handle);
        return true;
    }
}

/// <summary>Owns an SSL with its two BIOs, and the native memory that its timer callback writes to.</summary>
internal sealed unsafe class SslHandle : SafeHandle
{
    public SslHandle(nint ssl)
        : base(0, ownsHandle: true)
    {
        SetHandle(ssl);
        Timer = (DtlsTimer*)NativeMemory.AllocZeroed((nuint)sizeof(DtlsTimer));
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Lives as long as the SSL.</summary>
    public DtlsTimer* Timer { get; }

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_free(handle);
        NativeMemory.Free(Timer);
        return true;
    }
}

/// <summary>What OpenSSL and we tell each other about the retransmission timer.</summary>
internal struct DtlsTimer
{
    /// <summary>Length of the first wait, in microseconds.</summary>
    public uint FirstUs;

    /// <summary>Longest wait, in microseconds.</summary>
    public uint MaxUs;

    /// <summary>Length of the present wait, in microseconds.</summary>
    public uint CurrentUs;

    /// <summary>How often a wait began.</summary>
    public uint Starts;
}

/// <summary>Owns an EVP_CIPHER_CTX.</summary>
internal sealed class CipherContextHandle : SafeHandle
{
    public CipherContextHandle()
        : base(0, ownsHandle: true)
    {
        SetHandle(LibCrypto.EVP_CIPHER_CTX_new());
        if (IsInvalid)
        {
            throw new InvalidOperationException("OpenSSL could not make a cipher context.");
        }
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_CIPHER_CTX_free(handle);
        return true;
    }
}
