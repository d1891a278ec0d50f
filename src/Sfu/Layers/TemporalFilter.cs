using Roomcast.Rtc.Rtp.Vp8;

namespace Roomcast.Sfu.Layers;

/// <summary>Decides which frames of an encoding a receiver gets, by their temporal layers (RFC 7741 section 4.2).</summary>
/// <remarks>
/// No frame needs one of a higher layer, so layers can be left out from any frame on. A layer is taken up again where a frame of it
/// needs nothing but the base layer, or at a keyframe; a frame in between would need some that the receiver does not have. All
/// packets of a frame share its fate, in whatever order they come. Not thread-safe; nothing is allocated.
/// </remarks>
internal sealed class TemporalFilter
{
    /// <summary>The limit that leaves nothing out: the highest layer that two bits can name.</summary>
    public const int All = 3;

    private int _wanted = All;
    private int _limit = All;
    private int _limitBefore = All;
    private uint _changedAt;
    private uint _newest;
    private bool _hasStarted;

    /// <summary>The highest layer that is let through now.</summary>
    public int Limit => _limit;

    /// <summary>Sets the highest layer that is to be let through. It holds from the next frame that allows it.</summary>
    public void Want(int limit) => _wanted = Math.Clamp(limit, 0, All);

    /// <summary>Begins anew with another encoding, at a keyframe.</summary>
    public void Restart()
    {
        _limit = _wanted;
        _hasStarted = false;
    }

    /// <summary>Whether a packet's frame is let through.</summary>
    /// <param name="descriptor">Of the packet.</param>
    /// <param name="timestamp">Of the packet.</param>
    public bool Passes(in Vp8PayloadDescriptor descriptor, uint timestamp)
    {
        if (!_hasStarted || unchecked((int)(timestamp - _newest)) > 0)
        {
            OnFrame(descriptor, timestamp);
        }

        var isBefore = unchecked((int)(timestamp - _changedAt)) < 0;
        return descriptor.TemporalLayer <= (isBefore ? _limitBefore : _limit);
    }

    private void OnFrame(in Vp8PayloadDescriptor descriptor, uint timestamp)
    {
        var limit = _limit;
        if (_wanted < _limit || descriptor.StartsKeyframe)
        {
            limit = _wanted;
        }
        else if (descriptor.TemporalLayer > _limit && descriptor.TemporalLayer <= _wanted && descriptor.IsLayerSync)
        {
            limit = descriptor.TemporalLayer;
        }

        if (!_hasStarted || limit != _limit)
        {
            _limitBefore = _hasStarted ? _limit : limit;
            _limit = limit;
            _changedAt = timestamp;
        }

        _hasStarted = true;
        _newest = timestamp;
    }
}
