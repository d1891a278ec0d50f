using System.Buffers;
using System.Security.Cryptography;
using Roomcast.Rtmp.Connection;

namespace Roomcast.Rtmp.Handshake;

/// <summary>How a client begins its handshake.</summary>
public enum RtmpHandshakeForm
{
    /// <summary>Without digests: what OBS sends and every current server takes.</summary>
    Simple,

    /// <summary>With digests in the second half: what FFmpeg sends, and what old Flash servers need before they take H.264.</summary>
    Complex,

    /// <summary>With digests in the first half: the other place, for tests and for servers that look only there.</summary>
    ComplexDigestFirst,
}

/// <summary>The client's side of the handshake.</summary>
/// <remarks>Source: RTMP 1.0, section 5.2, and <see cref="HandshakeDigest"/>.</remarks>
internal sealed class ClientHandshake(RtmpHandshakeForm form)
{
    private const byte PlainVersion = 3;
    private const int PacketLength = HandshakeDigest.PacketLength;

    private readonly byte[] _s0s1s2 = new byte[1 + PacketLength + PacketLength];
    private readonly byte[] _ownDigest = new byte[32];
    private int _received;

    /// <summary>Whether it is over and chunks follow.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether the server's packets held the digests that answer ours.</summary>
    public bool IsServerVerified { get; private set; }

    /// <summary>Why it failed.</summary>
    public RtmpFault Fault { get; private set; }

    /// <summary>Writes C0 and C1.</summary>
    public void Start(IBufferWriter<byte> output)
    {
        const int Length = 1 + PacketLength;
        var packet = output.GetSpan(Length)[..Length];
        packet[0] = PlainVersion;
        var c1 = packet[1..];
        RandomNumberGenerator.Fill(c1);
        c1[..8].Clear();
        if (form is not RtmpHandshakeForm.Simple)
        {
            c1[4] = 10; // A Flash version from 9.0.115 on says that digests are spoken.
            c1[6] = 32;
            c1[7] = 2;
            var scheme = form is RtmpHandshakeForm.Complex ? DigestScheme.KeyFirst : DigestScheme.DigestFirst;
            HandshakeDigest.Sign(c1, scheme, isServer: false);
            HandshakeDigest.FindInC1(c1, _ownDigest);
        }

        output.Advance(Length);
    }

    /// <summary>Takes bytes, and writes C2 when S0, S1 and S2 are there.</summary>
    /// <returns>Bytes used.</returns>
    public int Read(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        if (_received == 0 && !input.IsEmpty && input[0] != PlainVersion)
        {
            Fault = RtmpFault.NotRtmp;
            return 0;
        }

        var used = Math.Min(input.Length, _s0s1s2.Length - _received);
        input[..used].CopyTo(_s0s1s2.AsSpan(_received));
        _received += used;
        if (_received == _s0s1s2.Length)
        {
            Answer(output);
            IsDone = true;
        }

        return used;
    }

    private void Answer(IBufferWriter<byte> output)
    {
        var s1 = _s0s1s2.AsSpan(1, PacketLength);
        var s2 = _s0s1s2.AsSpan(1 + PacketLength);
        var c2 = output.GetSpan(PacketLength)[..PacketLength];
        Span<byte> digest = stackalloc byte[32];
        if (form is not RtmpHandshakeForm.Simple && HandshakeDigest.FindInS1(s1, digest) is not null)
        {
            // A server that fails this is still spoken to: the digests protect nothing.
            IsServerVerified = HandshakeDigest.IsAnswerTo(s2, _ownDigest, isServer: true);
            RandomNumberGenerator.Fill(c2);
            HandshakeDigest.SignAnswer(c2, digest, isServer: false);
        }
        else
        {
            s1.CopyTo(c2);
        }

        output.Advance(PacketLength);
    }
}
