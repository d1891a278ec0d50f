using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Codecs;
using Roomcast.Sfu.Producers;

namespace Roomcast.Sfu.Routing;

/// <content>What arrives from the peer: packets of its producers, and what we ask and tell it about them.</content>
public sealed partial class SfuTransport
{
    private const int MaxRtcpBytes = 1180;
    private const int MaxNacksAtOnce = 64;
    private const int MaxBlocksAtOnce = 24;

    private readonly Dictionary<uint, ProducerStream> _streams = [];
    private readonly FeedbackRecorder _recorder = new();

    /// <summary>Adds a track that the peer is about to send.</summary>
    public Producer Produce(ProducerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var producer = new Producer(this, options);
        _producers.Add(producer);
        if (options.Ssrc is { } ssrc && options.Rids.Count == 0 && producer.AddStream(ssrc, default) is { } stream)
        {
            _streams[ssrc] = stream;
        }

        _router.OnProducerAdded(producer);
        AllocateSoon(); // Nothing is due while nothing arrives or leaves.
        return producer;
    }

    /// <summary>Ends a track. Its consumers are removed from their transports.</summary>
    public void Remove(Producer producer)
    {
        ArgumentNullException.ThrowIfNull(producer);
        if (!_producers.Remove(producer))
        {
            return;
        }

        while (producer.Consumers.Count > 0)
        {
            _router.RemoveConsumer(producer.Consumers[^1]);
        }

        foreach (var stream in producer.Streams)
        {
            _streams.Remove(stream.Ssrc);
        }

        _router.OnProducerRemoved(producer);
    }

    /// <summary>Takes an RTP packet of the peer and forwards it to whoever consumes its track.</summary>
    /// <param name="packet">The packet in the clear.</param>
    /// <param name="header">Its header.</param>
    /// <param name="now">Monotonic time.</param>
    public void HandleRtp(ReadOnlySpan<byte> packet, in RtpHeader header, TimeSpan now)
    {
        if (_isClosed)
        {
            return;
        }

        _received++;
        if (header.PayloadLength > _router.MaxPayloadBytes)
        {
            _tooLong++; // Not reported as arrived either: to the sender it is lost.
            return;
        }

        var values = new RtpExtensionValues(packet, header, Extensions);
        if (values.TransportSequenceNumber is { } transportNumber)
        {
            _recorder.OnPacket(transportNumber, header.Ssrc, now);
            if (_recorder.NextDeadline is { } report)
            {
                WakeAt(report);
            }
        }

        if (!_streams.TryGetValue(header.Ssrc, out var stream))
        {
            stream = Identify(header, values);
            if (stream is null)
            {
                _unknown++;
                return;
            }
        }

        var producer = stream.Producer;
        if (header.PayloadType != producer.Options.PayloadType)
        {
            _wrongPayloadType++;
            return;
        }

        var startsKeyframe = header.PayloadLength > 0 && producer.Options.Codec.StartsKeyframe(header.PayloadOf(packet));
        var number = stream.OnPacket(packet, header, startsKeyframe, now);
        if (NextRequestOf(stream, now) is { } due)
        {
            WakeAt(due);
        }

        if (producer.IsPaused)
        {
            return;
        }

        if (producer.Speaker is { } speaker && values.TryGetAudioLevel(out var level, out _))
        {
            speaker.OnLevel(level);
        }

        // The transport's map may have grown since the producer was made; see there.
        var forwarded = producer.Extensions.Count == Extensions.Count ? values : new RtpExtensionValues(packet, header, producer.Extensions);
        var consumers = producer.Consumers;
        for (var i = 0; i < consumers.Count; i++)
        {
            consumers[i].OnPacket(stream, packet, header, forwarded, number, startsKeyframe, now);
        }
    }

    /// <summary>Drops what is known of a stream that has been replaced.</summary>
    internal void Forget(ProducerStream stream)
    {
        _streams.Remove(stream.Ssrc);
        foreach (var consumer in stream.Producer.Consumers)
        {
            consumer.Forget(stream);
        }
    }

