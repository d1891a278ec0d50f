using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Producers;
using Roomcast.Sfu.Routing;

namespace Roomcast.Sfu.Tests.Routing;

public sealed class RouterTests
{
    private readonly TestSession _session = new();
    private readonly TestEncoding _full = new(1, "f", "3", packetsPerFrame: 4, packetBytes: 1_000);
    private readonly TestEncoding _half = new(2, "h", "3", packetsPerFrame: 2, packetBytes: 800);
    private readonly TestEncoding _quarter = new(3, "q", "3", packetsPerFrame: 1, packetBytes: 500);
    private readonly TestPeer _publisher;
    private readonly SfuTransport _from;
    private readonly TestPeer _viewer;
    private readonly SfuTransport _to;
    private readonly HashSet<uint> _answered = [];
    private int _asked;

    public RouterTests()
    {
        (_publisher, _from) = _session.Join();
        (_viewer, _to) = _session.Join();
    }

    [Fact]
    public void A_consumer_begins_with_a_keyframe_that_is_asked_for()
    {
        var consumer = Watch();
        Play(3, answersRequests: false);
        Assert.Empty(_viewer.Rtp);
        Assert.Contains(_full.Ssrc, _publisher.KeyframesAsked());

        Play(3, answersRequests: true);

        Assert.Equal(0, consumer.CurrentRank);
        var (header, vp8, mid) = TestSession.Read(_viewer.Rtp[0]);
        Assert.True(vp8.StartsKeyframe);
        Assert.Equal((9_000u, 120, "7"), (header.Ssrc, header.PayloadType, mid));
        Assert.True(header.SequenceNumber < 1 << 15);
        AssertContinuous();
        Assert.Contains(Events(), happened => happened == new SfuEvent(SfuEventKind.LayerChanged, consumer, 0));
    }

    [Fact]
    public void A_switch_happens_at_a_keyframe_and_cannot_be_seen_in_any_count()
    {
        var consumer = Watch();
        Play(30);
        foreach (var rank in new[] { 2, 1, 0, 2, 0 })
        {
            var before = _viewer.Rtp.Count;
            consumer.Prefer(rank);
            Play(3, answersRequests: false);
            Assert.True(_viewer.Rtp.Count > before); // The old encoding goes on until the keyframe of the new one.
            Play(30);

            Assert.Equal(rank, consumer.CurrentRank);
        }

        AssertContinuous();
        Assert.True(_viewer.Rtp.Count > 200);
    }

    [Fact]
    public void Sender_reports_keep_the_timestamps_of_encodings_in_step()
    {
        var consumer = Watch();
        var ntp = new NtpTime(0x1000_0000_0000_0000);
        Play(10);
        foreach (var encoding in new[] { _full, _half, _quarter })
        {
            _from.HandleRtcp(encoding.Report(ntp), _session.Now);
        }

        Play(10);
        var lastOfFull = TestSession.Read(_viewer.Rtp[^1]).Header;
        consumer.Prefer(1);
        Play(10);

        // Frames are 3,000 ticks apart in every encoding, hence on the line, too; but the frame of the switch shows the same
        // moment as the one before it.
        var timestamps = _viewer.Rtp.Select(packet => TestSession.Read(packet).Header.Timestamp).Distinct().ToList();
        Assert.Equal(1, consumer.CurrentRank);
        Assert.True(timestamps[^1] > lastOfFull.Timestamp);
        var steps = timestamps.Zip(timestamps.Skip(1), (before, after) => after - before).ToList();
        Assert.Single(steps, 1u);
        Assert.All(steps, step => Assert.True(step is 1 or 3_000, $"{step}"));

        // And the receiver is told the producer's own time.
        _session.Run(1_100);
        Assert.True(TryFindReport(_viewer, 9_000, out var reportedNtp, out var reportedTimestamp));
        Assert.InRange(reportedNtp.Since(ntp).TotalSeconds, 0.5, 3);
        Assert.InRange(unchecked((int)(reportedTimestamp - timestamps[^1])) / 90_000.0, 0, 1.3);
    }

