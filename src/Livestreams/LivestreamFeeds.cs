using System.Collections.Concurrent;
using Roomcast.Feeds;
using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams;

/// <summary>The feeds of the livestreams on air, for what else may want their media than the players.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class LivestreamFeeds
{
    private readonly ConcurrentDictionary<LivestreamId, Feed> _feeds = new();

    /// <summary>
    /// Raised when a livestream goes live: a player can play it. The feed stays through interruptions and ends with the
    /// livestream, when the playlist does. Raised from the livestream's own loop, so handlers must not block.
    /// </summary>
    public event Action<LivestreamId, Feed>? WentLive;

    /// <summary>The feed of a livestream that is live; null when it is not.</summary>
    public Feed? Find(LivestreamId id) => _feeds.GetValueOrDefault(id);

    internal void Add(LivestreamId id, Feed feed)
    {
        _feeds[id] = feed;
        WentLive?.Invoke(id, feed);
    }

    internal void Remove(LivestreamId id, Feed feed) => _feeds.TryRemove(new(id, feed));
}
