using Roomcast.Media.Time;

namespace Roomcast.Livestreams.Ingest;

/// <summary>Gives sound its exact times by counting samples, as RTMP's milliseconds are too coarse for frames of 1,024 samples.</summary>
/// <remarks>
/// The count is held to the encoder's timestamps: a hole moves it on, and a drift that lasts is taken out, forward by a hole of
/// that size, backward by leaving out a frame. Not thread-safe.
/// </remarks>
/// <param name="sampleRateHz">Samples per second.</param>
/// <param name="notBefore">Where earlier sound ends: the first frame goes there or later.</param>
internal sealed class SampleClock(int sampleRateHz, MediaTime notBefore)
{
    /// <summary>A difference beyond it is a hole, or too much sound, at once.</summary>
    public static readonly TimeSpan MaxDifference = TimeSpan.FromMilliseconds(120);

    /// <summary>A mean difference beyond it is a drift: above what lips betray would be 45 ms.</summary>
    public static readonly TimeSpan MaxDrift = TimeSpan.FromMilliseconds(30);

    // Jitter of encoders that stamp by the wall clock averages out over this many frames, a third of a second of AAC.
    private const int MeanOver = 16;

    // A hole of a few frames shows as so many differences in a row, none of them small, as jitter never does.
    private const int HoleFrames = 6;

    private MediaTime _anchor;
    private TimeSpan _leastAhead;
    private int _ahead;
    private long _samples;
    private double _drift;
    private bool _hasStarted;

    /// <summary>Places a frame.</summary>
    /// <param name="time">Where its timestamp would put it.</param>
    /// <param name="isTimed">Whether that means anything.</param>
    /// <param name="samples">Samples in it.</param>
    /// <param name="exact">Its exact place.</param>
    /// <returns>False when the frame is to be left out, as there is more sound than time.</returns>
    public bool TryPlace(MediaTime time, bool isTimed, int samples, out MediaTime exact)
    {
        if (!_hasStarted)
        {
            _hasStarted = true;
            Restart(MediaTime.Max(time, notBefore));
        }

        exact = _anchor + MediaTime.FromTimescale(_samples, sampleRateHz).SinceStart;
        if (isTimed)
        {
            var difference = time - exact;
            if (difference > MaxDifference)
            {
                Restart(time);
                exact = time;
            }
            else if (difference < -MaxDifference)
            {
                _drift = 0;
                return false;
            }
            else if (IsHole(difference))
            {
                Restart(exact + _leastAhead);
                exact = _anchor;
            }
            else
            {
                _drift += (difference.Ticks - _drift) / MeanOver;
                if (_drift > MaxDrift.Ticks)
                {
                    Restart(exact + TimeSpan.FromTicks((long)_drift));
                    exact = _anchor;
                }
                else if (_drift < -MaxDrift.Ticks)
                {
                    _drift += MediaTime.FromTimescale(samples, sampleRateHz).Ticks;
                    return false;
                }
            }
        }

        _samples += samples;
        return true;
    }

    private bool IsHole(TimeSpan difference)
    {
        if (difference <= MaxDrift)
        {
            _ahead = 0;
            return false;
        }

        _leastAhead = _ahead == 0 || difference < _leastAhead ? difference : _leastAhead;
        return ++_ahead == HoleFrames;
    }

    private void Restart(MediaTime at)
    {
        _ahead = 0;
        _anchor = at;
        _samples = 0;
        _drift = 0;
    }
}