    [Fact]
    public void A_repeated_packet_is_the_same_to_the_last_byte()
    {
        Watch();
        Play(30);
        var original = _viewer.Rtp[20];
        var number = TestSession.Read(original).Header.SequenceNumber;
        var count = _viewer.Rtp.Count;

        _to.HandleRtcp(TestSession.NackOf(9_000, number), _session.Now);
        Assert.Equal(count + 1, _viewer.Rtp.Count);
        Assert.Equal(original, _viewer.Rtp[^1]);

        // Not again before a round trip has passed; not for a stranger's source; not what was never sent.
        _to.HandleRtcp(TestSession.NackOf(9_000, number), _session.Now);
        _to.HandleRtcp(TestSession.NackOf(9_001, number), _session.Now);
        _to.HandleRtcp(TestSession.NackOf(9_000, (ushort)(number + 20_000)), _session.Now);
        Assert.Equal(count + 1, _viewer.Rtp.Count);
        _session.Run(200);
        _to.HandleRtcp(TestSession.NackOf(9_000, number), _session.Now);
        Assert.Equal(original, _viewer.Rtp[^1]);
        Assert.Equal(2, _to.Counters.Nacked - 2);
    }

    [Fact]
    public void What_is_lost_on_the_way_in_is_asked_for_and_finds_its_place()
    {
        Watch();
        Play(10);
        var frame = _full.Frame(isKeyframe: false);
        _session.Receive(_from, frame[0]);
        _session.Receive(_from, frame[3]);
        var before = _viewer.Rtp.Count;
        _session.Run(30);

        var lost = frame[1..3].Select(packet => (_full.Ssrc, TestSession.Read(packet).Header.SequenceNumber)).ToList();
        Assert.Equal(lost, _publisher.Nacked().Distinct());
        _session.Receive(_from, frame[2]);
        _session.Receive(_from, frame[1]);
        Assert.Equal(before + 2, _viewer.Rtp.Count);
        AssertContinuous();
    }

    [Fact]
    public void Padding_of_the_sender_leaves_no_gap()
    {
        Watch();
        Play(10);
        for (var i = 0; i < 5; i++)
        {
            _session.Receive(_from, _full.Padding());
            Play(2);
        }

        AssertContinuous();
        Assert.All(_viewer.Rtp, packet => Assert.True(TestSession.Read(packet).Header.PayloadLength > 0));
    }

    [Fact]
    public void Many_receivers_that_lose_the_picture_cost_the_sender_one_keyframe()
    {
        var producer = _from.Produce(TestSession.Camera());
        var transports = new List<SfuTransport>();
        for (var i = 0; i < 20; i++)
        {
            var (_, transport) = _session.Join();
            transport.Consume(producer, TestSession.Watching());
            transports.Add(transport);
        }

        Play(60);
        _publisher.Rtcp.Clear();
        foreach (var transport in transports)
        {
            transport.HandleRtcp(TestSession.PliOf(9_000), _session.Now);
        }

        _session.Run(250);

        Assert.Single(_publisher.KeyframesAsked());
    }

    [Fact]
    public void A_peer_cannot_speak_for_another_peer_s_producer()
    {
        Watch();
        Play(10);
        var count = _viewer.Rtp.Count;
        var (_, stranger) = _session.Join();
        foreach (var packet in _full.Frame(isKeyframe: true))
        {
            _session.Receive(stranger, packet);
        }

        Assert.Equal(count, _viewer.Rtp.Count);
        Assert.Equal(4, stranger.Counters.Unknown);
    }

    [Fact]
    public void Foreign_sources_rids_and_payload_types_get_nowhere()
    {
        Watch();
        Play(10);
        var count = _viewer.Rtp.Count;
        _session.Receive(_from, new TestEncoding(50, "f", "9", 1, 100).Frame(true)[0]); // No such section.
        _session.Receive(_from, new TestEncoding(51, "x", "3", 1, 100).Frame(true)[0]); // No such encoding.
        _session.Receive(_from, new TestEncoding(52, null, "3", 1, 100).Frame(true)[0]); // No encoding at all.
        var other = _full.Frame(isKeyframe: false)[0];
        other[1] = 97;
        _session.Receive(_from, other);

        Assert.Equal(count, _viewer.Rtp.Count);
        Assert.Equal(3, _from.Counters.Unknown);
        Assert.Equal(1, _from.Counters.WrongPayloadType);
    }

    [Fact]
    public void A_paused_producer_or_consumer_sends_nothing_and_begins_again_with_a_keyframe()
    {
        var consumer = Watch();
        Play(20);
        consumer.SetPaused(true);
        var count = _viewer.Rtp.Count;
        Play(10);
        Assert.Equal(count, _viewer.Rtp.Count);
        consumer.SetPaused(false);
        Play(20);
        Assert.True(TestSession.Read(_viewer.Rtp[count]).Vp8.StartsKeyframe);

        consumer.Producer.SetPaused(true);
        count = _viewer.Rtp.Count;
        Play(10);
        Assert.Equal(count, _viewer.Rtp.Count);
        consumer.Producer.SetPaused(false);
        Play(20);

        Assert.True(TestSession.Read(_viewer.Rtp[count]).Vp8.StartsKeyframe);
        AssertContinuous();
    }

