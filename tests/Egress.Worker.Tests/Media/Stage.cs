using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Layouts;
using Roomcast.Egress.Worker.Composing;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Tests.Media;

/// <summary>A composer with what it gives, and its ticks in virtual time.</summary>
internal sealed class Stage : IDisposable
{
    public const int Background = 0x10_14_18;

    public Stage(CompositionFormat? format = null, bool decodesPictures = true, bool readsAside = false)
    {
        CodecLibraries.Need();
        Format = format ?? new CompositionFormat();
        Output = new ComposedOutput { DecodesPictures = decodesPictures };
        Composer = new Composer(Format, new ComposerOptions { Preset = "ultrafast", ReadsPicturesAside = readsAside }, Output);
    }

    public CompositionFormat Format { get; }

    public ComposedOutput Output { get; }

    public Composer Composer { get; }

    /// <summary>The next tick's number.</summary>
    public long Number { get; private set; }

    public TimeSpan Now => TimeSpan.FromTicks(Number * TimeSpan.TicksPerSecond / Format.FrameRate);

    public static ScenePeer Peer(int index, bool hasCamera = true, bool hasMicrophone = true, string? name = null) =>
        new($"peer{index}", name ?? $"Peer {index}")
        {
            Camera = hasCamera ? new SceneTrack(CameraOf(index), SceneCodec.Vp8, 96) : null,
            Microphone = hasMicrophone ? new SceneTrack(MicrophoneOf(index), SceneCodec.Opus, 111) : null,
        };

    public static uint CameraOf(int index) => (uint)(100 + index);

    public static uint MicrophoneOf(int index) => (uint)(200 + index);

    /// <summary>Where a scene's tiles are.</summary>
    public SceneTile[] TilesOf(Scene scene) => [.. SceneArrangement.Arrange(scene, Format.Width, Format.Height, [])];

    public void Tick(int count = 1)
    {
        for (var i = 0; i < count; i++)
        {
            Composer.Tick(Number++);
        }
    }

    /// <summary>Gives a camera one picture for the next tick.</summary>
    public void Show(uint ssrc, byte[] frame, int rotation = 0) => Composer.TakeVideo(ssrc, frame, Now, rotation);

    /// <summary>Gives pictures of one colour for some ticks, so that nothing of what was before is left by the encoding.</summary>
    public void ShowFor(int ticks, params (uint Ssrc, PictureSource Source, int Rgb)[] cameras)
    {
        for (var i = 0; i < ticks; i++)
        {
            foreach (var (ssrc, source, rgb) in cameras)
            {
                Show(ssrc, source.Encode(rgb));
            }

            Tick();
        }
    }

    public void Dispose()
    {
        Composer.Dispose();
        Output.Dispose();
    }
}
