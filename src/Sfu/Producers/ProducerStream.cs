using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Sfu.Codecs;
using Roomcast.Sfu.Layers;

namespace Roomcast.Sfu.Producers;

/// <summary>One encoding of a producer, as it arrives: its counts, its packets, and what is asked of its sender.</summary>
/// <remarks>Not thread-safe. Nothing is allocated per packet once the cache has gone round.</remarks>
internal sealed class ProducerStream
{
    // About half a second of good video, and four of sound: longer than anybody waits for a packet.
    private const int VideoPackets = 512;
    private const int AudioPackets = 200;

    // An encoding that has sent nothing for so long is one that the browser has switched off.
    private static readonly TimeSpan SilenceOfVideo = TimeSpan.FromSeconds(2);

    // Browsers make no two keyframes of an encoding within 300 ms, so asking oftener gets nothing.
    private static readonly TimeSpan KeyframeDistance = TimeSpan.FromMilliseconds(300);

    private readonly SequenceUnwrapper _sequence = new();
    private TimeSpan? _heardAt;
    private readonly RateMeter?[] _temporal = new RateMeter?[TemporalFilter.All + 1];
    private uint? _keyframeTimestamp;
    private uint? _newestTimestamp;

    public ProducerStream(Producer producer, uint ssrc, string? rid, int rank)
    {
        Producer = producer;
        Ssrc = ssrc;
        Rid = rid;
        Rank = rank;
        var clockRateHz = producer.Options.Codec.ClockRateHz();
        Statistics = new ReceiveStatistics(ssrc, clockRateHz);
        Clock = new SenderClock(clockRateHz);
        Cache = new PacketCache(producer.Options.Codec.IsAudio() ? AudioPackets : VideoPackets);
        Keyframes = new KeyframeRequests(KeyframeDistance);
    }

    public Producer Producer { get; }

    public uint Ssrc { get; }

    /// <summary>Name of the encoding; null for the only one.</summary>
    public string? Rid { get; }

    /// <summary>Place among the encodings, 0 is the best.</summary>
    public int Rank { get; }

    public ReceiveStatistics Statistics { get; }

    public SenderClock Clock { get; }

    public NtpTime LastReportNtp { get; private set; }

    public uint LastReportTimestamp { get; private set; }

    public TimeSpan LastReportAt { get; private set; }

    public PacketCache Cache { get; }

    public MissingPackets Missing { get; } = new();

    public KeyframeRequests Keyframes { get; }

    public RateMeter Rate { get; } = new();

    /// <summary>Width and height of the last keyframe in pixels; zero when not known.</summary>
    public (int Width, int Height) Size { get; private set; }

    /// <summary>When something of the stream is due: a NACK or a keyframe request.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            var missing = Missing.NextDeadline;
            var keyframes = Keyframes.NextDeadline;
            return missing is null || keyframes < missing ? keyframes ?? missing : missing;
        }
    }

    /// <summary>The highest temporal layer that has been seen; 0 when there are none.</summary>
    public int HighestTemporalLayer { get; private set; }

    /// <summary>Bits per second of a temporal layer alone; null when it is not known.</summary>
    public long? RateOfTemporalLayer(int layer, TimeSpan now) => _temporal[layer]?.RateBps(now);

    /// <summary>Whether it is being sent.</summary>
    public bool IsActive(TimeSpan now) => _heardAt is { } at && now - at < SilenceOfVideo;

    /// <summary>Whether a packet of this timestamp is of the newest keyframe.</summary>
    public bool IsOfKeyframe(uint timestamp) => _keyframeTimestamp == timestamp;

    /// <summary>Notes a packet and keeps it.</summary>
    /// <returns>Its number, without wraps.</returns>
    public long OnPacket(ReadOnlySpan<byte> packet, in RtpHeader header, bool startsKeyframe, TimeSpan now)
    {
        _heardAt = now;
        var number = _sequence.Unwrap(header.SequenceNumber);
        Statistics.OnPacket(header.SequenceNumber, header.Timestamp, header.PayloadLength, now);
        if (header.PayloadLength > 0)
        {
            Rate.Add(packet.Length, now); // By what a sender probes its own bandwidth with, no receiver is reached.
            Cache.Add(number, packet);
            if (Producer.Options.Codec is SfuCodec.Vp8 && Vp8PayloadDescriptor.TryRead(header.PayloadOf(packet), out var descriptor))
            {
                HighestTemporalLayer = Math.Max(HighestTemporalLayer, descriptor.TemporalLayer);
                (_temporal[descriptor.TemporalLayer] ??= new RateMeter()).Add(packet.Length, now);
            }
        }

        if (Producer.Options.SupportsNack)
        {
            Missing.OnPacket(number, now, hasMore: !Producer.Options.Codec.IsAudio() && !header.Marker && header.PayloadLength > 0);
        }

        if (!Producer.Options.Codec.IsAudio())
        {
            if (header.PayloadLength > 0)
            {
                CountPicture(packet, header, startsKeyframe, now);
            }

            if (startsKeyframe)
            {
                _keyframeTimestamp = header.Timestamp;
                Keyframes.OnKeyframe();
                Missing.OnKeyframe(number);
            }
            else if (Missing.TakeIsHopeless())
            {
                Keyframes.Want();
            }
        }

        return number;
    }

    private void CountPicture(ReadOnlySpan<byte> packet, in RtpHeader header, bool startsKeyframe, TimeSpan now)
    {
        if (startsKeyframe && KeyframeSize.Read(Producer.Options.Codec, header.PayloadOf(packet)) is { Width: > 0, Height: > 0 } size)
        {
            Size = size;
        }

        // A packet that comes late is of a picture that was counted.
        var isNew = _newestTimestamp is not { } newest || unchecked((int)(header.Timestamp - newest)) > 0;
        _newestTimestamp = isNew ? header.Timestamp : _newestTimestamp;
        if (isNew || startsKeyframe)
        {
            Producer.CountPicture(this, isNew, startsKeyframe && _keyframeTimestamp != header.Timestamp, now);
        }
    }

    /// <summary>Notes a sender report.</summary>
    public void OnSenderReport(NtpTime ntp, uint timestamp, TimeSpan now)
    {
        Statistics.OnSenderReport(ntp, now);
        Clock.OnSenderReport(ntp, timestamp);
        LastReportNtp = ntp;
        LastReportTimestamp = timestamp;
        LastReportAt = now;
    }
}
