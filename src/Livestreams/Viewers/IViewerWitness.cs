namespace Roomcast.Livestreams.Viewers;

/// <summary>Is told of every media playlist that a viewer asks for.</summary>
public interface IViewerWitness
{
    /// <summary>
    /// A viewer asked for a media playlist. A held request is reported when it begins, each second or two while it
    /// is held and its connection stands, and when it is answered, so that the time it was held counts as present. Thread-safe, and cheap enough for each request.
    /// </summary>
    /// <param name="viewerId">As it stands in the playlist's path. An id that we did not make is served and not counted.</param>
    /// <param name="userAgent">The request's User-Agent, or null.</param>
    void Seen(string viewerId, string? userAgent);
}
