using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Producers;
using Roomcast.Sfu.Routing;

namespace Roomcast.Sfu.Tests.Routing;

/// <summary>A camera of one encoding with three temporal layers, as browsers make them, and a receiver that is short of bandwidth.</summary>
public sealed class TemporalLayerTests
{
    private readonly TestSession _session = new();
    private readonly TestEncoding _camera = new(1, null, "3", packetsPerFrame: 2, packetBytes: 500)
    {
        // Of eight frames the second pair of layer 2 and the first of layer 1 need the base alone.
        Layers = [(0, false), (2, true), (1, true), (2, false), (0, false), (2, false), (1, false), (2, false)],
    };

    private readonly TestPeer _publisher;
    private readonly SfuTransport _from;
    private readonly TestPeer _viewer;
    private readonly SfuTransport _to;
    private readonly Consumer _consumer;
    private int _step;

    public TemporalLayerTests()
    {
        (_publisher, _from) = _session.Join();
        (_viewer, _to) = _session.Join();
        var camera = _from.Produce(new ProducerOptions { Id = "camera", Codec = Codecs.SfuCodec.Vp8, PayloadType = TestSession.Vp8, Mid = "3" });
        _consumer = _to.Consume(camera, TestSession.Watching());
    }

    [Fact]
    public void Layers_fall_one_after_the_other_before_the_picture_stops_and_come_back_without_a_keyframe()
    {
        // All together take some 250 kbit/s, the lower two half of that, and the base a quarter.
        Estimate(1_000_000);
        Play(3_000);
        Assert.Equal([0, 1, 2], LayersSent(1_000));

        Estimate(160_000);
        Play(3_000);
        Assert.Equal([0, 1], LayersSent(1_000));

        Estimate(80_000);
        Play(3_000);
        Assert.Equal([0], LayersSent(1_000));
        Assert.Equal(0, _consumer.TemporalLimit);

        var asked = _publisher.KeyframesAsked().Count;
        Estimate(1_000_000);
        Play(3_000);
        Assert.Equal([0, 1, 2], LayersSent(1_000));
        Assert.Equal(asked, _publisher.KeyframesAsked().Count);
        Assert.Equal(0, _consumer.Freezes);
        AssertContinuous();
    }

    [Fact]
    public void A_late_packet_of_a_layer_that_is_left_out_fills_its_place_without_content()
    {
        Estimate(80_000);
        Play(5_000);
        Assert.Equal([0], LayersSent(1_000));

        // Up to a frame of layer 2, of which the first packet is late.
        while (_step % 33 != 0 || _camera.NextLayer != 2)
        {
            Play(1);
        }

        var packets = _camera.Frame(isKeyframe: false);
        _step++;
        _session.Receive(_from, packets[1]);
        Play(200);
        var count = _viewer.Rtp.Count;
        _session.Receive(_from, packets[0]);

        Assert.Equal(count + 1, _viewer.Rtp.Count);
        Assert.True(RtpHeader.TryRead(_viewer.Rtp[^1], out var header));
        Assert.Equal(0, header.PayloadLength);
        Play(2_000);
        AssertContinuous();
    }

    private void Estimate(long bps) => _to.HandleRtcp(
        TestSession.Compound(buffer =>
        {
            var writer = new RtcpWriter(buffer);
            new ReceiverEstimatedMaxBitrate(1, bps).TryWrite(ref writer, [9_000]);
            return writer.Length;
        }),
        _session.Now);

    private void Play(int milliseconds) => _session.Run(milliseconds, () =>
    {
        if (_step++ % 33 == 0)
        {
            var isKeyframe = _step == 1 || (_publisher.KeyframesAsked().Count > 0 && _consumer.CurrentRank is null);
            foreach (var packet in _camera.Frame(isKeyframe))
            {
                _session.Receive(_from, packet);
            }
        }
    });

    /// <summary>The temporal layers among what is sent in the next while.</summary>
    private List<int> LayersSent(int milliseconds)
    {
        var from = _viewer.Rtp.Count;
        Play(milliseconds);
        return [.. _viewer.Rtp.Skip(from).Select(Read).Where(read => read.Header.PayloadLength > 0)
            .Select(read => (int)read.Vp8.TemporalLayer).Distinct().Order()];
    }

    /// <summary>Numbers without holes; in the order of the numbers picture ids without holes, and base layers counted.</summary>
    private void AssertContinuous()
    {
        var unwrapper = new SequenceUnwrapper();
        var packets = _viewer.Rtp.Select(Read).Select(read => (Number: unwrapper.Unwrap(read.Header.SequenceNumber), read.Header, read.Vp8))
            .OrderBy(packet => packet.Number).ToList();
        Assert.Equal(Enumerable.Range(0, packets.Count).Select(i => packets[0].Number + i), packets.Select(packet => packet.Number));

        var frames = packets.Where(packet => packet.Header.PayloadLength > 0 && packet.Vp8.StartsFrame).ToList();
        for (var i = 1; i < frames.Count; i++)
        {
            var (before, frame) = (frames[i - 1].Vp8, frames[i].Vp8);
            Assert.Equal((before.PictureId + 1) & 0x7FFF, frame.PictureId);
            Assert.Equal((byte)(before.Tl0PictureIndex + (frame.TemporalLayer == 0 ? 1 : 0)), frame.Tl0PictureIndex);
        }
    }

    private static (RtpHeader Header, Vp8PayloadDescriptor Vp8) Read(byte[] packet)
    {
        Assert.True(RtpHeader.TryRead(packet, out var header));
        Vp8PayloadDescriptor.TryRead(header.PayloadOf(packet), out var vp8);
        return (header, vp8);
    }
}
