using System.Text;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Sfu.Codecs;
using Roomcast.Sfu.Layers;
using Roomcast.Sfu.Producers;
using Roomcast.Sfu.Routing;

namespace Roomcast.Sfu.Consumers;

/// <summary>A track that leaves to one peer: one encoding of a producer at a time, laid on one line.</summary>
/// <remarks>
/// Belongs to its router's loop; not thread-safe. Nothing is allocated per packet. What was written into a packet is
/// remembered, so that it can be sent again byte for byte (docs/protocols/webrtc.md says why it must be).
/// </remarks>
public sealed class Consumer
{
    // As many as an encoding keeps packets, and some for padding of ours.
    private const int VideoHistory = 600;
    private const int AudioHistory = 200;
    private const int MaxRepeats = 12;
    private const int MaxExtensionBytes = 96;
    private const int PaddingBytes = 224;

    // A sender report without blocks, and a name of up to 255 bytes with what is around it.
    private const int MaxReportBytes = 24 + 4 + 4 + 2 + 255 + 4;

    // Of a round trip. Some receivers take theirs for shorter than we do, and ask oftener for what they have long missed.
    private const double FirstRepeatDistance = 0.75;
    private const double RepeatDistance = 0.45;

    // Share lost from which a packet that the receiver waits for, and a keyframe, is sent twice: a standstill is dearer than its bytes.
    private const double LossForTwice = 0.02;

    private static readonly TimeSpan FreezeLength = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MinRepeatDistance = TimeSpan.FromMilliseconds(20);

    private readonly SfuTransport _transport;
    private readonly StreamRewriter _rewriter;
    private readonly SentHistory _history;
    private readonly Vp8Continuity _vp8 = new();
    private readonly TemporalFilter _temporal = new();
    private readonly RtpExtensionMap _extensions;
    private readonly bool _isInFeedback;
    private readonly byte[] _mid;
    private readonly byte[] _cname;
    private ProducerStream? _followed;
    private uint _packets;
    private uint _octets;
    private bool _lastEndedFrame;
    private uint _reportedNtp;
    private TimeSpan _reportedAt;
    private TimeSpan? _heldSince;
    private bool _hasFlowed;

    internal Consumer(SfuTransport transport, Producer producer, ConsumerOptions options, ushort firstNumber)
    {
        _transport = transport;
        Producer = producer;
        Options = options;
        IsPaused = options.IsPaused;
        PreferredRank = options.PreferredRank;
        _extensions = options.Extensions ?? transport.Extensions;
        _isInFeedback = _extensions.IdOf(RtpExtensionKind.TransportSequenceNumber) != 0;
        _mid = Encoding.ASCII.GetBytes(options.Mid);
        _cname = Encoding.UTF8.GetBytes(options.Cname);
        _rewriter = new StreamRewriter(producer.Options.Codec.ClockRateHz(), firstNumber);
        _history = new SentHistory(IsAudio ? AudioHistory : VideoHistory);
    }

    /// <summary>What it was made with.</summary>
    public ConsumerOptions Options { get; }

    /// <summary>Where its packets come from.</summary>
    public Producer Producer { get; }

    /// <summary>Whether its receiver does not want it for now.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Whether there is no bandwidth for even its worst encoding.</summary>
    public bool IsStarved { get; private set; }

    /// <summary>The encoding that is wanted; 0 is the best.</summary>
    public int PreferredRank { get; private set; }

    /// <summary>The encoding that is being forwarded; null while a keyframe is waited for, and when nothing is forwarded.</summary>
    public int? CurrentRank => Current?.Rank;

    /// <summary>The highest temporal layer that is sent, 0 to 3; 3 when none is left out.</summary>
    public int TemporalLimit => _temporal.Limit;

    /// <summary>Packets sent, without those that were sent again.</summary>
    public long PacketsSent => _packets;

    /// <summary>Packets sent again.</summary>
    public long PacketsRepeated { get; private set; }

