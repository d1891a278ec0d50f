namespace Roomcast.Egress.Push;

/// <summary>What a stalled target comes to.</summary>
internal enum Stall
{
    /// <summary>It takes what it is sent.</summary>
    None,

    /// <summary>It has taken nothing for the time allowed.</summary>
    Wedged,

    /// <summary>It has taken nothing for twice that time.</summary>
    GivenUp,
}

/// <summary>Notices a target that is connected and takes nothing: a send that does not end, or acknowledgements that stop coming.</summary>
/// <remarks>
/// A proxy may swallow what a dead server behind it never sees; then only the acknowledgements tell. Many servers send none,
/// or keep to a window of their own, so they count only where some came, and by the largest step they took.
/// </remarks>
internal sealed class StallWatch(TimeSpan limit)
{
    private const int WindowsBehind = 4;

    private long _acknowledgements;
    private TimeSpan _acknowledgedAt;

    /// <summary>Looks.</summary>
    /// <param name="now">Now, on a monotonic clock.</param>
    /// <param name="sendingSince">Since when the send under way takes; null while none is.</param>
    /// <param name="acknowledgements">How often the target has acknowledged.</param>
    /// <param name="unacknowledgedBytes">Bytes it has not acknowledged; null while it has acknowledged none.</param>
    /// <param name="windowBytes">The larger of the window we asked for and its largest step.</param>
    public Stall Look(TimeSpan now, TimeSpan? sendingSince, long acknowledgements, long? unacknowledgedBytes, long windowBytes)
    {
        if (acknowledgements != _acknowledgements)
        {
            _acknowledgements = acknowledgements;
            _acknowledgedAt = now;
        }

        var stalled = sendingSince is { } since ? now - since : TimeSpan.Zero;
        if (unacknowledgedBytes > WindowsBehind * windowBytes && now - _acknowledgedAt > stalled)
        {
            stalled = now - _acknowledgedAt;
        }

        return stalled >= 2 * limit ? Stall.GivenUp : stalled >= limit ? Stall.Wedged : Stall.None;
    }
}
