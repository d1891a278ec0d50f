using Roomcast.Meetings.Media;

namespace Roomcast.Meetings.Sessions.Following;

/// <summary>A follower's hold on a session. Thread-safe; no call blocks, and what cannot be had is ignored.</summary>
public sealed class SessionFollowing : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Func<SessionFollowing, ValueTask> _leave;
    private MediaTap? _tap;
    private IReadOnlySet<uint>? _wanted;
    private bool _isOver;

    internal SessionFollowing(ISessionFollower follower, Func<SessionFollowing, ValueTask> leave) => (Follower, _leave) = (follower, leave);

    internal ISessionFollower Follower { get; }

    internal StageView? LastStage { get; set; }

    /// <summary>Asks the sender of a track for a keyframe.</summary>
    public void WantKeyframe(uint ssrc) => Tap?.WantKeyframe(ssrc);

    /// <summary>Says how large a picture is shown, so that the encoding that fits is sent.</summary>
    /// <param name="ssrc">The track.</param>
    /// <param name="height">Pixels; 0 when it is not shown.</param>
    public void PreferHeight(uint ssrc, int height) => Tap?.PreferHeight(ssrc, height);

    /// <summary>Says which tracks are wanted, until it is said otherwise: of all others nothing is sent, of those too that begin later.</summary>
    /// <param name="ssrcs">Not changed afterwards; null for all, as at first.</param>
    public void Want(IReadOnlySet<uint>? ssrcs)
    {
        lock (_lock)
        {
            _wanted = ssrcs;
            _tap?.Want(ssrcs);
        }
    }

    /// <summary>Stops following.</summary>
    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await _leave(this);
    }

    private MediaTap? Tap
    {
        get
        {
            lock (_lock)
            {
                return _tap;
            }
        }
    }

    /// <summary>Listens to a room, in place of an earlier one.</summary>
    internal async Task ListenAsync(Features.IMediaSide side)
    {
        MediaTap tap;
        try
        {
            tap = await side.TapAsync(Follower);
        }
        catch (MediaException)
        {
            // The room has ended or is full of listeners: who is on stage is followed all the same.
            return;
        }

        MediaTap? idle;
        lock (_lock)
        {
            idle = _isOver ? tap : _tap;
            _tap = _isOver ? null : tap;
            if (_wanted is not null)
            {
                _tap?.Want(_wanted);
            }
        }

        if (idle is not null)
        {
            await idle.DisposeAsync();
        }
    }

    /// <summary>Stops listening for good.</summary>
    internal async Task EndAsync()
    {
        MediaTap? tap;
        lock (_lock)
        {
            _isOver = true;
            (tap, _tap) = (_tap, null);
        }

        if (tap is not null)
        {
            await tap.DisposeAsync();
        }
    }
}
