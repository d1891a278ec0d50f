using System.Runtime.InteropServices;
using Roomcast.Media;

namespace Roomcast.Hls.Segmenting;

/// <summary>The frames of one track that are not in a part so far.</summary>
/// <remarks>
/// How long a frame lasts is known when the next one comes, so the newest is held back. Every duration is the distance to the
/// next decode time; the times within a track then have no holes and no overlaps, whatever the parts are.
/// </remarks>
internal sealed class SampleQueue
{
    // Sources that count whole milliseconds are off by up to one each way from the grid of their audio frames.
    private static readonly TimeSpan GridTolerance = TimeSpan.FromMilliseconds(2.5);

    // A source that repeats a time by mistake is put right; one that steps back further lies, and its frames are dropped.
    private static readonly TimeSpan LargestStepBack = TimeSpan.FromSeconds(1);

    private readonly List<Sample> _ready = [];
    private Sample _held;
    private bool _isHolding;
    private long _lastDuration;
    private long _nextFloor;

    public SampleQueue(Track track, int timescaleHz)
    {
        Track = track;
        TimescaleHz = timescaleHz;
        AwaitsKeyframe = track.Kind is TrackKind.Video;
    }

    /// <summary>The track.</summary>
    public Track Track { get; }

    /// <summary>Units in one second of the track's clock.</summary>
    public int TimescaleHz { get; }

    /// <summary>Whether frames are dropped until one comes at which decoding can start.</summary>
    public bool AwaitsKeyframe { get; private set; }

    /// <summary>Frames dropped because they came before the first keyframe, or their time went back.</summary>
    public long Dropped { get; private set; }

    /// <summary>Samples whose length is known, oldest first.</summary>
    public ReadOnlySpan<Sample> Ready => CollectionsMarshal.AsSpan(_ready);

    /// <summary>Whether any frame has come since the start or the last <see cref="Clear"/>.</summary>
    public bool HasAny => _isHolding || _ready.Count > 0;

    /// <summary>Decode time of the oldest frame here, in units of <see cref="HlsClock"/>; only when <see cref="HasAny"/>.</summary>
    public long First => _ready.Count > 0 ? _ready[0].At : _held.At;

    /// <summary>Decode time of the newest frame, or the end of the last one; null before the first.</summary>
    public long? Newest { get; private set; }

    /// <summary>Decode time of the frame that is held back, in units of <see cref="HlsClock"/>; null when there is none.</summary>
    public long? HeldAt => _isHolding ? _held.At : null;

    /// <summary>Whether decoding can start at the frame that follows <see cref="Ready"/>.</summary>
    public bool IsHeldKeyframe => _isHolding && _held.Frame.IsKeyframe;

    /// <summary>Takes a frame in; the queue becomes an owner of it. The frame before it becomes ready.</summary>
    /// <returns>False when the frame was dropped.</returns>
    public bool Add(Frame frame, TimeSpan arrivedAt)
    {
        if (AwaitsKeyframe && !frame.IsKeyframe)
        {
            Dropped++;
            return false;
        }

        var raw = frame.DecodeTime.ToTimescale(TimescaleHz);
        var time = Straighten(raw);
        if (time < 0 || time < _nextFloor)
        {
            if (time < 0 || _nextFloor - time > Media.Time.MediaTime.SpanToTimescale(LargestStepBack, TimescaleHz))
            {
                Dropped++;
                return false;
            }

            time = _nextFloor;
        }

        AwaitsKeyframe = false;
        var at = HlsClock.FromTimescale(time, TimescaleHz);
        if (_isHolding)
        {
            Release(time, at);
        }

        frame.Retain();
        var offset = frame.PresentationTime.ToTimescale(TimescaleHz) - raw;
        _held = new Sample(frame, time, 0, (int)Math.Clamp(offset, int.MinValue, int.MaxValue), at, at, arrivedAt);
        _isHolding = true;
        _nextFloor = time + 1;
        Newest = at;
        return true;
    }

