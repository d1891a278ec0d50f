using Roomcast.Media;
using Roomcast.Media.Time;

namespace Roomcast.Livestreams.Ingest;

/// <summary>Where a frame was placed.</summary>
/// <param name="Time">When it is decoded, on the program timeline; later than the frame of its kind before it.</param>
/// <param name="SourceTime">The same by the timestamp alone: earlier where a frame came out of order.</param>
/// <param name="IsTimed">Whether the encoder's timestamp means anything. Where not, sound counts samples instead.</param>
internal readonly record struct SourcePlacement(MediaTime Time, MediaTime SourceTime, bool IsTimed);

/// <summary>Lays an encoder's timestamps on the program timeline.</summary>
/// <remarks>
/// <para>
/// Timestamps are milliseconds modulo 2^32, one clock for sound and picture. They may begin anywhere, wrap at 2^32 (or, from
/// encoders without extended timestamps, at 2^24), jump when an encoder restarts or adjusts its clock, or stand still when
/// it has none. Each kind keeps its own line, so that one that jumps does not disturb the other; a kind that follows the
/// other's jump takes over its new line, and so lips stay with voices.
/// </para>
/// <para>Time is handed in. Not thread-safe.</para>
/// </remarks>
/// <param name="maxStep">A forward step beyond it is a jump, and so is a distance between sound and picture at their beginning.</param>
internal sealed class SourceTimeline(TimeSpan maxStep)
{
    /// <summary>A backward step up to here is disorder, and the frame is put right after the last one; beyond it is a jump.</summary>
    public static readonly TimeSpan MaxBackwardStep = TimeSpan.FromMilliseconds(500);

    /// <summary>Least distance of two frames of one kind.</summary>
    public static readonly TimeSpan LeastStep = TimeSpan.FromMilliseconds(1);

    // A clock that repeats itself so often and for so long stands still; fewer equal timestamps are two frames sent as one.
    private const int StandstillFrames = 5;
    private static readonly TimeSpan StandstillTime = TimeSpan.FromMilliseconds(400);

    private const long Wrap24 = 1L << 24;

    private readonly long _maxStepMs = (long)maxStep.TotalMilliseconds;
    private readonly Lane _sound = new();
    private readonly Lane _picture = new();

    private long _originMs;
    private long _originOffset;
    private MediaTime _originTime;

    /// <summary>Sets where the connection begins. To be called once, first.</summary>
    /// <param name="timestampMs">The earliest timestamp there is.</param>
    /// <param name="at">Its place.</param>
    public void Begin(uint timestampMs, MediaTime at)
    {
        _originMs = timestampMs;
        _originTime = at;
        _originOffset = at.Ticks - (_originMs * TimeSpan.TicksPerMillisecond);
    }

    /// <summary>Places a frame.</summary>
    /// <param name="kind">Sound or picture.</param>
    /// <param name="timestampMs">As sent.</param>
    /// <param name="nanoseconds">What to add to it.</param>
    /// <param name="now">When it arrived, on any clock that only moves forward.</param>
    /// <param name="placement">Its place.</param>
    /// <returns>False when the encoder's clock has jumped: the caller says where to go on by <see cref="Jump"/>.</returns>
    public bool TryPlace(TrackKind kind, uint timestampMs, int nanoseconds, TimeSpan now, out SourcePlacement placement)
    {
        var (lane, other) = kind is TrackKind.Audio ? (_sound, _picture) : (_picture, _sound);
        placement = default;
        if (!lane.HasStarted)
        {
            Start(lane, other, timestampMs);
        }
        else
        {
            var step = StepOf(timestampMs, lane.LastMs);
            if (lane.Stands(step, now))
            {
                var time = lane.PlaceByArrival(now);
                placement = new SourcePlacement(time, time, IsTimed: false);
                return true;
            }

            if (lane.WasStanding || step > _maxStepMs || step < -MaxBackwardStep.TotalMilliseconds)
            {
                var followsOther = other.Jumps > lane.Jumps && Math.Abs(StepOf(timestampMs, other.LastMs)) <= _maxStepMs;
                if (!followsOther)
                {
                    return false;
                }

                lane.Follow(other, other.LastMs + StepOf(timestampMs, other.LastMs));
            }
            else
            {
                lane.LastMs += step;
            }
        }

        placement = lane.Place(nanoseconds, now);
        return true;
    }

