using Roomcast.Egress.Push;
using Roomcast.Feeds;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Records;

namespace Roomcast.Server.Egress;

/// <summary>Shows the livestreams on air to what pushes them; neither knows the other.</summary>
internal sealed class LivestreamPushableFeeds : IPushableFeeds
{
    private readonly LivestreamFeeds _feeds;

    public LivestreamPushableFeeds(LivestreamFeeds feeds)
    {
        _feeds = feeds;
        feeds.WentLive += (id, feed) => WentLive?.Invoke(id.Value, feed);
    }

    public event Action<Guid, Feed>? WentLive;

    public Feed? Find(Guid livestreamId) => _feeds.Find(new LivestreamId(livestreamId));
}
