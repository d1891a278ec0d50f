using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Push;
using Roomcast.Feeds;
using Roomcast.Transports.Tcp;

namespace Roomcast.Egress.Tests.Push;

public sealed class SessionPushesTests
{
    // Slow, so that a push is not out of time before a busy machine has done what it waits for.
    private const double Step = 0.005;

    private static readonly Guid SessionId = Guid.Parse("5b2f0d0e-7c53-4c43-8f8c-8f6a0f5a1f21");

    [Fact]
    public async Task A_push_runs_when_the_first_picture_was_sent_and_its_end_is_told_once()
    {
        await using var world = new World();
        var push = world.Pushes.Start(SessionId, PushRun.Address())!;
        Assert.Equal((SessionPushState.Starting, PushRun.Url), (push.State, push.Url));
        await world.Run.UntilAsync(() => world.Sink.Connections is [{ Asked: not null }]);
        await Task.Delay(TimeSpan.FromMilliseconds(20));
        Assert.Empty(world.Told); // Nothing was sent so far: no picture has come.

        world.Feed.Send(10);
        await world.Run.UntilAsync(() => world.Told.Count == 1, Step);
        Assert.True(world.Pushes.Stop(push.Id));
        Assert.False(world.Pushes.Stop(push.Id));
        var (started, ended) = (world.Told.First(), world.Told.Last());
        Assert.Equal((push.Id, SessionPushState.Running, (DateTimeOffset?)null), (started.Id, started.State, started.EndedAt));
        Assert.Equal((push.Id, SessionPushState.Ended, started.StartedAt, (string?)null), (ended.Id, ended.State, ended.StartedAt, ended.Error));
        Assert.NotNull(started.StartedAt);
        Assert.True(ended.EndedAt >= started.StartedAt);
        Assert.Equal(2, world.Told.Count);
        await world.Run.UntilAsync(() => world.Leases == 0, stepSeconds: 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_target_that_refuses_or_is_not_there_ends_it_without_a_start_and_says_why(bool isRefusing)
    {
        await using var world = new World(_ => isRefusing
            ? new SinkPlan { Refuses = Roomcast.Rtmp.Commands.RtmpStatus.Error(Roomcast.Rtmp.Commands.RtmpStatusCodes.PublishDenied, "no") }
            : new SinkPlan { Fails = OutgoingFailure.Refused });
        world.Feed.Send(10);
        var push = world.Pushes.Start(SessionId, PushRun.Address())!;
        await world.Run.UntilAsync(() => !world.Told.IsEmpty || (!isRefusing && world.Sink.Calls >= 2), Step);
        await world.Run.UntilAsync(() => !world.Told.IsEmpty, stepSeconds: 0.5);
        var ended = Assert.Single(world.Told);
        Assert.Equal((push.Id, SessionPushState.Ended, (DateTimeOffset?)null), (ended.Id, ended.State, ended.StartedAt));
        Assert.StartsWith(isRefusing ? "publish_denied" : "connection_refused", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("very-secret", ended.Error, StringComparison.Ordinal);
        Assert.Null(world.Pushes.Find(push.Id));
        await world.Run.UntilAsync(() => world.Leases == 0, stepSeconds: 1);
    }

    [Fact]
    public async Task A_running_one_comes_back_to_a_target_that_dropped_it_and_ends_when_that_stays_away()
    {
        var options = new PushOptions { SessionReconnect = TimeSpan.FromMinutes(10) };
        await using var world = new World(call => call <= 2 ? new SinkPlan() : new SinkPlan { Fails = OutgoingFailure.Refused }, options);
        world.Feed.Send(10);
        world.Pushes.Start(SessionId, PushRun.Address());
        await world.Run.UntilAsync(() => world.Told.Count == 1, Step);
        world.Sink.Last.Close();
        await world.Run.UntilAsync(() => world.Sink.Connections is [_, { FrameCount: > 0 }], stepSeconds: 0.1);
        Assert.Single(world.Told); // A short loss is no end.
        world.Sink.Last.Close();
        await world.Run.UntilAsync(() => world.Sink.Calls >= 3, stepSeconds: 0.1);
        await world.Run.UntilAsync(() => world.Told.Count == 2, stepSeconds: 5);
        Assert.Equal([SessionPushState.Running, SessionPushState.Ended], world.Told.Select(push => push.State));
        Assert.StartsWith("connection_refused", world.Told.Last().Error, StringComparison.Ordinal);
        var lasted = world.Told.Last().EndedAt - world.Told.First().StartedAt;
        Assert.True(lasted >= options.SessionReconnect, $"{lasted}");
    }

    [Fact]
    public async Task All_of_a_session_share_its_composition_up_to_a_bound_and_end_together()
    {
        await using var world = new World();
        world.Feed.Send(10);
        var all = Enumerable.Range(0, world.Pushes.MaxOfSession).Select(_ => world.Pushes.Start(SessionId, PushRun.Address())).ToList();
        Assert.DoesNotContain(null, all);
        Assert.Null(world.Pushes.Start(SessionId, PushRun.Address()));
        await world.Run.UntilAsync(() => world.Told.Count(push => push.State is SessionPushState.Running) == all.Count, Step);
        world.Pushes.StopAll(SessionId);
        Assert.Equal(all.Count, world.Told.Count(push => push.State is SessionPushState.Ended));
        await world.Run.UntilAsync(() => world.Leases == 0, stepSeconds: 1);
    }

    [Fact]
    public async Task Those_that_still_say_goodbye_count_and_a_few_may_begin_in_their_place()
    {
        await using var world = new World { Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) };
        for (var times = 0; times < 2; times++)
        {
            for (var i = 0; i < world.Pushes.MaxOfSession; i++)
            {
                Assert.NotNull(world.Pushes.Start(SessionId, PushRun.Address()));
            }

            world.Pushes.StopAll(SessionId);
        }

        Assert.Null(world.Pushes.Start(SessionId, PushRun.Address()));
        Assert.NotNull(world.Pushes.Start(Guid.NewGuid(), PushRun.Address()));
        world.Gate.SetResult();
        await world.Run.UntilAsync(() => world.Pushes.Start(SessionId, PushRun.Address()) is not null, stepSeconds: 0.1);
    }

    [Fact]
    public async Task A_stop_of_the_server_waits_no_longer_than_it_may()
    {
        await using var world = new World { Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) };
        Assert.NotNull(world.Pushes.Start(SessionId, PushRun.Address()));
        using var bound = new CancellationTokenSource();
        var stopping = world.Pushes.StopAsync(bound.Token);
        Assert.False(stopping.IsCompleted);
        await bound.CancelAsync();
        await stopping;
        Assert.Null(world.Pushes.Start(SessionId, PushRun.Address()));
        world.Gate.SetResult();
    }

    [Fact]
    public async Task A_session_that_cannot_be_composed_ends_it_with_the_reason()
    {
        await using var world = new World { Refusal = new CompositionException(CompositionRefusal.Overloaded, "The machine has too much to do.") };
        world.Pushes.Start(SessionId, PushRun.Address());
        await world.Run.UntilAsync(() => !world.Told.IsEmpty);
        Assert.Equal((SessionPushState.Ended, "The machine has too much to do."), (world.Told.Single().State, world.Told.Single().Error));
    }

    private sealed class World : ICompositions, IAsyncDisposable
    {
        private int _leases;

        public World(Func<int, SinkPlan>? plan = null, PushOptions? options = null)
        {
            Run = new PushRun(options);
            Sink = new FakeSink(plan);
            Pushes = new SessionPushes(
                this, Run.Jobs(Sink), Microsoft.Extensions.Options.Options.Create(Run.Options), Run.Clock, new Logger<SessionPushes>(new LoggerFactory([Run.Log])));
            Pushes.Changed += Told.Enqueue;
        }

        public PushRun Run { get; }

        public TestFeed Feed { get; } = new();

        public FakeSink Sink { get; }

        public SessionPushes Pushes { get; }

        public ConcurrentQueue<SessionPush> Told { get; } = new();

        public CompositionException? Refusal { get; init; }

        /// <summary>What every lease waits for, however it is cancelled.</summary>
        public TaskCompletionSource? Gate { get; init; }

        public int Leases => Volatile.Read(ref _leases);

        public async ValueTask<ICompositionLease> AcquireAsync(Guid sessionId, CompositionFormat format, CancellationToken cancellationToken)
        {
            if (Refusal is { } refusal)
            {
                throw refusal;
            }

            if (Gate is { } gate)
            {
                await gate.Task;
            }

            Interlocked.Increment(ref _leases);
            return new Lease(this, format);
        }

        public async ValueTask DisposeAsync()
        {
            var stopping = Pushes.StopAsync(CancellationToken.None);
            await Run.UntilAsync(() => stopping.IsCompleted, stepSeconds: 1);
            await Run.DisposeAsync();
        }

        private sealed class Lease(World world, CompositionFormat format) : ICompositionLease
        {
            public Feed Feed => world.Feed.Feed;

            public CompositionFormat Format => format;

            public ValueTask DisposeAsync()
            {
                Interlocked.Decrement(ref world._leases);
                return ValueTask.CompletedTask;
            }
        }
    }
}
