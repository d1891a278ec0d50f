using Microsoft.Extensions.DependencyInjection;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Tests.Push;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.Feeds;
using Roomcast.Rtmp.Commands;
using Roomcast.TestKit;

namespace Roomcast.Egress.Tests.Recording;

/// <summary>Recordings that are pushed to an RTMP address as long as they run.</summary>
public sealed class PushedRecordingTests(EncodedMinute encoded) : IClassFixture<EncodedMinute>, IDisposable
{
    private const string Address = "rtmp://target.example/live/geheim-key";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_target_gets_what_is_recorded_until_the_recording_stops()
    {
        var sink = new FakeSink();
        await using var host = await StartHostAsync(sink);
        var (asked, meeting) = await StartAsync(host);
        await PublishUntilAsync(host, asked, () => sink.Connections is [{ FrameCount: > 30 }], "frames arrive");
        Assert.Equal(("live", "geheim-key"), (sink.Last.Asked!.App, sink.Last.Asked.StreamName));
        Assert.True(sink.Last.Frames.First(frame => frame.Kind is Rtmp.Connection.RtmpMediaKind.Video).IsKeyframe);
        Assert.Equal(0u, sink.Last.Frames[0].TimeMs);
        await host.WaitForAsync(asked, RecordingStatus.Recording);

        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        await RecordingHost.UntilAsync(() => sink.Last.HasUnpublished, "the target is told of the end");
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.Null(done.ErrorMessage);
        Assert.Null(done.Plan.PushAddress);
        Assert.NotEmpty(await host.DownloadAsync(done, done.MediaFile));

        // Nothing goes there afterwards, though the composition goes on.
        var frames = sink.Last.FrameCount;
        host.Compositions.Of(host.Sessions.Find(meeting)!.Value).Publish(encoded.Source, TimeSpan.FromSeconds(25), TimeSpan.FromSeconds(30));
        await RecordingHost.UntilAsync(() => host.Compositions.LeaseCount == 0, "the composition is given back");
        Assert.Equal((1, frames), (sink.Calls, sink.Last.FrameCount));
        Assert.DoesNotContain(host.Log, line => line.Contains("geheim", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_push_that_is_rejected_for_good_is_told_and_the_recording_goes_on()
    {
        var sink = new FakeSink(_ => new SinkPlan { Refuses = RtmpStatus.Error(RtmpStatusCodes.PublishDenied, "geheim-key is wrong") });
        await using var host = await StartHostAsync(sink);
        var (asked, _) = await StartAsync(host);
        RecordingRecord? now = null;
        await PublishUntilAsync(
            host,
            asked,
            () => (now = host.Recordings.FindAsync(asked.AppId, asked.Id, CancellationToken.None).GetAwaiter().GetResult())
                is { ErrorMessage: not null, Status: RecordingStatus.Recording },
            "the rejection is told, and something recorded");
        Assert.Contains("publish_denied", now!.ErrorMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", now.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(RecordingStatus.Recording, (await host.WaitForAsync(asked, RecordingStatus.Recording)).Status);

        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.Equal(now.ErrorMessage, done.ErrorMessage);
        Assert.NotEmpty(await host.DownloadAsync(done, done.MediaFile));
    }

    [Theory]
    [InlineData("rtmp://127.0.0.1/live/geheim")]
    [InlineData("rtmp://target.example/live/")]
    public async Task One_whose_address_cannot_be_pushed_to_does_not_begin(string address)
    {
        await using var host = await StartHostAsync(new FakeSink());
        var meeting = Guid.NewGuid();
        host.Sessions.Begin(meeting);
        var refused = await host.Recordings.StartAsync(
            host.Wish(meeting, new RecordingPlan { PushAddress = address }), CancellationToken.None);
        Assert.Equal(RecordingRefusal.Unavailable, refused.Refusal);
        Assert.DoesNotContain("geheim", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, host.Compositions.LeaseCount);
    }

    private static async Task<(RecordingRecord Asked, Guid Meeting)> StartAsync(RecordingHost host)
    {
        var meeting = Guid.NewGuid();
        host.Sessions.Begin(meeting);
        var answer = await host.Recordings.StartAsync(
            host.Wish(meeting, new RecordingPlan { PushAddress = Address }), CancellationToken.None);
        Assert.Null(answer.Message);
        return (answer.Recording!, meeting);
    }

    // A push connects beside the media: it is sent on until what is waited for has come, a second of the file at a time.
    private async Task PublishUntilAsync(RecordingHost host, RecordingRecord recording, Func<bool> condition, string what)
    {
        var composition = host.Compositions.Of(recording.SessionId);
        for (var second = 0; second < 25 && !condition(); second++)
        {
            composition.Publish(encoded.Source, TimeSpan.FromSeconds(second), TimeSpan.FromSeconds(second + 1));
            for (var look = 0; look < 100 && !condition(); look++)
            {
                await Task.Delay(20);
            }
        }

        await RecordingHost.UntilAsync(condition, what);
    }

    private Task<RecordingHost> StartHostAsync(FakeSink sink) => RecordingHost.StartAsync(_folder.Path, more: services =>
    {
        services.AddSingleton<IPushDialer>(sink);
        services.AddSingleton<IPushableFeeds, NoLivestreams>();
        services.AddPush();
    });

    private sealed class NoLivestreams : IPushableFeeds
    {
        public event Action<Guid, Feed>? WentLive
        {
            add { }
            remove { }
        }

        public Feed? Find(Guid livestreamId) => null;
    }
}
