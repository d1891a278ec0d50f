using Roomcast.Media;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Opus;
using Roomcast.Rtc.Rtp.Vp8;

namespace Roomcast.Rtc.Clients;

/// <summary>A track that a client receives: packets in, whole frames in their order out, with what has to be asked for meanwhile.</summary>
/// <remarks>
/// Sans-IO, not thread-safe. A picture that misses a packet is waited for as long as <see cref="MaxPictureWait"/>; afterwards
/// pictures are left out up to the next keyframe, which is asked for, so that whoever takes the frames can decode each of them.
/// </remarks>
internal sealed class ReceivingTrack
{
    /// <summary>How long a picture may miss a packet.</summary>
    public static readonly TimeSpan MaxPictureWait = TimeSpan.FromMilliseconds(800);

    /// <summary>How long a packet of sound may be waited for.</summary>
    public static readonly TimeSpan MaxSoundWait = TimeSpan.FromMilliseconds(150);

    private static readonly TimeSpan KeyframeAgain = TimeSpan.FromMilliseconds(500);

    private readonly Vp8FrameAssembler? _pictures;
    private readonly OpusPacketQueue? _sounds;
    private readonly MissingPackets _missing = new();
    private readonly ReceiveStatistics _statistics;
    private readonly TimestampUnwrapper _timestamps = new();
    private readonly int _clockRateHz;
    private long? _firstTimestamp;
    private bool _needsKeyframe = true;
    private bool _isKeyframeWanted;
    private TimeSpan? _keyframeAskedAt;
    private TimeSpan? _stuckSince;

    public ReceivingTrack(string mid, TrackKind kind, uint ssrc, byte payloadType)
    {
        Mid = mid;
        Kind = kind;
        Ssrc = ssrc;
        PayloadType = payloadType;
        _clockRateHz = kind is TrackKind.Audio ? OpusPayload.ClockRateHz : 90_000;
        _statistics = new ReceiveStatistics(ssrc, _clockRateHz);
        _pictures = kind is TrackKind.Video ? new Vp8FrameAssembler() : null;
        _sounds = kind is TrackKind.Audio ? new OpusPacketQueue() : null;
    }

    public string Mid { get; }

    public TrackKind Kind { get; }

    public uint Ssrc { get; }

    public byte PayloadType { get; }

    /// <summary>Packets that came, repeated ones included.</summary>
    public long Packets => _statistics.Received;

    /// <summary>Keyframes that were asked for.</summary>
    public int KeyframesAsked { get; private set; }

    /// <summary>Whether something is waited for, so that time alone changes what is to be done.</summary>
    public bool IsWaiting => _missing.Count > 0 || _stuckSince is not null || WantsKeyframe || _sounds?.HeldPackets > 0;

    private bool WantsKeyframe => _pictures is not null && (_needsKeyframe || _isKeyframeWanted) && Packets > 0;

    /// <summary>Takes a packet.</summary>
    /// <param name="packet">The packet, decrypted.</param>
    /// <param name="header">Its header.</param>
    /// <param name="orientation">The byte of the video orientation extension; null where it carries none.</param>
    /// <param name="now">Monotonic time.</param>
    public void Add(ReadOnlySpan<byte> packet, in RtpHeader header, byte? orientation, TimeSpan now)
    {
        if (header.PayloadType != PayloadType)
        {
            return;
        }

        _statistics.OnPacket(header.SequenceNumber, header.Timestamp, header.PayloadLength, now);
        _missing.OnPacket(header.SequenceNumber, now);
        var payload = header.PayloadOf(packet);
        _pictures?.Add(header, payload, now, orientation);
        _sounds?.Add(header, payload, now);
    }

    /// <summary>Has a keyframe asked for, again and again until one comes. Frames go on meanwhile.</summary>
    /// <returns>False when one is asked for already, or there are no pictures.</returns>
    public bool WantKeyframe()
    {
        var isNew = _pictures is not null && !_isKeyframeWanted;
        _isKeyframeWanted |= isNew;
        return isNew;
    }

    /// <summary>Takes the next frame that is whole, or whose predecessors have been waited for long enough.</summary>
    public bool TryTake(TimeSpan now, out ReceivedMediaFrame? frame)
    {
        frame = _pictures is not null ? TakePicture(_pictures, now) : TakeSound(_sounds!, now);
        return frame is not null;
    }

    /// <summary>Notes a sender report.</summary>
    public void OnSenderReport(NtpTime ntp, TimeSpan now) => _statistics.OnSenderReport(ntp, now);

    /// <summary>The block for the next receiver report; null before the first packet.</summary>
    public ReportBlock? Report(TimeSpan now) => Packets > 0 ? _statistics.Report(now) : null;

    /// <summary>Writes what is to be asked for: packets, a keyframe.</summary>
    public void WriteRequests(ref RtcpWriter writer, uint senderSsrc, TimeSpan now)
    {
        _missing.Write(ref writer, senderSsrc, Ssrc, now);
        if (WantsKeyframe && !(now - _keyframeAskedAt < KeyframeAgain))
        {
            _keyframeAskedAt = now;
            KeyframesAsked++;
            new PictureLossIndication(senderSsrc, Ssrc).TryWrite(ref writer);
        }
    }

    /// <summary>Gives back what is held.</summary>
    public void Clear()
    {
        _pictures?.Clear();
        _sounds?.Clear();
    }

    private ReceivedMediaFrame? TakePicture(Vp8FrameAssembler pictures, TimeSpan now)
    {
        while (true)
        {
            if (pictures.TryTake(out var frame, out var data))
            {
                _stuckSince = null;
                _isKeyframeWanted &= !frame.IsKeyframe;
                _needsKeyframe = !frame.IsKeyframe && (_needsKeyframe || frame.FollowsGap);
                if (_needsKeyframe)
                {
                    continue; // It builds on what is not there.
                }

                return new ReceivedMediaFrame(
                    Mid,
                    Kind,
                    TimeOf(frame.Timestamp),
                    TimeSpan.Zero,
                    frame.IsKeyframe,
                    frame.Width,
                    frame.Height,
                    data.ToArray(),
                    frame.CompletedAt,
                    frame.RotationDegrees);
            }

            if (!pictures.IsWaiting(out _))
            {
                _stuckSince = null;
                return null;
            }

            _stuckSince ??= now;
            var isOverdue = now - _stuckSince > MaxPictureWait;
            if ((isOverdue || _needsKeyframe) && pictures.TrySkipToKeyframe())
            {
                continue;
            }

            if (!isOverdue)
            {
                return null;
            }

            pictures.SkipGap();
            _needsKeyframe = true;
            _stuckSince = now;
        }
    }

    private ReceivedMediaFrame? TakeSound(OpusPacketQueue sounds, TimeSpan now)
    {
        if (!sounds.TryPeek(out var next) || (next.Missing > 0 && now - next.ArrivedAt < MaxSoundWait))
        {
            return null;
        }

        sounds.TryTake(out var packet, out var data);
        return new ReceivedMediaFrame(Mid, Kind, TimeOf(packet.Timestamp), packet.Duration, true, 0, 0, data.ToArray(), packet.ArrivedAt);
    }

    private TimeSpan TimeOf(uint timestamp)
    {
        var unwrapped = _timestamps.Unwrap(timestamp);
        _firstTimestamp ??= unwrapped;
        return TimeSpan.FromTicks((long)((Int128)Math.Max(0, unwrapped - _firstTimestamp.Value) * TimeSpan.TicksPerSecond / _clockRateHz));
    }
}
