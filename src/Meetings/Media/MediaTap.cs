namespace Roomcast.Meetings.Media;

/// <summary>What a listener asks of the room it listens to. Thread-safe; no call blocks, and what cannot be had is ignored.</summary>
public sealed class MediaTap : IAsyncDisposable
{
    /// <summary>Number of the RTP header extension that carries the orientation of the picture (3GPP TS 26.114 section 7.4.5).</summary>
    public const int OrientationExtension = 1;

    private readonly IMediaWorker _worker;
    private readonly RoomTap _tap;

    internal MediaTap(IMediaWorker worker, RoomTap tap) => (_worker, _tap) = (worker, tap);

    /// <summary>Asks the sender of a track for a keyframe.</summary>
    public void WantKeyframe(uint ssrc) => _worker.TryPost(now => _tap.WantKeyframe(ssrc, now));

    /// <summary>Says how large a picture is shown, so that the encoding that fits is sent.</summary>
    /// <param name="ssrc">The track.</param>
    /// <param name="height">Pixels; 0 when it is not shown, and then nothing of it is sent.</param>
    public void PreferHeight(uint ssrc, int height) => _worker.TryPost(_ => _tap.PreferHeight(ssrc, height));

    /// <summary>Says which tracks are wanted, until it is said otherwise: of all others nothing is sent, of those too that begin later.</summary>
    /// <param name="ssrcs">Not changed afterwards; null for all, as at first.</param>
    public void Want(IReadOnlySet<uint>? ssrcs)
    {
        _tap.Wanted = ssrcs;
        _worker.TryPost(_ => _tap.HoldUnwanted()); // Where it has too much to do, the room's next deadline does it.
    }

    /// <summary>Stops listening.</summary>
    public ValueTask DisposeAsync()
    {
        _worker.TryPost(_ => _tap.Close());
        return ValueTask.CompletedTask;
    }
}
