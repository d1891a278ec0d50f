using System.Buffers;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Rtc.Rtp;
using Roomcast.TestKit.Rtc;

namespace Roomcast.Egress.Tests.Composition;

public sealed class PacketOutboxTests
{
    private static readonly Scene Scene = new()
    {
        Peers = [new ScenePeer("a", "") { Camera = new SceneTrack(1, SceneCodec.Vp8, 96), Microphone = new SceneTrack(2, SceneCodec.Opus, 111) }],
    };

    [Fact]
    public async Task What_gathers_goes_out_at_once_in_order_and_the_newest_scene_first()
    {
        var outbox = new PacketOutbox();
        outbox.Add([1], isRtcp: false);
        outbox.SetScene(Scene);
        outbox.Add([2], isRtcp: true);
        outbox.SetScene(Scene with { SlateText = "newest" });
        outbox.Stop();
        await outbox.WaitAsync(CancellationToken.None);
        var messages = Messages(outbox.Take(new ArrayBufferWriter<byte>()));
        Assert.Equal([WireKind.Scene, WireKind.Rtp, WireKind.Rtcp, WireKind.Stop], messages.Select(each => each.Kind));
        Assert.True(WireJson.TryRead<Scene>(messages[0].Body, out var scene));
        Assert.Equal("newest", scene.SlateText);
        Assert.Empty(Messages(outbox.Take(new ArrayBufferWriter<byte>())));
    }

    [Fact]
    public void A_full_box_drops_pictures_to_the_next_keyframe_and_keeps_sound()
    {
        var outbox = new PacketOutbox();
        outbox.SetScene(Scene);
        var camera = new RtpPacketizer(1, 96, 90_000);
        var microphone = new RtpPacketizer(2, 111, 48_000);
        var sounds = 0;
        for (var i = 0; outbox.Dropped == 0; i++)
        {
            camera.Vp8(Frame(i == 0), TimeSpan.FromMilliseconds(33 * i)).ForEach(packet => outbox.Add(packet, false));
        }

        var droppedBefore = outbox.Dropped;
        for (; sounds < 100; sounds++)
        {
            outbox.Add(microphone.Opus([0xF8, 1], TimeSpan.FromMilliseconds(20 * sounds)), false);
        }

        Assert.Equal(droppedBefore, outbox.Dropped);
        var waiting = Messages(outbox.Take(new ArrayBufferWriter<byte>()));
        Assert.Equal(sounds, waiting.Count(each => each.Kind is WireKind.Rtp && Header(each.Body).Ssrc == 2));
        Assert.InRange(waiting.Sum(each => each.Body.Length + WireMessage.HeaderLength), PacketOutbox.MaxBytes / 2 - 10_000, PacketOutbox.MaxBytes);

        // There is room again, but nothing to be done with a picture before a keyframe.
        camera.Vp8(Frame(false), TimeSpan.FromSeconds(9)).ForEach(packet => outbox.Add(packet, false));
        Assert.Empty(Messages(outbox.Take(new ArrayBufferWriter<byte>())));
        camera.Vp8(Frame(true), TimeSpan.FromSeconds(10)).ForEach(packet => outbox.Add(packet, false));
        camera.Vp8(Frame(false), TimeSpan.FromSeconds(11)).ForEach(packet => outbox.Add(packet, false));
        Assert.Equal(2 * camera.Vp8(Frame(true), default).Count, Messages(outbox.Take(new ArrayBufferWriter<byte>())).Count);
    }

    [Fact]
    public void Sound_is_dropped_when_the_box_is_full_and_what_is_too_long_is_dropped_always()
    {
        var outbox = new PacketOutbox();
        outbox.SetScene(Scene);
        var microphone = new RtpPacketizer(2, 111, 48_000);
        var bytes = 0;
        while (outbox.Dropped == 0)
        {
            var packet = microphone.Opus(new byte[1_000], default);
            outbox.Add(packet, false);
            bytes += packet.Length + WireMessage.HeaderLength;
            Assert.InRange(bytes, 0, PacketOutbox.MaxBytes + 2_000);
        }

        outbox.Take(new ArrayBufferWriter<byte>());
        outbox.Add(new byte[WireMessage.MaxPacketLength + 1], false);
        Assert.Equal(2, outbox.Dropped);
    }

    private static byte[] Frame(bool isKeyframe)
    {
        var frame = new byte[5_000];
        frame[0] = isKeyframe ? (byte)0x10 : (byte)0x11;
        return frame;
    }

    private static RtpHeader Header(byte[] packet) => RtpHeader.TryRead(packet, out var header) ? header : default;

    private static List<(WireKind Kind, byte[] Body)> Messages(ArrayBufferWriter<byte> written)
    {
        var messages = new List<(WireKind, byte[])>();
        var rest = written.WrittenSpan;
        while (WireMessage.TryRead(rest, out var kind, out var body, out var consumed) is OperationStatus.Done)
        {
            messages.Add((kind, body.ToArray()));
            rest = rest[consumed..];
        }

        Assert.True(rest.IsEmpty);
        return messages;
    }
}
