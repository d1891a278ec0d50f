using Roomcast.Feeds;

namespace Roomcast.Egress.Push;

/// <summary>The livestreams on air, as what pushes them sees them.</summary>
public interface IPushableFeeds
{
    /// <summary>
    /// Raised when a livestream goes on air, with its id and its feed. The feed outlives gaps between publishers and ends when
    /// the livestream does, with its playlist. Raised from any thread; handlers must not block.
    /// </summary>
    event Action<Guid, Feed>? WentLive;

    /// <summary>The feed of a livestream that is on air; null when it is not.</summary>
    Feed? Find(Guid livestreamId);
}
