using Roomcast.Feeds;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Tests.Lifecycle;

public sealed class LivestreamFeedsTests
{
    [Fact]
    public async Task A_feed_is_shown_from_live_to_the_end_through_gaps_between_publishers()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        var live = new List<(LivestreamId Id, Feed Feed)>();
        fixture.Feeds.WentLive += (id, feed) => live.Add((id, feed));
        Assert.Null(fixture.Feeds.Find(livestream.Id));

        var first = await fixture.PublishAsync(livestream);
        Assert.Null(fixture.Feeds.Find(livestream.Id));
        first.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(first, seconds: 1);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);
        var feed = fixture.Feeds.Find(livestream.Id)!;
        Assert.Equal([(livestream.Id, feed)], live);

        first.Close(IngestEndReason.ConnectionClosed);
        var second = await fixture.PublishAsync(livestream);
        second.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(second, seconds: 1);
        Assert.Same(feed, fixture.Feeds.Find(livestream.Id));
        Assert.False(feed.IsEnded);

        await fixture.OnAir.StopAsync(livestream.Id, IngestEndReason.Stopped, CancellationToken.None);
        Assert.Null(fixture.Feeds.Find(livestream.Id));
        Assert.True(feed.IsEnded);
        Assert.Contains("end", fixture.Packaging.Opened[0].Notes);

        var third = await fixture.PublishAsync(livestream);
        third.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(third, seconds: 1);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);
        Assert.Equal(2, live.Count);
        Assert.NotSame(feed, fixture.Feeds.Find(livestream.Id));
    }
}