    /// <summary>Comes back for a stream whose requests have changed.</summary>
    internal void Wake(ProducerStream stream)
    {
        if (stream.NextDeadline is { } due)
        {
            WakeAt(due);
        }
    }

    /// <summary>Finds the producer of a source that is not known yet, among the peer's own and no others (RFC 9143 section 9.2).</summary>
    private ProducerStream? Identify(in RtpHeader header, in RtpExtensionValues values)
    {
        // A retransmission of an encoding names it so; none of our descriptions agrees to any.
        if (!values.RepairedRtpStreamId.IsEmpty)
        {
            return null;
        }

        foreach (var producer in _producers)
        {
            if (producer.MidBytes.Length == 0 || !values.Mid.SequenceEqual(producer.MidBytes))
            {
                continue;
            }

            if (header.PayloadType != producer.Options.PayloadType)
            {
                return null;
            }

            var stream = producer.AddStream(header.Ssrc, values.RtpStreamId);
            if (stream is null)
            {
                return null;
            }

            _streams[header.Ssrc] = stream;
            foreach (var consumer in producer.Consumers)
            {
                consumer.OnStreamAdded();
            }

            return stream;
        }

        return null;
    }

    private static TimeSpan? NextRequestOf(ProducerStream stream, TimeSpan now)
    {
        // A producer that is paused, or that nobody consumes, is not asked for anything.
        if (stream.Producer.IsPaused || stream.Producer.Consumers.Count == 0)
        {
            return null;
        }

        return stream.NextDeadline is not { } due ? null : due > now ? due : now;
    }

    /// <summary>Sends what is due of NACKs, keyframe requests and reports on packets, in one compound.</summary>
    private void SendRequests(TimeSpan now)
    {
        if (_producers.Count == 0 && _recorder.NextDeadline is null)
        {
            return;
        }

        var room = _sink.Reserve(MaxRtcpBytes);
        if (room.IsEmpty)
        {
            return;
        }

        var writer = new RtcpWriter(room[..MaxRtcpBytes]);
        Span<ushort> numbers = stackalloc ushort[MaxNacksAtOnce];
        foreach (var producer in _producers)
        {
            if (producer.IsPaused || producer.Consumers.Count == 0)
            {
                continue;
            }

            foreach (var stream in producer.Streams)
            {
                var count = stream.Missing.TakeDue(now, numbers);
                if (count > 0)
                {
                    _nacksSent += Nack.Write(ref writer, _reportSsrc, stream.Ssrc, numbers[..count]);
                }

                if (stream.Missing.TakeIsHopeless() && !producer.Options.Codec.IsAudio())
                {
                    stream.Keyframes.Want();
                }

                if (stream.Keyframes.TryTakeDue(now, stream.Missing.IsLossy)
                    && new PictureLossIndication(_reportSsrc, stream.Ssrc).TryWrite(ref writer))
                {
                    _keyframeRequestsSent++;
                    producer.KeyframesAsked++;
                }
            }
        }

        while (_recorder.TryReport(ref writer, _reportSsrc, now))
        {
        }

        if (writer.Length > 0)
        {
            _sink.Commit(room, writer.Length, isRtcp: true);
        }
    }

    private void WriteReceiverReports(ref RtcpWriter writer, TimeSpan now)
    {
        Span<ReportBlock> blocks = stackalloc ReportBlock[MaxBlocksAtOnce];
        var count = 0;
        foreach (var producer in _producers)
        {
            foreach (var stream in producer.Streams)
            {
                if (count < MaxBlocksAtOnce && stream.Statistics.Received > 0)
                {
                    blocks[count++] = stream.Statistics.Report(now);
                }
            }
        }

        if (count > 0)
        {
            ReceiverReport.TryWrite(ref writer, _reportSsrc, blocks[..count]);
        }
    }
}