    /// <summary>Makes the newest frame ready as well, with the length it probably has: nothing follows it.</summary>
    public void Flush()
    {
        if (!_isHolding)
        {
            return;
        }

        // The frame before may have lasted long because others were missing; that says nothing about this one.
        var duration = Nominal(_held.Frame);
        if (duration <= 0)
        {
            duration = _lastDuration > 0 ? Math.Min(_lastDuration, TimescaleHz / 5) : TimescaleHz / 25;
        }

        var time = _held.DecodeTime + duration;
        var at = HlsClock.FromTimescale(time, TimescaleHz);
        Release(time, at);
        _nextFloor = time;
        Newest = at;
    }

    /// <summary>Gives the first samples away: the frames are released.</summary>
    public void RemoveFirst(int count)
    {
        foreach (var sample in Ready[..count])
        {
            sample.Frame.Release();
        }

        _ready.RemoveRange(0, count);
    }

    /// <summary>Drops what is decoded before a moment.</summary>
    /// <param name="at">In units of <see cref="HlsClock"/>.</param>
    public void DropBefore(long at) => RemoveFirst(CountBefore(at));

    /// <summary>Drops what comes before the first keyframe at or after a moment; without one, waits for it.</summary>
    /// <param name="at">In units of <see cref="HlsClock"/>.</param>
    public void DropToKeyframe(long at)
    {
        var count = 0;
        while (count < _ready.Count && (_ready[count].At < at || !_ready[count].Frame.IsKeyframe))
        {
            count++;
        }

        RemoveFirst(count);
        if (_ready.Count == 0 && _isHolding && (_held.At < at || !_held.Frame.IsKeyframe))
        {
            Clear();
        }
    }

    /// <summary>How many ready samples are decoded before a moment.</summary>
    /// <param name="at">In units of <see cref="HlsClock"/>.</param>
    public int CountBefore(long at)
    {
        var count = 0;
        var ready = Ready;
        while (count < ready.Length && ready[count].At < at)
        {
            count++;
        }

        return count;
    }

    /// <summary>Shortens a ready sample, when what follows it does not continue it.</summary>
    public void Shorten(int index, long units)
    {
        var sample = _ready[index];
        var duration = Math.Max(1, (long)((Int128)units * TimescaleHz / HlsClock.Hz));
        _ready[index] = sample with { Duration = duration, End = HlsClock.FromTimescale(sample.DecodeTime + duration, TimescaleHz) };
    }

    /// <summary>Lets go of everything and waits for a keyframe again.</summary>
    public void Clear()
    {
        RemoveFirst(_ready.Count);
        if (_isHolding)
        {
            _held.Frame.Release();
            _held = default;
            _isHolding = false;
        }

        AwaitsKeyframe = Track.Kind is TrackKind.Video;
        Newest = null;
    }

    // Audio frames lie on a grid of sample counts. A source that rounds its times makes them seem to tremble; players would
    // hear nothing of it, but buffers would show holes of a millisecond.
    private long Straighten(long raw)
    {
        if (!_isHolding || Track.Kind is not TrackKind.Audio)
        {
            return raw;
        }

        var nominal = Nominal(_held.Frame);
        var expected = _held.DecodeTime + nominal;
        return nominal > 0 && Math.Abs(raw - expected) <= Media.Time.MediaTime.SpanToTimescale(GridTolerance, TimescaleHz)
            ? expected
            : raw;
    }

    private long Nominal(Frame frame)
    {
        if (Track.SamplesPerFrame > 0 && Track.SampleRateHz == TimescaleHz)
        {
            return Track.SamplesPerFrame;
        }

        return Media.Time.MediaTime.SpanToTimescale(frame.Duration, TimescaleHz);
    }

    private void Release(long end, long endAt)
    {
        _lastDuration = end - _held.DecodeTime;
        _ready.Add(_held with { Duration = _lastDuration, End = endAt });
        _held = default;
        _isHolding = false;
    }
}
