using System.Buffers;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Media;

namespace Roomcast.Fuzz.Egress;

/// <summary>The messages between the server and a composing worker, each kind's reader.</summary>
public sealed class CompositionWireFuzz
{
    [Fact]
    public void Messages() => FuzzRun.Of("composition-wire", [Written(WriteAll)], bytes =>
    {
        var rest = (ReadOnlySpan<byte>)bytes;
        while (WireMessage.TryRead(rest, out var kind, out var body, out var consumed) is OperationStatus.Done)
        {
            Read(kind, body);
            rest = rest[consumed..];
        }
    });

    [Fact]
    public void Tracks() => FuzzRun.Of("composition-track", [[0, 1, 1, 0x64, 0, 0x28], [1, 2, 0x11, 0x90]], bytes => Read(WireKind.Track, bytes));

    [Fact]
    public void Frames() => FuzzRun.Of("composition-frame", [[0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 5]], bytes => Read(WireKind.Frame, bytes));

    [Fact]
    public void Scenes() => FuzzRun.Of("composition-scene", [Body(WireKind.Scene, Example)], bytes => Read(WireKind.Scene, bytes));

    [Fact]
    public void Starts() => FuzzRun.Of(
        "composition-start", [Body(WireKind.Start, new WireStart(1, new CompositionFormat(), "veryfast", 1))], bytes => Read(WireKind.Start, bytes));

    [Fact]
    public void Figures() => FuzzRun.Of(
        "composition-figures",
        [Body(WireKind.Figures, new WireFigures { Tracks = [new WireTrackFigures { Ssrc = 1 }] })],
        bytes => Read(WireKind.Figures, bytes));

    [Fact]
    public void Readiness() => FuzzRun.Of("composition-ready", [Body(WireKind.Ready, new WireReady(1, 2, "libavcodec"))], bytes => Read(WireKind.Ready, bytes));

    private static Scene Example => new()
    {
        Peers = [new ScenePeer("a", "Ada") { Camera = new SceneTrack(1, SceneCodec.Vp8, 96), Microphone = new SceneTrack(2, SceneCodec.Opus, 111) }],
        Watermark = new SceneWatermark("/mark.png", SceneCorner.RightTop, 10, 10),
    };

    private static void WriteAll(IBufferWriter<byte> output)
    {
        WireMessage.Write(WireKind.Rtp, [1, 2, 3], output);
        WireJson.Write(WireKind.Scene, Example, output);
        new WireTrack(1, Codec.Aac, new byte[] { 0x11, 0x90 }).Write(output);
        new WireFrame(1, true, TimeSpan.FromSeconds(1)).Write([1, 2], output);
        new WireWish(5, 360).Write(output);
        new WireWish(5, null).Write(output);
        WireFault.Write("why", output);
        WireMessage.Write(WireKind.Stop, [], output);
    }

    private static byte[] Written(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Body<T>(WireKind kind, T value) => Written(output => WireJson.Write(kind, value, output))[WireMessage.HeaderLength..];

    private static void Read(WireKind kind, ReadOnlySpan<byte> body)
    {
        if (WireTrack.TryRead(body, out var track))
        {
            Assert.InRange(track.Configuration.Length, 1, WireTrack.MaxLength);
        }

        if (WireFrame.TryRead(body, out var frame, out var payload))
        {
            Assert.True(frame.At >= TimeSpan.Zero && payload.Length > 0);
        }

        WireWish.TryRead(kind, body, out _);
        Assert.DoesNotContain(WireFault.Read(body), char.IsControl);
        switch (kind)
        {
            case WireKind.Scene when WireJson.TryRead<Scene>(body, out var scene):
                Assert.All(scene.Peers, peer => Assert.NotNull(peer.Name));
                break;
            case WireKind.Start when WireJson.TryRead<WireStart>(body, out var start):
                Assert.NotNull(start.Format);
                break;
            case WireKind.Figures when WireJson.TryRead<WireFigures>(body, out var figures):
                Assert.All(figures.Tracks, Assert.NotNull);
                break;
            case WireKind.Ready:
                WireJson.TryRead<WireReady>(body, out _);
                break;
        }
    }
}
