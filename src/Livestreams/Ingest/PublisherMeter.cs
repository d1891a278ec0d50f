using Roomcast.Media;
using Roomcast.Media.Time;

namespace Roomcast.Livestreams.Ingest;

/// <summary>Measures what a publisher sends: bit rates and frame rates over the last five seconds, keyframe distance, B-frames.</summary>
/// <remarks>Written by the publisher's connection and read by others, under its own lock; adding a frame allocates nothing.</remarks>
internal sealed class PublisherMeter
{
    /// <summary>Keyframes further apart than this make joining slow and seeking coarse; the platforms advise 2 s and allow 4 s.</summary>
    internal static readonly TimeSpan LongKeyframeInterval = TimeSpan.FromSeconds(4);

    private const int WindowSeconds = 5;
    private const int KeyframeWindowSeconds = 60;
    private const long LowVideoBitrateBps = 100_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, TrackMeter> _tracks = [];

    /// <summary>Replaces the tracks. Tracks that stay keep their measurements.</summary>
    public void SetTracks(IReadOnlyList<Track> tracks)
    {
        lock (_lock)
        {
            foreach (var gone in _tracks.Keys.Except(tracks.Select(track => track.Id)).ToArray())
            {
                _tracks.Remove(gone);
            }

            foreach (var track in tracks)
            {
                if (_tracks.TryGetValue(track.Id, out var meter))
                {
                    meter.Track = track;
                }
                else
                {
                    _tracks.Add(track.Id, new TrackMeter(track));
                }
            }
        }
    }

    /// <summary>Adds one frame.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="now">Monotonic time at which it arrived.</param>
    public void Add(Frame frame, TimeSpan now)
    {
        lock (_lock)
        {
            if (_tracks.TryGetValue(frame.TrackId, out var meter))
            {
                meter.Add(frame, now);
            }
        }
    }

    /// <summary>Says what was measured up to now.</summary>
    public PublisherReport Report(
        IngestRequest request, DateTimeOffset since, PublisherMeasurements measurements, TimeSpan now)
    {
        lock (_lock)
        {
            var tracks = _tracks.Values.OrderBy(meter => meter.Track.Id).Select(meter => meter.Report(now)).ToArray();
            var video = _tracks.Values.FirstOrDefault(meter => meter.Track.Kind is TrackKind.Video);
            var keyframeInterval = video?.LongestKeyframeInterval(now);
            return new PublisherReport(
                request.Protocol,
                request.RemoteAddress,
                request.Encoder,
                since,
                tracks,
                tracks.Sum(track => track.BitrateBps),
                keyframeInterval?.TotalSeconds,
                measurements.BytesReceived,
                measurements.DroppedFrames,
                measurements.TimestampJumps,
                [.. WarningsFor(video, keyframeInterval, measurements, now)]);
        }
    }

    private IEnumerable<string> WarningsFor(
        TrackMeter? video, TimeSpan? keyframeInterval, PublisherMeasurements measurements, TimeSpan now)
    {
        if (keyframeInterval > LongKeyframeInterval)
        {
            yield return "long_keyframe_interval";
        }

        if (video is { HasReorderedFrames: true })
        {
            yield return "b_frames";
        }

        if (video is not null && video.HasFullWindow(now) && video.BitrateBps(now) < LowVideoBitrateBps)
        {
            yield return "low_bitrate";
        }

        if (video is null)
        {
            yield return "no_video";
        }

        if (!_tracks.Values.Any(meter => meter.Track.Kind is TrackKind.Audio))
        {
            yield return "no_audio";
        }

        if (measurements.TimestampJumps > 0)
        {
            yield return "timestamp_jumps";
        }
    }