    /// <summary>Goes on after a jump: places the frame that <see cref="TryPlace"/> could not.</summary>
    /// <param name="kind">Sound or picture.</param>
    /// <param name="timestampMs">As sent.</param>
    /// <param name="now">When it arrived.</param>
    /// <param name="at">Where the program goes on.</param>
    public SourcePlacement Jump(TrackKind kind, uint timestampMs, TimeSpan now, MediaTime at)
    {
        var (lane, other) = kind is TrackKind.Audio ? (_sound, _picture) : (_picture, _sound);
        lane.Restart(timestampMs, at, Math.Max(lane.Jumps, other.Jumps) + 1);
        return lane.Place(nanoseconds: 0, now);
    }

    private void Start(Lane lane, Lane other, uint timestampMs)
    {
        var (referenceMs, offset, time) = other.HasStarted
            ? (other.LastMs, other.OffsetTicks, other.LastTime)
            : (_originMs, _originOffset, _originTime);
        var distance = StepOf(timestampMs, referenceMs);
        if (Math.Abs(distance) <= _maxStepMs)
        {
            lane.Start(referenceMs + distance, offset, other.Jumps);
        }
        else
        {
            // The two kinds count from different origins: what arrives together belongs together.
            lane.Start(timestampMs, time.Ticks - (timestampMs * TimeSpan.TicksPerMillisecond), other.Jumps);
        }
    }

    /// <summary>The way from one timestamp to the next, over wraps of 32 and of 24 bits.</summary>
    private long StepOf(uint timestampMs, long fromMs)
    {
        long step = unchecked((int)(timestampMs - (uint)fromMs));

        // Only a sender that lacks the upper byte lands this near to a multiple of 2^24 behind.
        var wraps = (-step + (Wrap24 / 2)) / Wrap24;
        return wraps > 0 && Math.Abs(step + (wraps * Wrap24)) <= _maxStepMs ? step + (wraps * Wrap24) : step;
    }

    private sealed class Lane
    {
        private int _repeats;
        private TimeSpan _repeatsSince;
        private TimeSpan _lastArrival;
        private bool _stands;

        public bool HasStarted { get; private set; }

        /// <summary>The last timestamp, laid on a line that does not wrap.</summary>
        public long LastMs { get; set; }

        public long OffsetTicks { get; private set; }

        public MediaTime LastTime { get; private set; } = new(long.MinValue / 2);

        /// <summary>Counts jumps over both kinds: who has the lower count may still follow.</summary>
        public int Jumps { get; private set; }

        /// <summary>Whether the clock stood still until now and moves again.</summary>
        public bool WasStanding { get; private set; }

        public void Start(long ms, long offsetTicks, int jumps)
        {
            HasStarted = true;
            LastMs = ms;
            OffsetTicks = offsetTicks;
            Jumps = jumps;
        }

        public void Restart(uint timestampMs, MediaTime at, int jumps)
        {
            Start(timestampMs, at.Ticks - (timestampMs * TimeSpan.TicksPerMillisecond), jumps);
            _repeats = 0;
            WasStanding = false;
        }

        public void Follow(Lane other, long ms)
        {
            Start(ms, other.OffsetTicks, other.Jumps);
            _repeats = 0;
            WasStanding = false;
        }

        /// <summary>Notes a step and says whether the clock stands still.</summary>
        public bool Stands(long step, TimeSpan now)
        {
            if (step != 0)
            {
                WasStanding = _stands;
                _stands = false;
                _repeats = 0;
                return false;
            }

            if (_repeats++ == 0)
            {
                _repeatsSince = _lastArrival;
            }

            _stands |= _repeats >= StandstillFrames && now - _repeatsSince >= StandstillTime;
            return _stands;
        }

        public MediaTime PlaceByArrival(TimeSpan now)
        {
            var step = now - _lastArrival;
            _lastArrival = now;
            return LastTime += step > LeastStep ? step : LeastStep;
        }

        public SourcePlacement Place(int nanoseconds, TimeSpan now)
        {
            _lastArrival = now;
            var time = new MediaTime((LastMs * TimeSpan.TicksPerMillisecond) + (nanoseconds / 100) + OffsetTicks);
            LastTime = MediaTime.Max(time, LastTime + LeastStep);
            return new SourcePlacement(LastTime, time, IsTimed: _repeats == 0);
        }
    }
}
