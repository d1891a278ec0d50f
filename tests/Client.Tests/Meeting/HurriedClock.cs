namespace Roomcast.Client.Tests.Meeting;

/// <summary>The system's clock, which a test sets forward, and whose single waits it shortens: half a minute without media need not take as long.</summary>
internal sealed class HurriedClock : TimeProvider
{
    private double _secondsAhead;

    /// <summary>By how much single waits are shortened that begin from now on; 1 for not at all.</summary>
    public int Hurry { get; set; } = 1;

    /// <inheritdoc/>
    public override long TimestampFrequency => System.TimestampFrequency;

    /// <summary>Sets the clock forward. Timers that run go off when they would have.</summary>
    public void Skip(TimeSpan by) => Volatile.Write(ref _secondsAhead, _secondsAhead + by.TotalSeconds);

    /// <inheritdoc/>
    public override long GetTimestamp() => System.GetTimestamp() + (long)(Volatile.Read(ref _secondsAhead) * TimestampFrequency);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / Hurry : dueTime, period);
}
