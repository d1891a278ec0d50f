using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Producers;

namespace Roomcast.Sfu.Routing;

/// <content>What leaves to the peer: packets of its consumers, and what it says of them.</content>
public sealed partial class SfuTransport
{
    private static readonly TimeSpan AllocationInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ProbeStep = TimeSpan.FromMilliseconds(2);

    private readonly Dictionary<uint, Consumer> _consumersBySsrc = [];
    private readonly LeavingPackets _leaving = new();
    private readonly BandwidthSharing _sharing;
    private TimeSpan _allocateAt;

    /// <summary>Adds a track that is to leave to the peer.</summary>
    /// <exception cref="ArgumentException">The source is in use on this transport.</exception>
    public Consumer Consume(Producer producer, ConsumerOptions options)
    {
        ArgumentNullException.ThrowIfNull(producer);
        ArgumentNullException.ThrowIfNull(options);
        var consumer = new Consumer(this, producer, options, Router.FirstNumber());
        if (!_consumersBySsrc.TryAdd(options.Ssrc, consumer))
        {
            throw new ArgumentException($"Source {options.Ssrc} is in use on this transport.", nameof(options));
        }

        _consumers.Add(consumer);
        producer.Consumers.Add(consumer);
        AllocateSoon();
        return consumer;
    }

    /// <summary>Ends a track that leaves.</summary>
    public void Remove(Consumer consumer)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        if (_consumers.Remove(consumer))
        {
            _consumersBySsrc.Remove(consumer.Options.Ssrc);
            _leaving.Forget(consumer);
            consumer.Producer.Consumers.Remove(consumer);
            AllocateSoon();
        }
    }

    /// <summary>Takes an RTCP compound of the peer: reports on what it sends, and what it says of what it receives.</summary>
    /// <param name="compound">The compound in the clear.</param>
    /// <param name="now">Monotonic time.</param>
    public void HandleRtcp(ReadOnlySpan<byte> compound, TimeSpan now)
    {
        if (_isClosed)
        {
            return;
        }

        var reader = new RtcpReader(compound);
        while (reader.TryRead(out var packet))
        {
            if (SenderReport.TryRead(packet, out var sender))
            {
                if (_streams.TryGetValue(sender.Ssrc, out var stream))
                {
                    stream.OnSenderReport(sender.Ntp, sender.RtpTimestamp, now);
                }

                HandleBlocks(sender.Blocks, now);
            }
            else if (ReceiverReport.TryRead(packet, out var receiver))
            {
                HandleBlocks(receiver.Blocks, now);
            }
            else if (Nack.TryRead(packet, out var nack))
            {
                HandleNack(nack, now);
            }
            else if (TransportFeedback.TryRead(packet, out var feedback))
            {
                Estimator.OnFeedback(feedback, now);
                RepeatLost(feedback, now);
                if (Estimator.IsOverused)
                {
                    AllocateSoon();
                }
            }
            else if (PictureLossIndication.TryRead(packet, out var loss))
            {
                WantKeyframe(loss.MediaSsrc, isFullIntra: false);
            }
            else if (FullIntraRequest.TryRead(packet, out var intra))
            {
                for (var i = 0; i < intra.Count; i++)
                {
                    WantKeyframe(intra[i].Ssrc, isFullIntra: true);
                }
            }
            else if (ReceiverEstimatedMaxBitrate.TryRead(packet, out var estimate))
            {
                _sharing.ReceiverEstimateBps = estimate.BitrateBps;
                Estimator.OnReceiverEstimate(estimate.BitrateBps);
                AllocateSoon();
            }
        }

        _malformedRtcp += reader.IsMalformed ? 1 : 0;
    }

    /// <summary>Divides the bandwidth anew at the next deadline, which is now.</summary>
    internal void AllocateSoon()
    {
        _allocateAt = TimeSpan.Zero;
        NextDeadline = TimeSpan.Zero;
    }

    /// <summary>Lets all that leaves begin anew, with keyframes: what was sent so far did not get through.</summary>
    public void Restart()
    {
        foreach (var consumer in _consumers)
        {
            consumer.Restart();
        }
    }

    internal void OnLayerChanged(Consumer consumer) => _router.OnLayerChanged(consumer);

    internal Span<byte> Reserve(int length)
    {
        var room = _sink.Reserve(length);
        _noRoom += room.IsEmpty ? 1 : 0;
        return room;
    }

    internal void Commit(Span<byte> room, int length)
    {
        _sent++;
        _sink.Commit(room, length, isRtcp: false);
    }

    internal ushort CountSending(int bytes, TimeSpan now, int probeCluster = 0) =>
        Estimator.OnSending(bytes, now, probeCluster);

    /// <summary>Remembers which packet left under a transport-wide number.</summary>
    internal void NoteSent(ushort transportNumber, Consumer consumer, ushort number) => _leaving.Add(transportNumber, consumer, number);

    /// <summary>Repeats what a report says is lost: the request for it may be lost as well.</summary>
    private void RepeatLost(TransportFeedback feedback, TimeSpan now)
    {
        while (feedback.TryReadPacket(out var number, out var arrival))
        {
            if (arrival is null && _leaving.Find(number, out var own) is { } consumer)
            {
                consumer.RepeatUnasked(own, now);
            }
        }
    }

    private void HandleBlocks(ReportBlocks blocks, TimeSpan now)
    {
        for (var i = 0; i < blocks.Count; i++)
        {
            var block = blocks[i];
            if (_consumersBySsrc.TryGetValue(block.Ssrc, out var consumer))
            {
                consumer.OnReport(block, now);
            }
        }
    }

    private void HandleNack(Nack nack, TimeSpan now)
    {
        if (!_consumersBySsrc.TryGetValue(nack.MediaSsrc, out var consumer))
        {
            return;
        }

        TimeSpan? roundTrip = Estimator.AcknowledgedBps is null ? null : Estimator.RoundTripTime;
        while (nack.TryReadNumber(out var number))
        {
            _nacked++;
            consumer.Repeat(number, roundTrip, now);
        }
    }

    private void WantKeyframe(uint ssrc, bool isFullIntra)
    {
        if (_consumersBySsrc.TryGetValue(ssrc, out var consumer))
        {
            _keyframesWanted++;
            consumer.OnKeyframeRequest(isFullIntra);
        }
    }

    private void SendReports(TimeSpan now)
    {
        var room = _sink.Reserve(MaxRtcpBytes);
        if (room.IsEmpty)
        {
            return;
        }

        var writer = new RtcpWriter(room[..MaxRtcpBytes]);
        WriteReceiverReports(ref writer, now);
        foreach (var consumer in _consumers)
        {
            if (consumer.TryWriteReport(ref writer, now))
            {
                continue;
            }

            // A receiver needs the report of each track: without it sound and picture are not brought together.
            _sink.Commit(room, writer.Length, isRtcp: true);
            room = _sink.Reserve(MaxRtcpBytes);
            if (room.IsEmpty)
            {
                return;
            }

            writer = new RtcpWriter(room[..MaxRtcpBytes]);
            consumer.TryWriteReport(ref writer, now);
        }

        if (writer.Length > 0)
        {
            _sink.Commit(room, writer.Length, isRtcp: true);
        }
    }
}
