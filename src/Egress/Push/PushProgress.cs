using Roomcast.Feeds;
using Roomcast.Media.Time;

namespace Roomcast.Egress.Push;

/// <summary>What all connections of one push have come to, and what the present one tells.</summary>
internal sealed class PushProgress(Feed feed, Action changed, Action pictureSent)
{
    // Before anything was sent: what there was already when it began is nobody's loss.
    private readonly MediaTime? _beganAt = feed.NewestTime;
    private readonly Lock _lock = new();
    private long _bytes;
    private TimeSpan _dropped;
    private MediaTime? _lastTime;
    private bool _isPassing = true; // What comes now is sent to nobody and not yet counted as lost.

    /// <summary>Bytes sent over all connections.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Media that the target did not get, and will not: it has got later media, or the push is over.</summary>
    public TimeSpan LostTime
    {
        get
        {
            lock (_lock)
            {
                return _dropped;
            }
        }
    }

    /// <summary>The same with what is passing while no connection is sent anything.</summary>
    public TimeSpan DroppedTime
    {
        get
        {
            lock (_lock)
            {
                return _dropped + Passing();
            }
        }
    }

    /// <summary>The last frame that was sent, or what was the newest when the push began, on the feed's timeline.</summary>
    public MediaTime? LastTime
    {
        get
        {
            lock (_lock)
            {
                return Last();
            }
        }
    }

    /// <summary>Whether the present connection may publish.</summary>
    public bool IsPublishing { get; private set; }

    /// <summary>Whether the present connection has been sent a picture.</summary>
    public bool HasSentPicture { get; private set; }

    /// <summary>Whether the target takes nothing.</summary>
    public bool IsWedged { get; private set; }

    /// <summary>Whether the target has ever let us publish.</summary>
    public bool HasPublished { get; private set; }

    public void AddBytes(int count) => Interlocked.Add(ref _bytes, count);

    public void Sent(MediaTime? last, TimeSpan dropped)
    {
        lock (_lock)
        {
            _lastTime = last;
            _dropped += dropped;
            _isPassing = false;
        }
    }

    /// <summary>The connection is over.</summary>
    public void Left()
    {
        lock (_lock)
        {
            _isPassing = true;
        }
    }

    /// <summary>No connection follows: what no connection was sent is lost.</summary>
    public void End()
    {
        lock (_lock)
        {
            _dropped += Passing();
            _isPassing = false;
        }
    }

    public void Published()
    {
        IsPublishing = true;
        HasPublished = true;
        changed();
    }

    /// <summary>A picture, and all before it, has gone out.</summary>
    public void PictureSent()
    {
        if (!HasSentPicture)
        {
            HasSentPicture = true;
            pictureSent();
        }
    }

    public void SetWedged(bool isWedged)
    {
        if (IsWedged != isWedged)
        {
            IsWedged = isWedged;
            changed();
        }
    }

    /// <summary>A new connection begins.</summary>
    public void Begin() => (IsPublishing, IsWedged, HasSentPicture) = (false, false, false);

    private MediaTime? Last() => _lastTime ?? _beganAt ?? feed.FirstTime;

    private TimeSpan Passing() => _isPassing && feed.NewestTime is { } newest && Last() is { } last && newest > last ? newest - last : TimeSpan.Zero;
}
