using System.Buffers;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Feeds;
using Roomcast.TestKit;

namespace Roomcast.Egress.Tests.Composition;

public sealed class CompositionsTests : IAsyncDisposable
{
    private static readonly Guid SessionId = Guid.Parse("4b1e3f60-3d5f-4b39-9a0b-0f3b7a5c2d11");
    private static readonly Scene Somebody = new() { Peers = [new ScenePeer("a", "Ada")] };

    private readonly ManualClock _clock = new();
    private readonly ScriptedWorkers _workers = new();
    private readonly FakeSessions _sessions = new();
    private readonly FakeLoad _load = new();
    private readonly KeptLog _log = new();
    private readonly ServiceProvider _services;

    public CompositionsTests()
    {
        _services = new ServiceCollection()
            .AddSingleton<TimeProvider>(_clock)
            .AddSingleton<ICompositionSource>(_sessions)
            .AddSingleton<IWorkerLauncher>(_workers)
            .AddSingleton<IMachineLoad>(_load)
            .AddLogging(logging => logging.AddProvider(_log))
            .AddCompositions()
            .BuildServiceProvider();
    }

    private ICompositions Compositions => _services.GetRequiredService<ICompositions>();

    public async ValueTask DisposeAsync() => await LetGoAsync(_services);

    [Fact]
    public async Task The_first_lease_starts_a_worker_which_is_told_format_and_scene_and_its_frames_come_out_of_the_feed()
    {
        var (lease, worker) = await BeginAsync();
        Assert.Equal((1_280, "veryfast"), (worker.Start!.Format.Width, worker.Start.Preset));
        var (kind, body) = await worker.ReadAsync();
        Assert.Equal(WireKind.Scene, kind);
        Assert.True(WireJson.TryRead<Scene>(body, out var scene));
        Assert.Equal("Ada", scene.Peers[0].Name);

        var feed = lease.Feed.TrySubscribe()!;
        await worker.GiveAsync(0, 0, mark: 7); // Before both tracks are known.
        await worker.SayTracksAsync();
        await worker.GiveAsync(1, 0.01, mark: 8);
        Assert.Equal(["Tracks", "Frame 0 7 @0", "Frame 1 8 @0.01"], await ReadAsync(feed, 3));
        await LetGoAsync(lease);
    }

    [Fact]
    public async Task One_composition_serves_all_leases_and_stops_with_the_last()
    {
        var (first, worker) = await BeginAsync();
        var second = await Compositions.AcquireAsync(SessionId, new CompositionFormat { Width = 640, Height = 360 }, CancellationToken.None);
        Assert.Same(first.Feed, second.Feed);
        Assert.Equal(1_280, second.Format.Width);
        await first.DisposeAsync();
        await first.DisposeAsync();
        await worker.GiveAsync(0, 0);
        Assert.Equal(0, worker.Kills);
        var leaving = second.DisposeAsync();
        while ((await worker.ReadAsync()).Kind is not WireKind.Stop)
        {
        }

        worker.Die();
        await leaving;
        Assert.Equal(1, _workers.Count);
        Assert.Equal(1, _sessions.Disconnected);
        Assert.Null(second.Failure);
        Assert.Null(second.Feed.TrySubscribe());
    }

    [Fact]
    public async Task A_worker_that_dies_is_replaced_at_once_and_the_feed_goes_on_after_a_discontinuity_with_rising_time()
    {
        var (lease, worker) = await BeginAsync();
        var feed = lease.Feed.TrySubscribe()!;
        await worker.SayTracksAsync();
        await worker.GiveAsync(0, 0, 1);
        await worker.GiveAsync(1, 0, 2);
        await worker.GiveAsync(0, 5, 3);
        await ReadAsync(feed, 4);
        _clock.Advance(TimeSpan.FromSeconds(2));
        worker.Die();

        var next = await _workers.NextAsync();
        Assert.Equal(2, _sessions.Connected);
        await next.SayReadyAsync();
        Assert.Equal(WireKind.Scene, (await next.ReadAsync()).Kind);
        await next.SayTracksAsync();
        await next.GiveAsync(0, 0, 4);
        await next.GiveAsync(1, 1, 5);
        Assert.Equal(["Discontinuity", "Frame 0 4 @5.05", "Frame 1 5 @6.05"], await ReadAsync(feed, 3));
        Assert.Single(_log.Warnings, warning => warning.Contains("died", StringComparison.Ordinal));
        next.Die();
        await LetGoAsync(lease);
    }

