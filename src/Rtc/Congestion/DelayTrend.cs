namespace Roomcast.Rtc.Congestion;

/// <summary>What the delay of a path says of its load.</summary>
internal enum PathLoad
{
    /// <summary>The delay stays.</summary>
    Normal,

    /// <summary>The delay grows: a queue fills.</summary>
    Overused,

    /// <summary>The delay falls: a queue empties.</summary>
    Underused,
}

/// <summary>Tells from the growth of the delay whether a queue is filling on the path.</summary>
/// <remarks>
/// Source: draft-ietf-rmcat-gcc-02 section 5, with a straight line through the newest delays in place of the Kalman
/// filter, as libwebrtc does it, and the adaptive threshold of section 5.4. Milliseconds throughout, as the gains are
/// tied to them.
/// </remarks>
internal sealed class DelayTrend
{
    private const int Window = 20;
    private const double Smoothing = 0.9;
    private const double Gain = 4;
    private const int MaxDeltasCounted = 60;
    private const double ThresholdUp = 0.0087;
    private const double ThresholdDown = 0.039;
    private const double MinThreshold = 6;
    private const double MaxThreshold = 600;
    private const double MinOveruseMs = 10;

    private readonly (double X, double Y)[] _points = new (double, double)[Window];
    private int _count;
    private int _deltas;
    private double _firstArrivalMs;
    private double _accumulatedMs;
    private double _smoothedMs;
    private double _threshold = 12.5;
    private double _lastUpdateMs;
    private double _previousTrend;
    private double _overusedForMs = -1;
    private int _overuses;

    /// <summary>What the path seems to be.</summary>
    public PathLoad Load { get; private set; }

    /// <summary>Adds the comparison of two groups.</summary>
    public void Add(TimeSpan sendDelta, TimeSpan arrivalDelta, TimeSpan arrivedAt)
    {
        var nowMs = arrivedAt.TotalMilliseconds;
        if (_deltas == 0)
        {
            _firstArrivalMs = nowMs;
            _lastUpdateMs = nowMs;
        }

        _deltas++;
        _accumulatedMs += (arrivalDelta - sendDelta).TotalMilliseconds;
        _smoothedMs = (Smoothing * _smoothedMs) + ((1 - Smoothing) * _accumulatedMs);
        if (_count == Window)
        {
            Array.Copy(_points, 1, _points, 0, Window - 1);
            _count--;
        }

        _points[_count++] = (nowMs - _firstArrivalMs, _smoothedMs);
        var trend = _count == Window ? Slope() : _previousTrend;
        Detect(trend, sendDelta.TotalMilliseconds, nowMs);
        _previousTrend = trend;
    }

    private void Detect(double trend, double sendDeltaMs, double nowMs)
    {
        var modified = Math.Min(_deltas, MaxDeltasCounted) * trend * Gain;
        if (modified > _threshold)
        {
            _overusedForMs = _overusedForMs < 0 ? sendDeltaMs / 2 : _overusedForMs + sendDeltaMs;
            _overuses++;
            if (_overusedForMs > MinOveruseMs && _overuses > 1 && trend >= _previousTrend)
            {
                _overusedForMs = 0;
                _overuses = 0;
                Load = PathLoad.Overused;
            }
        }
        else
        {
            _overusedForMs = -1;
            _overuses = 0;
            Load = modified < -_threshold ? PathLoad.Underused : PathLoad.Normal;
        }

        // A spike, of a route that changed, is not to teach the threshold.
        var magnitude = Math.Abs(modified);
        if (magnitude <= _threshold + 15)
        {
            var gain = magnitude < _threshold ? ThresholdDown : ThresholdUp;
            _threshold += gain * (magnitude - _threshold) * Math.Min(nowMs - _lastUpdateMs, 100);
            _threshold = Math.Clamp(_threshold, MinThreshold, MaxThreshold);
        }

        _lastUpdateMs = nowMs;
    }

    private double Slope()
    {
        double sumX = 0;
        double sumY = 0;
        foreach (var (x, y) in _points)
        {
            sumX += x;
            sumY += y;
        }

        var meanX = sumX / Window;
        var meanY = sumY / Window;
        double numerator = 0;
        double denominator = 0;
        foreach (var (x, y) in _points)
        {
            numerator += (x - meanX) * (y - meanY);
            denominator += (x - meanX) * (x - meanX);
        }

        return denominator == 0 ? _previousTrend : numerator / denominator;
    }
}
