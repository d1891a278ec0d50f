namespace Roomcast.Webhooks.Delivery;

/// <summary>When a failed delivery is attempted again.</summary>
internal static class RetryPlan
{
    /// <summary>Longest that a receiver can ask to be left alone.</summary>
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    private const double Jitter = 0.1;

    /// <summary>How long to wait after an attempt; null to give up.</summary>
    /// <param name="delays">The waits after the first, second … attempt.</param>
    /// <param name="attempts">Attempts so far, 1 or more.</param>
    /// <param name="retryAfter">What the receiver asked for; it lengthens the wait and never shortens it.</param>
    /// <param name="chance">0 to 1: where between a tenth less and a tenth more.</param>
    public static TimeSpan? Next(IReadOnlyList<TimeSpan> delays, int attempts, TimeSpan? retryAfter, double chance)
    {
        if (attempts > delays.Count)
        {
            return null;
        }

        var wait = delays[attempts - 1] * (1 - Jitter + (2 * Jitter * chance));
        var asked = retryAfter is { } told ? (told < LongestRetryAfter ? told : LongestRetryAfter) : TimeSpan.Zero;
        return asked > wait ? asked : wait;
    }
}