    /// <summary>Share of packets that the receiver reported lost last, 0 to 1.</summary>
    public double LossRatio { get; private set; }

    /// <summary>Spread of the transit times, as the receiver reported it last.</summary>
    public TimeSpan Jitter { get; private set; }

    /// <summary>To the receiver and back, as its last report shows; null before one does.</summary>
    public TimeSpan? RoundTripTime { get; private set; }

    /// <summary>Times that nothing could be sent for more than 500 ms although the track was arriving: for want of a keyframe or
    /// of bandwidth. Its beginning, and the beginning after a pause, do not count.</summary>
    public int Freezes { get; private set; }

    /// <summary>Name of the encoding that is being sent; null when it has none, and when nothing is sent.</summary>
    public string? CurrentRid => Current?.Rid;

    /// <summary>Bits per second that leave.</summary>
    public long SentBps(TimeSpan now) => Rate.RateBps(now) ?? 0;

    internal SfuTransport Transport => _transport;

    private bool IsLossy => Math.Max(LossRatio, _transport.Estimator.LossRatio) >= LossForTwice;

    internal bool IsAudio => Producer.Options.Codec.IsAudio();

    internal Rtc.Congestion.RateMeter Rate { get; } = new();

    internal ProducerStream? Current { get; private set; }

    internal ProducerStream? Target { get; private set; }

    internal LayerWish Wish { get; } = new();

    /// <summary>Holds it back, or lets it through again, beginning with a keyframe.</summary>
    public void SetPaused(bool isPaused)
    {
        if (IsPaused != isPaused)
        {
            IsPaused = isPaused;
            Restart();
        }
    }

    /// <summary>Asks for another encoding. The change comes with its next keyframe.</summary>
    /// <param name="rank">0 is the best.</param>
    public void Prefer(int rank)
    {
        PreferredRank = Math.Max(0, rank);
        _transport.AllocateSoon();
    }

    /// <summary>Gives the current encoding up and waits for a keyframe of the one that is to be sent.</summary>
    internal void Restart()
    {
        SetCurrent(null);
        _heldSince = null;
        _hasFlowed = false;
        if (Target is { } target && !IsAudio)
        {
            target.Keyframes.Want();
            Producer.Transport.Wake(target);
        }

        _transport.AllocateSoon();
    }

    /// <summary>Takes over what the allocation has decided.</summary>
    /// <param name="target">The encoding; null when it does not fit, or none is being sent.</param>
    /// <param name="temporalLimit">The highest temporal layer of it that is to be sent.</param>
    /// <param name="isStarved">Whether it is for want of bandwidth that there is none.</param>
    internal void Aim(ProducerStream? target, int temporalLimit, bool isStarved)
    {
        IsStarved = isStarved;
        _temporal.Want(temporalLimit);
        if (target == Target && (target is null || Current is not null || target.Keyframes.IsWanted))
        {
            return;
        }

        Target = target;
        if (target is null)
        {
            SetCurrent(null);
        }
        else if (target != Current)
        {
            target.Keyframes.Want();
            Producer.Transport.Wake(target);
        }
    }

    /// <summary>Forgets a stream that has ended.</summary>
    internal void Forget(ProducerStream stream)
    {
        Target = Target == stream ? null : Target;
        if (Current == stream)
        {
            SetCurrent(null);
        }

        _transport.AllocateSoon();
    }

    /// <summary>Notes that the producer has another encoding.</summary>
    internal void OnStreamAdded() => _transport.AllocateSoon();

