namespace Roomcast.Rtc.Srtp;

/// <summary>Encryption and authentication of one direction of RTP or RTCP: the keys with their kept contexts.</summary>
/// <remarks>
/// A packet lies in memory as header, payload, tag (and for RTCP an index behind or before the tag, as the profile
/// wants). The transforms know neither sequence numbers nor replays. Not thread-safe; nothing is allocated per packet.
/// </remarks>
internal abstract class SrtpTransform : IDisposable
{
    /// <summary>Bytes that an RTCP packet's index and encryption flag take.</summary>
    protected const int RtcpIndexLength = 4;

    /// <summary>The flag of encrypted RTCP, in front of the 31-bit index.</summary>
    protected const uint RtcpEncrypted = 0x8000_0000;

    /// <summary>Bytes of header in front of what is encrypted in RTCP.</summary>
    protected const int RtcpHeaderLength = 8;

    /// <summary>Bytes that protecting adds to an RTP packet.</summary>
    public abstract int RtpOverhead { get; }

    /// <summary>Bytes that protecting adds to an RTCP packet.</summary>
    public int RtcpOverhead => RtpOverhead + RtcpIndexLength;

    public static SrtpTransform Create(SrtpProfile profile, SrtpSessionKeys keys, bool isSender) =>
        profile is SrtpProfile.AeadAes128Gcm ? new GcmTransform(keys, isSender) : new CmTransform(keys);

    /// <summary>Protects a packet in place.</summary>
    /// <param name="buffer">The packet, with <see cref="RtpOverhead"/> bytes of room behind it.</param>
    /// <param name="headerLength">Bytes in front of the payload.</param>
    /// <param name="length">Bytes of the packet.</param>
    /// <param name="ssrc">Its source.</param>
    /// <param name="index">Rollover counter and sequence number, 48 bits.</param>
    public abstract void ProtectRtp(Span<byte> buffer, int headerLength, int length, uint ssrc, ulong index);

    /// <summary>Verifies and decrypts a packet in place.</summary>
    /// <returns>Whether the tag is right; if not, the payload is spoilt.</returns>
    public abstract bool UnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, ulong index);

    /// <summary>Protects a compound packet in place.</summary>
    /// <param name="buffer">The packet, with <see cref="RtcpOverhead"/> bytes of room behind it.</param>
    /// <param name="length">Bytes of the packet.</param>
    /// <param name="ssrc">The sender of its first packet.</param>
    /// <param name="index">31 bits, never twice with one key.</param>
    public abstract void ProtectRtcp(Span<byte> buffer, int length, uint ssrc, uint index);

    /// <summary>Verifies and decrypts a compound packet in place, whose <see cref="RtcpWord"/> has the encryption flag.</summary>
    public abstract bool UnprotectRtcp(Span<byte> packet, uint ssrc, uint index);

    /// <summary>The encryption flag and index that the packet carries.</summary>
    public abstract uint RtcpWord(ReadOnlySpan<byte> packet);

    public abstract void Dispose();
}
