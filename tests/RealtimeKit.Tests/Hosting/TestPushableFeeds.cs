using Roomcast.Egress.Push;
using Roomcast.Feeds;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Records;

namespace Roomcast.RealtimeKit.Tests.Hosting;

/// <summary>The livestreams on air, as the server shows them to what pushes them.</summary>
internal sealed class TestPushableFeeds : IPushableFeeds
{
    private readonly LivestreamFeeds _feeds;

    public TestPushableFeeds(LivestreamFeeds feeds)
    {
        _feeds = feeds;
        feeds.WentLive += (id, feed) => WentLive?.Invoke(id.Value, feed);
    }

    public event Action<Guid, Feed>? WentLive;

    public Feed? Find(Guid livestreamId) => _feeds.Find(new LivestreamId(livestreamId));
}
