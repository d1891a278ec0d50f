namespace Roomcast.Egress.Worker.Intake;

/// <summary>How quickly times are moved, so that nobody hears or sees it.</summary>
internal static class Slew
{
    /// <summary>
    /// Per second of time: 10 ms, or one part in a hundred. Senders' clocks drift by a hundredth of that, and a sound that is
    /// made so much longer or shorter keeps its pitch to the ear.
    /// </summary>
    public const double PerSecond = 0.01;

    /// <summary>One step from a value to its target.</summary>
    /// <param name="value">Where it is.</param>
    /// <param name="target">Where it is to go.</param>
    /// <param name="elapsed">Time since the last step.</param>
    /// <param name="perSecond">Most in a second, in seconds.</param>
    public static TimeSpan Toward(TimeSpan value, TimeSpan target, TimeSpan elapsed, double perSecond = PerSecond)
    {
        var most = elapsed * perSecond;
        var distance = target - value;
        return distance.Duration() <= most ? target : distance > TimeSpan.Zero ? value + most : value - most;
    }
}
