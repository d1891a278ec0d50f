using Roomcast.Media;

namespace Roomcast.Hls.Segmenting;

/// <summary>What a playlist promises for all its life, chosen from the first seconds of media.</summary>
/// <param name="TargetSeconds">EXT-X-TARGETDURATION.</param>
/// <param name="PartTargets">PART-TARGET by rendition.</param>
/// <param name="FrameRates">Frames in a second by rendition, 0 when unknown.</param>
internal sealed record StreamShape(int TargetSeconds, TimeSpan[] PartTargets, double[] FrameRates);

/// <summary>
/// Holds the first frames back until it is known how far apart keyframes and frames are, because target durations may never
/// change once a playlist has been seen.
/// </summary>
/// <remarks>
/// It ends with the first segment: at the first keyframe at or after the segment target. Without one it ends at twice the
/// target, and the playlist then allows for segments of ten seconds. Players must hold three parts or more before they
/// begin, so little is lost.
/// </remarks>
internal sealed class StartProbe
{
    // What encoders make when nobody set a keyframe interval, 250 frames at 25 in a second.
    private const int UnknownIntervalSeconds = 10;

    // Lets a segment of 2.02 s be called 2 s long; more would be too near the next half second.
    private const double RoundingSlack = 0.25;

    // A part filled to at least this much of its target stays above 85 % when frame times tremble.
    private const double LeastFill = 0.86;
    private const double AdaptedFill = 0.925;

    private readonly HlsOptions _options;
    private readonly List<(Frame Frame, TimeSpan ArrivedAt)> _frames = [];
    private readonly List<Interval> _renditions = [];
    private readonly int _leadingTrackId;
    private readonly bool _hasVideo;
    private long? _firstKeyframe;
    private long? _first;
    private long _bytes;

    /// <summary>Begins.</summary>
    /// <param name="options">The options.</param>
    /// <param name="leads">The leading track of each rendition.</param>
    public StartProbe(HlsOptions options, IEnumerable<Track> leads)
    {
        _options = options;
        foreach (var track in leads)
        {
            _renditions.Add(new Interval(track));
        }

        _leadingTrackId = _renditions[0].Track.Id;
        _hasVideo = _renditions[0].Track.Kind is TrackKind.Video;
    }

    /// <summary>The frames held back, in the order they came.</summary>
    public IReadOnlyList<(Frame Frame, TimeSpan ArrivedAt)> Frames => _frames;

    /// <summary>Keeps a frame.</summary>
    /// <returns>What was chosen, when enough has been seen; the frame is among <see cref="Frames"/> all the same.</returns>
    public StreamShape? Add(Frame frame, TimeSpan arrivedAt)
    {
        frame.Retain();
        _frames.Add((frame, arrivedAt));
        _bytes += frame.Length;

        var at = HlsClock.Units(frame.DecodeTime.SinceStart);
        foreach (var rendition in _renditions)
        {
            if (rendition.Track.Id == frame.TrackId)
            {
                rendition.Add(at);
            }
        }

        _first ??= at;
        var target = HlsClock.Units(_options.SegmentTarget);
        if (frame.TrackId == _leadingTrackId && (frame.IsKeyframe || !_hasVideo))
        {
            _firstKeyframe ??= at;
            if (at - _firstKeyframe >= target - (target / 20))
            {
                return Choose(_hasVideo ? at - _firstKeyframe.Value : target);
            }
        }

        return at - (_firstKeyframe ?? _first) >= 2 * target || _bytes > _options.MaxBytesInMemory / 2 ? Choose(null) : null;
    }

    /// <summary>Chooses from what there is, because no more will come.</summary>
    public StreamShape Choose() => Choose(HlsClock.Units(_options.SegmentTarget));

    /// <summary>Lets go of the frames.</summary>
    public void Release()
    {
        foreach (var (frame, _) in _frames)
        {
            frame.Release();
        }

        _frames.Clear();
        _bytes = 0;
    }

