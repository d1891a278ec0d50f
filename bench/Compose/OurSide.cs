using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Composing;
using Roomcast.Media;

namespace Roomcast.Bench.Compose;

/// <summary>The composer, in a process of its own and in real time.</summary>
internal static class OurSide
{
    public const uint FirstMicrophone = 1_000;

    public static Scene SceneOf(int participants) => new()
    {
        Layout = SceneLayout.Grid,
        SpeakerId = "p0",
        Peers =
        [
            .. Enumerable.Range(0, participants).Select(static index => new ScenePeer($"p{index}", $"Participant {index + 1}")
            {
                Camera = new SceneTrack((uint)index, SceneCodec.Vp8, 96),
                Microphone = new SceneTrack(FirstMicrophone + (uint)index, SceneCodec.Opus, 111),
            }),
        ],
    };

    /// <summary>Composes until the standard input ends, then prints how long ticks took.</summary>
    public static int Run(string folder, int participants, string preset)
    {
        var pictures = Enumerable.Range(0, participants).Select(index => Participants.ReadIvf(Participants.Ivf(folder, index))).ToArray();
        var sounds = Enumerable.Range(0, participants).Select(index => Participants.ReadOgg(Participants.Ogg(folder, index))).ToArray();
        var output = new Discarded();
        using var composer = new Composer(new CompositionFormat(), new ComposerOptions { Preset = preset }, output);
        composer.SetScene(SceneOf(participants));
        using var ended = new ManualResetEventSlim();
        _ = Task.Run(async () =>
        {
            await Console.In.ReadToEndAsync();
            ended.Set();
        });

        var took = new List<double>(1 << 16);
        var began = Stopwatch.GetTimestamp();
        var sounded = 0L;
        for (var number = 0L; ; number++)
        {
            var at = TimeSpan.FromTicks(number * TimeSpan.TicksPerSecond / 30);
            var early = at - Stopwatch.GetElapsedTime(began);
            if (ended.Wait(early > TimeSpan.Zero ? early : TimeSpan.Zero))
            {
                break;
            }

            // From the last frame's arrival, with all the others', to the encoded picture.
            var started = Stopwatch.GetTimestamp();
            for (var index = 0; index < participants; index++)
            {
                composer.TakeVideo((uint)index, pictures[index][(int)(number % pictures[index].Count)], at, 0);
            }

            for (; TimeSpan.FromMilliseconds(sounded * 20) <= at; sounded++)
            {
                for (var index = 0; index < participants; index++)
                {
                    composer.TakeAudio(FirstMicrophone + (uint)index, sounds[index][(int)(sounded % sounds[index].Count)], TimeSpan.FromMilliseconds(sounded * 20));
                }
            }

            composer.Tick(number);
            took.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        took = [.. took.Skip(60).Order()];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{took[took.Count / 2]:0.0} {took[(int)(took.Count * 0.95)]:0.0} {took[(int)(took.Count * 0.99)]:0.0} {output.Bytes * 8.0 / composer.Counters.Pictures * 30 / 1e6:0.00} {composer.Counters.BadVideoFrames + composer.Counters.BadAudioPackets} {composer.Counters.Pictures / Stopwatch.GetElapsedTime(began).TotalSeconds:0.0}"));
        return 0;
    }

    private sealed class Discarded : IComposerOutput
    {
        public long Bytes { get; private set; }

        public void TakeTrack(Track track)
        {
        }

        public void TakePicture(ReadOnlySpan<byte> accessUnit, TimeSpan at, bool isKeyframe) => Bytes += accessUnit.Length;

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
