using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Media;
using Roomcast.TestKit;

namespace Roomcast.Egress.Tests.Composition;

public sealed class WireTests
{
    [Fact]
    public void Messages_read_the_same_however_the_socket_cuts_them()
    {
        var output = new ArrayBufferWriter<byte>();
        WireMessage.Write(WireKind.Rtp, [1, 2, 3], output);
        new WireFrame(1, true, TimeSpan.FromSeconds(3)).Write([9, 8, 7], output);
        WireMessage.Write(WireKind.Stop, [], output);
        new WireWish(77, 360).Write(output);
        foreach (var cut in ByteCuts.Of(output.WrittenMemory))
        {
            var buffer = new WireBuffer();
            var read = new List<(WireKind, string)>();
            foreach (var piece in cut)
            {
                piece.CopyTo(buffer.Room);
                buffer.Added(piece.Length);
                OperationStatus status;
                while ((status = buffer.TryRead(out var kind, out var body)) is OperationStatus.Done)
                {
                    read.Add((kind, Convert.ToHexString(body)));
                }

                Assert.Equal(OperationStatus.NeedMoreData, status);
            }

            Assert.Equal(
                [(WireKind.Rtp, "010203"), (WireKind.Frame, "01010000000001C9C380090807"), (WireKind.Stop, ""), (WireKind.PreferHeight, "0000004D0168")], read);
        }
    }

    [Fact]
    public void The_buffer_grows_to_the_largest_message_and_gives_all_of_it()
    {
        var output = new ArrayBufferWriter<byte>();
        var payload = new byte[WireMessage.MaxFrameLength - WireFrame.Length];
        payload[^1] = 7;
        new WireFrame(0, false, TimeSpan.Zero).Write(payload, output);
        new WireFrame(0, false, TimeSpan.Zero).Write([5], output);
        var buffer = new WireBuffer();
        var rest = output.WrittenMemory;
        var lengths = new List<int>();
        while (rest.Length > 0)
        {
            var room = buffer.Room;
            var count = Math.Min(room.Length, rest.Length);
            Assert.InRange(count, 1, int.MaxValue);
            rest[..count].CopyTo(room);
            rest = rest[count..];
            buffer.Added(count);
            while (buffer.TryRead(out _, out var body) is OperationStatus.Done)
            {
                lengths.Add(body.Length);
            }
        }

        Assert.Equal([WireMessage.MaxFrameLength, WireFrame.Length + 1], lengths);
    }

