namespace Roomcast.Webhooks.Delivery;

/// <summary>How much room a receiver is given.</summary>
internal enum Standing
{
    /// <summary>It fails, or has taken nothing yet: one delivery at a time.</summary>
    OnTrial,

    /// <summary>It takes what it is sent, and its time.</summary>
    Slow,

    /// <summary>It takes what it is sent, soon.</summary>
    Quick,
}

/// <summary>How a receiver has been doing: one that fails is tried one delivery at a time, and then only now and then.</summary>
/// <remarks>Time is handed in, never read. Not thread-safe.</remarks>
internal sealed class ReceiverHealth
{
    /// <summary>Failures in a row from which on there is one attempt at a time.</summary>
    public const int FailingFrom = 3;

    /// <summary>Failures in a row from which on there is one attempt for each <see cref="Rest"/>.</summary>
    public const int RestingFrom = 50;

    // One long attempt is enough to be slow, and it takes about eight short ones to be quick again: otherwise a receiver that
    // hangs now and then would hold the room of the quick ones for most of the time.
    private const double WeightOfLonger = 0.5;
    private const double WeightOfShorter = 0.125;

    /// <summary>How long a receiver that rests is left alone.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMinutes(10);

    /// <summary>A receiver is slow when its attempts take longer, smoothed.</summary>
    public static readonly TimeSpan SlowFrom = TimeSpan.FromSeconds(1);

    private DateTimeOffset _lastFailureAt;
    private TimeSpan _pace;
    private bool _hasTaken;

    /// <summary>Failures since it last took something.</summary>
    public int Failures { get; private set; }

    /// <summary>Whether it fails, and is tried one delivery at a time.</summary>
    public bool IsFailing => Failures >= FailingFrom;

    /// <summary>Whether it is tried now and then only.</summary>
    public bool IsResting => Failures >= RestingFrom;

    /// <summary>How much room it is given.</summary>
    public Standing Standing => IsFailing || !_hasTaken ? Standing.OnTrial : _pace > SlowFrom ? Standing.Slow : Standing.Quick;

    /// <summary>Its owner changed it: what it failed before counts no more.</summary>
    public void Recover() => Failures = 0;

    /// <summary>It took something.</summary>
    /// <param name="took">How long that took.</param>
    public void Take(TimeSpan took)
    {
        Failures = 0;
        _hasTaken = true;
        Pace(took);
    }

    /// <summary>It did not take something.</summary>
    /// <param name="now">When.</param>
    /// <param name="took">How long that took.</param>
    public void Fail(DateTimeOffset now, TimeSpan took)
    {
        Failures++;
        _lastFailureAt = now;
        Pace(took);
    }

    /// <summary>How long to leave it alone from now on; zero for not at all.</summary>
    public TimeSpan RestFrom(DateTimeOffset now)
    {
        var left = IsResting ? _lastFailureAt + Rest - now : TimeSpan.Zero;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void Pace(TimeSpan took) => _pace += (took - _pace) * (took > _pace ? WeightOfLonger : WeightOfShorter);
}
