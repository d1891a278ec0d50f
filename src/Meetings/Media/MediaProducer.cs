namespace Roomcast.Meetings.Media;

/// <summary>Sound or picture.</summary>
public enum MediaKind
{
    /// <summary>Sound.</summary>
    Audio,

    /// <summary>Picture.</summary>
    Video,
}

/// <summary>Which way the tracks of a transport go. A peer has one transport for each way.</summary>
public enum TransportDirection
{
    /// <summary>From the peer to us: its producers.</summary>
    FromPeer,

    /// <summary>From us to the peer: what it consumes.</summary>
    ToPeer,
}

/// <summary>A track that a peer sends into the room. Immutable; a change makes another one with the same id.</summary>
/// <param name="Id">Unique in the room, and the id of its consumers too.</param>
/// <param name="PeerId">Whose it is.</param>
/// <param name="Kind">Sound or picture.</param>
/// <param name="IsPaused">Whether it is held back: nobody receives it.</param>
/// <param name="IsScreenShare">Whether it shows or sounds a shared screen.</param>
/// <param name="AppData">What the peer said of it, passed on unread.</param>
/// <param name="TransportId">The transport it arrives on.</param>
/// <param name="MimeType">audio/opus or video/VP8.</param>
/// <param name="TrackId">The browser's id of the track; one of ours when the description named none.</param>
public sealed record MediaProducer(
    string Id,
    string PeerId,
    MediaKind Kind,
    bool IsPaused,
    bool IsScreenShare,
    string AppData,
    string TransportId,
    string MimeType,
    string TrackId)
{
    /// <summary>Whether the server itself sends it, as what it plays into a session, and no peer.</summary>
    public bool IsOwn { get; init; }
}
