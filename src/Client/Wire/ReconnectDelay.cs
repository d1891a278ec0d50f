namespace Roomcast.Client.Wire;

/// <summary>How long to wait before the next attempt to reconnect: by chance, up to a bound that doubles (docs/protocols/realtimekit-socket.md).</summary>
internal static class ReconnectDelay
{
    /// <summary>Attempts before it is given up.</summary>
    public const int MaxAttempts = 50;

    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>The wait before an attempt.</summary>
    /// <param name="attempt">From 0.</param>
    /// <param name="chance">0 to 1.</param>
    public static TimeSpan Before(int attempt, double chance) => BoundOf(attempt) * Math.Clamp(chance, 0, 1);

    /// <summary>The longest wait before an attempt.</summary>
    public static TimeSpan BoundOf(int attempt) => attempt > 4 ? Longest : TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << attempt));
}