    [Fact]
    public async Task Workers_that_keep_dying_end_the_feed_and_the_lease_says_why()
    {
        var (lease, worker) = await BeginAsync();
        var feed = lease.Feed.TrySubscribe()!;
        worker.Die();
        for (var i = 0; i < 6; i++)
        {
            var next = await NextAfterPauseAsync();
            await next.SayReadyAsync();
            next.Die();
        }

        await WaitAsync(() => lease.Failure is not null);
        Assert.Equal(CompositionRefusal.WorkerFailed, lease.Failure!.Refusal);
        Assert.Equal(["Ended"], await ReadAsync(feed, 1));
        await LetGoAsync(lease);
    }

    [Fact]
    public async Task A_worker_that_gives_no_frame_for_three_seconds_is_killed_and_replaced()
    {
        var (lease, worker) = await BeginAsync();
        await worker.SayTracksAsync();
        var feed = lease.Feed.TrySubscribe()!;
        await worker.GiveAsync(0, 0);
        await ReadAsync(feed, 2);
        _clock.Advance(TimeSpan.FromSeconds(2.5));
        await worker.GiveAsync(0, 2.5);
        await ReadAsync(feed, 1);
        _clock.Advance(TimeSpan.FromSeconds(2.5));
        Assert.Equal(0, worker.Kills);
        while (!_workers.HasNext)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(300));
            await Task.Yield();
        }

        // Time stands still while the new one is told what to do, or it would be given up as well.
        Assert.InRange(worker.Kills, 1, int.MaxValue);
        Assert.Contains(_log.Warnings, warning => warning.Contains("no frame", StringComparison.Ordinal));
        (await _workers.NextAsync()).Die();
        await LetGoAsync(lease);
    }

    [Fact]
    public async Task Without_the_libraries_it_says_so_and_tries_no_other()
    {
        var acquiring = Compositions.AcquireAsync(SessionId, new CompositionFormat(), CancellationToken.None);
        var worker = await _workers.NextAsync();
        await worker.SayReadyAsync(missing: "libavcodec is missing: apt-get install libavcodec59");
        var refused = await Assert.ThrowsAsync<CompositionException>(async () => await acquiring);
        Assert.Equal(CompositionRefusal.NoLibraries, refused.Refusal);
        Assert.Contains("apt-get", refused.Message, StringComparison.Ordinal);
        Assert.Equal(refused.Message, refused.Told);
        Assert.Equal(1, _workers.Count);
    }

    [Fact]
    public async Task A_worker_that_cannot_be_started_is_said_at_once()
    {
        _workers.Refusal = new CompositionException(CompositionRefusal.WorkerFailed, "The composing worker is not at /nowhere.");
        var refused = await Assert.ThrowsAsync<CompositionException>(
            async () => await Compositions.AcquireAsync(SessionId, new CompositionFormat(), CancellationToken.None));
        Assert.Equal(CompositionRefusal.WorkerFailed, refused.Refusal);
        Assert.Contains("/nowhere", refused.Message, StringComparison.Ordinal);
        Assert.Equal("The server failed to compose the meeting.", refused.Told);
        Assert.Equal(2, _workers.Count);
    }

    [Fact]
    public async Task No_session_and_an_ended_one_are_told_apart_from_faults()
    {
        _sessions.Exists = false;
        var refused = await Assert.ThrowsAsync<CompositionException>(
            async () => await Compositions.AcquireAsync(SessionId, new CompositionFormat(), CancellationToken.None));
        Assert.Equal(CompositionRefusal.NoSession, refused.Refusal);
        Assert.Equal(0, _workers.Count);

        _sessions.Exists = true;
        var (lease, worker) = await BeginAsync();
        var feed = lease.Feed.TrySubscribe()!;
        _sessions.Input!.End();
        while ((await worker.ReadAsync()).Kind is not WireKind.Stop)
        {
        }

        worker.Die();
        Assert.Equal(["Ended"], await ReadAsync(feed, 1));
        await WaitAsync(() => lease.Failure is not null);
        Assert.Equal(CompositionRefusal.NoSession, lease.Failure!.Refusal);
        await LetGoAsync(lease);
    }

    [Fact]
    public async Task One_more_than_the_machine_bears_is_refused_and_the_first_goes_on()
    {
        var (lease, worker) = await BeginAsync();
        _load.Busy = 1.5;
        var refused = await Assert.ThrowsAsync<CompositionException>(
            async () => await Compositions.AcquireAsync(Guid.NewGuid(), new CompositionFormat(), CancellationToken.None));
        Assert.Equal(CompositionRefusal.Overloaded, refused.Refusal);
        Assert.Contains("processors", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, _workers.Count);
        await worker.SayTracksAsync();
        await worker.GiveAsync(0, 0);
        Assert.Equal(2, (await ReadAsync(lease.Feed.TrySubscribe()!, 2)).Count);
        worker.Die();
        await LetGoAsync(lease);
    }

    [Fact]
    public async Task Packets_go_to_the_worker_once_it_is_ready_and_its_wishes_to_the_session()
    {
        var acquiring = Compositions.AcquireAsync(SessionId, new CompositionFormat(), CancellationToken.None);
        var worker = await _workers.NextAsync();
        _sessions.Input!.TakePacket([1], isRtcp: false);
        await worker.SayReadyAsync();
        var lease = await acquiring;
        _sessions.Input.TakePacket([2], isRtcp: false);
        _sessions.Input.TakePacket([3], isRtcp: true);
        var messages = new List<string>();
        while (messages.Count < 3)
        {
            var (kind, body) = await worker.ReadAsync();
            messages.Add($"{kind} {(kind is WireKind.Scene ? "" : Convert.ToHexString(body))}");
        }

        Assert.Equal(["Scene ", "Rtp 02", "Rtcp 03"], messages);
        await worker.SendAsync(new WireWish(5, null).Write);
        await worker.SendAsync(new WireWish(6, 360).Write);
        Assert.Equal("keyframe 5", await _sessions.Wishes.Reader.ReadAsync());
        Assert.Equal("height 6 360", await _sessions.Wishes.Reader.ReadAsync());
        worker.Die();
        await LetGoAsync(lease);
    }

    [Fact]
    public async Task A_worker_that_says_what_none_says_is_ended()
    {
        var (lease, worker) = await BeginAsync();
        await worker.SendAsync(output => output.Write((ReadOnlySpan<byte>)[0, 0, 0, 1, (byte)WireKind.Rtp, 0]));
        var next = await _workers.NextAsync();
        Assert.InRange(worker.Kills, 1, int.MaxValue);
        next.Die();
        await LetGoAsync(lease);
    }

    [Fact]
    public async Task A_worker_that_cannot_be_told_something_is_replaced_and_what_happened_is_said()
    {
        var (lease, worker) = await BeginAsync();

        // Longer than a message may be. The worker would go on with the picture it has, and nobody would notice.
        var name = new string('x', WireMessage.MaxJsonLength);
        _sessions.Input!.SetScene(Somebody with { Peers = [new ScenePeer("a", name)] });
        var next = await _workers.NextAsync();
        Assert.InRange(worker.Kills, 1, int.MaxValue);
        Assert.Single(_log.Warnings, warning => warning.Contains("cannot be written", StringComparison.Ordinal));

        await next.SayReadyAsync();
        Assert.Equal(WireKind.Scene, (await next.ReadAsync()).Kind);
        var reading = next.ReadAsync();
        while (!reading.IsCompleted)
        {
            _sessions.Input.TakePacket([7], isRtcp: false); // It is kept from the moment on at which the next is known to be ready.
            await Task.Delay(1);
        }

        Assert.Equal(WireKind.Rtp, (await reading).Kind);
        next.Die();
        await LetGoAsync(lease);
    }

    [Fact]
    public async Task A_session_that_is_followed_by_as_many_as_may_be_refuses_with_what_is_allowed()
    {
        _sessions.Refusal = new CompositionException(CompositionRefusal.TooMany, "at most 8 may follow");
        var refused = await Assert.ThrowsAsync<CompositionException>(
            async () => await Compositions.AcquireAsync(SessionId, new CompositionFormat(), CancellationToken.None));
        Assert.Equal((CompositionRefusal.TooMany, "at most 8 may follow"), (refused.Refusal, refused.Message));
        Assert.Equal(0, _workers.Count);
    }

    private async Task<(ICompositionLease Lease, ScriptedWorker Worker)> BeginAsync()
    {
        var acquiring = Compositions.AcquireAsync(SessionId, new CompositionFormat(), CancellationToken.None);
        var worker = await _workers.NextAsync();
        await worker.SayReadyAsync();
        return (await acquiring.AsTask().WaitAsync(ScriptedWorker.Patience), worker);
    }

    private async Task<ScriptedWorker> NextAfterPauseAsync()
    {
        // Time goes on until the next is started, which may be so already, and no further: it has to be ready within so much of it.
        while (!_workers.HasNext)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        return await _workers.NextAsync();
    }

    /// <summary>Disposes of something while time goes on: a worker that does not answer is given its two seconds.</summary>
    private async Task LetGoAsync(IAsyncDisposable lease)
    {
        var leaving = lease.DisposeAsync().AsTask();
        while (!leaving.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await leaving;
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(ScriptedWorker.Patience);
        while (!condition())
        {
            await Task.Delay(5, patience.Token);
        }
    }

    private static async Task<List<string>> ReadAsync(FeedSubscription feed, int count)
    {
        using var patience = new CancellationTokenSource(ScriptedWorker.Patience);
        var read = new List<string>();
        while (read.Count < count)
        {
            FeedItem item;
            while (!feed.TryRead(out item))
            {
                await feed.WaitToReadAsync().AsTask().WaitAsync(patience.Token);
            }

            read.Add(item.Frame is { } frame
                ? FormattableString.Invariant($"Frame {frame.TrackId} {frame.Payload.Span[0]} @{frame.PresentationTime.SinceStart.TotalSeconds}")
                : item.Kind.ToString());
            item.Frame?.Release();
        }

        return read;
    }

    private sealed class FakeLoad : IMachineLoad
    {
        public int Processors => 2;

        public double? Busy { get; set; } = 0.1;

        public void Sample()
        {
        }
    }

    private sealed class FakeSessions : ICompositionSource
    {
        public bool Exists { get; set; } = true;

        public CompositionException? Refusal { get; set; }

        public int Connected { get; private set; }

        public int Disconnected { get; private set; }

        public ICompositionInput? Input { get; private set; }

        public Channel<string> Wishes { get; } = Channel.CreateUnbounded<string>();

        public ValueTask<ICompositionReturn?> ConnectAsync(Guid sessionId, ICompositionInput input, CancellationToken cancellationToken)
        {
            if (Refusal is { } refusal)
            {
                throw refusal;
            }

            if (!Exists)
            {
                return new((ICompositionReturn?)null);
            }

            Connected++;
            Input = input;
            input.SetScene(Somebody);
            return new(new Way(this));
        }

        private sealed class Way(FakeSessions sessions) : ICompositionReturn
        {
            public void WantKeyframe(uint ssrc) => sessions.Wishes.Writer.TryWrite($"keyframe {ssrc}");

            public void PreferHeight(uint ssrc, int height) => sessions.Wishes.Writer.TryWrite($"height {ssrc} {height}");

            public ValueTask DisposeAsync()
            {
                sessions.Disconnected++;
                return ValueTask.CompletedTask;
            }
        }
    }

    private sealed class KeptLog : ILoggerProvider, ILogger
    {
        private readonly List<string> _warnings = [];

        public List<string> Warnings
        {
            get
            {
                lock (_warnings)
                {
                    return [.. _warnings];
                }
            }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_warnings)
            {
                _warnings.Add(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
