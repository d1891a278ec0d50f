namespace Roomcast.Egress.Worker.Intake;

/// <summary>How quickly times are moved, so that nobody hears or sees it.</summary>
internal static class Slew
{
    /// <summary>
    /// Per second of time: 4 ms, or one part in 250, which is what sound is stretched or shortened by to follow. Senders' clocks
    /// drift by a twentieth of that at most.
    /// </summary>
    public const double PerSecond = 0.004;

    /// <summary>One step from a value to its target.</summary>
    /// <param name="value">Where it is.</param>
    /// <param name="target">Where it is to go.</param>
    /// <param name="elapsed">Time since the last step.</param>
    public static TimeSpan Toward(TimeSpan value, TimeSpan target, TimeSpan elapsed)
    {
        var most = elapsed * PerSecond;
        var distance = target - value;
        return distance.Duration() <= most ? target : distance > TimeSpan.Zero ? value + most : value - most;
    }
}
