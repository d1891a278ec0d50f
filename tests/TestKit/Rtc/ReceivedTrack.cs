using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Vp8;

namespace Roomcast.TestKit.Rtc;

/// <summary>A frame that was put together.</summary>
/// <param name="Mark">Its first packet's mark.</param>
/// <param name="IsKeyframe">Whether decoding can start at it; for sound always.</param>
/// <param name="Timestamp">Its RTP timestamp.</param>
/// <param name="At">When it was complete and its turn.</param>
public readonly record struct ReceivedFrame(PacketMark Mark, bool IsKeyframe, uint Timestamp, TimeSpan At);

/// <summary>A track that a <see cref="BrowserTransport"/> receives: puts frames together, asks for what is missing, and notes what is wrong.</summary>
public sealed class ReceivedTrack
{
    private static readonly TimeSpan FirstAsk = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan KeyframeAgain = TimeSpan.FromMilliseconds(300);

    private readonly SequenceUnwrapper _numbers = new();
    private readonly SortedDictionary<long, (byte[] Packet, RtpHeader Header)> _waiting = [];
    private readonly Dictionary<long, (TimeSpan NextAsk, int Asks)> _missing = [];
    private readonly Dictionary<long, byte[]> _seen = [];
    private readonly ReceiveStatistics _statistics;
    private long _highest = long.MinValue;
    private long _next = long.MinValue;
    private bool _hasDecoded;
    private int _lastPictureId = -1;
    private TimeSpan? _keyframeAskedAt;
    private TimeSpan? _stuckSince;

    internal ReceivedTrack(string mid, bool isAudio, uint ssrc, byte payloadType, string? trackId)
    {
        Mid = mid;
        IsAudio = isAudio;
        Ssrc = ssrc;
        PayloadType = payloadType;
        TrackId = trackId;
        _statistics = new ReceiveStatistics(ssrc, isAudio ? 48_000 : 90_000);
    }

    /// <summary>Its section.</summary>
    public string Mid { get; }

    /// <summary>Whether it is sound.</summary>
    public bool IsAudio { get; }

    /// <summary>Its source.</summary>
    public uint Ssrc { get; }

    /// <summary>The payload type that was agreed.</summary>
    public byte PayloadType { get; }

    /// <summary>The track's id in the description.</summary>
    public string? TrackId { get; }

    /// <summary>Frames in order.</summary>
    public List<ReceivedFrame> Frames { get; } = [];

    /// <summary>What should not have happened, in words.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>Longest time between two frames.</summary>
    public TimeSpan LongestFreeze { get; private set; }

    /// <summary>Packets that arrived, without repeated ones.</summary>
    public int Packets => _seen.Count;

    /// <summary>Keyframes that were asked for.</summary>
    public int KeyframesAsked { get; private set; }

    /// <summary>The newest frame; its default before there is one.</summary>
    public ReceivedFrame Last => Frames.Count > 0 ? Frames[^1] : default;

    internal void Add(byte[] packet, in RtpHeader header, TimeSpan now)
    {
        if (header.PayloadType != PayloadType)
        {
            Faults.Add($"payload type {header.PayloadType}, agreed was {PayloadType}");
        }

        var number = _numbers.Unwrap(header.SequenceNumber);
        if (_seen.TryGetValue(number, out var before))
        {
            if (!before.AsSpan().SequenceEqual(packet))
            {
                Faults.Add($"number {number} has been another packet's");
            }

            return;
        }

        _seen[number] = packet;
        _statistics.OnPacket(header.SequenceNumber, header.Timestamp, header.PayloadLength, now);
        _missing.Remove(number);
        for (var lost = Math.Max(_highest + 1, number - 200); _highest != long.MinValue && lost < number; lost++)
        {
            _missing[lost] = (now + FirstAsk, 0);
        }

        _highest = Math.Max(_highest, number);
        if (IsAudio)
        {
            Frames.Add(new ReceivedFrame(PacketMark.Read(header.PayloadOf(packet)[1..]), true, header.Timestamp, now));
            return;
        }

        if (_next == long.MinValue || number >= _next)
        {
            _waiting[number] = (packet, header);
        }

        Show(now);
    }

