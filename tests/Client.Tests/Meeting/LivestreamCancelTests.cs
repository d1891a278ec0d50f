using Roomcast.Client.Meeting;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>Starting and stopping a livestream that is given up while the server has not answered.</summary>
[Collection(nameof(MeetingServer))]
public sealed class LivestreamCancelTests(MeetingServer server)
{
    [Fact]
    public async Task Who_gives_up_starting_or_stopping_finds_the_state_that_holds()
    {
        var meeting = await server.CreateMeetingAsync();
        using var slow = new SlowPosts { InnerHandler = new SocketsHttpHandler() };
        await using var host = await server.InitAsync(meeting, "Host", "livestream_host", options => options with { HttpHandler = slow });
        await host.JoinAsync();

        slow.AreHeld = true;
        await GiveUpAsync(slow, host.Livestream.StartAsync);
        Assert.Equal(LivestreamState.Idle, host.Livestream.State);

        slow.AreHeld = false;
        await host.Livestream.StartAsync();
        await MeetingServer.UntilAsync(() => host.Livestream.State is LivestreamState.Livestreaming, "it is on air");
        slow.AreHeld = true;
        await GiveUpAsync(slow, host.Livestream.StopAsync);
        Assert.Equal((LivestreamState.Livestreaming, true), (host.Livestream.State, host.Livestream.PlaybackUrl is not null));

        slow.AreHeld = false;
        await host.Livestream.StopAsync();
        await MeetingServer.UntilAsync(() => host.Livestream.State is LivestreamState.Idle, "it is off air");
    }

    [Fact]
    public async Task What_the_server_tells_before_one_gives_up_is_not_undone_by_it()
    {
        var meeting = await server.CreateMeetingAsync();
        using var slow = new SlowPosts { InnerHandler = new SocketsHttpHandler(), ComesAfterTheServer = true };
        await using var host = await server.InitAsync(meeting, "Host", "livestream_host", options => options with { HttpHandler = slow });
        await host.JoinAsync();
        await host.Livestream.StartAsync();
        await MeetingServer.UntilAsync(() => host.Livestream.State is LivestreamState.Livestreaming, "it is on air");

        slow.AreHeld = true;
        using var patience = new CancellationTokenSource();
        var stopping = host.Livestream.StopAsync(patience.Token);
        await MeetingServer.UntilAsync(() => host.Livestream.State is LivestreamState.Idle, "the server tells that it is off air");
        await slow.Begun.WaitAsync(MeetingServer.Patience);
        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopping);
        Assert.Equal(LivestreamState.Idle, host.Livestream.State);
    }

    private static Task GiveUpAsync(SlowPosts slow, Func<StartLivestreamConfig?, CancellationToken, Task> start) =>
        GiveUpAsync(slow, ending => start(null, ending));

    private static async Task GiveUpAsync(SlowPosts slow, Func<CancellationToken, Task> act)
    {
        using var patience = new CancellationTokenSource();
        var acting = act(patience.Token);
        await slow.Begun.WaitAsync(MeetingServer.Patience);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => acting);
    }

    /// <summary>Holds what is posted until whoever posts gives up.</summary>
    private sealed class SlowPosts : DelegatingHandler
    {
        public bool AreHeld { get; set; }

        /// <summary>Whether the server gets it all the same, and its answer is held.</summary>
        public bool ComesAfterTheServer { get; init; }

        /// <summary>Released when something is held.</summary>
        public SemaphoreSlim Begun { get; } = new(0);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!AreHeld || request.Method != HttpMethod.Post)
            {
                return await base.SendAsync(request, cancellationToken);
            }

            using var answer = ComesAfterTheServer ? await base.SendAsync(request, cancellationToken) : null;
            Begun.Release();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            throw new InvalidOperationException("Nobody gave up.");
        }

        protected override void Dispose(bool disposing)
        {
            Begun.Dispose();
            base.Dispose(disposing);
        }
    }
}
