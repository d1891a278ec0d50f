using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Recording.Tracks;
using Roomcast.Media.Containers.WebM;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtc;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Egress.Tests.Recording;

/// <summary>
/// A peer's microphone and camera, recorded in virtual time. The microphone is reported every five seconds and the camera every second,
/// and a forwarding unit tells the newest of both on each second as if it were of then.
/// </summary>
public sealed class TrackLaneTests : IDisposable
{
    private static readonly TimeSpan SoundTime = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan PictureTime = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan Way = TimeSpan.FromMilliseconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly RecordingMetrics _metrics;
    private readonly RecordingDisk _disk;
    private readonly RtpPacketizer _microphone = new(1, 111, 48_000);
    private readonly RtpPacketizer _camera = new(2, 96, 90_000) { OrientationId = 1 };
    private readonly TrackLane _sound;
    private readonly TrackLane _picture;
    private readonly TrackLane[] _lanes;
    private readonly Dictionary<TrackLane, (NtpTime Ntp, uint Timestamp, TimeSpan At)> _reports = [];
    private TimeSpan _now;
    private TimeSpan _wallOffset = TimeSpan.FromDays(45_000);
    private TimeSpan _soundBehind;
    private TimeSpan _reportedBehind;
    private TimeSpan _pictureBehind;
    private TimeSpan _stallsUntil;
    private TimeSpan _soundReportsFrom = TimeSpan.FromSeconds(2.4);
    private bool _hasCamera = true;
    private int _pictureFiles;

    public TrackLaneTests()
    {
        _metrics = new RecordingMetrics(_services.GetRequiredService<IMeterFactory>());
        _disk = new RecordingDisk(_metrics, 0, _ => { });
        _sound = new TrackLane("peer", new SceneTrack(1, SceneCodec.Opus, 111), () => _folder.PathOf("sound.webm"), _disk);
        _picture = new TrackLane("peer", new SceneTrack(2, SceneCodec.Vp8, 96) { OrientationId = 1 }, () => _folder.PathOf($"picture{(_pictureFiles++ == 0 ? "" : $"-{_pictureFiles}")}.webm"), _disk);
        _lanes = [_sound, _picture];
    }

    public void Dispose()
    {
        _sound.Dispose();
        _picture.Dispose();
        _metrics.Dispose();
        _services.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(200)]
    [InlineData(400)]
    [InlineData(600)]
    [InlineData(5_000)]
    public void A_microphone_that_stalls_loses_nothing_more_and_is_with_the_picture_from_its_next_report_on(int stallMs)
    {
        Run(seconds: 12.6);
        _stallsUntil = _now + TimeSpan.FromMilliseconds(stallMs);
        Run(seconds: 20 + (stallMs / 1_000.0));
        var written = Close(_sound, "sound.webm");
        Assert.Equal(((_now.TotalMilliseconds - stallMs) / 20) + 1, written.Count, tolerance: 2);
        AssertInTime(written, from: 0, until: 12.6);
        AssertInTime(written, from: 18 + (stallMs / 1_000.0), until: 60);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(600)]
    [InlineData(5_000)]
    public void Timestamps_of_sound_that_jump_ahead_cost_a_short_gap_at_most(int jumpMs)
    {
        Run(seconds: 12.6);
        _soundBehind -= TimeSpan.FromMilliseconds(jumpMs);
        Run(seconds: 20);
        var written = Close(_sound, "sound.webm");
        Assert.InRange((_now.TotalMilliseconds / 20) - written.Count, -2, 16);
        AssertInTime(written, from: 18, until: 60);
    }

    [Theory]
    [InlineData(180)]
    [InlineData(-40)]
    public void A_peer_that_sets_its_wall_clock_moves_nothing(int stepSeconds)
    {
        Run(seconds: 13);
        _wallOffset += TimeSpan.FromSeconds(stepSeconds);
        Run(seconds: 20);
        var sounds = Close(_sound, "sound.webm");
        var pictures = Close(_picture, "picture.webm");
        Assert.Equal(_now.TotalMilliseconds / 20, sounds.Count, tolerance: 2);
        Assert.Equal(_now.TotalMilliseconds / 40, pictures.Count, tolerance: 2);
        AssertInTime(sounds, from: 0, until: 60);
        AssertInTime(pictures, from: 0, until: 60);
    }

    [Fact]
    public void A_track_that_begins_after_its_peer_set_the_wall_clock_lies_with_those_that_have_told_so()
    {
        Run(seconds: 13);
        _wallOffset += TimeSpan.FromMinutes(3);
        Run(seconds: 1.5);
        var other = new RtpPacketizer(3, 111, 48_000);
        using var lane = new TrackLane("peer", new SceneTrack(3, SceneCodec.Opus, 111), () => _folder.PathOf("other.webm"), _disk);
        lane.TakeReport(Ntp, other.TimestampAt(_now), _now + Way, [.. _lanes, lane]);
        Take(lane, other.Opus(Frame(0xF8, _now), _now), _now + Way);
        lane.Write(_now + Way, isPaused: false, TimeSpan.Zero);
        AssertInTime(Close(lane, "other.webm"), from: 0, until: 60);
    }

