namespace Roomcast.Egress.Composition;

/// <summary>
/// How late a worker has been of late: the share of its pictures of the last seconds, without those of its beginning, when code is
/// compiled and every sender is asked for a keyframe. One for each worker; not thread-safe.
/// </summary>
internal sealed class Lateness
{
    /// <summary>What is not counted of a worker's life.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    private const int Window = 5;

    private readonly Queue<(long Ticks, long Late)> _told = new();

    /// <summary>Whether its beginning is over, so that its figures say what it will go on to take.</summary>
    public bool IsSettled => _told.Count > 0;

    /// <summary>Share of late pictures, 0 to 1; 0 while nothing is known.</summary>
    public double Share { get; private set; }

    /// <summary>Takes the figures of a second.</summary>
    /// <param name="age">Since the worker was ready.</param>
    /// <param name="ticks">Pictures since its start.</param>
    /// <param name="late">Of them, late ones.</param>
    public void Take(TimeSpan age, long ticks, long late)
    {
        if (age < WarmUp)
        {
            return;
        }

        _told.Enqueue((ticks, late));
        if (_told.Count > Window + 1)
        {
            _told.Dequeue();
        }

        var (ticksBefore, lateBefore) = _told.Peek();
        Share = ticks > ticksBefore ? Math.Clamp((double)(late - lateBefore) / (ticks - ticksBefore), 0, 1) : 0;
    }
}
