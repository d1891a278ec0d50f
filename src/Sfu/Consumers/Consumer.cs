using System.Text;
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
public sealed partial class Consumer
{
    // As many as an encoding keeps packets, and some for padding of ours.
    private const int VideoHistory = 600;
    private const int AudioHistory = 200;

    // Share lost from which a packet that the receiver waits for, and a keyframe, is sent twice: a standstill is dearer than its bytes.
    private const double LossForTwice = 0.02;

    private static readonly TimeSpan FreezeLength = TimeSpan.FromMilliseconds(500);

    private readonly SfuTransport _transport;
    private readonly StreamRewriter _rewriter;
    private readonly SentHistory _history;
    private readonly Vp8Continuity _vp8 = new();
    private readonly TemporalFilter _temporal = new();
    private readonly bool _isInFeedback;
    private readonly PacketWriter _writer;
    private ProducerStream? _followed;
    private uint _packets;
    private uint _octets;
    private bool _lastEndedFrame;
    private TimeSpan? _heldSince;
    private bool _hasFlowed;
    private uint? _pictureTimestamp;
    private uint? _keyframeTimestamp;
    private long _keyframeNumber = long.MinValue; // Where the newest one begins on the line; none in sound.

    internal Consumer(SfuTransport transport, Producer producer, ConsumerOptions options, ushort firstNumber)
    {
        _transport = transport;
        Producer = producer;
        Options = options;
        IsPaused = options.IsPaused;
        PreferredRank = options.PreferredRank;
        _writer = new PacketWriter(transport, options, producer.Options.Codec);
        _isInFeedback = (options.Extensions ?? transport.Extensions).IdOf(RtpExtensionKind.TransportSequenceNumber) != 0;
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

    /// <summary>Bytes of payload sent, without what was sent again.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Pictures sent, at least in part.</summary>
    public long PicturesSent { get; private set; }

    /// <summary>Keyframes among <see cref="PicturesSent"/>.</summary>
    public long KeyframesSent { get; private set; }

    /// <summary>Width and height in pixels of what is being sent; zero when not known, and when nothing is sent.</summary>
    public (int Width, int Height) Size => Current?.Size ?? default;

    /// <summary>Times that nothing could be sent for more than 500 ms although the track was arriving: for want of a keyframe or
    /// of bandwidth. Its beginning, and the beginning after a pause, do not count.</summary>
    public int Freezes { get; private set; }

    /// <summary>Name of the encoding that is being sent; null when it has none, and when nothing is sent.</summary>
    public string? CurrentRid => Current?.Rid;

    /// <summary>Bits per second that leave.</summary>
    public long SentBps(TimeSpan now) => Rate.RateBps(now) ?? 0;

    internal SfuTransport Transport => _transport;

    /// <summary>Whether packets are lost by chance; what a full queue has no room for is not helped by more of a picture.</summary>
    private bool IsLossy(TimeSpan now) =>
        Math.Max(LossRatio, _transport.Estimator.LossRatio) >= LossForTwice && (IsAudio || !_transport.Estimator.IsQueueFull(now));

    internal bool IsAudio => Producer.Options.Codec.IsAudio();

    internal Rtc.Congestion.RateMeter Rate { get; } = new();

    internal ProducerStream? Current { get; private set; }

    internal ProducerStream? Target { get; private set; }

    internal LayerWish Wish { get; } = new();

    /// <summary>Whether packets of padding can go out on its line: it has begun, and its receiver reports on what arrives.</summary>
    internal bool CanCarryPadding => _followed is not null && _isInFeedback && !IsPaused && !IsAudio;

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
            _keyframeNumber = startsKeyframe && !IsAudio ? mapped : _keyframeNumber;
        }

        Freezes += _heldSince is { } since && now - since > FreezeLength ? 1 : 0;
        _heldSince = null;
        _hasFlowed = true;
        _history.Add(entry);
        _packets++;
        if (isLeftOut)
        {
            _writer.SendPadding(entry); // Late, of a layer that is left out now: its number is not to be waited for.
            return;
        }

        CountSent(entry.Timestamp, header.PayloadLength, isNewest: mapped > newestBefore, startsKeyframe);
        Rate.Add(packet.Length, now);
        _writer.Send(entry, packet, header, values);
        if (IsLossy(now) && (entry.CameLate || (!IsAudio && stream.IsOfKeyframe(header.Timestamp))))
        {
            _writer.Send(entry, packet, header, values);
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
    /// <returns>Bytes sent; 0 when this is no place for one: within a frame, or on a line that cannot carry it.</returns>
    internal int SendPadding(int probeCluster, TimeSpan now)
    {
        // A frame that was broken off is never gone on with: the next one is a keyframe.
        if (!CanCarryPadding || (Current is not null && !_lastEndedFrame))
        {
            return 0;
        }

        const int length = RtpHeader.FixedLength + 16 + PacketWriter.PaddingBytes;
        var entry = new SentEntry
        {
            Number = _rewriter.Insert(),
            Stream = _followed,
            IsPadding = true,
            Timestamp = _rewriter.LastTimestamp,
            SentAt = now,
            TransportNumber = _transport.CountSending(length, now, probeCluster),
        };
        _history.Add(entry);
        _packets++;
        _writer.SendPadding(entry);
        return length;
    }

    private void CountSent(uint timestamp, int payloadLength, bool isNewest, bool startsKeyframe)
    {
        _octets += (uint)payloadLength;
        BytesSent += payloadLength;
        if (IsAudio)
        {
            return;
        }

        if (isNewest && timestamp != _pictureTimestamp)
        {
            _pictureTimestamp = timestamp;
            PicturesSent++;
        }

        if (startsKeyframe && timestamp != _keyframeTimestamp)
        {
            _keyframeTimestamp = timestamp;
            KeyframesSent++;
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
}
