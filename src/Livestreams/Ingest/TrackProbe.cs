using Roomcast.Media;

namespace Roomcast.Livestreams.Ingest;

/// <summary>Keeps the first frames of a publisher until it is known whether there will be both sound and picture.</summary>
/// <remarks>
/// It is over as soon as there is a frame of sound and a keyframe of the picture; with only one of them when the time to wait
/// has passed, by our clock or by the frames' own. A picture that has shown itself is waited for until its first keyframe, for
/// ten seconds. The memory it holds is bounded.
/// </remarks>
internal sealed class TrackProbe(TimeSpan time) : IDisposable
{
    /// <summary>Longest to wait for the first keyframe of a picture that is there.</summary>
    public static readonly TimeSpan MaxKeyframeWait = TimeSpan.FromSeconds(10);

    // Sound from before the first keyframe that is kept, so that a stream joined midway does not begin with seconds of sound
    // without a picture.
    private const int SoundKeptMs = 500;
    private const int MaxFrames = 4_096;
    private const long MaxBytes = 24L << 20;

    private readonly List<IngestFrame> _frames = [];
    private TimeSpan? _beganAt;
    private long _bytes;
    private bool _expectsPicture;
    private int _picturesDropped;

    /// <summary>The frames in order of arrival; owned by the probe.</summary>
    public IReadOnlyList<IngestFrame> Frames => _frames;

    /// <summary>The first keyframe of the picture.</summary>
    public IngestFrame? FirstPicture { get; private set; }

    /// <summary>The first frame of sound.</summary>
    public IngestFrame? FirstSound { get; private set; }

    /// <summary>Whether there is anything to go on air with.</summary>
    public bool HasMedia => _frames.Count > 0;

    /// <summary>When the last frame arrived.</summary>
    public TimeSpan LastArrival { get; private set; }

    /// <summary>Takes note that media of a kind is on its way.</summary>
    public void Expect(bool isPicture, TimeSpan now)
    {
        _beganAt ??= now;
        _expectsPicture |= isPicture;
    }

    /// <summary>Takes a frame, and with it the caller's reference to its buffer.</summary>
    /// <param name="frame">The frame.</param>
    /// <returns>How many frames were let go.</returns>
    public int Add(IngestFrame frame)
    {
        var now = LastArrival = frame.Arrival;
        var isPicture = frame.Kind is TrackKind.Video;
        Expect(isPicture, now);
        if (isPicture && FirstPicture is null && !frame.IsKeyframe)
        {
            _picturesDropped++;
            frame.Buffer.Release();
            return 1;
        }

        _frames.Add(frame);
        _bytes += frame.Length;
        if (isPicture)
        {
            FirstPicture ??= frame;
        }
        else
        {
            FirstSound ??= frame;
        }

        return 0;
    }

    /// <summary>Whether it is time to begin.</summary>
    public bool IsOver(TimeSpan now)
    {
        if (FirstPicture is not null && FirstSound is not null)
        {
            return true;
        }

        if (_beganAt is not { } beganAt || _frames.Count == 0)
        {
            return false;
        }

        var waited = TimeSpan.FromTicks(Math.Max((now - beganAt).Ticks, Span().Ticks));
        var isFull = _frames.Count >= MaxFrames || _bytes >= MaxBytes;
        return isFull || waited >= (FirstPicture is null && _expectsPicture ? MaxKeyframeWait : time);
    }

    /// <summary>Lets go of sound from long before the first keyframe, when the stream was joined midway.</summary>
    /// <returns>How many frames were let go.</returns>
    public int TrimSound()
    {
        if (FirstPicture is not { } keyframe || _picturesDropped == 0)
        {
            return 0;
        }

        return _frames.RemoveAll(frame =>
        {
            var isEarly = frame.Kind is TrackKind.Audio && unchecked((int)(frame.TimestampMs - keyframe.TimestampMs)) is < -SoundKeptMs and > -60_000;
            if (isEarly)
            {
                frame.Buffer.Release();
            }

            return isEarly;
        });
    }

    /// <summary>The earliest timestamp, leaving aside a kind that counts from another origin.</summary>
    public uint EarliestTimestamp(TimeSpan maxDistance)
    {
        var first = _frames[0].TimestampMs;
        var least = 0;
        foreach (var frame in _frames)
        {
            var distance = unchecked((int)(frame.TimestampMs - first));
            if (distance < least && distance >= -maxDistance.TotalMilliseconds)
            {
                least = distance;
            }
        }

        return unchecked(first + (uint)least);
    }

    /// <summary>Lets go of all frames.</summary>
    public void Dispose()
    {
        foreach (var frame in _frames)
        {
            frame.Buffer.Release();
        }

        _frames.Clear();
    }

    // All frames are of one kind when this matters.
    private TimeSpan Span() => TimeSpan.FromMilliseconds(Math.Max(0, unchecked((int)(_frames[^1].TimestampMs - _frames[0].TimestampMs))));
}
