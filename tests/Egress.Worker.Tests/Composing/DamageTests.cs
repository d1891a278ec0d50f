using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Tests.Media;

namespace Roomcast.Egress.Worker.Tests.Composing;

/// <summary>What comes from strangers may be anything: it is survived, counted, and a keyframe asked for.</summary>
public sealed class DamageTests
{
    private const int Red = 0xC0_20_20;
    private const int Green = 0x20_A0_40;

    [Fact]
    public void A_frame_that_cannot_be_decoded_keeps_the_last_picture_and_asks_for_a_keyframe()
    {
        using var stage = new Stage();
        using var source = new PictureSource(keyframeEvery: 8);
        var camera = Stage.CameraOf(0);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)] });
        stage.ShowFor(4, (camera, source, Red));

        // Its first partition is said to be far longer than the frame.
        var broken = source.Encode(Green);
        (broken[0], broken[1], broken[2]) = (0xF1, 0xFF, 0xFF);
        stage.Show(camera, broken);
        stage.Tick();
        Assert.Equal(1, stage.Composer.Counters.BadVideoFrames);
        Assert.Equal([camera], stage.Output.KeyframesWanted);
        stage.Output.Last.Expect(300, 300, Red);

        // What refers to the lost frame is not decoded; the keyframe is.
        stage.ShowFor(3, (camera, source, Green));
        stage.Output.Last.Expect(300, 300, Red);
        stage.ShowFor(3, (camera, source, Green));
        stage.Output.Last.Expect(300, 300, Green);
        Assert.Equal(1, stage.Composer.Counters.BadVideoFrames);
    }

    [Fact]
    public void Keyframes_are_asked_for_until_one_comes_but_at_most_twice_a_second()
    {
        using var stage = new Stage(decodesPictures: false);
        using var source = new PictureSource();
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)] });
        _ = source.Encode(Red);
        for (var tick = 0; tick < 90; tick++)
        {
            stage.Show(Stage.CameraOf(0), source.Encode(Red));
            stage.Tick();
        }

        Assert.InRange(stage.Output.KeyframesWanted.Count, 5, 6);
        Assert.Equal(0, stage.Composer.Counters.DecodedFrames);
    }

    [Fact]
    public void After_frames_that_are_lost_for_good_nothing_is_decoded_before_a_keyframe()
    {
        using var stage = new Stage();
        using var source = new PictureSource(keyframeEvery: 6);
        var camera = Stage.CameraOf(0);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)] });
        stage.ShowFor(3, (camera, source, Red));
        stage.Composer.MissVideo(camera);
        Assert.Equal([camera], stage.Output.KeyframesWanted);
        stage.ShowFor(3, (camera, source, Green));
        Assert.Equal(3, stage.Composer.Counters.DecodedFrames);
        stage.ShowFor(3, (camera, source, Green));
        stage.Output.Last.Expect(300, 300, Green);
    }

    [Theory]
    [InlineData(0, 64)]
    [InlineData(4_097, 64)]
    [InlineData(64, 4_097)]
    [InlineData(16_383, 16_383)]
    public void A_picture_larger_than_is_allowed_is_not_even_tried(int width, int height)
    {
        using var stage = new Stage(decodesPictures: false);
        using var source = new PictureSource(64, 64);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)] });
        var frame = source.Encode(Red);
        (frame[6], frame[7], frame[8], frame[9]) = ((byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8));
        stage.Show(Stage.CameraOf(0), frame);
        stage.Tick();
        Assert.Equal(1, stage.Composer.Counters.BadVideoFrames);
        Assert.Equal(0, stage.Composer.Counters.DecodedFrames);
    }

    [Fact]
    public void Tracks_that_are_not_in_the_scene_and_codecs_that_do_not_fit_are_ignored()
    {
        using var stage = new Stage(decodesPictures: false);
        var confused = Stage.Peer(0) with
        {
            Camera = new SceneTrack(100, SceneCodec.Opus, 96),
            Microphone = new SceneTrack(200, SceneCodec.Vp8, 111),
        };
        stage.Composer.SetScene(new Scene { Peers = [confused] });
        foreach (var ssrc in (uint[])[0, 100, 200, 4_000_000_000])
        {
            stage.Composer.TakeVideo(ssrc, [1, 2, 3], stage.Now, 0);
            stage.Composer.TakeAudio(ssrc, [1, 2, 3], stage.Now);
            stage.Composer.MissVideo(ssrc);
            stage.Composer.MissAudio(ssrc, stage.Now, TimeSpan.FromMilliseconds(20));
        }

        stage.Tick(3);
        Assert.Equal(3, stage.Output.Pictures.Count);
    }

    [Fact]
    public void Mutated_frames_and_packets_never_stop_the_ticks()
    {
        // A fault here would take the process down, so what is tried is fixed by the seed, and repeats. Sound has chances of its
        // own: how long an encoded picture is depends on how much time the encoder had.
        using var stage = new Stage(new CompositionFormat { Width = 320, Height = 180 }, decodesPictures: false);
        using var picture = new PictureSource(176, 144, keyframeEvery: 4);
        using var sound = new SoundSource(SoundSource.Tone(300, 0.5), isVoice: true);
        var random = new Random(20_260_101);
        var soundRandom = new Random(20_260_104);
        var noise = new Random(7);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0), Stage.Peer(1)] });
        for (var tick = 0; tick < 3_000; tick++)
        {
            stage.Show(Stage.CameraOf(0), Mutate(tick % 3 == 0 ? picture.EncodeNoise(noise) : picture.Encode(tick), random), random.Next(-1, 5) * 90);
            stage.Composer.TakeAudio(
                Stage.MicrophoneOf(0), Mutate(sound.Encode(), soundRandom), stage.Now + TimeSpan.FromMilliseconds(soundRandom.Next(-400, 400)));
            if (soundRandom.Next(4) == 0)
            {
                stage.Composer.MissAudio(
                    Stage.MicrophoneOf(0),
                    stage.Now + TimeSpan.FromMilliseconds(soundRandom.Next(-400, 400)),
                    TimeSpan.FromMilliseconds(soundRandom.Next(-20, 200)));
            }

            stage.Tick();
        }

        Assert.Equal(3_000, stage.Output.Pictures.Count);
        Assert.True(stage.Composer.Counters.BadVideoFrames > 100);
        Assert.True(stage.Composer.Counters.DecodedFrames > 100);
        Assert.All(stage.Output.Left, static sample => Assert.True(Math.Abs(sample) < 1.5f));
    }

    private static byte[] Mutate(byte[] bytes, Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                return bytes;
            case 1:
                return bytes[..random.Next(bytes.Length)];
            case 2:
                random.NextBytes(bytes.AsSpan(random.Next(bytes.Length)));
                return bytes;
            case 3:
                return [.. bytes, .. bytes];
            default:
                for (var i = random.Next(1, 8); i > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                }

                return bytes;
        }
    }
}