    [Fact]
    public void A_way_that_becomes_shorter_moves_sound_for_ten_seconds_at_most()
    {
        Run(seconds: 12, way: TimeSpan.FromMilliseconds(830));
        Run(seconds: 30);
        var written = Close(_sound, "sound.webm");
        Assert.Equal(_now.TotalMilliseconds / 20, written.Count, tolerance: 42);
        AssertInTime(written, from: 0, until: 11, way: 0.83);
        AssertInTime(written, from: 24, until: 60, way: 0.83);
    }

    [Fact]
    public void A_track_that_was_laid_by_its_first_packet_goes_by_reports_once_they_come()
    {
        _soundReportsFrom = TimeSpan.FromSeconds(9);
        _hasCamera = false;
        Run(seconds: 20);
        var written = Close(_sound, "sound.webm");
        Assert.Equal(_now.TotalMilliseconds / 20, written.Count, tolerance: 2);
        AssertInTime(written, from: 0, until: 60);
    }

    [Fact]
    public void After_a_picture_that_is_left_out_a_keyframe_is_asked_for_and_waited_for()
    {
        Run(seconds: 10);
        _pictureBehind -= TimeSpan.FromSeconds(3);
        Run(seconds: 2);
        Assert.False(_picture.WantsKeyframe(_now));
        _pictureBehind += TimeSpan.FromSeconds(3);
        Run(seconds: 10);
        var written = Close(_picture, "picture.webm");
        var gap = written.Zip(written.Skip(1)).Single(pair => pair.Second.Sampled - pair.First.Sampled > TimeSpan.FromSeconds(1));
        Assert.True(gap.Second.IsKeyframe);
    }

    [Theory]
    [InlineData(0, "", "90")]
    [InlineData(1, "-90", "-180")]
    [InlineData(2, "-180", "-90")]
    [InlineData(3, "90", "")]
    public async Task The_file_of_a_camera_says_how_it_is_to_be_turned_and_one_that_is_turned_goes_on_in_another(
        byte orientation, string rotation, string rotationAfter)
    {
        _camera.Orientation = orientation;
        Run(seconds: 5);
        _camera.Orientation = (byte)(3 - orientation);
        Run(seconds: 5);
        var after = Close(_picture, "picture-2.webm");
        var before = Read("picture.webm");

        Assert.Equal(2, _pictureFiles);
        Assert.Equal((rotation, rotationAfter), (await RotationOfAsync("picture.webm"), await RotationOfAsync("picture-2.webm")));

        // Until the keyframe that is asked for, pictures are turned as before; none is lost, and all are in time.
        Assert.True(after[0].IsKeyframe);
        Assert.Equal(PictureTime, after[0].Sampled - before[^1].Sampled);
        Assert.InRange(before[^1].Sampled.TotalSeconds, 5, 6.1);
        Assert.Equal(_now.TotalMilliseconds / 40, before.Count + after.Count, tolerance: 2);
        AssertInTime([.. before, .. after], from: 0, until: 60);
    }

    [Fact]
    public void A_camera_that_is_turned_for_ever_has_a_bounded_number_of_files()
    {
        for (var i = 0; i < 140; i++)
        {
            _camera.Orientation = (byte)(i & 1);
            Run(seconds: 1.2);
        }

        Assert.Equal(100, _pictureFiles);
        Assert.Equal(_now.TotalMilliseconds / 40, Enumerable.Range(2, 98).Sum(i => Read($"picture-{i}.webm").Count) + Read("picture.webm").Count + Close(_picture, "picture-100.webm").Count, tolerance: 2);
    }

    [Theory]
    [InlineData(0xF8, 20)] // RFC 6716 section 3.1: CELT, full band, 20 ms,
    [InlineData(0xF0, 10)] // and 10 ms.
    [InlineData(0x58, 60)] // SILK, wide band, 60 ms.
    public void Sound_whose_reports_are_of_the_end_of_its_packets_is_with_the_picture(byte packet, int packetMs)
    {
        var microphone = new RtpPacketizer(3, 111, 48_000);
        var length = TimeSpan.FromMilliseconds(packetMs);
        using var lane = new TrackLane(
            "peer", new SceneTrack(3, SceneCodec.Opus, 111) { ReportsPacketEnds = true }, () => _folder.PathOf("ends.webm"), _disk);
        _picture.TakeReport(Ntp, _camera.TimestampAt(_now), _now + Way, [_picture, lane]);
        for (; _now < TimeSpan.FromSeconds(15); _now += length)
        {
            // What was sounded until now, as browsers stamp it: by when it was whole.
            var began = _now - length;
            Take(lane, microphone.Opus(Frame(packet, began), _now), _now + Way);
            if (_now.Ticks % TimeSpan.FromSeconds(3).Ticks == 0)
            {
                lane.TakeReport(Ntp, microphone.TimestampAt(_now), _now + Way, [_picture, lane]);
            }

            lane.Write(_now + Way, isPaused: false, TimeSpan.Zero);
        }

        AssertInTime(Close(lane, "ends.webm"), from: 0, until: 15);
    }