    [Fact]
    public void An_encoding_that_stops_is_replaced_by_the_next()
    {
        var consumer = Watch();
        Play(20);
        Assert.Equal(0, consumer.CurrentRank);
        Play(120, withFull: false);

        Assert.Equal(1, consumer.CurrentRank);
        AssertContinuous();
        Play(60);
        Assert.Equal(0, consumer.CurrentRank);
        AssertContinuous();
    }

    [Fact]
    public void With_little_bandwidth_the_picture_falls_then_pauses_and_sound_goes_on()
    {
        var consumer = Watch();
        var microphone = _from.Produce(TestSession.Microphone());
        var sound = _to.Consume(microphone, new ConsumerOptions { Id = "sound", Ssrc = 8_000, PayloadType = 111, Mid = "6" });
        Play(40);
        Assert.Equal(0, consumer.CurrentRank);
        ushort number = 0;

        Estimate(300_000);
        Play(40, each: Speak);
        Assert.Equal(2, consumer.CurrentRank);
        Estimate(90_000);
        Play(40, each: Speak);
        Assert.True(consumer.IsStarved);
        Assert.Null(consumer.CurrentRank);
        Estimate(20_000_000);
        Play(60, each: Speak);
        Assert.Equal(0, consumer.CurrentRank);

        Assert.Equal(number, sound.PacketsSent);
        AssertContinuous();

        void Estimate(long bitrateBps) => _to.HandleRtcp(
            TestSession.Compound(buffer =>
            {
                var writer = new RtcpWriter(buffer);
                new ReceiverEstimatedMaxBitrate(1, bitrateBps).TryWrite(ref writer, []);
                return writer.Length;
            }),
            _session.Now);

        void Speak()
        {
            var buffer = new byte[200];
            var writer = new RtpHeaderWriter(buffer, TestSession.Opus, false, number, number * 960u, 70);
            writer.AddExtension(4, "2"u8);
            writer.AddExtension(1, [0x80 | 20]);
            _session.Receive(_from, buffer[..(writer.Finish() + 100)]);
            number++;
        }
    }

    [Fact]
    public void Audio_levels_reach_the_receiver_and_the_choice_of_the_speaker()
    {
        var microphone = _from.Produce(TestSession.Microphone());
        _to.Consume(microphone, new ConsumerOptions { Id = "sound", Ssrc = 8_000, PayloadType = 109, Mid = "6" });
        for (ushort i = 0; i < 100; i++)
        {
            var buffer = new byte[200];
            var writer = new RtpHeaderWriter(buffer, TestSession.Opus, false, i, i * 960u, 70);
            writer.AddExtension(4, "2"u8);
            writer.AddExtension(1, [0x80 | 20]);
            _session.Receive(_from, buffer[..(writer.Finish() + 100)]);
            _session.Run(20);
        }

        Assert.Equal("microphone", _session.Router.Speakers.Active!.Name);
        Assert.Contains(Events(), happened => happened.Kind is SfuEventKind.SpeakersChanged);
        Assert.Equal(100, _viewer.Rtp.Count);
        Assert.True(RtpHeader.TryRead(_viewer.Rtp[0], out var header));
        Assert.Equal(109, header.PayloadType);
        var values = new RtpExtensionValues(_viewer.Rtp[0], header, TestSession.Extensions());
        Assert.True(values.TryGetAudioLevel(out var level, out var isVoice));
        Assert.Equal((20, true), (level, isVoice));
        AssertContinuous();

        _from.Remove(microphone);
        Assert.Empty(_session.Router.Speakers.Order);
        Assert.Contains(Events(), happened => happened.Kind is SfuEventKind.SpeakersChanged);
    }

