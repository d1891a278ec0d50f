using Roomcast.Client.Media;
using Roomcast.Media;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Client.Tests.Media;

/// <summary>Files of every kind become frames that can be sent.</summary>
public sealed class MediaFileTests : IDisposable
{
    private const int Pictures = 50;

    private static readonly string[] Signals = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2", "-f", "lavfi", "-i", "sine=frequency=440:duration=2"];
    private static readonly string[] Vp8 = ["-c:v", "libvpx", "-deadline", "realtime", "-g", "25", "-b:v", "300k"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_recording_is_played_again_as_it_was_received()
    {
        var path = PathOf("recorded.webm");
        var pattern = new TestPatternSource();
        var recorded = new List<EncodedFrame>();
        await using (var recorder = new WebMRecorder(path, TrackKind.Video))
        {
            for (var i = 0; i < 40; i++)
            {
                recorded.Add((await pattern.ReadAsync(false, default))!.Value);
                recorder.OnFrame(recorded[^1]);
            }
        }

        var played = await ReadAllAsync(await WebMVideoSource.OpenAsync(path));

        Assert.Equal(recorded.Select(frame => Convert.ToHexString(frame.Data.Span)), played.Select(frame => Convert.ToHexString(frame.Data.Span)));
        Assert.Equal(recorded.Select(frame => frame.IsKeyframe), played.Select(frame => frame.IsKeyframe));
        Assert.All(recorded.Zip(played), pair => Assert.InRange((pair.First.Time - pair.Second.Time).Duration(), TimeSpan.Zero, TimeSpan.FromMilliseconds(1)));
        Assert.Equal((320, 180), (played[0].Width, played[0].Height));
    }

    [Fact]
    public async Task A_file_of_both_gives_both_and_one_of_either_that_one()
    {
        var (both, ivf, ogg) = (PathOf("both.webm"), PathOf("picture.anything"), PathOf("sound.bin"));
        await FfmpegTool.RunAsync([.. Signals, .. Vp8, "-c:a", "libopus", both]);
        await FfmpegTool.RunAsync([.. Signals, "-an", .. Vp8, "-f", "ivf", ivf]);
        await FfmpegTool.RunAsync([.. Signals, "-vn", "-c:a", "libopus", "-f", "ogg", ogg]);

        await using var webM = await MediaFile.OpenAsync(both);
        AssertPictures(await ReadAllAsync(webM.Video!), after: TimeSpan.FromMilliseconds(7)); // By the delay of Opus, whose sound begins before 0.
        AssertSound(await ReadAllAsync(webM.Audio!));
        await using var pictures = await MediaFile.OpenAsync(ivf);
        AssertPictures(await ReadAllAsync(pictures.Video!));
        Assert.Null(pictures.Audio);
        await using var sound = await MediaFile.OpenAsync(ogg);
        AssertSound(await ReadAllAsync(sound.Audio!));
        Assert.Null(sound.Video);
    }

    [Fact]
    public async Task Any_other_file_is_read_by_FFmpeg_and_encoded_anew()
    {
        var (both, silent) = (PathOf("film.mp4"), PathOf("silent.mkv"));
        await FfmpegTool.RunAsync([.. Signals, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", both]);
        await FfmpegTool.RunAsync([.. Signals, "-an", "-c:v", "libx264", "-preset", "ultrafast", silent]);

        await using var film = await MediaFile.OpenAsync(both);
        AssertPictures(await ReadAllAsync(film.Video!));
        AssertSound(await ReadAllAsync(film.Audio!));
        await using var silentFilm = await MediaFile.OpenAsync(silent);
        AssertPictures(await ReadAllAsync(silentFilm.Video!));
        Assert.Null(silentFilm.Audio);
    }

    [Theory]
    [InlineData("vp9.webm", "libvpx-vp9", "libopus")]
    [InlineData("vorbis.webm", "libvpx", "libvorbis")]
    [InlineData("h264.mkv", "libx264", "libopus")]
    [InlineData("aac.mkv", "libvpx", "aac")]
    [InlineData("vp9.ivf", "libvpx-vp9", null)]
    [InlineData("vorbis.ogg", null, "libvorbis")]
    [InlineData("flac.ogg", null, "flac")]
    [InlineData("theora.ogg", "libtheora", "libopus")]
    public async Task Nothing_of_a_file_is_left_out_for_being_of_another_codec(string name, string? video, string? audio)
    {
        var path = PathOf(name);
        string[] picture = video is null ? ["-vn"] : ["-c:v", video, "-g", "25", "-b:v", "300k"];
        string[] sound = audio is null ? ["-an"] : ["-c:a", audio];
        await FfmpegTool.RunAsync([.. Signals, .. picture, .. sound, path]);

        await using var file = await MediaFile.OpenAsync(path);

        Assert.Equal((video is not null, audio is not null), (file.Video is not null, file.Audio is not null));
        if (file.Video is { } pictures)
        {
            Assert.InRange((await ReadAllAsync(pictures)).Count, Pictures - 2, Pictures + 2);
        }

        if (file.Audio is { } heard)
        {
            AssertSound(await ReadAllAsync(heard));
        }
    }

    [Theory]
    [InlineData("late.webm", "libvpx", "libopus")]
    [InlineData("late.mkv", "libx264", "aac")]
    public async Task Sound_and_pictures_of_a_file_stand_on_one_timeline_and_begin_as_far_apart_as_in_the_file(string name, string video, string audio)
    {
        var path = PathOf(name);
        await FfmpegTool.RunAsync(["-itsoffset", "0.6", .. Signals, "-c:v", video, "-g", "25", "-c:a", audio, path]);

        await using var file = await MediaFile.OpenAsync(path);

        Assert.NotNull(file.Video!.Timeline);
        Assert.Same(file.Video.Timeline, file.Audio!.Timeline);
        var apart = (await ReadAllAsync(file.Video))[0].Time - (await ReadAllAsync(file.Audio))[0].Time;
        Assert.InRange(apart, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.7));
    }

    [Fact]
    public async Task Sound_and_pictures_of_a_file_repeat_together()
    {
        var path = PathOf("uneven.webm");
        await FfmpegTool.RunAsync([
            "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2", "-f", "lavfi", "-i", "sine=frequency=440:duration=1", .. Vp8, "-c:a", "libopus", path]);
        await using var file = await MediaFile.OpenAsync(path, repeats: true);

        var (pictures, sound) = (await SecondRoundAsync(file.Video!), await SecondRoundAsync(file.Audio!));

        Assert.InRange((pictures - sound).Duration(), TimeSpan.Zero, TimeSpan.FromMilliseconds(10));

        static async Task<TimeSpan> SecondRoundAsync(IFrameSource source)
        {
            var first = (await source.ReadAsync(false, default))!.Value;
            while (true)
            {
                var frame = (await source.ReadAsync(false, default))!.Value;
                if (frame.Data.Span.SequenceEqual(first.Data.Span))
                {
                    return frame.Time;
                }
            }
        }
    }

    [Theory]
    [InlineData("shown.mp4", 2.0, 1.0)]
    [InlineData("heard.mp4", 1.0, 2.0)]
    [InlineData("odd.mkv", 1.32, 1.71)]
    [InlineData("long.mkv", 1.9, 1.2, 20_000)]
    [InlineData("never kept.mp4", 0.9, 1.4, 0)]
    public async Task Sound_and_pictures_do_not_drift_however_often_a_file_of_unlike_lengths_repeats(string name, double shownSeconds, double heardSeconds, long keptAtMost = FfmpegSource.MostKept)
    {
        var rounds = keptAtMost == FfmpegSource.MostKept ? 12 : 4; // By processes of their own they take their time.
        var path = PathOf(name);
        var longest = TimeSpan.FromSeconds(Math.Max(shownSeconds, heardSeconds));
        await FfmpegTool.RunAsync([
            "-f", "lavfi", "-i", Seconds($"color=gray:size=160x90:rate=25,geq=lum='if(lt(T,0.2),random(1)*255,128)':cb=128:cr=128,trim=duration={shownSeconds}"),
            "-f", "lavfi", "-i", Seconds($"aevalsrc='0.5*sin(2*PI*440*t)*lt(t,0.2)':sample_rate=48000:duration={heardSeconds}"),
            "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", path]);
        await using var file = await MediaFile.OpenAsync(path, repeats: true, keptAtMost, default);

        // Each round begins with a noise in both, after which there is next to nothing.
        var (shown, heard) = (new Beginnings(600), new Beginnings(40));
        while (shown.Times.Count <= rounds || heard.Times.Count <= rounds)
        {
            Assert.True(shown.Reached < longest * 3 * rounds && heard.Reached < longest * 3 * rounds, $"{shown.Times.Count} beginnings were seen and {heard.Times.Count} heard.");
            var (source, beginnings) = shown.Reached <= heard.Reached ? (file.Video! as IFrameSource, shown) : (file.Audio!, heard);
            beginnings.Take((await source.ReadAsync(false, default))!.Value);
        }

        var apart = shown.Times.Zip(heard.Times).Take(rounds + 1).Select(pair => pair.First - pair.Second).ToList();
        Assert.All(apart, each => Assert.InRange(each.Duration(), TimeSpan.Zero, TimeSpan.FromMilliseconds(60)));
        Assert.InRange((apart[^1] - apart[0]).Duration(), TimeSpan.Zero, TimeSpan.FromMilliseconds(20));
        Assert.InRange(shown.Times[rounds] - shown.Times[0], longest * rounds, (longest + TimeSpan.FromMilliseconds(100)) * rounds);

        static string Seconds(FormattableString text) => FormattableString.Invariant(text);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(FfmpegSource.MostKept)]
    public async Task Who_repeats_a_file_goes_on_in_time(long keptAtMost)
    {
        var film = PathOf("film.mp4");
        await FfmpegTool.RunAsync([.. Signals, "-c:v", "libx264", "-preset", "ultrafast", "-an", film]);
        await using var source = new FfmpegVideoSource(film, repeats: true) { KeptAtMost = keptAtMost };

        var times = new List<TimeSpan>();
        for (var i = 0; i < Pictures * 3; i++)
        {
            times.Add((await source.ReadAsync(false, default))!.Value.Time);
        }

        Assert.Equal(times.Order(), times);
        Assert.InRange(times[^1], TimeSpan.FromSeconds(5.5), TimeSpan.FromSeconds(6.5));
    }

    [Fact]
    public async Task A_file_that_nobody_can_read_is_refused_with_FFmpegs_words()
    {
        var path = PathOf("noise.mp4");
        await File.WriteAllBytesAsync(path, [.. Enumerable.Range(0, 5_000).Select(number => (byte)(number * 37))]);

        var fault = await Assert.ThrowsAsync<FfmpegException>(() => MediaFile.OpenAsync(path));

        Assert.False(fault.IsMissing);
        Assert.Equal(RealtimeKitError.MediaFailed, fault.Error);
        Assert.Contains("Invalid data", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_WebM_says_what_is_wrong()
    {
        var path = PathOf("other.webm");
        await File.WriteAllBytesAsync(path, [0x1A, 0x45, 0xDF, 0xA3, 0x88, 0x42, 0x82, 0x85, .. "other"u8]);

        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => WebMVideoSource.OpenAsync(path));

        Assert.Equal("It is neither WebM nor Matroska.", fault.Message);
    }

    private static void AssertPictures(List<EncodedFrame> frames, TimeSpan after = default)
    {
        Assert.InRange(frames.Count, Pictures - 1, Pictures + 1);
        Assert.True(frames[0].IsKeyframe);
        Assert.Equal((160, 90), (frames[0].Width, frames[0].Height));
        Assert.Equal(after, frames[0].Time);
        Assert.InRange(frames[^1].Time, TimeSpan.FromSeconds(1.9), TimeSpan.FromSeconds(2.05));
        Assert.True(frames.Count(frame => frame.IsKeyframe) >= 2, "A keyframe each second was to be expected.");
    }

    private static void AssertSound(List<EncodedFrame> frames)
    {
        Assert.InRange(frames.Count, 99, 103);
        Assert.All(frames, frame => Assert.Equal((TrackKind.Audio, TimeSpan.FromMilliseconds(20)), (frame.Kind, frame.Duration)));
        Assert.Equal(frames.Select(frame => frame.Time).Order(), frames.Select(frame => frame.Time));
    }

    private static async Task<List<EncodedFrame>> ReadAllAsync(IFrameSource source)
    {
        var frames = new List<EncodedFrame>();
        while (await source.ReadAsync(false, default) is { } frame)
        {
            frames.Add(frame);
        }

        return frames;
    }

    /// <summary>Where something begins that is large, after something small: in what was read, each time. Times do not go back.</summary>
    private sealed class Beginnings(int large)
    {
        private int _small = int.MaxValue;

        public List<TimeSpan> Times { get; } = [];

        public TimeSpan Reached { get; private set; }

        public void Take(EncodedFrame frame)
        {
            Assert.True(frame.Time > Reached || Times.Count == 0, $"{frame.Kind} went back from {Reached} to {frame.Time}.");
            Reached = frame.Time;
            if (frame.Data.Length < large)
            {
                _small += _small < int.MaxValue ? 1 : 0;
                return;
            }

            if (_small >= 5)
            {
                Times.Add(frame.Time);
            }

            _small = 0;
        }
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);
}
