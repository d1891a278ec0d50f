using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Routing;

namespace Roomcast.Sfu.Tests.Routing;

/// <summary>Tests that count what a thread allocates. When tests beside them make the garbage collector run, what is left of the thread's
/// piece of the heap, up to 8 KB, can be counted too.</summary>
[CollectionDefinition(nameof(FanOutAllocationTests), DisableParallelization = true)]
public sealed class AllocationCollection;

[Collection(nameof(FanOutAllocationTests))]
public sealed class FanOutAllocationTests
{
    private const int Receivers = 16;

    [Fact]
    public void Forwarding_to_many_and_answering_for_lost_packets_allocates_nothing()
    {
        var session = new TestSession();
        var (publisher, from) = session.Join();
        publisher.KeepsPackets = false;
        var producer = from.Produce(TestSession.Camera() with { Rids = [] });
        var viewers = new List<(TestPeer Peer, SfuTransport Transport)>();
        for (var i = 0; i < Receivers; i++)
        {
            var viewer = session.Join(startBps: 19_000_000);
            viewer.Peer.KeepsPackets = false;
            viewer.Transport.Consume(producer, TestSession.Watching());
            viewers.Add(viewer);
        }

        // Prepared beforehand: what arrives, a keyframe first, and what one of the receivers misses now and then.
        var encoding = new TestEncoding(1, null, "3", packetsPerFrame: 5, packetBytes: 1_000);
        var packets = Enumerable.Range(0, 20_000).SelectMany(frame => encoding.Frame(isKeyframe: frame is >= 400 and < 403)).ToArray();
        Forward(session, from, packets.AsSpan(0, 2_000));
        session.Run(250);
        Forward(session, from, packets.AsSpan(2_000, 8_000));
        var sentBefore = viewers.Sum(viewer => viewer.Peer.Count);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Forward(session, from, packets.AsSpan(10_000));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal(90_000L * Receivers, viewers.Sum(viewer => viewer.Peer.Count) - sentBefore);
        Assert.All(viewers, viewer => Assert.Equal(0, viewer.Transport.Consumers[0].CurrentRank));

        // The newest packet, asked for under the number that the receiver knows.
        viewers[0].Peer.KeepsPackets = true;
        RtpHeader.TryRead(packets[^1], out _);
        Forward(session, from, encoding.Frame(isKeyframe: false).ToArray());
        RtpHeader.TryRead(viewers[0].Peer.Rtp[^1], out var last);
        viewers[0].Peer.KeepsPackets = false;
        var nack = TestSession.NackOf(9_000, Enumerable.Range(0, 100).Select(i => (ushort)(last.SequenceNumber - 99 + i)).ToArray());
        viewers[0].Transport.HandleRtcp(nack, session.Now + TimeSpan.FromSeconds(0.5));
        before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 5; i++)
        {
            viewers[0].Transport.HandleRtcp(nack, session.Now + TimeSpan.FromSeconds(i + 1));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(600, viewers[0].Transport.Consumers[0].PacketsRepeated);
    }

    /// <remarks>The other test lets no time pass: nothing is due, and nobody says what arrived.</remarks>
    [Fact]
    public void Seconds_of_picture_and_sound_with_reports_and_all_that_is_due_allocate_nothing()
    {
        const int millisecondsPerFrame = 33;
        const int millisecondsPerSound = 20;
        const int seconds = 40;
        var session = new TestSession();
        var (publisher, from) = session.Join();
        publisher.KeepsPackets = false;
        var camera = from.Produce(TestSession.Camera() with { Rids = [] });
        var microphone = from.Produce(TestSession.Microphone());
        var viewers = new AnsweringPeer[Receivers];
        for (var i = 0; i < Receivers; i++)
        {
            // Less than the picture takes, so that it is probed for more.
            viewers[i] = new AnsweringPeer(session.Router, session.Now);
            viewers[i].Transport.Consume(camera, TestSession.Watching());
            viewers[i].Transport.Consume(microphone, new ConsumerOptions { Id = "sound", Ssrc = 8_000, PayloadType = 109, Mid = "6" });
        }

        var encoding = new TestEncoding(1, null, "3", packetsPerFrame: 5, packetBytes: 900);
        var frames = Enumerable.Range(0, (seconds * 1_000 / millisecondsPerFrame) + 1).Select(frame => encoding.Frame(frame % 30 == 0).ToArray()).ToArray();
        var sounds = Enumerable.Range(0, (seconds * 1_000 / millisecondsPerSound) + 1).Select(number => Sound((ushort)number)).ToArray();
        var reports = Enumerable.Range(0, seconds).Select(second => SenderReportAt(second)).ToArray();
        var step = 0;
        Action each = () =>
        {
            if (step % millisecondsPerFrame == 0)
            {
                Forward(session, from, frames[step / millisecondsPerFrame]);
            }

            if (step % millisecondsPerSound == 0)
            {
                Forward(session, from, sounds.AsSpan(step / millisecondsPerSound, 1));
            }

            if (step % 1_000 == 0)
            {
                from.HandleRtcp(reports[step / 1_000], session.Now);
            }

            step++;
            foreach (var viewer in viewers)
            {
                viewer.Answer(session.Now);
            }

            while (session.Router.TryTakeEvent(out _))
            {
            }
        };
        session.Run(seconds / 2 * 1_000, each);
        var (sentBefore, reportsBefore) = (Sent(), Reports());

        var before = GC.GetAllocatedBytesForCurrentThread();
        session.Run(seconds / 2 * 1_000, each);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.True(Sent() - sentBefore > 190 * (seconds / 2) * Receivers, $"{Sent() - sentBefore} packets");
        Assert.True(Reports() - reportsBefore >= 10 * (seconds / 2) * Receivers, $"{Reports() - reportsBefore} reports");
        Assert.All(viewers, viewer =>
        {
            Assert.Equal(0, viewer.Transport.Consumers[0].CurrentRank);
            Assert.True(viewer.Transport.Consumers[0].PacketsRepeated > 10);
            Assert.True(viewer.RtcpReceived >= seconds - 2, $"{viewer.RtcpReceived} compounds");
        });

        long Sent() => viewers.Sum(viewer => viewer.Transport.Counters.Sent);
        long Reports() => viewers.Sum(viewer => viewer.Reports);
    }