    [Fact]
    public void A_packet_sent_again_is_the_same_though_more_extensions_were_agreed_since()
    {
        // Packets have three extensions all the time, which either side agrees to only after the first two packets.
        var agreedFrom = Agreed();
        var agreedTo = Agreed();
        var from = _session.Router.AddTransport(_publisher, new SfuTransportOptions { Extensions = agreedFrom }, _session.Now);
        var to = _session.Router.AddTransport(_viewer, new SfuTransportOptions { Extensions = agreedTo }, _session.Now);
        to.Consume(from.Produce(TestSession.Microphone()), new ConsumerOptions { Id = "sound", Ssrc = 8_000, PayloadType = 109, Mid = "6" });
        SendSound(0);
        SendSound(1);
        foreach (var map in new[] { agreedFrom, agreedTo })
        {
            Assert.True(map.TryAdd(1, RtpExtensionKind.AudioLevel));
            Assert.True(map.TryAdd(13, RtpExtensionKind.VideoOrientation));
            Assert.True(map.TryAdd(20, RtpExtensionKind.PlayoutDelay));
        }

        SendSound(2);
        _session.Run(100);
        var sent = _viewer.Rtp.ToList();
        _viewer.Rtp.Clear();
        to.HandleRtcp(TestSession.NackOf(8_000, [.. sent.Select(packet => TestSession.Read(packet).Header.SequenceNumber)]), _session.Now);

        Assert.Equal(3, sent.Count);
        Assert.Equal(sent, _viewer.Rtp);

        // A producer and a consumer made since then go by what was agreed by then.
        var second = from.Produce(TestSession.Microphone("second", "3"));
        to.Consume(second, new ConsumerOptions { Id = "second", Ssrc = 8_001, PayloadType = 109, Mid = "7" });
        _viewer.Rtp.Clear();
        SendSound(3, ssrc: 71, mid: "3");
        RtpHeader.TryRead(_viewer.Rtp.Single(), out var header);
        Assert.True(new RtpExtensionValues(_viewer.Rtp[0], header, agreedTo).TryGetAudioLevel(out _, out _));

        static RtpExtensionMap Agreed()
        {
            var map = new RtpExtensionMap();
            map.TryAdd(4, RtpExtensionKind.Mid);
            map.TryAdd(3, RtpExtensionKind.TransportSequenceNumber);
            return map;
        }

        void SendSound(ushort number, uint ssrc = 70, string mid = "2")
        {
            var buffer = new byte[200];
            var writer = new RtpHeaderWriter(buffer, TestSession.Opus, false, number, number * 960u, ssrc, useTwoByteExtensions: true);
            writer.AddExtension(4, System.Text.Encoding.ASCII.GetBytes(mid));
            writer.AddExtension(1, [0x80 | 20]);
            writer.AddExtension(13, [1]);
            writer.AddExtension(20, [1, 2, 3]);
            _session.Receive(from, buffer[..(writer.Finish() + 100)]);
        }
    }

    [Fact]
    public void A_producer_that_ends_takes_its_consumers_along()
    {
        var consumer = Watch();
        Play(10);
        _from.Remove(consumer.Producer);

        Assert.Empty(_to.Consumers);
        Assert.Empty(_from.Producers);
        Assert.Contains(Events(), happened => happened == new SfuEvent(SfuEventKind.ConsumerRemoved, consumer));
        Play(5);
        _session.Router.Remove(_from);
        _session.Router.Remove(_to);
        Assert.Empty(_session.Router.Transports);
    }

    [Fact]
    public void A_sink_without_room_loses_packets_and_is_counted()
    {
        Watch();
        Play(20);
        _viewer.IsFull = true;
        Play(5);
        _viewer.IsFull = false;
        Play(5);

        Assert.True(_to.Counters.NoRoom > 0);
        var gaps = Numbers().Zip(Numbers().Skip(1)).Count(pair => (ushort)(pair.Second - pair.First) > 1);
        Assert.Equal(1, gaps);
    }

    [Fact]
    public void A_payload_that_no_sink_has_room_for_is_dropped_as_if_it_were_lost()
    {
        Watch();
        const int longest = TestPeer.MaxPacketBytes - Router.MaxHeaderBytes;
        var encoding = new TestEncoding(9, "f", "3", packetsPerFrame: 1, packetBytes: 500);
        _session.Receive(_from, encoding.Frame(isKeyframe: true)[0]);
        _session.Run(150);
        for (encoding.PacketBytes = longest - 10; encoding.PacketBytes <= longest + 10; encoding.PacketBytes++)
        {
            _publisher.Rtcp.Clear();
            _session.Receive(_from, encoding.Frame(isKeyframe: true)[0]);
            _session.Run(150);
            Assert.Equal(encoding.PacketBytes <= longest, IsReportedArrived());
        }

        Assert.Equal(10, _from.Counters.TooLong);
        Assert.Equal(
            Enumerable.Range(longest - 10, 11),
            _viewer.Rtp.Select(packet => TestSession.Read(packet).Header.PayloadLength).Where(length => length > 500));

        bool IsReportedArrived() => _publisher.Rtcp.Exists(compound =>
        {
            var reader = new RtcpReader(compound);
            while (reader.TryRead(out var packet))
            {
                if (TransportFeedback.TryRead(packet, out var feedback) && feedback.TryReadPacket(out _, out var arrival) && arrival is not null)
                {
                    return true;
                }
            }

            return false;
        });
    }