    /// <summary>Writes what it has to ask: packets, a keyframe.</summary>
    internal void WriteRequests(ref RtcpWriter writer, TimeSpan now)
    {
        Span<ushort> due = stackalloc ushort[64];
        var count = 0;
        foreach (var (number, (nextAsk, asks)) in _missing.OrderBy(missing => missing.Key).ToList())
        {
            if (asks == 12 || (_next != long.MinValue && number < _next))
            {
                _missing.Remove(number);
            }
            else if (nextAsk <= now && count < due.Length)
            {
                due[count++] = unchecked((ushort)number);
                _missing[number] = (now + AskAgain, asks + 1);
            }
        }

        Nack.Write(ref writer, 1, Ssrc, due[..count]);
        var wants = !IsAudio && Packets > 0 && (!_hasDecoded || (_stuckSince is { } since && now - since > KeyframeAgain));
        if (wants && (_keyframeAskedAt is not { } at || now - at > KeyframeAgain))
        {
            _keyframeAskedAt = now;
            KeyframesAsked++;
            new PictureLossIndication(1, Ssrc).TryWrite(ref writer);
        }
    }

    internal void OnSenderReport(NtpTime ntp, TimeSpan now) => _statistics.OnSenderReport(ntp, now);

    internal ReportBlock? Report(TimeSpan now) => Packets > 0 ? _statistics.Report(now) : null;

    private void Show(TimeSpan now)
    {
        if (_next == long.MinValue || FrameFrom(_next) is null)
        {
            JumpToKeyframe();
        }

        while (_next != long.MinValue && FrameFrom(_next) is { } end)
        {
            var (first, header) = _waiting[_next];
            for (; _next <= end; _next++)
            {
                Check(_waiting[_next].Packet, _waiting[_next].Header, first, header);
                _waiting.Remove(_next);
            }

            if (header.PayloadLength > 0)
            {
                Note(first, header, now);
            }
        }

        _stuckSince = _waiting.Count > 0 ? _stuckSince ?? now : null;
    }

    private void Note(byte[] packet, in RtpHeader header, TimeSpan now)
    {
        var payload = header.PayloadOf(packet);
        Vp8PayloadDescriptor.TryRead(payload, out var vp8);
        if (_lastPictureId >= 0 && !vp8.StartsKeyframe && vp8.PictureId != ((_lastPictureId + 1) & 0x7FFF))
        {
            Faults.Add($"picture id {vp8.PictureId} follows {_lastPictureId}");
        }

        _lastPictureId = vp8.PictureId;
        var frame = new ReceivedFrame(PacketMark.Read(payload[BrowserTrack.Vp8MarkAt..]), vp8.StartsKeyframe, header.Timestamp, now);
        if (Frames.Count > 0)
        {
            var last = Frames[^1];
            if (now - last.At > LongestFreeze)
            {
                LongestFreeze = now - last.At;
            }

            if (unchecked((int)(frame.Timestamp - last.Timestamp)) <= 0)
            {
                Faults.Add("time runs backwards");
            }

            var continues = last.Mark.Rank == frame.Mark.Rank && last.Mark.Frame + 1 == frame.Mark.Frame;
            if (!continues && !frame.IsKeyframe)
            {
                Faults.Add($"frame {frame.Mark} follows {last.Mark} without a keyframe");
            }
        }

        Frames.Add(frame);
    }

    private void Check(byte[] packet, in RtpHeader header, byte[] first, in RtpHeader firstHeader)
    {
        if (header.PayloadLength > 0 && header.Timestamp != firstHeader.Timestamp)
        {
            Faults.Add("a frame with two timestamps");
        }

        if (header.PayloadLength > 0)
        {
            var mark = PacketMark.Read(header.PayloadOf(packet)[BrowserTrack.Vp8MarkAt..]);
            var head = PacketMark.Read(firstHeader.PayloadOf(first)[BrowserTrack.Vp8MarkAt..]);
            if (mark with { Index = 0 } != head)
            {
                Faults.Add($"packet {mark} in frame {head}");
            }
        }
    }

    /// <summary>A complete keyframe behind a hole makes the hole unimportant.</summary>
    private void JumpToKeyframe()
    {
        foreach (var (number, (packet, header)) in _waiting)
        {
            if (Vp8PayloadDescriptor.TryRead(header.PayloadOf(packet), out var vp8) && vp8.StartsKeyframe && FrameFrom(number) is not null)
            {
                _next = number;
                _hasDecoded = true;
                foreach (var old in _waiting.Keys.Where(key => key < number).ToList())
                {
                    _waiting.Remove(old);
                }

                return;
            }
        }
    }

    private long? FrameFrom(long first)
    {
        for (var number = first; _waiting.TryGetValue(number, out var packet); number++)
        {
            if (packet.Header.Marker || packet.Header.PayloadLength == 0)
            {
                return number;
            }
        }

        return null;
    }
}
