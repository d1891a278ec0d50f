using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Roomcast.Rtc.OpenSsl;

namespace Roomcast.Rtc.Srtp;

/// <summary>HMAC-SHA1 with a kept key: the two states that the key leads to are made once and copied per packet.</summary>
/// <remarks>
/// libcrypto's low-level SHA-1 functions are twice as quick as its HMAC for packets of this size. They are deprecated
/// and a build of OpenSSL may leave them out; then the framework's own HMAC does the same work. Not thread-safe.
/// </remarks>
internal sealed unsafe class HmacSha1 : IDisposable
{
    /// <summary>Bytes of a full tag.</summary>
    public const int Length = 20;

    private const int BlockLength = 64;

    // SHA_CTX is 96 bytes: five words of state, two of length, a block and a count.
    private const int StateLength = 96;

    private static readonly bool HasLowLevel = OpenSslLibrary.CryptoHas("SHA1_Update");

    private readonly byte[] _inner = new byte[StateLength];
    private readonly byte[] _outer = new byte[StateLength];
    private readonly IncrementalHash? _framework;

    [SuppressMessage("Security", "CA5350", Justification = "The SRTP profile is HMAC-SHA1 by definition.")]
    public HmacSha1(ReadOnlySpan<byte> key, bool useFramework = false)
    {
        if (useFramework || !HasLowLevel)
        {
            _framework = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA1, key);
            return;
        }

        Begin(_inner, key, 0x36);
        Begin(_outer, key, 0x5C);
    }

    /// <summary>The tag over the data followed by four more bytes (RFC 3711 section 4.2: the packet, then the ROC).</summary>
    public void Compute(ReadOnlySpan<byte> data, uint trailer, Span<byte> tag)
    {
        if (_framework is not null)
        {
            Span<byte> last = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(last, trailer);
            _framework.AppendData(data);
            _framework.AppendData(last);
            _framework.GetHashAndReset(tag);
            return;
        }

        var state = stackalloc byte[StateLength];
        var working = new Span<byte>(state, StateLength);
        var bigEndian = BinaryPrimitives.ReverseEndianness(trailer);
        _inner.CopyTo(working);
        fixed (byte* bytes = data)
        fixed (byte* destination = tag[..Length])
        {
            _ = LibCrypto.SHA1_Update(state, bytes, (nuint)data.Length);
            _ = LibCrypto.SHA1_Update(state, &bigEndian, sizeof(uint));
            _ = LibCrypto.SHA1_Final(destination, state);
            _outer.CopyTo(working);
            _ = LibCrypto.SHA1_Update(state, destination, Length);
            _ = LibCrypto.SHA1_Final(destination, state);
        }
    }

    public void Dispose()
    {
        _framework?.Dispose();
        CryptographicOperations.ZeroMemory(_inner);
        CryptographicOperations.ZeroMemory(_outer);
    }

    private static void Begin(byte[] state, ReadOnlySpan<byte> key, byte pad)
    {
        Span<byte> block = stackalloc byte[BlockLength];
        block.Clear();
        key.CopyTo(block);
        foreach (ref var value in block)
        {
            value ^= pad;
        }

        fixed (byte* pointer = state)
        fixed (byte* bytes = block)
        {
            _ = LibCrypto.SHA1_Init(pointer);
            _ = LibCrypto.SHA1_Update(pointer, bytes, BlockLength);
        }

        CryptographicOperations.ZeroMemory(block);
    }
}