    /// <summary>Forwards a packet, if it is of the encoding that is being sent or begins the one that is to be.</summary>
    internal void OnPacket(
        ProducerStream stream,
        ReadOnlySpan<byte> packet,
        in RtpHeader header,
        in RtpExtensionValues values,
        long number,
        bool startsKeyframe,
        TimeSpan now)
    {
        if (IsPaused)
        {
            return;
        }

        var isSwitch = false;
        if (stream != Current)
        {
            if (header.PayloadLength == 0 || !(IsAudio || (stream == Target && startsKeyframe)))
            {
                _heldSince = Current is null && _hasFlowed ? _heldSince ?? now : null;
                return;
            }

            Target = stream;
            _rewriter.Switch(number, header.Timestamp, Align(stream, header.Timestamp), now);
            _followed = stream;
            SetCurrent(stream);
            _temporal.Restart();
            isSwitch = true;
        }

        if (header.PayloadLength == 0)
        {
            _rewriter.Drop(number); // The sender probes its own bandwidth; that is not for the receivers.
            return;
        }

        var isVp8 = Producer.Options.Codec is SfuCodec.Vp8 & Vp8PayloadDescriptor.TryRead(header.PayloadOf(packet), out var descriptor);
        var isLeftOut = isVp8 && !_temporal.Passes(descriptor, header.Timestamp);
        if (isLeftOut && number > _rewriter.HighestSource)
        {
            _rewriter.Drop(number);
            _vp8.Drop(descriptor);
            return;
        }

        var newestBefore = _rewriter.HighestOut;
        if (!_rewriter.TryMap(number, header.Timestamp, now, out var mapped))
        {
            return;
        }

        if (mapped <= newestBefore)
        {
            // Late. A number that was used already is not used for anything again, whatever comes.
            _history.Find(unchecked((ushort)mapped), _rewriter.HighestOut, out var isSent);
            if (isSent || newestBefore - mapped >= _history.Capacity)
            {
                return;
            }
        }

        var entry = new SentEntry
        {
            Number = mapped,
            Stream = stream,
            SourceNumber = number,
            IsPadding = isLeftOut,
            CameLate = mapped <= newestBefore,
            Timestamp = _rewriter.MapTimestamp(header.Timestamp),
            SentAt = now,
            TransportNumber = _isInFeedback ? _transport.CountSending(packet.Length, now) : default,
        };
        if (_isInFeedback)
        {
            _transport.NoteSent(entry.TransportNumber, this, unchecked((ushort)mapped));
        }

        if (isVp8 && !isLeftOut)
        {
            (entry.PictureId, entry.Tl0PictureIndex) = _vp8.Map(descriptor, isSwitch);
        }

        if (mapped > newestBefore)
        {
            _lastEndedFrame = header.Marker;
        }

        Freezes += _heldSince is { } since && now - since > FreezeLength ? 1 : 0;
        _heldSince = null;
        _hasFlowed = true;
        _history.Add(entry);
        _packets++;
        if (isLeftOut)
        {
            WritePadding(entry); // Late, of a layer that is left out now: its number is not to be waited for.
            return;
        }

        _octets += (uint)header.PayloadLength;
        Rate.Add(packet.Length, now);
        Send(entry, packet, header, values);
        if (IsLossy && (entry.CameLate || (!IsAudio && stream.IsOfKeyframe(header.Timestamp))))
        {
            Send(entry, packet, header, values);
        }
    }

    /// <summary>Sends a packet again, if it is still there and was not sent a moment ago.</summary>
    /// <param name="number">Its number, as the receiver names it.</param>
    /// <param name="roundTrip">To the receiver and back; null when not known.</param>
    /// <param name="now">Monotonic time.</param>
    internal void Repeat(ushort number, TimeSpan? roundTrip, TimeSpan now)
    {
        ref var entry = ref _history.Find(number, _rewriter.HighestOut, out var isFound);

        // A request that comes sooner than a round trip after the packet left was made before it could arrive: it was asked
        // for while it was still missing here, or asked for twice.
        var distance = (roundTrip ?? TimeSpan.Zero) * (entry.Repeats == 0 ? FirstRepeatDistance : RepeatDistance);
        distance = distance > MinRepeatDistance ? distance : MinRepeatDistance;
        if (!isFound || entry.Repeats >= MaxRepeats || now - entry.SentAt < distance)
        {
            return;
        }

        if (entry.IsPadding)
        {
            CountRepeating(entry, PaddingBytes, now);
            WritePadding(entry); // A receiver cannot know that it misses nothing.
        }
        else if (entry.Stream!.Cache.TryGet(entry.SourceNumber, out var packet) && RtpHeader.TryRead(packet, out var header))
        {
            CountRepeating(entry, packet.Length, now);
            var values = new RtpExtensionValues(packet, header, Producer.Transport.Extensions);
            Send(entry, packet, header, values);
            if (entry.Repeats > 0 || IsLossy)
            {
                Send(entry, packet, header, values);
            }
        }
        else
        {
            return;
        }

        entry.Repeats++;
        entry.SentAt = now;
        PacketsRepeated++;
    }

