namespace Roomcast.Webhooks.Delivery;

/// <summary>How a receiver has been doing: one that fails is tried one delivery at a time, and then only now and then.</summary>
/// <remarks>Time is handed in, never read. Not thread-safe.</remarks>
internal sealed class ReceiverHealth
{
    /// <summary>Failures in a row from which on there is one attempt at a time.</summary>
    public const int FailingFrom = 3;

    /// <summary>Failures in a row from which on there is one attempt for each <see cref="Rest"/>.</summary>
    public const int RestingFrom = 50;

    /// <summary>How long a receiver that rests is left alone.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMinutes(10);

    private DateTimeOffset _lastFailureAt;

    /// <summary>Failures since it last took something.</summary>
    public int Failures { get; private set; }

    /// <summary>Whether it is tried one delivery at a time.</summary>
    public bool IsFailing => Failures >= FailingFrom;

    /// <summary>Whether it is tried now and then only.</summary>
    public bool IsResting => Failures >= RestingFrom;

    /// <summary>It took something, or its owner changed it: everything is open again.</summary>
    public void Recover() => Failures = 0;

    /// <summary>It did not take something.</summary>
    public void Fail(DateTimeOffset now)
    {
        Failures++;
        _lastFailureAt = now;
    }

    /// <summary>How long to leave it alone from now on; zero for not at all.</summary>
    public TimeSpan RestFrom(DateTimeOffset now)
    {
        var left = IsResting ? _lastFailureAt + Rest - now : TimeSpan.Zero;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
