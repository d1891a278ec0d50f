using FsCheck;
using FsCheck.Fluent;
using Roomcast.Client.Media;
using Roomcast.Media;
using Roomcast.TestKit;

namespace Roomcast.Client.Tests.Media;

public class SourceTests
{
    [Fact]
    public async Task The_test_pattern_begins_with_a_keyframe_and_runs_without_end_in_time()
    {
        var source = new TestPatternSource();
        var times = new List<TimeSpan>();
        for (var i = 0; i < source.Count * 2; i++)
        {
            var frame = (await source.ReadAsync(false, default))!.Value;
            Assert.Equal(i % source.Count == 0, frame.IsKeyframe && i % source.Count == 0);
            Assert.Equal(TrackKind.Video, frame.Kind);
            times.Add(frame.Time);
        }

        Assert.Equal(times.Order(), times);
        Assert.InRange(times[^1], source.Length * 1.9, source.Length * 2);
    }

    [Fact]
    public async Task A_keyframe_that_is_wanted_comes_at_once_and_time_goes_on()
    {
        var source = new TestPatternSource();
        var first = (await source.ReadAsync(false, default))!.Value;
        var second = (await source.ReadAsync(false, default))!.Value;

        var wanted = (await source.ReadAsync(true, default))!.Value;

        Assert.True(first.IsKeyframe && !second.IsKeyframe && wanted.IsKeyframe);
        Assert.Equal((320, 180), (wanted.Width, wanted.Height));
        Assert.True(wanted.Time > second.Time);
    }

    [Fact]
    public async Task The_test_tone_lasts_as_its_packets_say()
    {
        var source = new TestToneSource();
        var first = (await source.ReadAsync(true, default))!.Value;
        var second = (await source.ReadAsync(true, default))!.Value;

        Assert.Equal((TrackKind.Audio, TimeSpan.FromMilliseconds(20)), (first.Kind, first.Duration));
        Assert.Equal(first.Time + first.Duration, second.Time);
        Assert.NotNull(first.AudioLevel);
    }

    [Fact]
    public async Task A_file_that_does_not_repeat_ends()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a.ivf");
        await File.WriteAllBytesAsync(path, Ivf(3));
        var source = await IvfVideoSource.OpenAsync(path);

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(TimeSpan.FromSeconds(i / 15.0), (await source.ReadAsync(false, default))!.Value.Time, Within);
        }

        Assert.Null(await source.ReadAsync(false, default));
    }

    [Fact]
    public void A_file_that_is_cut_anywhere_is_refused_or_has_fewer_frames()
    {
        var file = Ivf(4);
        for (var length = 0; length < file.Length; length++)
        {
            if (IvfReader.TryRead(file.AsMemory(0, length), out var frames, out var fault))
            {
                Assert.InRange(frames.Count, 1, 3);
            }
            else
            {
                Assert.NotEmpty(fault);
            }
        }
    }

    [Fact]
    public void Sound_that_is_cut_anywhere_is_refused_or_has_fewer_packets()
    {
        var file = Ogg(5);
        Assert.True(OggOpusReader.TryRead(file, out var all, out var wrong), wrong);
        Assert.Equal(5, all.Count);
        for (var length = 0; length < file.Length; length++)
        {
            if (OggOpusReader.TryRead(file.AsMemory(0, length), out var frames, out var fault))
            {
                Assert.InRange(frames.Count, 1, 5);
            }
            else
            {
                Assert.NotEmpty(fault);
            }
        }
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_without_a_throw()
    {
        var bytes = Gen.Choose(0, 255).Select(value => (byte)value);
        Prop.ForAll(
            Gen.ArrayOf(bytes).ToArbitrary(),
            tail =>
            {
                foreach (var file in (byte[][])[tail, [.. Ivf(1), .. tail], [.. Ogg(1), .. tail]])
                {
                    IvfReader.TryRead(file, out _, out _);
                    OggOpusReader.TryRead(file, out _, out _);
                }
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task A_recording_holds_what_came_from_the_first_keyframe_on()
    {
        using var file = new MemoryStream();
        await using (var recorder = new WebMRecorder(file, TrackKind.Video))
        {
            var source = new TestPatternSource();
            await source.ReadAsync(false, default);
            for (var i = 0; i < 40; i++)
            {
                recorder.OnFrame((await source.ReadAsync(false, default))!.Value);
            }

            recorder.OnEnded();
            Assert.Equal(40 - 14, recorder.Frames); // A keyframe each fifteen pictures; the first was left out.
        }

        var bytes = file.ToArray();
        Assert.Equal([0x1A, 0x45, 0xDF, 0xA3], bytes[..4]);
        Assert.True(bytes.AsSpan().IndexOf("V_VP8"u8) > 0);
    }

    private static readonly IEqualityComparer<TimeSpan> Within = EqualityComparer<TimeSpan>.Create((a, b) => (a - b).Duration() < TimeSpan.FromMilliseconds(1));

    private static byte[] Ivf(int frames)
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("DKIF"u8);
        writer.Write((short)0);
        writer.Write((short)32);
        writer.Write("VP80"u8);
        writer.Write((short)320);
        writer.Write((short)180);
        writer.Write(15);
        writer.Write(1);
        writer.Write((long)frames);
        for (var i = 0; i < frames; i++)
        {
            writer.Write(12);
            writer.Write((long)i);
            writer.Write((byte[])[0x10, 0, 0, 0x9D, 1, 0x2A, 64, 1, 180, 0, 1, 2]);
        }

        return file.ToArray();
    }

    private static byte[] Ogg(int packets)
    {
        using var file = new MemoryStream();
        void Page(byte[] packet)
        {
            file.Write("OggS"u8);
            file.Write(new byte[22]);
            file.WriteByte(1);
            file.WriteByte((byte)packet.Length);
            file.Write(packet);
        }

        Page([.. "OpusHead"u8, 1, 2, 0, 0, 0x80, 0xBB, 0, 0, 0, 0, 0]);
        Page([.. "OpusTags"u8, 0, 0, 0, 0]);
        for (var i = 0; i < packets; i++)
        {
            Page([0x78, (byte)i, 1, 2]);
        }

        return file.ToArray();
    }
}
