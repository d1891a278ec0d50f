namespace Roomcast.Egress.Tests;

/// <summary>What goes on for sessions is ended once, and who stops it waits until it has finished.</summary>
public sealed class SessionRunsTests
{
    private static readonly Guid SessionId = Guid.Parse("5b2f0d0e-7c53-4c43-8f8c-8f6a0f5a1f21");

    [Fact]
    public async Task Whoever_stops_all_at_any_moment_of_a_beginning_waits_for_what_begins()
    {
        // Its id is asked for at every step of the beginning. Once there was one at which a stop waited for nothing.
        var runs = new SessionRuns<Run>();
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stops = new List<Task>();
        var run = new Run(runs);
        run.Asked = () =>
        {
            var stop = Task.Run(() => runs.StopAsync(CancellationToken.None));
            stops.Add(stop);
            ((IAsyncResult)stop).AsyncWaitHandle.WaitOne(TimeSpan.FromMilliseconds(100));
        };
        Assert.True(runs.TryBegin(() => true, () => run, _ => finish.Task));
        run.Asked = null;
        Assert.NotEmpty(stops);
        Assert.All(stops, stop => Assert.False(stop.IsCompleted));
        finish.SetResult();
        await Task.WhenAll(stops);
        Assert.True(run.IsDisposed);
    }

    [Fact]
    public async Task What_has_ended_counts_until_it_has_finished_and_is_disposed_of_then()
    {
        var runs = new SessionRuns<Run>();
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var run = new Run(runs);
        Assert.True(runs.TryBegin(() => true, () => run, _ => finish.Task));
        Assert.Equal((run, 1, 1, 1), (runs.Find(run.Id), runs.CountOf(SessionId), runs.UnfinishedOf(SessionId), runs.Unfinished));
        Assert.False(runs.TryBegin(() => false, () => throw new InvalidOperationException("There is no room."), _ => finish.Task));

        Assert.True(runs.Stop(run.Id));
        Assert.False(runs.Stop(run.Id));
        Assert.Equal((null, 0, 1), (runs.Find(run.Id), runs.CountOf(SessionId), runs.UnfinishedOf(SessionId)));
        var stopping = runs.StopAsync(CancellationToken.None);
        Assert.False(stopping.IsCompleted || run.IsDisposed);
        finish.SetResult();
        await stopping;
        Assert.True(run.IsDisposed);
        Assert.Equal((0, 1), (runs.Unfinished, run.Ends));
        Assert.False(runs.TryBegin(() => true, () => new Run(runs), _ => Task.CompletedTask));
    }

    [Fact]
    public async Task A_stop_waits_no_longer_than_it_may_and_throws_nothing()
    {
        var runs = new SessionRuns<Run>();
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.True(runs.TryBegin(() => true, () => new Run(runs), _ => finish.Task));
        await runs.StopAsync(new CancellationToken(canceled: true));
        Assert.Equal(1, runs.Unfinished);
        finish.SetResult();
        await runs.StopAsync(CancellationToken.None);
    }

    private sealed class Run(SessionRuns<Run> owner) : ISessionRun
    {
        private readonly Guid _id = Guid.NewGuid();

        public Action? Asked { get; set; }

        public Guid Id
        {
            get
            {
                Asked?.Invoke();
                return _id;
            }
        }

        public Guid SessionId => SessionRunsTests.SessionId;

        public int Ends { get; private set; }

        public bool IsDisposed { get; private set; }

        public void End(string? error)
        {
            Ends++;
            owner.Forget(_id);
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }
    }
}
