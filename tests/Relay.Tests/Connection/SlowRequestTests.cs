using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Relay.Connection;
using Roomcast.Relay.Framing;
using Roomcast.TestKit;

namespace Roomcast.Relay.Tests.Connection;

/// <summary>A request that takes long holds up nobody: a client gives up after 10 s.</summary>
public sealed class SlowRequestTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private readonly Handler _handler = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly RelayTimes _times = new();
    private WebSocket _client = null!;
    private Task _serving = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var near = new TcpClient();
        await near.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        var far = await listener.AcceptTcpClientAsync();
        var connection = new RelayConnection(
            _handler, _times, 1_000, _clock, new RelayMetrics(_services.GetRequiredService<IMeterFactory>()), NullLogger.Instance);
        _serving = connection.RunAsync(WebSocket.CreateFromStream(far.GetStream(), new WebSocketCreationOptions { IsServer = true }));
        _client = WebSocket.CreateFromStream(near.GetStream(), new WebSocketCreationOptions());
    }

    public async Task DisposeAsync()
    {
        _handler.EndAll();
        await _client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        await _serving;
        _client.Dispose();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task What_comes_behind_a_quick_request_waits_for_it()
    {
        await AskAsync("first");
        await AskAsync("second");
        await _handler.BegunAsync("first");
        _clock.Advance(_times.InOrderFor / 2);
        Assert.False(_handler.HasBegun("second"));
        _handler.End("first");
        await _handler.BegunAsync("second");
        _handler.End("second");
        Assert.Equal(["first", "second"], [await HearAsync(), await HearAsync()]);
    }

    [Fact]
    public async Task What_comes_behind_slow_requests_is_answered_all_the_same()
    {
        foreach (var name in (string[])["slow", "slower", "quick"])
        {
            await AskAsync(name);
        }

        await LetTimePassUntilBegunAsync("slower");
        await _handler.BegunAsync("quick");
        Assert.True(_clock.Elapsed >= _times.InOrderFor, $"{_clock.Elapsed}");
        _handler.End("quick");
        Assert.Equal("quick", await HearAsync());
        _handler.End("slower");
        _handler.End("slow");
        Assert.Equal(["slow", "slower"], new[] { await HearAsync(), await HearAsync() }.Order());
    }

    [Fact]
    public async Task When_very_many_are_under_way_more_are_refused_and_later_served_again()
    {
        const int Most = 32;
        for (var i = 0; i <= Most; i++)
        {
            await AskAsync($"{i}");
        }

        await LetTimePassUntilBegunAsync("1");
        Assert.Equal($"503 {Most}", await HearAsync());
        Assert.False(_handler.HasBegun($"{Most}"));

        for (var i = 0; i < Most; i++)
        {
            _handler.End($"{i}");
            await HearAsync();
        }

        // Counted as over a moment after the answer.
        string heard;
        do
        {
            await AskAsync("again");
            _handler.End("again");
            heard = await HearAsync();
        }
        while (heard == "503 again");

        Assert.Equal("again", heard);
    }

    private async Task AskAsync(string name) => await _client.SendAsync(
        Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":"{{name}}","method":"{{name}}"}"""), WebSocketMessageType.Text, true, CancellationToken.None);

    private async Task LetTimePassUntilBegunAsync(string name)
    {
        while (!_handler.HasBegun(name))
        {
            _clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(1);
        }
    }

    private async Task<string> HearAsync()
    {
        var buffer = new byte[1_024];
        var received = await _client.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
        var frame = JsonNode.Parse(buffer.AsSpan(0, received.Count))!;
        var code = (string?)frame["result"]?["code"];
        return code is null ? (string)frame["id"]! : $"{code} {(string)frame["id"]!}";
    }

    private sealed class Handler : IRequestHandler
    {
        private readonly ConcurrentDictionary<string, (TaskCompletionSource Begun, TaskCompletionSource Ended)> _requests = new(StringComparer.Ordinal);

        public async ValueTask HandleAsync(RelayConnection connection, string id, RelayFrame frame)
        {
            var (begun, ended) = Of(frame.Method!);
            begun.TrySetResult();
            await ended.Task;
            connection.Answer(id, []);
        }

        public Task BegunAsync(string name) => Of(name).Begun.Task;

        public bool HasBegun(string name) => Of(name).Begun.Task.IsCompleted;

        public void End(string name) => Of(name).Ended.TrySetResult();

        public void EndAll()
        {
            foreach (var name in _requests.Keys)
            {
                End(name);
            }
        }

        private (TaskCompletionSource Begun, TaskCompletionSource Ended) Of(string name) => _requests.GetOrAdd(name, static _ =>
            (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
    }
}
