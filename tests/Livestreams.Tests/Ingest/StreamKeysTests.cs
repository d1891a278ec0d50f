using Roomcast.Livestreams.Ingest;
using Roomcast.Rtmp.Connection;

namespace Roomcast.Livestreams.Tests.Ingest;

public sealed class StreamKeysTests
{
    [Theory]
    [InlineData("live", "K")]
    [InlineData("live/instance", "K")]
    [InlineData("", "K")]
    [InlineData("live", "K?x=y")]
    [InlineData("live", "K?x=y/z")]
    [InlineData("live?a=b/c", "K")]
    [InlineData("live", "instance/K")]
    [InlineData("live", "/K/")]
    [InlineData("live", "/a//K")]
    [InlineData("live", " K\n")]
    [InlineData("live", "mp4:K")]
    [InlineData("live", "flv:K")]
    [InlineData("live/K", "")]
    [InlineData("live/K/", "")]
    [InlineData("live/instance/K", "")]
    [InlineData("K", "")]
    [InlineData("live/K?x=y", "?")]
    [InlineData("live/K", "/")]
    public void The_key_is_found_in_every_usual_form(string app, string name) =>
        Assert.Equal("K", StreamKeys.Find(new RtmpPublishRequest(app, $"rtmp://host/{app}", name, null)));

    [Theory]
    [InlineData("rtmp://user:K@host/live")]
    [InlineData("rtmp://K@host/live")]
    [InlineData("rtmp://u@x:K@host:1935/live")]
    [InlineData("rtmp://user:K@host")]
    public void Without_a_stream_name_the_key_is_taken_from_the_addresss_user(string address) =>
        Assert.Equal("K", StreamKeys.Find(new RtmpPublishRequest("live", address, "", null)));

    [Fact]
    public void A_stream_name_counts_more_than_a_user() =>
        Assert.Equal("K", StreamKeys.Find(new RtmpPublishRequest("live", "rtmp://user:other@host/live", "K", null)));

    [Theory]
    [InlineData("", "", "rtmp://host")]
    [InlineData("", "?x=y", "rtmp://host/")]
    [InlineData("/", "/", "not an address")]
    public void Where_there_is_none_it_is_empty(string app, string name, string address) =>
        Assert.Equal("", StreamKeys.Find(new RtmpPublishRequest(app, address, name, null)));

    [Fact]
    public void Case_is_kept_and_endless_names_are_none()
    {
        Assert.Equal("aBc", StreamKeys.Find(new RtmpPublishRequest("live", "", "aBc", null)));
        Assert.Equal("", StreamKeys.Find(new RtmpPublishRequest("live", "", new string('a', 5_000), null)));
    }
}
