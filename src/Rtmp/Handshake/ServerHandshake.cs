using System.Buffers;
using System.Security.Cryptography;
using Roomcast.Rtmp.Connection;

namespace Roomcast.Rtmp.Handshake;

/// <summary>The server's side of the handshake, simple or complex as the client begins it.</summary>
/// <remarks>
/// Source: RTMP 1.0, section 5.2, and <see cref="HandshakeDigest"/>. The client's last packet is taken whatever it holds:
/// encoders differ there, and nothing rests on it.
/// </remarks>
internal sealed class ServerHandshake
{
    private const byte PlainVersion = 3;
    private const int PacketLength = HandshakeDigest.PacketLength;

    private byte[]? _c0c1 = new byte[1 + PacketLength];
    private int _received;

    /// <summary>Whether it is over and chunks follow.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether the client's packet held a digest; known once we have answered.</summary>
    public bool IsComplex { get; private set; }

    /// <summary>Why it failed.</summary>
    public RtmpFault Fault { get; private set; }

    /// <summary>Takes bytes, and answers when it is time.</summary>
    /// <returns>Bytes used.</returns>
    public int Read(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        var used = 0;
        if (_c0c1 is { } first)
        {
            if (_received == 0 && !input.IsEmpty && input[0] != PlainVersion)
            {
                // 6, 8 and 9 are the encrypted forms. There is no answer that another protocol would understand.
                Fault = input[0] is 6 or 8 or 9 ? RtmpFault.EncryptedRtmp : RtmpFault.NotRtmp;
                return 0;
            }

            used = Math.Min(input.Length, first.Length - _received);
            input[..used].CopyTo(first.AsSpan(_received));
            _received += used;
            if (_received < first.Length)
            {
                return used;
            }

            Answer(first.AsSpan(1), output);
            _c0c1 = null;
            _received = 0;
        }

        var last = Math.Min(input.Length - used, PacketLength - _received);
        _received += last;
        IsDone = _received == PacketLength;
        return used + last;
    }

    private void Answer(ReadOnlySpan<byte> c1, IBufferWriter<byte> output)
    {
        const int Length = 1 + PacketLength + PacketLength;
        var answer = output.GetSpan(Length)[..Length];
        answer[0] = PlainVersion;
        var s1 = answer.Slice(1, PacketLength);
        var s2 = answer[(1 + PacketLength)..];

        RandomNumberGenerator.Fill(s1);
        s1[..8].Clear(); // Time and version: both zero in the simple form.

        Span<byte> digest = stackalloc byte[32];

        // A client that leaves the version zero asks for the simple form.
        var scheme = c1[4..8].IndexOfAnyExcept((byte)0) >= 0 ? HandshakeDigest.FindInC1(c1, digest) : null;
        if (scheme is { } found)
        {
            IsComplex = true;
            s1[4] = 4; // Any version that is not zero; clients compare nothing here.
            s1[7] = 1;
            HandshakeDigest.Sign(s1, found, isServer: true);
            RandomNumberGenerator.Fill(s2);
            HandshakeDigest.SignAnswer(s2, digest, isServer: true);
        }
        else
        {
            c1.CopyTo(s2);
        }

        output.Advance(Length);
    }
}