    [Fact]
    public void Reports_on_what_arrives_go_back_to_the_sender()
    {
        Watch();
        Play(60);
        var hasReport = false;
        var hasFeedback = false;
        foreach (var compound in _publisher.Rtcp)
        {
            var reader = new RtcpReader(compound);
            while (reader.TryRead(out var packet))
            {
                hasReport |= ReceiverReport.TryRead(packet, out var report) && report.Blocks.Count == 3 && report.Blocks[0].FractionLost == 0;
                hasFeedback |= TransportFeedback.TryRead(packet, out var feedback) && IsSource(feedback.MediaSsrc);
            }

            Assert.False(reader.IsMalformed);
        }

        Assert.True(hasReport);
        Assert.True(hasFeedback);

        // Browsers heed no other.
        bool IsSource(uint ssrc) => _from.Producers.Any(producer => producer.Streams.Any(stream => stream.Ssrc == ssrc));
    }

    [Fact]
    public void A_new_source_for_an_encoding_takes_the_place_of_the_old()
    {
        var consumer = Watch();
        Play(20);
        var reborn = new TestEncoding(77, "f", "3", 4, 1_000);
        _session.Receive(_from, reborn.Frame(true)[0]);
        _session.Settle();
        foreach (var packet in reborn.Frame(true))
        {
            _session.Receive(_from, packet);
        }

        Assert.Equal(3, consumer.Producer.StreamCount);
        Assert.Equal(0, consumer.CurrentRank);
        AssertContinuous();
    }

    private Consumer Watch() => _to.Consume(_from.Produce(TestSession.Camera()), TestSession.Watching());

    /// <summary>Sends frames of all encodings at 30 a second, with keyframes where they are asked for.</summary>
    private void Play(int frames, bool answersRequests = true, bool withFull = true, Action? each = null)
    {
        for (var i = 0; i < frames; i++)
        {
            var asked = _publisher.KeyframesAsked();
            foreach (var ssrc in asked.Skip(_asked))
            {
                _answered.Add(ssrc);
            }

            _asked = asked.Count;
            foreach (var encoding in new[] { _full, _half, _quarter })
            {
                if (encoding == _full && !withFull)
                {
                    continue;
                }

                foreach (var packet in encoding.Frame(answersRequests && _answered.Remove(encoding.Ssrc)))
                {
                    _session.Receive(_from, packet);
                }
            }

            each?.Invoke();
            _session.Run(33);
        }
    }

    private List<SfuEvent> Events()
    {
        var events = new List<SfuEvent>();
        while (_session.Router.TryTakeEvent(out var happened))
        {
            events.Add(happened);
        }

        return events;
    }

    private List<ushort> Numbers() => [.. _viewer.Rtp.Select(packet => TestSession.Read(packet).Header.SequenceNumber)];

    /// <summary>Sequence numbers without gap or repeat, picture ids without a jump, timestamps that rise.</summary>
    private void AssertContinuous()
    {
        foreach (var source in _viewer.Rtp.Select(TestSession.Read).GroupBy(packet => packet.Header.Ssrc))
        {
            var packets = source.OrderBy(packet => packet.Header.SequenceNumber).ToList();
            foreach (var (before, after) in packets.Zip(packets.Skip(1)))
            {
                Assert.Equal((ushort)(before.Header.SequenceNumber + 1), after.Header.SequenceNumber);
                Assert.True(unchecked((int)(after.Header.Timestamp - before.Header.Timestamp)) >= 0);
                if (after.Vp8.PictureIdAt != 0 && before.Header.PayloadLength > 0 && after.Header.PayloadLength > 0)
                {
                    var step = after.Header.Timestamp == before.Header.Timestamp ? 0 : 1;
                    Assert.Equal((before.Vp8.PictureId + step) & 0x7FFF, after.Vp8.PictureId);
                    Assert.Equal((byte)(before.Vp8.Tl0PictureIndex + step), after.Vp8.Tl0PictureIndex);
                    Assert.Equal(step == 1, before.Header.Marker);
                }
            }
        }
    }

    private static bool TryFindReport(TestPeer peer, uint ssrc, out NtpTime ntp, out uint timestamp)
    {
        foreach (var compound in Enumerable.Reverse(peer.Rtcp))
        {
            var reader = new RtcpReader(compound);
            while (reader.TryRead(out var packet))
            {
                if (SenderReport.TryRead(packet, out var report) && report.Ssrc == ssrc)
                {
                    (ntp, timestamp) = (report.Ntp, report.RtpTimestamp);
                    return true;
                }
            }
        }

        (ntp, timestamp) = (default, 0);
        return false;
    }
}