    /// <summary>EXT-X-TARGETDURATION for segments of a length.</summary>
    /// <param name="options">The options.</param>
    /// <param name="segment">The longest segment seen, in units of <see cref="HlsClock"/>; null when no end was in sight.</param>
    internal static int ChooseTarget(HlsOptions options, long? segment)
    {
        var wanted = options.SegmentTarget.TotalSeconds;
        return segment is { } units
            ? (int)Math.Max(Math.Ceiling(wanted), Math.Ceiling(((double)units / HlsClock.Hz) - RoundingSlack))
            : (int)Math.Max(UnknownIntervalSeconds, Math.Ceiling(2 * wanted));
    }

    /// <summary>
    /// PART-TARGET for frames of a length: as asked for where whole frames fill it well, otherwise one that they do fill.
    /// </summary>
    /// <param name="options">The options.</param>
    /// <param name="usual">The usual length of a frame, in units of <see cref="HlsClock"/>; 0 when unknown.</param>
    /// <param name="long">A length that few frames exceed.</param>
    internal static TimeSpan ChoosePartTarget(HlsOptions options, long usual, long @long)
    {
        var wanted = HlsClock.Units(options.PartTarget);
        if (usual <= 0)
        {
            return options.PartTarget;
        }

        // Times rounded to milliseconds can make a run of frames that much longer than it is, and so a frame too many.
        const long Rounding = HlsClock.Hz / 1_000;
        double seconds;
        if (@long - usual > 2 * Rounding)
        {
            // The frames are uneven: a part is cut where the next one does not fit, whatever its length.
            seconds = @long / (1 - LeastFill) / HlsClock.Hz;
            if (seconds <= options.PartTarget.TotalSeconds)
            {
                return options.PartTarget;
            }
        }
        else if (Math.Abs((((wanted + (usual / 2)) / usual) * usual) - wanted) <= Rounding)
        {
            // Whole frames fill the part to within the rounding: without leave to exceed it by as much, the last frame of each
            // part would go into the next one, and each segment would end in a part of a single frame.
            seconds = (double)(wanted + (2 * Rounding)) / HlsClock.Hz;
        }
        else if ((wanted - Rounding) / usual * usual >= wanted * LeastFill)
        {
            return options.PartTarget;
        }
        else
        {
            seconds = Math.Max(1, (wanted + Rounding) / usual) * usual / AdaptedFill / HlsClock.Hz;
        }

        return TimeSpan.FromMilliseconds(Math.Ceiling(Math.Min(seconds, options.SegmentTarget.TotalSeconds / 2) * 1_000));
    }

    private StreamShape Choose(long? segment)
    {
        var partTargets = _renditions.Select(rendition => ChoosePartTarget(_options, rendition.Usual, rendition.Long)).ToArray();
        return new StreamShape(
            Math.Max(ChooseTarget(_options, segment), (int)Math.Ceiling(partTargets.Max().TotalSeconds)),
            partTargets,
            [.. _renditions.Select(rendition => rendition.Usual > 0 ? (double)HlsClock.Hz / rendition.Usual : 0)]);
    }

    /// <summary>How far apart the frames of a track are.</summary>
    private sealed class Interval(Track track)
    {
        private readonly List<long> _steps = [];
        private long? _last;

        public Track Track { get; } = track;

        /// <summary>The middle one of all distances; 0 before the second frame. The mean of those like it, against rounding.</summary>
        public long Usual
        {
            get
            {
                if (_steps.Count == 0)
                {
                    return 0;
                }

                _steps.Sort();
                var middle = _steps[_steps.Count / 2];
                var alike = _steps.Where(step => Math.Abs(step - middle) <= Math.Max(middle / 8, HlsClock.Hz / 1_000)).ToList();
                return (long)Math.Round(alike.Average());
            }
        }

        /// <summary>A distance that one in twenty exceeds.</summary>
        public long Long
        {
            get
            {
                _steps.Sort();
                return _steps.Count == 0 ? 0 : _steps[(_steps.Count - 1) * 19 / 20];
            }
        }

        public void Add(long at)
        {
            if (at > _last)
            {
                _steps.Add(at - _last.Value);
            }

            _last = at;
        }
    }
}
