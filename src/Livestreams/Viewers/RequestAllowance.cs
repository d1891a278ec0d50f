namespace Roomcast.Livestreams.Viewers;

/// <summary>A token bucket: so many calls at once, so many per second for long. A struct to live inside its owner.</summary>
/// <remarks>Not thread-safe: its owner's lock guards it. A default value is a full bucket.</remarks>
internal struct RequestAllowance
{
    private double _spent;
    private TimeSpan _at;

    /// <summary>When it is full again: nothing is remembered about its owner from then on.</summary>
    public readonly TimeSpan FullAt(double perSecond) => _at + TimeSpan.FromSeconds(_spent / perSecond);

    /// <summary>Takes one call, or says that there is none to take.</summary>
    public bool TryTake(TimeSpan now, double burst, double perSecond)
    {
        if (now > _at)
        {
            _spent = Math.Max(0, _spent - ((now - _at).TotalSeconds * perSecond));
            _at = now;
        }

        if (_spent + 1 > burst)
        {
            return false;
        }

        _spent++;
        return true;
    }
}
