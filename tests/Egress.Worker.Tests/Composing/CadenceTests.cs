using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Composing;
using Roomcast.Egress.Worker.Tests.Media;
using Roomcast.Media.Codecs.Aac;

namespace Roomcast.Egress.Worker.Tests.Composing;

/// <summary>Every tick is a picture, whatever the inputs do; times, groups and bitrate are as promised.</summary>
public sealed class CadenceTests
{
    private static readonly CompositionFormat Small = new() { Width = 320, Height = 180, VideoBitrateBps = 400_000 };

    [Fact]
    public void A_minute_of_ticks_is_a_minute_of_pictures_without_one_missing_or_doubled()
    {
        using var stage = new Stage(Small);
        using var source = new PictureSource(320, 180);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)], ShowsNames = false });
        var last = -1;
        for (var tick = 0; tick < 1_800; tick++)
        {
            // Each picture is a shade lighter or darker than the one before, by a path that goes up and down.
            var step = Shade(tick);
            stage.Composer.TakeVideo(Stage.CameraOf(0), source.Encode(step * 0x01_01_01), Jittered(tick), 0);
            stage.Tick();
            var shot = stage.Output.Last;
            var seen = shot.Y[(90 * 320) + 160];
            Assert.InRange(seen, Colours(step) - 3, Colours(step) + 3);
            Assert.NotEqual(last, seen);
            last = seen;
        }

        Assert.Equal(1_800, stage.Output.Pictures.Count);
        Assert.All(stage.Output.Pictures.Index(), static picture => Assert.Equal(TimeSpan.FromTicks(picture.Index * TimeSpan.TicksPerSecond / 30), picture.Item.At));
        Assert.Equal(1_800, stage.Composer.Counters.Pictures);
        Assert.Equal(1_800, stage.Composer.Counters.DecodedFrames);

        static int Shade(int tick) => 40 + (8 * (tick % 40 < 20 ? tick % 20 : 20 - (tick % 20)));
        static int Colours(int shade) => Drawing.Colours.ToYuv(shade * 0x01_01_01).Y;

        // Up to 3 ms off: a camera whose pictures fall on the border between two ticks must not stutter.
        static TimeSpan Jittered(int tick) => TimeSpan.FromSeconds((tick + 0.5) / 30) + TimeSpan.FromMilliseconds(((tick * 7) % 7) - 3);
    }

    [Fact]
    public void Groups_last_two_seconds_and_begin_with_a_keyframe_that_nothing_precedes()
    {
        using var stage = new Stage(Small);
        using var source = new PictureSource(320, 180);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)] });
        for (var tick = 0; tick < 300; tick++)
        {
            // Cuts from one colour to another, at which an encoder would begin a group of its own accord.
            stage.Show(Stage.CameraOf(0), source.Encode(tick / 25 % 2 == 0 ? 0xC0_20_20 : 0x20_A0_40));
            stage.Tick();
        }

        Assert.All(stage.Output.Pictures.Index(), static picture => Assert.Equal(picture.Index % 60 == 0, picture.Item.IsKeyframe));
    }

    [Fact]
    public void Tracks_are_told_before_the_first_frame()
    {
        using var stage = new Stage();
        stage.Tick(4);
        var video = stage.Output.VideoTrack!;
        Assert.StartsWith("avc1.64", video.CodecString, StringComparison.Ordinal);
        Assert.Equal((1_280, 720), (video.Width, video.Height));
        Assert.True(AacConfiguration.TryRead(stage.Output.AudioTrack!.Configuration, out var sound, out _));
        Assert.Equal((AacConfiguration.LowComplexity, 48_000, 2), (sound.ObjectType, sound.SampleRateHz, sound.Channels));
    }

    [Fact]
    public void The_bitrate_is_kept_while_everything_moves()
    {
        using var stage = new Stage(new CompositionFormat { Width = 640, Height = 360, VideoBitrateBps = 800_000 }, decodesPictures: false);
        using var source = new PictureSource(320, 180);
        var random = new Random(1);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)] });
        for (var tick = 0; tick < 300; tick++)
        {
            stage.Show(Stage.CameraOf(0), source.EncodeNoise(random));
            stage.Tick();
        }

        // Over any two seconds after the first, with the buffer's one second of freedom.
        for (var first = 30; first + 60 <= 300; first += 10)
        {
            var bits = stage.Output.Pictures.Skip(first).Take(60).Sum(static picture => picture.Length * 8L);
            Assert.InRange(bits, 0, 800_000 * 3);
        }

        Assert.InRange(stage.Output.Pictures.Sum(static picture => picture.Length * 8L), 800_000 * 5, 800_000 * 11.5);
    }

    [Fact]
    public void Ticks_may_begin_anywhere_and_leave_some_out()
    {
        using var stage = new Stage(Small);
        foreach (var number in (long[])[1_000, 1_001, 1_005, 1_100])
        {
            stage.Composer.Tick(number);
        }

        Assert.Equal([1_000, 1_001, 1_005, 1_100], stage.Output.Pictures.Select(static picture => (long)Math.Round(picture.At.TotalSeconds * 30)));
        Assert.True(stage.Output.Pictures[0].IsKeyframe);
        Assert.InRange(stage.Output.Sounds[0].TotalSeconds, 33.33, 33.34);
        Assert.All(stage.Output.Sounds.Zip(stage.Output.Sounds.Skip(1)), static pair => Assert.InRange((pair.Second - pair.First).TotalMilliseconds, 21.332, 21.335));
        Assert.Throws<ArgumentOutOfRangeException>(() => stage.Composer.Tick(1_100));
    }

    [Fact]
    public void Nothing_is_allocated_from_tick_to_tick()
    {
        var output = new CountingOutput();
        using var composer = new Composer(new CompositionFormat(), new ComposerOptions { Preset = "ultrafast" }, output);
        using var picture = new PictureSource();
        using var sound = new SoundSource(SoundSource.Tone(440, 0.3));
        var pictures = Enumerable.Range(0, 30).Select(index => picture.Encode(index * 0x04_04_04)).ToArray();
        var sounds = Enumerable.Range(0, 100).Select(_ => sound.Encode()).ToArray();
        composer.SetScene(new Scene { Peers = [Stage.Peer(0), Stage.Peer(1), Stage.Peer(2, hasCamera: false)], SpeakerId = "peer0" });
        Run(0, 60);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(60, 360);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // Not even a byte a tick; the few are what the run time does once.
        Assert.InRange(allocated, 0, 300);
        Assert.Equal(360, output.Pictures);
        Assert.Equal(0, composer.Counters.BadVideoFrames + composer.Counters.BadAudioPackets);

        void Run(int from, int to)
        {
            for (var tick = from; tick < to; tick++)
            {
                var at = TimeSpan.FromTicks(tick * TimeSpan.TicksPerSecond / 30);
                for (var peer = 0; peer < 2; peer++)
                {
                    composer.TakeVideo(Stage.CameraOf(peer), pictures[tick % 30], at, peer * 90);
                    if (tick % 3 != 2)
                    {
                        composer.TakeAudio(Stage.MicrophoneOf(peer), sounds[tick % 100], at);
                    }
                    else
                    {
                        composer.MissAudio(Stage.MicrophoneOf(peer), at, TimeSpan.FromMilliseconds(20));
                    }
                }

                composer.Tick(tick);
            }
        }
    }

    [Fact]
    public void A_format_that_cannot_be_is_refused_before_anything_is_opened()
    {
        var output = new CountingOutput();
        Assert.Throws<ArgumentOutOfRangeException>(() => new Composer(new CompositionFormat { Width = 1_279 }, new ComposerOptions(), output));
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => new Composer(new CompositionFormat(), new ComposerOptions { Preset = "fastest" }, output));
        Assert.Contains("veryfast", fault.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Composer(new CompositionFormat(), new ComposerOptions { EncoderThreads = 0 }, output));
    }

    private sealed class CountingOutput : IComposerOutput
    {
        public int Pictures { get; private set; }

        public void TakeTrack(Roomcast.Media.Track track)
        {
        }

        public void TakePicture(ReadOnlySpan<byte> accessUnit, TimeSpan at, bool isKeyframe) => Pictures++;

        public void TakeSound(ReadOnlySpan<byte> accessUnit, TimeSpan at)
        {
        }

        public void WantKeyframe(uint ssrc)
        {
        }

        public void PreferHeight(uint ssrc, int height)
        {
        }
    }
}
