using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Tests.Media;

namespace Roomcast.Egress.Worker.Tests.Sound;

/// <summary>Who is to be heard, and how loud, in what a decoder makes of the composed sound.</summary>
public sealed class SoundTests
{
    private static readonly CompositionFormat Small = new() { Width = 128, Height = 128, FrameRate = 50 };

    [Fact]
    public void Where_nobody_speaks_there_is_silence_and_never_a_gap()
    {
        using var stage = new Stage(Small, decodesPictures: false);
        stage.Tick(150);
        Assert.InRange(stage.Output.Sounds.Count, 136, 141);
        Assert.Equal(TimeSpan.Zero, stage.Output.Sounds[0]);
        Assert.All(stage.Output.Sounds.Zip(stage.Output.Sounds.Skip(1)), static pair => Assert.InRange((pair.Second - pair.First).TotalMilliseconds, 21.332, 21.335));
        Assert.True(stage.Output.Left.Max(Math.Abs) < 0.0005f);
    }

    [Fact]
    public void Everybody_is_heard_as_loud_as_they_are()
    {
        using var stage = new Stage(Small, decodesPictures: false);
        using var low = new SoundSource(SoundSource.Tone(440, 0.3));
        using var high = new SoundSource(SoundSource.Tone(1_500, 0.15));
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0), Stage.Peer(1)] });
        Speak(stage, 100, low, high);
        for (var at = 0.4; at < 1.6; at += 0.2)
        {
            Assert.InRange(stage.Output.Amplitude(440, at, at + 0.2), 0.285, 0.315);
            Assert.InRange(stage.Output.Amplitude(1_500, at, at + 0.2), 0.140, 0.160);
        }

        // Both channels, as it was sent.
        Assert.InRange(stage.Output.Left.Zip(stage.Output.Right).Max(static pair => Math.Abs(pair.First - pair.Second)), 0, 0.02f);
    }

    [Fact]
    public void A_loud_crowd_is_limited_and_a_single_voice_is_left_alone()
    {
        using var stage = new Stage(Small, decodesPictures: false);
        var sources = Enumerable.Range(0, 4).Select(static index => new SoundSource(SoundSource.Tone(300 + (170 * index), 0.6))).ToArray();
        var scene = new Scene { Peers = [.. Enumerable.Range(0, 4).Select(static index => Stage.Peer(index))] };
        stage.Composer.SetScene(scene);
        Speak(stage, 100, sources);
        Assert.InRange(stage.Output.Peak(0.3, 1.9), 0.7, 1.0);

        // Three of them stop; the one that goes on is as loud as it was sent, and stays so.
        stage.Composer.SetScene(scene with { Peers = [scene.Peers[0]] });
        Speak(stage, 100, sources[0]);
        for (var at = 2.8; at < 3.8; at += 0.1)
        {
            Assert.InRange(stage.Output.Amplitude(300, at, at + 0.1), 0.57, 0.63);
        }

        foreach (var source in sources)
        {
            source.Dispose();
        }
    }

    [Fact]
    public void Who_is_muted_or_gone_adds_nothing_within_a_tick()
    {
        using var stage = new Stage(Small, decodesPictures: false);
        using var source = new SoundSource(SoundSource.Tone(500, 0.5));
        var peer = Stage.Peer(0);
        var muted = peer with { Microphone = peer.Microphone! with { IsPaused = true } };
        stage.Composer.SetScene(new Scene { Peers = [peer] });
        Speak(stage, 50, source);
        stage.Composer.SetScene(new Scene { Peers = [muted] });
        Speak(stage, 50, source);
        stage.Composer.SetScene(new Scene { Peers = [peer] });
        Speak(stage, 50, source);
        stage.Composer.SetScene(Scene.Empty);
        Speak(stage, 50, source);
        Assert.InRange(stage.Output.Amplitude(500, 0.3, 0.9), 0.47, 0.53);
        Assert.InRange(stage.Output.Peak(1.1, 1.9), 0, 0.002f);
        Assert.InRange(stage.Output.Amplitude(500, 2.3, 2.9), 0.47, 0.53);
        Assert.InRange(stage.Output.Peak(3.1, 3.8), 0, 0.002f);
    }

    [Fact]
    public void Who_was_set_louder_softer_and_silent_is_heard_so()
    {
        using var stage = new Stage(Small, decodesPictures: false);
        using var source = new SoundSource(SoundSource.Tone(500, 0.2));
        var second = 0;
        foreach (var (gainDb, expected) in new[] { (0.0, 0.2), (6, 0.399), (-12, 0.0502), (-50, 0), (0, 0.2), (-30, 0.0063), (-50, 0), (0, 0.2) })
        {
            var peer = Stage.Peer(0);
            stage.Composer.SetScene(new Scene { Peers = [peer with { Microphone = peer.Microphone! with { GainDb = gainDb } }] });
            Speak(stage, 50, source);
            second++;
            var heard = stage.Output.Amplitude(500, second - 0.7, second - 0.1);
            Assert.True(Math.Abs(heard - expected) <= (expected * 0.08) + 0.0005, $"{gainDb} dB: {heard:F4}, not {expected}");
        }
    }

    [Fact]
    public void A_gate_lets_through_what_is_loud_enough_and_holds_back_the_rest()
    {
        using var stage = new Stage(Small, decodesPictures: false);
        using var loud = new SoundSource(SoundSource.Tone(500, 0.2));
        using var soft = new SoundSource(SoundSource.Tone(500, 0.005));
        var peer = Stage.Peer(0);
        var second = 0;

        // A sine of 0.2 is at -17 dBFS, one of 0.005 at -49.
        foreach (var (gateDb, source, expected) in new[] { ((double?)null, soft, 0.005), (-40, loud, 0.2), (-40, soft, 0), (-10, loud, 0), (-60, soft, 0.005), (null, loud, 0.2) })
        {
            stage.Composer.SetScene(new Scene { Peers = [peer with { Microphone = peer.Microphone! with { GateDb = gateDb } }] });
            Speak(stage, 50, source);
            second++;
            var heard = stage.Output.Amplitude(500, second - 0.5, second - 0.1);
            Assert.True(Math.Abs(heard - expected) <= (expected * 0.08) + 0.0005, $"Gate {gateDb} dB: {heard:F4}, not {expected}");
        }
    }

    [Fact]
    public void The_sound_of_a_screen_is_heard_beside_the_microphone()
    {
        using var stage = new Stage(Small, decodesPictures: false);
        using var source = new SoundSource(SoundSource.Tone(700, 0.4));
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0) with { ScreenSound = new SceneTrack(900, SceneCodec.Opus, 111) }] });
        for (var tick = 0; tick < 60; tick++)
        {
            stage.Composer.TakeAudio(900, source.Encode(), stage.Now);
            stage.Tick();
        }

        Assert.InRange(stage.Output.Amplitude(700, 0.4, 0.9), 0.37, 0.43);
    }

    [Fact]
    public void A_lost_packet_is_taken_from_the_redundancy_of_the_next()
    {
        var restored = Lose(isLate: false, out var whole);
        Assert.True(restored.RestoredAudioPackets > 5, $"{restored.RestoredAudioPackets} were restored and {restored.ConcealedAudioPackets} made up.");
        Assert.True(whole, "There is a hole in the sound.");
    }

    [Fact]
    public void A_lost_packet_whose_successor_is_late_is_made_up()
    {
        var concealed = Lose(isLate: true, out var whole);
        Assert.Equal((0, 10), (concealed.RestoredAudioPackets, concealed.ConcealedAudioPackets));
        Assert.True(whole, "There is a hole in the sound.");
    }

    [Fact]
    public void A_damaged_packet_is_counted_and_the_rest_goes_on()
    {
        using var stage = new Stage(Small, decodesPictures: false);
        using var source = new SoundSource(SoundSource.Tone(500, 0.5));
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)] });
        Speak(stage, 30, source);
        stage.Composer.TakeAudio(Stage.MicrophoneOf(0), [0xFF, 0xFF, 0xFF], stage.Now);
        stage.Composer.TakeAudio(Stage.MicrophoneOf(0), [], stage.Now);
        Speak(stage, 40, source);
        Assert.Equal(2, stage.Composer.Counters.BadAudioPackets);
        Assert.InRange(stage.Output.Amplitude(500, 0.9, 1.3), 0.47, 0.53);
    }

    [Theory]
    [InlineData(1.0005)]
    [InlineData(0.9995)]
    public void A_clock_that_runs_apart_is_followed_without_a_gap(double rate)
    {
        // Half a thousandth, ten times what sound cards are off by: 15 ms in half a minute.
        using var stage = new Stage(Small, decodesPictures: false);
        var chirp = new Chirp(28);
        using var source = new SoundSource(seconds => (0.2 * Math.Sin(2 * Math.PI * 200 * seconds)) + chirp.At(seconds));
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)] });
        for (var packet = 0; stage.Now < TimeSpan.FromSeconds(30); stage.Tick())
        {
            for (var at = TimeSpan.FromSeconds(packet * 0.02 * rate); at <= stage.Now; at = TimeSpan.FromSeconds(packet * 0.02 * rate))
            {
                stage.Composer.TakeAudio(Stage.MicrophoneOf(0), source.Encode(), at);
                packet++;
            }
        }

        Assert.InRange(chirp.FindIn(stage.Output, 28 * rate).TotalMilliseconds, -2, 2);
        for (var at = 0.5; at < 29.5; at += 0.01)
        {
            Assert.True(stage.Output.Peak(at, at + 0.01) > 0.12, $"There is a hole at {at:0.00} s.");
        }
    }

    [Fact]
    public void Picture_and_sound_of_one_moment_come_out_together()
    {
        using var stage = new Stage(new CompositionFormat { Width = 320, Height = 180 });
        using var picture = new PictureSource(320, 180);
        var chirp = new Chirp(1);
        using var sound = new SoundSource(chirp.At);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)], ShowsNames = false });
        var flash = TimeSpan.Zero;
        for (var packet = 0; stage.Now < TimeSpan.FromSeconds(2); stage.Tick())
        {
            while (packet * 20 <= stage.Now.TotalMilliseconds)
            {
                stage.Composer.TakeAudio(Stage.MicrophoneOf(0), sound.Encode(), TimeSpan.FromMilliseconds(packet * 20));
                packet++;
            }

            stage.Show(Stage.CameraOf(0), picture.Encode(stage.Number >= 30 ? 0xFF_FF_FF : 0));
            if (flash == TimeSpan.Zero && stage.Number > 0 && stage.Output.Last.Y[(90 * 320) + 160] > 200)
            {
                flash = stage.Output.Pictures[^1].At;
            }
        }

        Assert.Equal(TimeSpan.FromSeconds(1), flash);
        Assert.InRange(chirp.FindIn(stage.Output, 1).TotalMilliseconds, -1, 1);
    }

    private static void Speak(Stage stage, int ticks, params SoundSource[] sources)
    {
        for (var tick = 0; tick < ticks; tick++)
        {
            for (var index = 0; index < sources.Length; index++)
            {
                stage.Composer.TakeAudio(Stage.MicrophoneOf(index), sources[index].Encode(), stage.Now);
            }

            stage.Tick();
        }
    }

    /// <summary>What Opus takes for speech: a throat's overtones, through a mouth that opens and closes four times a second.</summary>
    private static double Voice(double seconds)
    {
        var sum = 0.0;
        for (var overtone = 1; overtone < 20; overtone++)
        {
            sum += Math.Sin(2 * Math.PI * overtone * ((130 * seconds) + (0.8 * Math.Sin(2 * Math.PI * 2.3 * seconds)))) / (1 + Math.Abs(overtone - 5));
        }

        return 0.15 * sum * (0.6 + (0.4 * Math.Sin(2 * Math.PI * 4 * seconds)));
    }

    /// <summary>Loses every tenth packet of two seconds of voice.</summary>
    private static Worker.Composing.ComposerCounters Lose(bool isLate, out bool isWhole)
    {
        using var stage = new Stage(Small, decodesPictures: false);
        using var source = new SoundSource(Voice, isVoice: true);
        stage.Composer.SetScene(new Scene { Peers = [Stage.Peer(0)] });
        var length = TimeSpan.FromMilliseconds(20);
        for (var tick = 0; tick < 105; tick++)
        {
            // Handed over one packet ahead, so that the one after a lost one comes in time; or else just before it is heard.
            var packet = source.Encode();
            var at = isLate ? stage.Now - length : stage.Now + length;
            if (tick % 10 == 9)
            {
                stage.Composer.MissAudio(Stage.MicrophoneOf(0), at, length);
            }
            else
            {
                stage.Composer.TakeAudio(Stage.MicrophoneOf(0), packet, at);
            }

            stage.Tick();
        }

        isWhole = true;
        for (var at = 0.3; at < 1.9; at += 0.01)
        {
            isWhole &= stage.Output.Peak(at, at + 0.01) > 0.02;
        }

        return stage.Composer.Counters;
    }
}
