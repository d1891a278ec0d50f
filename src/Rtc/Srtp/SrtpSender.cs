using Roomcast.Rtc.Rtp;

namespace Roomcast.Rtc.Srtp;

/// <summary>Protects what we send to one peer.</summary>
/// <remarks>
/// <para>The rollover counter of a source follows from the sequence numbers handed in, which may be out of order by less
/// than 32,768. A number may be sent again (a retransmission without RTX) only with exactly the same bytes: the nonce
/// follows from it, and a nonce that covers two different packets gives the authentication key away (RFC 7714
/// section 8). Not thread-safe; nothing is allocated once a source is known.</para>
/// </remarks>
internal sealed class SrtpSender : IDisposable
{
    private const int MaxSources = 4096;
    private const uint MaxRtcpIndex = 0x7FFF_FFFF;

    private readonly SrtpTransform _rtp;
    private readonly SrtpTransform _rtcp;
    private readonly Dictionary<uint, Source> _sources = [];
    private uint _rtcpIndex;
    private Source? _last;

    /// <summary>Derives the session keys from the master key of our direction.</summary>
    public SrtpSender(SrtpProfile profile, ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt)
    {
        using var rtp = SrtpSessionKeys.Derive(profile, masterKey, masterSalt, isRtcp: false);
        using var rtcp = SrtpSessionKeys.Derive(profile, masterKey, masterSalt, isRtcp: true);
        _rtp = SrtpTransform.Create(profile, rtp, isSender: true);
        _rtcp = SrtpTransform.Create(profile, rtcp, isSender: true);
    }

    /// <summary>Bytes that an RTP packet grows by.</summary>
    public int RtpOverhead => _rtp.RtpOverhead;

    /// <summary>Bytes that an RTCP packet grows by.</summary>
    public int RtcpOverhead => _rtcp.RtcpOverhead;

    /// <summary>Protects an RTP packet in place.</summary>
    /// <param name="buffer">The packet, with room behind it.</param>
    /// <param name="length">Bytes of the packet; afterwards of the protected packet.</param>
    public SrtpStatus ProtectRtp(Span<byte> buffer, ref int length)
    {
        if (!RtpHeader.TryReadOutline(buffer[..length], out var headerLength, out var sequenceNumber, out var ssrc))
        {
            return SrtpStatus.Malformed;
        }

        if (buffer.Length - length < _rtp.RtpOverhead)
        {
            return SrtpStatus.NotPossible;
        }

        var source = _last;
        if (source is null || source.Ssrc != ssrc)
        {
            if (!_sources.TryGetValue(ssrc, out source))
            {
                if (_sources.Count == MaxSources)
                {
                    return SrtpStatus.TooManySources;
                }

                source = new Source(ssrc);
                _sources.Add(ssrc, source);
            }

            _last = source;
        }

        var index = PacketIndex.Estimate(source.Highest, sequenceNumber);
        if (index < 0)
        {
            return SrtpStatus.TooOld;
        }

        source.Highest = Math.Max(source.Highest, index);
        _rtp.ProtectRtp(buffer, headerLength, length, ssrc, (ulong)index);
        length += _rtp.RtpOverhead;
        return SrtpStatus.Done;
    }

    /// <summary>Protects a compound RTCP packet in place.</summary>
    /// <param name="buffer">The packet, with room behind it.</param>
    /// <param name="length">Bytes of the packet; afterwards of the protected packet.</param>
    public SrtpStatus ProtectRtcp(Span<byte> buffer, ref int length)
    {
        if (length < 8)
        {
            return SrtpStatus.Malformed;
        }

        if (buffer.Length - length < _rtcp.RtcpOverhead || _rtcpIndex == MaxRtcpIndex)
        {
            return SrtpStatus.NotPossible;
        }

        var ssrc = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(buffer[4..]);
        _rtcp.ProtectRtcp(buffer, length, ssrc, ++_rtcpIndex);
        length += _rtcp.RtcpOverhead;
        return SrtpStatus.Done;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
    }

    private sealed class Source(uint ssrc)
    {
        public uint Ssrc { get; } = ssrc;

        public long Highest { get; set; } = -1;
    }
}
