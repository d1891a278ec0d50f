using System.Globalization;
using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.H264;
using Roomcast.Media.Containers.Mp4;
using Roomcast.Media.Time;

namespace Roomcast.Media.Tests.Containers.Mp4;

/// <summary>Real encoders write, our reader reads, our writer writes, a real decoder compares every frame.</summary>
public sealed class FfmpegRoundTripTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("roomcast-media-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void H264_with_B_frames_and_AAC_come_through_unchanged()
    {
        var tracks = RoundTrip(
            "-f", "lavfi", "-i", "testsrc2=size=642x362:rate=25:duration=2",
            "-f", "lavfi", "-i", "sine=frequency=440:duration=2",
            "-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-g", "25", "-pix_fmt", "yuv420p",
            "-c:a", "aac", "-ac", "2", "-ar", "48000");

        Assert.Equal([Codec.H264, Codec.Aac], tracks.Select(track => track.Codec));
        Assert.Equal((642, 362, 25.0), (tracks[0].Width, tracks[0].Height, tracks[0].FrameRate));
        Assert.Equal((48_000, 2, "mp4a.40.2"), (tracks[1].SampleRateHz, tracks[1].Channels, tracks[1].CodecString));
    }

    [Fact]
    public void H265_comes_through_unchanged()
    {
        var tracks = RoundTrip(
            "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30:duration=1",
            "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=3:keyint=15", "-tag:v", "hvc1",
            "-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc");

        Assert.Equal((Codec.H265, 320, 180, 30.0), (tracks[0].Codec, tracks[0].Width, tracks[0].Height, tracks[0].FrameRate));
        Assert.StartsWith("hvc1.2.4.", tracks[0].CodecString, StringComparison.Ordinal);
        Assert.Equal("hvc1,yuv420p10le,tv,bt2020nc,smpte2084,bt2020", ProbeWritten("codec_tag_string,pix_fmt,color_range,color_space,color_transfer,color_primaries"));
    }

    [Fact]
    public void AV1_comes_through_unchanged()
    {
        var tracks = RoundTrip(
            "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1",
            "-c:v", "libsvtav1", "-preset", "12", "-g", "12", "-pix_fmt", "yuv420p");

        Assert.Equal((Codec.Av1, 320, 180), (tracks[0].Codec, tracks[0].Width, tracks[0].Height));
        Assert.StartsWith("av01.0.", tracks[0].CodecString, StringComparison.Ordinal);
    }

    [Fact]
    public void VP9_with_Opus_comes_through_unchanged()
    {
        var tracks = RoundTrip(
            "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1",
            "-f", "lavfi", "-i", "sine=frequency=440:duration=1",
            "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "12", "-pix_fmt", "yuv420p",
            "-c:a", "libopus", "-ac", "2", "-b:a", "64k");

        Assert.Equal([Codec.Vp9, Codec.Opus], tracks.Select(track => track.Codec));
        Assert.Equal((320, 180), (tracks[0].Width, tracks[0].Height));
        Assert.Equal((48_000, 2), (tracks[1].SampleRateHz, tracks[1].Channels));
    }

    [Fact]
    public void Sound_alone_comes_through_unchanged()
    {
        var tracks = RoundTrip(
            "-f", "lavfi", "-i", "sine=frequency=440:duration=1", "-c:a", "aac", "-ac", "1", "-ar", "44100");

        Assert.Equal((44_100, 1), (tracks[0].SampleRateHz, tracks[0].Channels));
    }

    [Fact]
    public void Pixel_shape_range_and_language_are_told()
    {
        RoundTrip(
            "-f", "lavfi", "-i", "testsrc2=size=720x576:rate=25:duration=0.4", "-vf", "setsar=16/11,format=yuvj420p",
            "-c:v", "libx264", "-preset", "ultrafast", "-flags", "+ilme+ildct");

        Assert.Equal("720,576,16:11,pc", ProbeWritten("width,height,sample_aspect_ratio,color_range"));
        Assert.Equal("und", Ffmpeg.Probe("-show_entries", "stream_tags=language", "-of", "csv=p=0", Written).Trim());
    }

    [Fact]
    public void H264_of_an_elementary_stream_is_packed_and_decoded()
    {
        var raw = Path.Combine(_folder, "raw.h264");
        Ffmpeg.Run(
            "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1", "-c:v", "libx264", "-preset", "ultrafast",
            "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p", "-x264-params", "repeat-headers=1:aud=1", "-f", "h264", raw);

        var (track, frames) = AnnexBFile.Read(raw);
        Assert.Equal((320, 180, 0), (track.Width, track.Height, frames.Count(frame => frame.Length == 0)));
        Assert.Equal(25, frames.Count);
        Assert.Equal([0, 10, 20], frames.Index().Where(frame => frame.Item.IsKeyframe).Select(frame => frame.Index));

        var samples = frames.Select(frame => Mp4Sample.Of(frame, 3_600, Mp4InitSection.VideoTimescaleHz)).ToArray();
        File.WriteAllBytes(Written, [.. Mp4InitSection.Write([track]), .. Mp4FragmentWriter.Write(1, [new Mp4TrackRun(0, 0, samples)])]);

        Assert.Equal(HashesOf(Ffmpeg.DecodedFrames(raw)), HashesOf(Ffmpeg.DecodedFrames(Written)));
        frames.ForEach(frame => frame.Release());
    }

    private string Written => Path.Combine(_folder, "written.mp4");

    private string ProbeWritten(string entries)
    {
        // ffprobe answers in an order of its own, so each entry is asked for alone.
        return string.Join(',', entries.Split(',').Select(entry =>
            Ffmpeg.Probe("-select_streams", "v:0", "-show_entries", $"stream={entry}", "-of", "csv=p=0", Written).Trim()));
    }

    private List<Track> RoundTrip(params string[] source)
    {
        var original = Path.Combine(_folder, "original.mp4");
        Ffmpeg.Run(
            [.. source, "-fflags", "+bitexact", "-video_track_timescale", "90000",
                "-movflags", "+frag_keyframe+empty_moov+default_base_moof+delay_moov", original]);
        var bytes = File.ReadAllBytes(original);
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(bytes, out var described));
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadFragments(bytes, described, out var fragments));

        var tracks = described.Select(track => ToTrack(track, bytes, fragments)).ToList();
        using var output = new MemoryStream();
        output.Write(Mp4InitSection.Write(tracks));
        foreach (var part in PartsOf(tracks, described, bytes, fragments))
        {
            output.Write(part);
        }

        File.WriteAllBytes(Written, output.ToArray());

        var expected = Ffmpeg.DecodedFrames(original);
        Assert.NotEmpty(expected);
        Assert.Equal(expected, Ffmpeg.DecodedFrames(Written));
        return tracks;
    }

    private static Track ToTrack(Mp4Track described, byte[] bytes, IReadOnlyList<Mp4Fragment> fragments)
    {
        Assert.True(described.TryToTrack(out var track, out var fault), $"{described}: {fault}");
        if (track.Codec is Codec.Vp9)
        {
            var first = fragments[0].Samples.First(sample => sample.TrackNumber == described.TrackNumber);
            Assert.True(TrackFactory.TryCreateVp9(
                track.Id, described.Configuration, bytes.AsSpan(first.Offset, first.Length), out track, out fault));
        }

        Assert.Equal(described.TimescaleHz, Mp4InitSection.TimescaleOf(track));
        return track;
    }

    // A part every 400 ms, each with what both tracks have of that time.
    private static IEnumerable<byte[]> PartsOf(
        List<Track> tracks, IReadOnlyList<Mp4Track> described, byte[] bytes, IReadOnlyList<Mp4Fragment> fragments)
    {
        var samples = fragments.SelectMany(fragment => fragment.Samples).ToLookup(sample => sample.TrackNumber);
        var partCount = 1 + samples.Max(track => track.Max(sample => PartOf(sample, described)));
        for (var part = 0; part < partCount; part++)
        {
            var runs = tracks
                .Select(track => (Track: track, Samples: samples[track.Id + 1].Where(sample => PartOf(sample, described) == part).ToArray()))
                .Where(run => run.Samples.Length > 0)
                .Select(run => new Mp4TrackRun(
                    run.Track.Id, run.Samples[0].DecodeTime, run.Samples.Select(sample => ToWrite(sample, run.Track, bytes)).ToArray()))
                .ToArray();
            if (runs.Length > 0)
            {
                yield return Mp4FragmentWriter.Write((uint)part + 1, runs, startsSegment: part % 5 == 0);
            }

            foreach (var run in runs)
            {
                foreach (var sample in run.Samples.ToArray())
                {
                    sample.Frame.Release();
                }
            }
        }
    }

    private static int PartOf(Mp4ReadSample sample, IReadOnlyList<Mp4Track> described) =>
        (int)(sample.DecodeTime * 5 / 2 / described.Single(track => track.TrackNumber == sample.TrackNumber).TimescaleHz);

    private static Mp4Sample ToWrite(Mp4ReadSample sample, Track track, byte[] bytes)
    {
        var timescale = Mp4InitSection.TimescaleOf(track);
        var payload = bytes.AsSpan(sample.Offset, sample.Length);
        var frame = Frame.CopyOf(
            track.Id,
            MediaTime.FromTimescale(sample.DecodeTime, timescale),
            MediaTime.FromTimescale(sample.PresentationTime, timescale),
            TimeSpan.Zero,
            sample.IsSync,
            payload);
        var written = Mp4Sample.Of(frame, (int)sample.Duration, timescale);
        Assert.Equal(sample.CompositionOffset, written.CompositionOffset);
        if (track.Codec is Codec.H264)
        {
            Assert.True(H264AccessUnit.TryInspect(payload, 4, out var unit));
            Assert.Equal(sample.IsSync, unit.IsKeyframe);
        }

        return written;
    }

    private static string[] HashesOf(string[] frames) =>
        [.. frames.Select(frame => frame.Split(' ')[^1].ToString(CultureInfo.InvariantCulture)).Order(StringComparer.Ordinal)];
}
