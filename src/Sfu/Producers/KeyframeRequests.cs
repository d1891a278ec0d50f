namespace Roomcast.Sfu.Producers;

/// <summary>Turns the wishes of many receivers for a keyframe into few requests to the sender.</summary>
/// <remarks>
/// A request goes out at once unless one went within <see cref="Distance"/>; wishes in between wait and share the next. A
/// request that no keyframe answers is repeated after the same time. A pure state machine; not thread-safe.
/// </remarks>
internal sealed class KeyframeRequests(TimeSpan distance)
{
    private TimeSpan? _askedAt;
    private bool _isWanted;

    /// <summary>Least time between two requests.</summary>
    public TimeSpan Distance { get; } = distance;

    /// <summary>When <see cref="TryTakeDue"/> has something; null while no keyframe is wanted.</summary>
    public TimeSpan? NextDeadline => !_isWanted ? null : _askedAt is { } at ? at + Distance : TimeSpan.MinValue;

    /// <summary>Whether a keyframe is wanted and has not come.</summary>
    public bool IsWanted => _isWanted;

    /// <summary>Notes that somebody needs one.</summary>
    public void Want() => _isWanted = true;

    /// <summary>Notes that one came.</summary>
    public void OnKeyframe() => _isWanted = false;

    /// <summary>Whether a request is to be sent now.</summary>
    public bool TryTakeDue(TimeSpan now)
    {
        if (!_isWanted || (_askedAt is { } at && now - at < Distance))
        {
            return false;
        }

        _askedAt = now;
        return true;
    }
}