    /// <summary>Sends a packet again that is reported not to have arrived, before or although nobody asks for it.</summary>
    internal void RepeatUnasked(ushort number, TimeSpan now)
    {
        ref var entry = ref _history.Find(number, _rewriter.HighestOut, out var isFound);
        if (isFound && entry.Repeats == 0 && !entry.IsPadding && IsLossy)
        {
            Repeat(number, null, now);
        }
    }

    /// <summary>Asks for a keyframe of what is being sent or waited for.</summary>
    internal void WantKeyframe()
    {
        if ((Target ?? Current) is { } stream)
        {
            stream.Keyframes.Want();
            Producer.Transport.Wake(stream);
        }
    }

    /// <summary>Sends a packet without content, to find out what the path carries.</summary>
    /// <returns>Bytes sent; 0 when this is no place for one: within a frame, or nothing is being sent.</returns>
    internal int SendPadding(int probeCluster, TimeSpan now)
    {
        if (Current is null || IsPaused || IsAudio || !_isInFeedback || !_lastEndedFrame)
        {
            return 0;
        }

        const int length = RtpHeader.FixedLength + 16 + PaddingBytes;
        var entry = new SentEntry
        {
            Number = _rewriter.Insert(),
            Stream = Current,
            IsPadding = true,
            Timestamp = _rewriter.LastTimestamp,
            SentAt = now,
            TransportNumber = _transport.CountSending(length, now, probeCluster),
        };
        _history.Add(entry);
        _packets++;
        WritePadding(entry);
        return length;
    }

    /// <summary>Notes what the receiver says of it.</summary>
    internal void OnReport(in ReportBlock block, TimeSpan now)
    {
        LossRatio = block.FractionLost / 256.0;
        Jitter = TimeSpan.FromSeconds(Math.Min(60, block.Jitter / (double)Producer.Options.Codec.ClockRateHz()));
        if (block.LastSenderReport != 0 && block.LastSenderReport == _reportedNtp)
        {
            var kept = TimeSpan.FromSeconds(block.DelaySinceLastSenderReport / 65_536.0);
            var there = now - _reportedAt - kept;
            RoundTripTime = there > TimeSpan.Zero ? there : TimeSpan.Zero;
        }
    }

    /// <summary>Writes its sender report and name, as its producer's reports allow.</summary>
    /// <returns>False when there is no room for them.</returns>
    internal bool TryWriteReport(ref RtcpWriter writer, TimeSpan now)
    {
        if (Current is not { } stream || !stream.Clock.IsKnown)
        {
            return true;
        }

        if (writer.Room < MaxReportBytes)
        {
            return false;
        }

        // The producer's wall clock goes on to the receiver, so that sound and picture of one peer stay together.
        var elapsed = now - stream.LastReportAt;
        var ticks = (long)((Int128)elapsed.Ticks * Producer.Options.Codec.ClockRateHz() / TimeSpan.TicksPerSecond);
        var timestamp = _rewriter.MapTimestamp(unchecked(stream.LastReportTimestamp + (uint)ticks));
        var ntp = stream.LastReportNtp.Add(elapsed);
        SenderReport.TryWrite(ref writer, Options.Ssrc, ntp, timestamp, _packets, _octets, []);
        SourceDescription.TryWrite(ref writer, Options.Ssrc, _cname);
        _reportedNtp = ntp.Middle;
        _reportedAt = now;
        return true;
    }

