using System.Runtime.CompilerServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Roomcast.Egress.Push;
using Roomcast.Egress.Push.Records;
using Roomcast.Feeds;
using Roomcast.Storage;
using Roomcast.TestKit.Databases;

namespace Roomcast.Egress.Tests.Push;

public sealed class LivestreamOutputsTests : IAsyncLifetime, IDisposable
{
    private readonly PushRun _run = new(new PushOptions { MaxOutputs = 3 });
    private readonly FakeFeeds _feeds = new();
    private readonly FakeSink _sink = new();
    private TestDatabase _database = null!;
    private LivestreamOutputs _outputs = null!;
    private Guid _livestream;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(DatabaseEngine.Sqlite);
        _livestream = await OutputStoreTests.MakeLivestreamAsync(_database.Database, _run.Clock);
        _outputs = new LivestreamOutputs(
            new OutputStore(_database.Database, _run.Clock),
            _feeds,
            _run.Jobs(_sink),
            Microsoft.Extensions.Options.Options.Create(_run.Options),
            _run.Clock,
            new Logger<LivestreamOutputs>(new LoggerFactory([_run.Log])));
        await ((IHostedService)_outputs).StartAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        var stopping = ((IHostedService)_outputs).StopAsync(CancellationToken.None);
        await _run.UntilAsync(() => stopping.IsCompleted, stepSeconds: 0.5);
        await _run.DisposeAsync();
        await _database.DisposeAsync();
    }

    public void Dispose() => _outputs.Dispose();

    [Fact]
    public async Task An_output_waits_for_its_livestream_follows_it_and_starts_again_the_next_time()
    {
        var output = await CreateAsync();
        Assert.Equal(PushStatus.Waiting, _outputs.StatusOf(output));

        var feed = GoLive();
        await UntilAsync(output, PushState.Publishing);
        feed.Feed.End();
        await UntilAsync(output, PushState.Ended);
        Assert.Equal(PushReason.LivestreamEnded, _outputs.StatusOf(output).Reason);
        Assert.True(_sink.Last.HasUnpublished);

        GoLive();
        await _run.UntilAsync(() => _sink.Calls == 2);
        await UntilAsync(output, PushState.Publishing);
    }

    [Fact]
    public async Task Outputs_come_and_go_while_the_livestream_is_live()
    {
        var feed = GoLive();
        var first = await CreateAsync();
        var second = await CreateAsync();
        await UntilAsync(first, PushState.Publishing);
        await UntilAsync(second, PushState.Publishing);

        var deleted = await _outputs.DeleteAsync(_livestream, first.Id, CancellationToken.None);
        Assert.Equal((PushState.Ended, PushReason.Removed), (deleted!.Value.Status.State, deleted.Value.Status.Reason));
        Assert.Null(await _outputs.FindAsync(_livestream, first.Id, CancellationToken.None));
        await _run.UntilAsync(() => feed.Feed.SubscriberCount == 1);
        Assert.Equal(PushState.Publishing, _outputs.StatusOf(second).State);
        Assert.Equal(1, _sink.Connections.Count(connection => connection.HasUnpublished));
    }

    [Fact]
    public async Task A_livestream_takes_so_many_and_no_more()
    {
        for (var i = 0; i < 3; i++)
        {
            await CreateAsync();
        }

        Assert.Null(await _outputs.CreateAsync(_livestream, null, PushRun.Address(), CancellationToken.None));
    }

    [Fact]
    public async Task Outputs_of_one_livestream_do_not_start_with_another()
    {
        var output = await CreateAsync();
        var other = await OutputStoreTests.MakeLivestreamAsync(_database.Database, _run.Clock);
        var feed = new TestFeed();
        _feeds.GoLive(other, feed.Feed);
        await _outputs.CreateAsync(other, null, PushRun.Address(), CancellationToken.None);
        await _run.UntilAsync(() => _sink.Calls == 1);
        Assert.Equal(PushState.Waiting, _outputs.StatusOf(output).State);
    }

    [Fact]
    public async Task A_stop_of_the_server_ends_all_of_them_in_good_order()
    {
        GoLive();
        await UntilAsync(await CreateAsync(), PushState.Publishing);
        await UntilAsync(await CreateAsync(), PushState.Publishing);
        await ((IHostedService)_outputs).StopAsync(CancellationToken.None);
        Assert.All(_sink.Connections, connection => Assert.True(connection.HasUnpublished));
    }

    [Fact]
    public async Task Deleting_all_ends_all()
    {
        var feed = GoLive();
        var output = await CreateAsync();
        await UntilAsync(output, PushState.Publishing);
        await _outputs.DeleteAllAsync(_livestream, CancellationToken.None);
        Assert.Equal(0, feed.Feed.SubscriberCount);
        Assert.Null(await _outputs.FindAsync(_livestream, output.Id, CancellationToken.None));
    }

    [Fact]
    public async Task How_it_went_is_told_for_a_day_and_what_pushed_is_let_go_before()
    {
        var output = await CreateAsync();
        var feed = GoLiveUnheld();
        await UntilAsync(output, PushState.Publishing);
        EndFeed();
        await UntilAsync(output, PushState.Ended);
        var status = _outputs.StatusOf(output);
        await _run.UntilAsync(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !feed.IsAlive;
            },
            stepSeconds: 30);
        Assert.Equal(status, _outputs.StatusOf(output));

        // After a day it waits as before the first time, and starts when the livestream is next on air.
        _run.Clock.Advance(LivestreamOutputs.StatusKept - TimeSpan.FromHours(1));
        Assert.Equal(status, _outputs.StatusOf(output));
        await _run.UntilAsync(() => _outputs.StatusOf(output) == PushStatus.Waiting, stepSeconds: 600);
        GoLive();
        await UntilAsync(output, PushState.Publishing);
    }

    [Fact]
    public async Task An_output_that_is_deleted_after_it_was_let_go_says_how_it_went()
    {
        var output = await CreateAsync();
        var feed = GoLive();
        await UntilAsync(output, PushState.Publishing);
        feed.Feed.End();
        await UntilAsync(output, PushState.Ended);
        var status = _outputs.StatusOf(output);
        for (var i = 0; i < 10; i++)
        {
            _run.Clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(2);
        }

        var deleted = await _outputs.DeleteAsync(_livestream, output.Id, CancellationToken.None);
        Assert.Equal(status, deleted!.Value.Status);
        Assert.Equal(PushStatus.Waiting, _outputs.StatusOf(output));
    }

    [Fact]
    public async Task A_livestream_that_is_on_air_again_within_the_day_starts_its_outputs_again()
    {
        var output = await CreateAsync();
        var feed = GoLive();
        await UntilAsync(output, PushState.Publishing);
        feed.Feed.End();
        await UntilAsync(output, PushState.Ended);
        for (var i = 0; i < 10; i++)
        {
            _run.Clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(2);
        }

        GoLive();
        await UntilAsync(output, PushState.Publishing);
        Assert.Equal(2, _sink.Calls);
    }

    // Held by nothing of the test: neither by a local nor by what it went live with.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference GoLiveUnheld() => new(GoLive().Feed);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EndFeed() => _feeds.Forget(_livestream).End();

    private TestFeed GoLive()
    {
        var feed = new TestFeed();
        feed.Send(5);
        _feeds.GoLive(_livestream, feed.Feed);
        return feed;
    }

    private async Task<LivestreamOutput> CreateAsync() =>
        (await _outputs.CreateAsync(_livestream, null, PushRun.Address(), CancellationToken.None))!;

    private Task UntilAsync(LivestreamOutput output, PushState state) =>
        _run.UntilAsync(() => _outputs.StatusOf(output).State == state, describe: () => $"{_outputs.StatusOf(output)}");

    private sealed class FakeFeeds : IPushableFeeds
    {
        private readonly Dictionary<Guid, Feed> _feeds = [];

        public event Action<Guid, Feed>? WentLive;

        public Feed? Find(Guid livestreamId) => _feeds.GetValueOrDefault(livestreamId) is { IsEnded: false } feed ? feed : null;

        public Feed Forget(Guid livestreamId)
        {
            _feeds.Remove(livestreamId, out var feed);
            return feed!;
        }

        public void GoLive(Guid livestreamId, Feed feed)
        {
            _feeds[livestreamId] = feed;
            WentLive?.Invoke(livestreamId, feed);
        }
    }
}