    [Theory]
    [InlineData(WireKind.Rtp, WireMessage.MaxPacketLength)]
    [InlineData(WireKind.Scene, WireMessage.MaxJsonLength)]
    [InlineData(WireKind.Frame, WireMessage.MaxFrameLength)]
    [InlineData(WireKind.Stop, 0)]
    [InlineData(WireKind.WantKeyframe, 4)]
    [InlineData(WireKind.Fault, WireMessage.MaxFaultLength)]
    public void A_body_longer_than_its_kind_may_have_is_refused_before_it_comes(WireKind kind, int most)
    {
        byte[] header = [0, 0, 0, 0, (byte)kind];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(header, most);
        Assert.Equal(most == 0 ? OperationStatus.Done : OperationStatus.NeedMoreData, WireMessage.TryRead(header, out _, out _, out _));
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(header, most + 1);
        Assert.Equal(OperationStatus.InvalidData, WireMessage.TryRead(header, out _, out _, out _));
        header[4] = 200;
        Assert.Equal(OperationStatus.InvalidData, WireMessage.TryRead(header, out _, out _, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => WireMessage.Write(kind, most + 1, new ArrayBufferWriter<byte>()));
    }

    [Fact]
    public void Bodies_come_back_as_they_were_written()
    {
        var frames =
            from id in Gen.Choose(0, 1)
            from isKeyframe in Gen.Elements(true, false)
            from ticks in Gen.Choose(0, int.MaxValue)
            from payload in Gen.NonEmptyListOf(Gen.Choose(0, 255))
            select (new WireFrame((byte)id, isKeyframe, TimeSpan.FromTicks(1_000L * ticks)), payload.Select(each => (byte)each).ToArray());
        Prop.ForAll(frames.ToArbitrary(), each =>
        {
            var output = new ArrayBufferWriter<byte>();
            each.Item1.Write(each.Item2, output);
            Assert.Equal(OperationStatus.Done, WireMessage.TryRead(output.WrittenSpan, out _, out var body, out var consumed));
            Assert.Equal(output.WrittenCount, consumed);
            Assert.True(WireFrame.TryRead(body, out var frame, out var payload));
            Assert.Equal(each.Item1, frame);
            Assert.Equal(each.Item2, payload.ToArray());
        }).QuickCheckThrowOnFailure();

        var wish = new ArrayBufferWriter<byte>();
        new WireWish(uint.MaxValue, null).Write(wish);
        WireMessage.TryRead(wish.WrittenSpan, out var kind, out var wished, out _);
        Assert.True(WireWish.TryRead(kind, wished, out var read));
        Assert.Equal(new WireWish(uint.MaxValue, null), read);

        var track = new ArrayBufferWriter<byte>();
        new WireTrack(1, Codec.Aac, new byte[] { 0x11, 0x90 }).Write(track);
        WireMessage.TryRead(track.WrittenSpan, out _, out var told, out _);
        Assert.True(WireTrack.TryRead(told, out var again));
        Assert.Equal((1, Codec.Aac, "1190"), (again.Id, again.Codec, Convert.ToHexString(again.Configuration.Span)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("libavcodec is missing")]
    public void Readiness_comes_back_with_and_without_what_is_missing(string? missing)
    {
        var output = new ArrayBufferWriter<byte>();
        WireJson.Write(WireKind.Ready, new WireReady(1, 2, missing), output);
        WireMessage.TryRead(output.WrittenSpan, out _, out var body, out _);
        Assert.True(WireJson.TryRead<WireReady>(body, out var read));
        Assert.Equal(new WireReady(1, 2, missing), read);
    }

    [Fact]
    public void A_scene_comes_back_whole()
    {
        var scene = new Scene
        {
            Layout = SceneLayout.Speaker,
            SpeakerId = "a",
            SpotlightId = "b",
            BackgroundRgb = 0x112233,
            BackgroundFile = "/some/where.png",
            SlateText = "Wir sind gleich zurück \u2014 \"soon\"",
            ShowsNames = false,
            ShowsLabels = false,
            Watermark = new SceneWatermark("/mark.png", SceneCorner.LeftBottom, 64, 0),
            Peers =
            [
                new ScenePeer("a", "Ada") { Camera = new SceneTrack(uint.MaxValue, SceneCodec.Vp8, 96) { OrientationId = 4 }, Microphone = new SceneTrack(2, SceneCodec.Opus, 111) { IsPaused = true } },
                new ScenePeer("b", "") { PictureFile = "/b.jpg", Screen = new SceneTrack(3, SceneCodec.Vp8, 97), ScreenSound = new SceneTrack(4, SceneCodec.Opus, 111) },
            ],
        };
        var output = new ArrayBufferWriter<byte>();
        WireJson.Write(WireKind.Scene, scene, output);
        WireMessage.TryRead(output.WrittenSpan, out _, out var body, out _);
        Assert.True(WireJson.TryRead<Scene>(body, out var read));
        Assert.Equal(scene.Peers.AsEnumerable(), read.Peers);
        Assert.Equal(scene with { Peers = read.Peers }, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"Peers":null}""")]
    [InlineData("""{"Peers":[null]}""")]
    [InlineData("""{"Peers":[{"Id":"a"}]}""")]
    [InlineData("""{"Peers":[{"Id":null,"Name":"x"}]}""")]
    [InlineData("""{"Peers":[{"Id":"a","Name":"x","Camera":{"Ssrc":-1,"Codec":"Vp8","PayloadType":96}}]}""")]
    [InlineData("""{"Peers":[{"Id":"a","Name":"x","Camera":{"Ssrc":1,"Codec":"H264","PayloadType":96}}]}""")]
    [InlineData("""{"Watermark":{"File":null,"Corner":"LeftTop","Width":1,"Height":1}}""")]
    public void What_is_no_scene_is_refused(string json) =>
        Assert.False(WireJson.TryRead<Scene>(System.Text.Encoding.UTF8.GetBytes(json), out _));

    [Fact]
    public void A_scene_of_more_than_are_composed_is_read_so_that_some_can_be_chosen()
    {
        var output = new ArrayBufferWriter<byte>();
        WireJson.Write(WireKind.Scene, new Scene { Peers = [.. Enumerable.Range(0, WireJson.MaxPeers + 1).Select(i => new ScenePeer($"{i}", ""))] }, output);
        WireMessage.TryRead(output.WrittenSpan, out _, out var body, out _);
        Assert.True(WireJson.TryRead<Scene>(body, out var scene));
        Assert.Equal(WireJson.MaxPeers + 1, scene.Peers.Length);
    }

    [Fact]
    public void The_text_of_a_fault_is_one_line_and_cut()
    {
        var output = new ArrayBufferWriter<byte>();
        WireFault.Write("one\ntwo\u0007" + new string('x', 10_000), output);
        WireMessage.TryRead(output.WrittenSpan, out _, out var body, out _);
        var text = WireFault.Read(body);
        Assert.StartsWith("one two ", text, StringComparison.Ordinal);
        Assert.Equal(WireMessage.MaxFaultLength, text.Length);
    }
}
