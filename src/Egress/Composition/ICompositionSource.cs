namespace Roomcast.Egress.Composition;

/// <summary>Where the media of sessions to be composed comes from.</summary>
public interface ICompositionSource
{
    /// <summary>Connects a composition to a session. Scene and packets go to the input from then on; the scene comes first.</summary>
    /// <param name="sessionId">The session, a UUID.</param>
    /// <param name="input">Where they go.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The way back to the session; null when there is no such session, or it has ended. Disposing of it disconnects.</returns>
    /// <exception cref="CompositionException">As many are connected to the session as may be.</exception>
    ValueTask<ICompositionReturn?> ConnectAsync(Guid sessionId, ICompositionInput input, CancellationToken cancellationToken);
}

/// <summary>What a session tells a composition. Thread-safe; no call blocks.</summary>
public interface ICompositionInput
{
    /// <summary>
    /// Whether it makes one picture and sound of the session, and so takes <see cref="Wire.WireJson.MaxPeers"/> peers at most: more on stage are chosen
    /// from (<see cref="SceneCast"/>), and the tracks of the others are not sent. A place is kept for it, which nothing else may
    /// take. False for what takes everybody apart. Default true.
    /// </summary>
    bool IsComposition => true;

    /// <summary>Takes the scene as it is now.</summary>
    void SetScene(Scene scene);

    /// <summary>
    /// Takes an RTP packet, or an RTCP compound with sender reports, in the clear. Bounded: what does not fit is dropped and
    /// counted, and the worker asks for a keyframe when it matters.
    /// </summary>
    /// <param name="packet">Its bytes; copied.</param>
    /// <param name="isRtcp">Whether it is RTCP.</param>
    void TakePacket(ReadOnlySpan<byte> packet, bool isRtcp);

    /// <summary>The session has ended: no scene and no packet follows.</summary>
    void End();
}

/// <summary>What a composition asks of a session. Thread-safe; no call blocks, and what cannot be had is ignored.</summary>
public interface ICompositionReturn : IAsyncDisposable
{
    /// <summary>Asks the sender of a track for a keyframe.</summary>
    void WantKeyframe(uint ssrc);

    /// <summary>Says how large a track is shown, so that the encoding that fits is sent.</summary>
    /// <param name="ssrc">The track.</param>
    /// <param name="height">Pixels; 0 when it is not shown.</param>
    void PreferHeight(uint ssrc, int height);
}
