namespace Roomcast.Egress.Worker.Intake;

/// <summary>How long a peer's media is held.</summary>
internal static class HoldLimits
{
    /// <summary>Shortest: a repeated packet comes within it on most paths.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromMilliseconds(150);

    /// <summary>Longest.</summary>
    public static readonly TimeSpan Most = TimeSpan.FromMilliseconds(300);

    /// <summary>On top of what the latest packet needed.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(20);
}

/// <summary>
/// Lays the wall clock of one peer, which all its tracks share, on the composition's clock: one offset for all of them, so that
/// its sound and picture stay together exactly as its sender reports say.
/// </summary>
/// <remarks>
/// <para>
/// The offset is the shortest way of the last ten seconds plus the time that media is held. The holding time grows with a packet that
/// is late, at once, to what it would have needed, and shrinks by four milliseconds a second; both within <see cref="HoldLimits"/>.
/// Otherwise the offset moves by <see cref="Slew.PerSecond"/>, which takes up the drift of the sender's clock. It grows by
/// <see cref="LeastStep"/> or more: sound is placed anew then, and is with the picture at once, where after a smaller step it would
/// have to be stretched for seconds.
/// </para>
/// <para>
/// When a second long everything comes too late for the longest holding, the way has become longer (another network, a sleeping
/// laptop): the offset steps to the new one. When everything comes earlier by more than 300 ms than anything of the last ten seconds,
/// the way has become shorter, and the offset steps back after a second too. Where only some of it does, timestamps of one track have
/// jumped, which is that track's matter.
/// </para>
/// <para>Not thread-safe.</para>
/// </remarks>
internal sealed class PeerClock
{
    private const int LeastInRow = 10;

    private static readonly TimeSpan LeastStep = TimeSpan.FromMilliseconds(64);
    private static readonly TimeSpan ForLong = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TooFar = TimeSpan.FromMilliseconds(300);

    private readonly TransitWindow _transits = new();
    private TimeSpan _need;
    private TimeSpan _lastStep;
    private TimeSpan _leastInRow;
    private TimeSpan _lateSince;
    private TimeSpan _earlySince;
    private int _lateInRow;
    private int _earlyInRow;

    /// <summary>Composition time minus the peer's time, for what is shown; null before the first arrival.</summary>
    public TimeSpan? Offset { get; private set; }

    /// <summary>How long media is to be held against the shortest way.</summary>
    public TimeSpan Hold => Clamp(_need + HoldLimits.Margin);

    /// <summary>The shortest way of the last ten seconds: arrival minus the peer's time.</summary>
    public TimeSpan Shortest => _transits.Least;

    /// <summary>Begins with an offset that was in use before, for a track whose provisional times become real ones.</summary>
    public void BeginAt(TimeSpan offset) => Offset ??= offset;

    /// <summary>Goes on with another offset, from which it moves to its own.</summary>
    public void GoOnFrom(TimeSpan offset) => Offset = offset;

    /// <summary>Whether what took so long comes in time to be shown, and no earlier than the way allows.</summary>
    /// <param name="transit">Arrival minus the peer's time.</param>
    public bool Fits(TimeSpan transit) => transit <= Offset && !IsEarly(transit);

    /// <summary>Notes an arrival.</summary>
    /// <param name="peerTime">Its time by the peer's wall clock.</param>
    /// <param name="now">When it arrived, whole.</param>
    public void OnArrival(TimeSpan peerTime, TimeSpan now)
    {
        var transit = now - peerTime;
        if (IsEarly(transit) && !IsEarlyForLong(now))
        {
            return;
        }

        _earlyInRow = 0;
        _transits.Add(transit, now);
        var need = transit - _transits.Least;
        _need = need > _need ? (need < HoldLimits.Most ? need : HoldLimits.Most) : _need;
        var target = _transits.Least + Hold;
        if (Offset is not { } offset)
        {
            Offset = target;
            _lastStep = now;
            return;
        }

        if (transit <= offset)
        {
            _lateInRow = 0;
            return;
        }

        if (_lateInRow++ == 0)
        {
            _lateSince = now;
            _leastInRow = transit;
        }

        _leastInRow = transit < _leastInRow ? transit : _leastInRow;
        if (_lateInRow >= LeastInRow && now - _lateSince >= ForLong)
        {
            _transits.Clear();
            _transits.Add(_leastInRow, now);
            _need = TimeSpan.Zero;
            _lateInRow = 0;
            Offset = _leastInRow + Hold;
        }
        else if (target > offset)
        {
            var step = target - offset > LeastStep ? target - offset : LeastStep;
            if (offset + step <= _transits.Least + HoldLimits.Most)
            {
                Offset = offset + step;
                _need = offset + step - _transits.Least - HoldLimits.Margin;
            }
        }
    }

    /// <summary>The peer set the clock that its times are of: those before and after go on without a step.</summary>
    /// <param name="by">How much later the clock is now.</param>
    public void OnClockSet(TimeSpan by)
    {
        _transits.Shift(-by);
        _leastInRow -= by;
        Offset -= by;
    }

    /// <summary>Measures the way anew: times of what arrived have turned out to be too late, so that it seemed shorter than it is.</summary>
    public void ForgetWay() => _transits.Clear();

    /// <summary>Moves on.</summary>
    /// <param name="now">Composition time.</param>
    public void Advance(TimeSpan now)
    {
        var elapsed = now - _lastStep;
        if (elapsed <= TimeSpan.Zero)
        {
            return;
        }

        _lastStep = now;
        _need = Slew.Toward(_need, TimeSpan.Zero, elapsed);
        if (Offset is { } offset && _transits.Least != TimeSpan.MaxValue)
        {
            var target = _transits.Least + Hold;
            Offset = offset - target > TooFar ? target : Slew.Toward(offset, target, elapsed);
        }
    }

    private bool IsEarly(TimeSpan transit) => _transits.Least != TimeSpan.MaxValue && _transits.Least - transit > TooFar;

    private bool IsEarlyForLong(TimeSpan now)
    {
        if (_earlyInRow++ == 0)
        {
            _earlySince = now;
        }

        return _earlyInRow >= LeastInRow && now - _earlySince >= ForLong;
    }

    private static TimeSpan Clamp(TimeSpan hold) =>
        hold < HoldLimits.Least ? HoldLimits.Least : hold > HoldLimits.Most ? HoldLimits.Most : hold;
}
