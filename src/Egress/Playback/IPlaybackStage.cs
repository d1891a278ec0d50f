namespace Roomcast.Egress.Playback;

/// <summary>Where playbacks are shown: sessions, as whoever has them brings them here.</summary>
public interface IPlaybackStage
{
    /// <summary>Enters a session with something that is played.</summary>
    /// <param name="playback">What.</param>
    /// <param name="hasSound">Whether it has sound.</param>
    /// <param name="hasPicture">Whether it has a picture.</param>
    /// <param name="listener">Is told what becomes of it there.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Null when the session is not under way, or is full.</returns>
    ValueTask<IPlaybackSeat?> EnterAsync(
        SessionPlayback playback, bool hasSound, bool hasPicture, IPlaybackListener listener, CancellationToken cancellationToken);
}

/// <summary>A playback's place in a session. Disposing of it takes it out.</summary>
public interface IPlaybackSeat : IAsyncDisposable
{
    /// <summary>Shows a packet: Opus or VP8 by the sources of <see cref="PlaybackWire"/>, or an RTCP compound of their reports.</summary>
    void Send(ReadOnlySpan<byte> packet, bool isRtcp);
}

/// <summary>What a session tells of a playback in it. No call blocks or throws.</summary>
public interface IPlaybackListener
{
    /// <summary>Somebody needs a keyframe.</summary>
    void OnKeyframeWanted();

    /// <summary>It was removed, or the session has ended.</summary>
    void OnRemoved();
}
