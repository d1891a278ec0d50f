using Roomcast.Livestreams.Ingest;
using Roomcast.Media;
using Roomcast.Media.Time;

namespace Roomcast.Livestreams.Tests.Ingest;

public sealed class PublisherMeterTests
{
    private static readonly IngestRequest Request = new("a-secret-key", "rtmp", "127.0.0.1:5", "FMLE/3.0");

    private static readonly Track Video = new()
    {
        Id = 0, Codec = Codec.H264, Configuration = new byte[] { 1 }, CodecString = "avc1.64001f", Width = 1280, Height = 720,
    };

    private static readonly Track Audio = new()
    {
        Id = 1, Codec = Codec.Aac, Configuration = new byte[] { 2 }, CodecString = "mp4a.40.2", SampleRateHz = 48_000, Channels = 2,
    };

    private readonly PublisherMeter _meter = new();

    [Fact]
    public void Bit_rates_and_frame_rates_are_those_of_the_last_seconds()
    {
        _meter.SetTracks([Video, Audio]);
        SendVideo(from: 100, seconds: 10, framesPerSecond: 30, bytesPerFrame: 5_000, keyframeEvery: 60);
        SendAudio(from: 100, seconds: 10);

        var report = Report(at: 110);
        Assert.Equal(2, report.Tracks.Count);
        Assert.Equal(1_200_000, report.Tracks[0].BitrateBps);
        Assert.Equal(30, report.Tracks[0].FrameRate);
        Assert.Equal((1280, 720), (report.Tracks[0].Width, report.Tracks[0].Height));
        Assert.Equal(50 * 320 * 8, report.Tracks[1].BitrateBps);
        Assert.Equal(report.Tracks[0].BitrateBps + report.Tracks[1].BitrateBps, report.BitrateBps);
        Assert.Equal(2, report.KeyframeIntervalSeconds);
        Assert.Empty(report.Warnings);

        // Nothing for six seconds: the rates say so.
        Assert.Equal(0, Report(at: 116).BitrateBps);
    }

    [Theory]
    [InlineData(150, true)]
    [InlineData(120, false)]
    public void A_long_keyframe_interval_is_warned_of(int keyframeEvery, bool isWarned)
    {
        _meter.SetTracks([Video, Audio]);
        SendVideo(from: 0, seconds: 20, framesPerSecond: 30, bytesPerFrame: 5_000, keyframeEvery);
        Assert.Equal(isWarned, Report(at: 20).Warnings.Contains("long_keyframe_interval"));
    }

    [Fact]
    public void Reordered_frames_a_low_bitrate_jumps_and_missing_kinds_are_warned_of()
    {
        _meter.SetTracks([Video]);
        SendVideo(from: 0, seconds: 10, framesPerSecond: 10, bytesPerFrame: 100, keyframeEvery: 20, reorders: true);
        var report = _meter.Report(Request, DateTimeOffset.UnixEpoch, new PublisherMeasurements(1, 2, 3), TimeSpan.FromSeconds(10));
        Assert.Equal(["b_frames", "low_bitrate", "no_audio", "timestamp_jumps"], report.Warnings);
        Assert.Equal((1, 2, 3), (report.BytesReceived, report.DroppedFrames, report.TimestampJumps));

        _meter.SetTracks([Audio]);
        Assert.Equal(["no_video"], Report(at: 11).Warnings);
    }

    [Fact]
    public void The_stream_key_stands_nowhere_in_the_report_or_the_request()
    {
        _meter.SetTracks([Video]);
        Assert.DoesNotContain("a-secret-key", Report(at: 1).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("a-secret-key", Request.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Adding_a_frame_allocates_nothing()
    {
        _meter.SetTracks([Video]);
        var frame = Frame.CopyOf(0, MediaTime.Zero, MediaTime.Zero, TimeSpan.Zero, isKeyframe: true, new byte[100]);
        _meter.Add(frame, TimeSpan.Zero);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            _meter.Add(frame, TimeSpan.FromMilliseconds(i));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        frame.Release();
    }

    private PublisherReport Report(double at) =>
        _meter.Report(Request, DateTimeOffset.UnixEpoch, new PublisherMeasurements(0, 0, 0), TimeSpan.FromSeconds(at));

    private void SendVideo(
        double from, int seconds, int framesPerSecond, int bytesPerFrame, int keyframeEvery, bool reorders = false)
    {
        for (var i = 0; i < seconds * framesPerSecond; i++)
        {
            var time = new MediaTime(i * MediaTime.TicksPerSecond / framesPerSecond);
            var shown = reorders ? time + TimeSpan.FromMilliseconds(i % 2 == 0 ? 300 : 100) : time + TimeSpan.FromMilliseconds(100);
            Send(0, time, shown, i % keyframeEvery == 0, bytesPerFrame, from);
        }
    }

    private void SendAudio(double from, int seconds)
    {
        for (var i = 0; i < seconds * 50; i++)
        {
            var time = new MediaTime(i * MediaTime.TicksPerSecond / 50);
            Send(1, time, time, isKeyframe: true, length: 320, from);
        }
    }

    private void Send(int trackId, MediaTime decodeTime, MediaTime presentationTime, bool isKeyframe, int length, double from)
    {
        var frame = Frame.CopyOf(trackId, decodeTime, presentationTime, TimeSpan.Zero, isKeyframe, new byte[length]);
        _meter.Add(frame, TimeSpan.FromSeconds(from) + decodeTime.SinceStart);
        frame.Release();
    }
}
