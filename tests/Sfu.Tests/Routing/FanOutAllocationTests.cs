using Roomcast.Rtc.Rtp;
using Roomcast.Sfu.Consumers;

namespace Roomcast.Sfu.Tests.Routing;

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
        var viewers = new List<(TestPeer Peer, Sfu.Routing.SfuTransport Transport)>();
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

    private static void Forward(TestSession session, Sfu.Routing.SfuTransport from, ReadOnlySpan<byte[]> packets)
    {
        foreach (var packet in packets)
        {
            RtpHeader.TryRead(packet, out var header);
            from.HandleRtp(packet, header, session.Now);
        }
    }
}
