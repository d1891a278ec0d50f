using Roomcast.Media.Time;

namespace Roomcast.Egress.Push;

/// <summary>What all connections of one push have come to, and what the present one tells.</summary>
internal sealed class PushProgress(Action changed, Action pictureSent)
{
    private readonly Lock _lock = new();
    private long _bytes;
    private long _droppedTicks;
    private MediaTime? _lastTime;

    /// <summary>Bytes sent over all connections.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Media that the target did not get.</summary>
    public TimeSpan DroppedTime => TimeSpan.FromTicks(Interlocked.Read(ref _droppedTicks));

    /// <summary>The last frame that was sent, on the feed's timeline.</summary>
    public MediaTime? LastTime
    {
        get
        {
            lock (_lock)
            {
                return _lastTime;
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
        }

        if (dropped > TimeSpan.Zero)
        {
            Interlocked.Add(ref _droppedTicks, dropped.Ticks);
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
}
