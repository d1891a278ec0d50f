namespace Roomcast.Sfu.Producers;

/// <summary>Turns the wishes of many receivers for a keyframe into few requests to the sender.</summary>
/// <remarks>
/// A request goes out at once unless one went within <see cref="Distance"/>; wishes in between wait and share the next. A
/// request that no keyframe answers is repeated after the same time, and where much is lost each is sent a second time after
/// <see cref="SecondAfter"/>: a lost one costs a standstill as long as the distance, and browsers make one keyframe of both. A pure
/// state machine; not thread-safe.
/// </remarks>
internal sealed class KeyframeRequests(TimeSpan distance)
{
    private TimeSpan? _askedAt;
    private bool _isWanted;
    private bool _isSecondDue;

    /// <summary>Least time between two requests.</summary>
    public TimeSpan Distance { get; } = distance;

    /// <summary>How long after a request its second copy leaves, where there is to be one.</summary>
    public static readonly TimeSpan SecondAfter = TimeSpan.FromMilliseconds(25);

    /// <summary>When <see cref="TryTakeDue"/> has something; null while no keyframe is wanted.</summary>
    public TimeSpan? NextDeadline =>
        !_isWanted ? null : _askedAt is { } at ? at + (_isSecondDue ? SecondAfter : Distance) : TimeSpan.MinValue;

    /// <summary>Whether a keyframe is wanted and has not come.</summary>
    public bool IsWanted => _isWanted;

    /// <summary>Notes that somebody needs one.</summary>
    public void Want() => _isWanted = true;

    /// <summary>Notes that one came.</summary>
    public void OnKeyframe()
    {
        _isWanted = false;
        _isSecondDue = false;
    }

    /// <summary>Whether a request is to be sent now.</summary>
    /// <param name="now">Monotonic time.</param>
    /// <param name="isLossy">Whether so much is lost that it is to be sent twice.</param>
    public bool TryTakeDue(TimeSpan now, bool isLossy)
    {
        if (!_isWanted || NextDeadline > now)
        {
            return false;
        }

        if (_isSecondDue)
        {
            _isSecondDue = false;
            return true;
        }

        _askedAt = now;
        _isSecondDue = isLossy;
        return true;
    }
}