    private static byte[] SenderReportAt(int second) => TestSession.Compound(buffer =>
    {
        var writer = new RtcpWriter(buffer);
        var ntp = new NtpTime((3_900_000_000ul + (ulong)second) << 32);
        SenderReport.TryWrite(ref writer, 1, ntp, 777_777u + ((uint)second * 90_000), 1, 1, []);
        SenderReport.TryWrite(ref writer, 70, ntp, (uint)second * 48_000, 1, 1, []);
        return writer.Length;
    });

    private static byte[] Sound(ushort number)
    {
        var buffer = new byte[200];
        var writer = new RtpHeaderWriter(buffer, TestSession.Opus, false, number, number * 960u, 70);
        writer.AddExtension(4, "2"u8);
        writer.AddExtension(1, [0x80 | 20]);
        return buffer[..(writer.Finish() + 80)];
    }

    /// <summary>A viewer that reports on each packet, loses one in a hundred and asks for it again, and allocates nothing itself.</summary>
    private sealed class AnsweringPeer : IPacketSink
    {
        private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

        private readonly byte[] _room = new byte[TestPeer.MaxPacketBytes];
        private readonly byte[] _compound = new byte[1_200];
        private readonly FeedbackRecorder _recorder = new();
        private readonly RtpExtensionMap _extensions = TestSession.Extensions();
        private readonly ReceiveStatistics _statistics = new(9_000, 90_000);
        private readonly ushort[] _missing = new ushort[64];
        private int _missingCount;
        private int _received;
        private TimeSpan _now;
        private TimeSpan _reportAt;

        public AnsweringPeer(Router router, TimeSpan now)
        {
            _now = now;
            _reportAt = now + ReportInterval;
            Transport = router.AddTransport(
                this, new SfuTransportOptions { Extensions = TestSession.Extensions(), Bandwidth = new(StartBps: 600_000) }, now);
        }

        public SfuTransport Transport { get; }

        public long Reports { get; private set; }

        public long RtcpReceived { get; private set; }

        public Span<byte> Reserve(int length) => _room.AsSpan(0, length);

        public void Commit(Span<byte> room, int length, bool isRtcp)
        {
            if (isRtcp)
            {
                RtcpReceived++;
                return;
            }

            RtpHeader.TryRead(room[..length], out var header);
            if (header.Ssrc == 9_000 && ++_received % 100 == 0 && _missingCount < _missing.Length)
            {
                _missing[_missingCount++] = header.SequenceNumber;
                return;
            }

            if (header.Ssrc == 9_000)
            {
                _statistics.OnPacket(header.SequenceNumber, header.Timestamp, header.PayloadLength, _now);
            }

            if (new RtpExtensionValues(room[..length], header, _extensions).TransportSequenceNumber is { } number)
            {
                _recorder.OnPacket(number, header.Ssrc, _now);
            }
        }

        public void Answer(TimeSpan now)
        {
            _now = now;
            var writer = new RtcpWriter(_compound);
            if (now >= _reportAt)
            {
                _reportAt = now + ReportInterval;
                ReceiverReport.TryWrite(ref writer, 1, [_statistics.Report(now)]);
            }

            while (_recorder.TryReport(ref writer, 1, now))
            {
                Reports++;
                Nack.Write(ref writer, 1, 9_000, _missing.AsSpan(0, _missingCount));
                _missingCount = 0;
            }

            if (writer.Length > 0)
            {
                Transport.HandleRtcp(_compound.AsSpan(0, writer.Length), now);
            }
        }
    }

    private static void Forward(TestSession session, SfuTransport from, ReadOnlySpan<byte[]> packets)
    {
        foreach (var packet in packets)
        {
            RtpHeader.TryRead(packet, out var header);
            from.HandleRtp(packet, header, session.Now);
        }
    }
}