    private static void AssertInTime(List<Written> written, double from, double until, double way = 0.03)
    {
        var some = written.Where(each => each.Sampled.TotalSeconds >= from && each.Sampled.TotalSeconds < until).ToList();
        Assert.NotEmpty(some);
        Assert.All(some, each => Assert.Equal(way, (each.Time - each.Sampled).TotalSeconds, tolerance: 0.005));
    }

    private static byte[] Frame(byte first, TimeSpan sampled)
    {
        var frame = new byte[40];
        frame[0] = first;
        BinaryPrimitives.WriteInt64BigEndian(frame.AsSpan(10), sampled.Ticks);
        return frame;
    }

    private void Run(double seconds, TimeSpan? way = null)
    {
        var (end, takes) = (_now + TimeSpan.FromSeconds(seconds), way ?? Way);
        for (; _now < end; _now += SoundTime)
        {
            var at = _now + takes;
            if (_now < _stallsUntil)
            {
                _soundBehind += SoundTime;
            }
            else
            {
                Take(_sound, _microphone.Opus(Frame(0xF8, _now), _now - _soundBehind), at);
                _reportedBehind = _soundBehind;
            }

            if (_hasCamera && _now.Ticks % PictureTime.Ticks == 0)
            {
                var isKeyframe = _picture.WantsKeyframe(at);
                _camera.Vp8(Frame((byte)(isKeyframe ? 0x10 : 0x11), _now), _now - _pictureBehind).ForEach(packet => Take(_picture, packet, at));
            }

            if (_now >= _soundReportsFrom && (_now - _soundReportsFrom).Ticks % TimeSpan.FromSeconds(5).Ticks == 0)
            {
                _reports[_sound] = (Ntp, _microphone.TimestampAt(_now - _reportedBehind), at);
            }

            if (_hasCamera && _now.Ticks % TimeSpan.TicksPerSecond == TimeSpan.FromSeconds(0.6).Ticks)
            {
                _reports[_picture] = (Ntp, _camera.TimestampAt(_now - _pictureBehind), at);
            }

            if (_now.Ticks % TimeSpan.TicksPerSecond == 0)
            {
                foreach (var (lane, (ntp, timestamp, since)) in _reports)
                {
                    var ticks = (uint)Math.Round((at - since).TotalSeconds * (lane == _picture ? 90_000 : 48_000));
                    lane.TakeReport(ntp.Add(at - since), unchecked(timestamp + ticks), at, _lanes);
                }
            }

            Array.ForEach(_lanes, lane => lane.Write(at, isPaused: false, TimeSpan.Zero));
        }
    }

    private NtpTime Ntp => new((ulong)(((UInt128)(ulong)(_now + _wallOffset).Ticks << 32) / TimeSpan.TicksPerSecond));

    private static void Take(TrackLane lane, byte[] packet, TimeSpan at)
    {
        Assert.True(RtpHeader.TryRead(packet, out var header));
        lane.Take(header, packet, at);
    }

    // FFmpeg counts counterclockwise.
    private async Task<string> RotationOfAsync(string name) =>
        (await FfmpegTool.ProbeAsync("-v", "fatal", "-show_entries", "stream_side_data=rotation", "-of", "csv=p=0", _folder.PathOf(name))).Trim();

    private List<Written> Close(TrackLane lane, string name)
    {
        lane.Close();
        return Read(name);
    }

    private List<Written> Read(string name)
    {
        var reader = new WebMReader();
        var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(File.ReadAllBytes(_folder.PathOf(name))));
        var written = new List<Written>();
        while (reader.TryRead(ref input, out var frame) is OperationStatus.Done)
        {
            written.Add(new Written(TimeSpan.FromTicks(BinaryPrimitives.ReadInt64BigEndian(frame.Data.Span[10..])), frame.Time, frame.IsKeyframe));
        }

        Assert.Equal("", reader.Fault);
        return written;
    }

    /// <summary>A frame of a file: when it was sampled, where it lies, and whether decoding can start at it.</summary>
    private readonly record struct Written(TimeSpan Sampled, TimeSpan Time, bool IsKeyframe);
}