    private void CountRepeating(in SentEntry entry, int bytes, TimeSpan now)
    {
        if (_isInFeedback)
        {
            // A receiver asks for what came late to us as for what was lost on its own way.
            _transport.Estimator.OnRepeating(entry.TransportNumber, bytes, wasLost: !entry.CameLate, now);
        }
    }

    private uint? Align(ProducerStream stream, uint timestamp)
    {
        if (_followed is null)
        {
            return null;
        }

        if (_followed == stream)
        {
            return _rewriter.MapTimestamp(timestamp); // The same source goes on by its own clock.
        }

        return stream.Clock.ToNtp(timestamp) is { } ntp && _followed.Clock.ToTimestamp(ntp) is { } there
            ? _rewriter.MapTimestamp(there)
            : null;
    }

    private void SetCurrent(ProducerStream? stream)
    {
        if (Current != stream)
        {
            Current = stream;
            _transport.OnLayerChanged(this);
        }
    }

    private RtpHeaderWriter Begin(Span<byte> room, bool marker, long number, uint timestamp, ushort transportNumber)
    {
        var map = _extensions;
        var writer = new RtpHeaderWriter(
            room, Options.PayloadType, marker, unchecked((ushort)number), timestamp, Options.Ssrc, map.NeedsTwoByteForm);
        writer.AddExtension(map.IdOf(RtpExtensionKind.Mid), _mid);
        writer.AddExtension(
            map.IdOf(RtpExtensionKind.TransportSequenceNumber), [(byte)(transportNumber >> 8), (byte)transportNumber]);
        return writer;
    }

    private void WritePadding(in SentEntry entry)
    {
        var room = _transport.Reserve(RtpHeader.FixedLength + MaxExtensionBytes + PaddingBytes);
        if (room.IsEmpty)
        {
            return;
        }

        var writer = Begin(room, marker: false, entry.Number, entry.Timestamp, entry.TransportNumber);
        var headerLength = writer.Finish();
        room[0] |= 0x20;
        room.Slice(headerLength, PaddingBytes).Clear();
        room[headerLength + PaddingBytes - 1] = PaddingBytes;
        _transport.Commit(room, headerLength + PaddingBytes);
    }

    /// <summary>Writes a packet and sends it. What is written follows from the arguments alone.</summary>
    private void Send(in SentEntry entry, ReadOnlySpan<byte> source, in RtpHeader header, in RtpExtensionValues values)
    {
        var room = _transport.Reserve(RtpHeader.FixedLength + MaxExtensionBytes + header.PayloadLength);
        if (room.IsEmpty)
        {
            return;
        }

        var map = _extensions;
        var writer = Begin(room, header.Marker, entry.Number, entry.Timestamp, entry.TransportNumber);
        if (values.TryGetAudioLevel(out var level, out var isVoice))
        {
            writer.AddExtension(map.IdOf(RtpExtensionKind.AudioLevel), [(byte)(level | (isVoice ? 0x80 : 0))]);
        }

        if (values.VideoOrientation is { } orientation)
        {
            writer.AddExtension(map.IdOf(RtpExtensionKind.VideoOrientation), [orientation]);
        }

        if (values.PlayoutDelay is { } delay)
        {
            writer.AddExtension(map.IdOf(RtpExtensionKind.PlayoutDelay), [(byte)(delay >> 16), (byte)(delay >> 8), (byte)delay]);
        }

        var headerLength = writer.Finish();
        var payload = header.PayloadOf(source);
        payload.CopyTo(room[headerLength..]);
        if (Producer.Options.Codec is SfuCodec.Vp8 && Vp8PayloadDescriptor.TryRead(payload, out var descriptor))
        {
            descriptor.Rewrite(room[headerLength..], entry.PictureId, entry.Tl0PictureIndex);
        }

        _transport.Commit(room, headerLength + payload.Length);
    }
}
