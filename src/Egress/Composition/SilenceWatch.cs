namespace Roomcast.Egress.Composition;

/// <summary>
/// Tells a worker that hangs from one that waits for a processor. Time that it waited to run, and time in which this program was itself
/// held up, is no silence of its own: on a machine with too much to do, ending workers and starting others makes more to do.
/// </summary>
/// <remarks>Pure; looked at regularly by one owner.</remarks>
internal sealed class SilenceWatch
{
    /// <summary>So many times its patience is waited for at most, whatever the machine does.</summary>
    public const int Most = 10;

    /// <summary>Looks further apart than this say that this program was held up.</summary>
    private static readonly TimeSpan HeldUp = TimeSpan.FromSeconds(1);

    private TimeSpan? _lastFrameAt;
    private TimeSpan? _lastLookAt;
    private TimeSpan _waitedBefore;
    private TimeSpan _excused;

    /// <summary>Looks.</summary>
    /// <param name="now">Monotonic.</param>
    /// <param name="lastFrameAt">When the last frame came.</param>
    /// <param name="waited">How long the worker has waited for a processor since its start.</param>
    /// <param name="patience">How long it may be silent by its own doing.</param>
    /// <returns>Whether it has been for longer.</returns>
    public bool IsTooLong(TimeSpan now, TimeSpan lastFrameAt, TimeSpan waited, TimeSpan patience)
    {
        if (_lastFrameAt != lastFrameAt)
        {
            (_lastFrameAt, _waitedBefore, _excused) = (lastFrameAt, waited, TimeSpan.Zero);
        }

        if (_lastLookAt is { } before && now - before > HeldUp)
        {
            _excused += now - before;
        }

        _lastLookAt = now;
        var silence = now - lastFrameAt;
        var ownDoing = silence - _excused - (waited > _waitedBefore ? waited - _waitedBefore : TimeSpan.Zero);
        return ownDoing > patience || silence > patience * Most;
    }
}
