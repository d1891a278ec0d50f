using System.Buffers.Binary;
using Roomcast.Rtc.Rtp;

namespace Roomcast.Rtc.Srtp;

/// <summary>Verifies and decrypts what one peer sends us, in place.</summary>
/// <remarks>
/// A source is remembered only once a packet of it was verified, so forged packets cost no memory. Sources are never
/// forgotten while the keys live: their packets could be replayed otherwise. Not thread-safe; nothing is allocated once
/// a source is known.
/// </remarks>
internal sealed class SrtpReceiver : IDisposable
{
    /// <summary>Sources of one peer, and windows of their RTCP.</summary>
    public const int MaxSources = 1024;

    private const int MinRtcpLength = 8;
    private const uint RtcpEncrypted = 0x8000_0000;

    private readonly SrtpTransform _rtp;
    private readonly SrtpTransform _rtcp;
    private readonly Dictionary<uint, Source> _rtpSources = [];
    private readonly Dictionary<uint, Source> _rtcpSources = [];
    private Source? _last;

    /// <summary>Derives the session keys from the master key of the peer's direction.</summary>
    public SrtpReceiver(SrtpProfile profile, ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt)
    {
        using var rtp = SrtpSessionKeys.Derive(profile, masterKey, masterSalt, isRtcp: false);
        using var rtcp = SrtpSessionKeys.Derive(profile, masterKey, masterSalt, isRtcp: true);
        _rtp = SrtpTransform.Create(profile, rtp, isSender: false);
        _rtcp = SrtpTransform.Create(profile, rtcp, isSender: false);
    }

    /// <summary>Verifies and decrypts an RTP packet.</summary>
    /// <param name="packet">What arrived; spoilt unless the answer is <see cref="SrtpStatus.Done"/>.</param>
    /// <param name="length">Bytes of the packet without its tag.</param>
    public SrtpStatus UnprotectRtp(Span<byte> packet, out int length)
    {
        length = packet.Length - _rtp.RtpOverhead;
        if (length < 0 || !RtpHeader.TryReadOutline(packet[..length], out var headerLength, out var sequenceNumber, out var ssrc))
        {
            return SrtpStatus.Malformed;
        }

        var source = _last;
        if (source is null || source.Ssrc != ssrc)
        {
            _rtpSources.TryGetValue(ssrc, out source);
        }

        var index = PacketIndex.Estimate(source?.Window.Highest ?? -1, sequenceNumber);
        if (index < 0)
        {
            return SrtpStatus.TooOld;
        }

        if (source is not null && source.Window.Judge(index) is not SrtpStatus.Done and var refusal)
        {
            return refusal;
        }

        if (source is null && _rtpSources.Count == MaxSources)
        {
            return SrtpStatus.TooManySources;
        }

        if (!_rtp.UnprotectRtp(packet, headerLength, ssrc, (ulong)index))
        {
            return SrtpStatus.Forged;
        }

        source ??= Add(_rtpSources, ssrc);
        source.Window.Accept(index);
        _last = source;
        return SrtpStatus.Done;
    }

    /// <summary>Verifies and decrypts a compound RTCP packet.</summary>
    /// <param name="packet">What arrived; spoilt unless the answer is <see cref="SrtpStatus.Done"/>.</param>
    /// <param name="length">Bytes of the packet without its index and tag.</param>
    public SrtpStatus UnprotectRtcp(Span<byte> packet, out int length)
    {
        length = packet.Length - _rtcp.RtcpOverhead;
        if (length < MinRtcpLength)
        {
            return SrtpStatus.Malformed;
        }

        var word = _rtcp.RtcpWord(packet);
        if ((word & RtcpEncrypted) == 0)
        {
            return SrtpStatus.NotEncrypted;
        }

        var index = word & ~RtcpEncrypted;
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        _rtcpSources.TryGetValue(ssrc, out var source);
        if (source is not null && source.Window.Judge(index) is not SrtpStatus.Done and var refusal)
        {
            return refusal;
        }

        if (source is null && _rtcpSources.Count == MaxSources)
        {
            return SrtpStatus.TooManySources;
        }

        if (!_rtcp.UnprotectRtcp(packet, ssrc, index))
        {
            return SrtpStatus.Forged;
        }

        source ??= Add(_rtcpSources, ssrc);
        source.Window.Accept(index);
        return SrtpStatus.Done;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
    }

    private static Source Add(Dictionary<uint, Source> sources, uint ssrc)
    {
        var source = new Source(ssrc);
        sources.Add(ssrc, source);
        return source;
    }

    private sealed class Source(uint ssrc)
    {
        public uint Ssrc { get; } = ssrc;

        public ReplayWindow Window { get; } = new();
    }
}