    private sealed class TrackMeter(Track track)
    {
        private readonly long[] _bytes = new long[WindowSeconds];
        private readonly int[] _frames = new int[WindowSeconds];
        private readonly long[] _second = new long[WindowSeconds];
        private readonly (TimeSpan At, TimeSpan Interval)[] _keyframes = new (TimeSpan, TimeSpan)[KeyframeWindowSeconds];
        private int _keyframeCount;
        private MediaTime? _lastKeyframe;
        private MediaTime? _lastPresentation;
        private MediaTime _lastFrame;
        private TimeSpan? _firstFrameAt;

        public Track Track { get; set; } = track;

        public bool HasReorderedFrames { get; private set; }

        public void Add(Frame frame, TimeSpan now)
        {
            _firstFrameAt ??= now;
            var second = (long)now.TotalSeconds;
            var slot = (int)(second % WindowSeconds);
            if (_second[slot] != second)
            {
                _second[slot] = second;
                _bytes[slot] = 0;
                _frames[slot] = 0;
            }

            _bytes[slot] += frame.Length;
            _frames[slot]++;

            if (Track.Kind is not TrackKind.Video)
            {
                return;
            }

            // A constant distance from decoding is an encoder's habit, not a B-frame: that one is shown before its predecessor.
            HasReorderedFrames |= frame.PresentationTime < _lastPresentation;
            _lastPresentation = frame.PresentationTime;
            _lastFrame = frame.DecodeTime;
            if (!frame.IsKeyframe)
            {
                return;
            }

            if (_lastKeyframe is { } last && frame.DecodeTime > last)
            {
                _keyframes[_keyframeCount++ % KeyframeWindowSeconds] = (now, frame.DecodeTime - last);
            }

            _lastKeyframe = frame.DecodeTime;
        }

        public bool HasFullWindow(TimeSpan now) => now - _firstFrameAt >= TimeSpan.FromSeconds(WindowSeconds + 1);

        public long BitrateBps(TimeSpan now) => (long)(OverWindow(now, _bytes) * 8);

        public TimeSpan? LongestKeyframeInterval(TimeSpan now)
        {
            TimeSpan? longest = null;
            for (var i = 0; i < Math.Min(_keyframeCount, KeyframeWindowSeconds); i++)
            {
                var (at, interval) = _keyframes[i];
                if (now - at <= TimeSpan.FromSeconds(KeyframeWindowSeconds) && (longest is null || interval > longest))
                {
                    longest = interval;
                }
            }

            // The one that has not ended so far, once it is longer than any that has.
            var running = _lastKeyframe is { } last ? _lastFrame - last : TimeSpan.Zero;
            return running > (longest ?? LongKeyframeInterval) ? running : longest;
        }

        public PublisherTrackReport Report(TimeSpan now)
        {
            var isVideo = Track.Kind is TrackKind.Video;
            return new PublisherTrackReport(
                Track.CodecString,
                isVideo ? "video" : "audio",
                isVideo ? Track.Width : null,
                isVideo ? Track.Height : null,
                isVideo ? Math.Round(OverWindow(now, _frames), 2) : null,
                isVideo ? null : Track.SampleRateHz,
                isVideo ? null : Track.Channels,
                BitrateBps(now));
        }

        private double OverWindow(TimeSpan now, ReadOnlySpan<long> counts)
        {
            var (total, seconds) = (0L, 0);
            var current = (long)now.TotalSeconds;
            for (var slot = 0; slot < WindowSeconds; slot++)
            {
                // The second that runs is not complete, and one before the first frame says nothing.
                if (_second[slot] < current && _second[slot] > current - WindowSeconds && counts[slot] > 0)
                {
                    total += counts[slot];
                }
            }

            var age = _firstFrameAt is { } first ? current - (long)first.TotalSeconds : 0;
            seconds = (int)Math.Clamp(age, 1, WindowSeconds - 1);
            return (double)total / seconds;
        }

        private double OverWindow(TimeSpan now, ReadOnlySpan<int> counts)
        {
            Span<long> wide = stackalloc long[WindowSeconds];
            for (var slot = 0; slot < WindowSeconds; slot++)
            {
                wide[slot] = counts[slot];
            }

            return OverWindow(now, wide);
        }
    }
}
