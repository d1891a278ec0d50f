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
    private readonly RelayTimes _times = new() { PingInterval = TimeSpan.FromHours(1) };
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
        Assert.True(_clock.Elapsed >= _times.InOrderFor, $"{_clock.Elapsed}");
        await LetTimePassUntilBegunAsync("quick");
        _handler.End("quick");
        Assert.Equal("quick", await HearAsync());
        _handler.End("slower");
        _handler.End("slow");
        Assert.Equal(["slow", "slower"], new[] { await HearAsync(), await HearAsync() }.Order());
    }

    [Fact]
    public async Task Quick_requests_behind_a_slow_one_are_all_answered_and_in_order()
    {
        const int Many = 100;
        await AskAsync("slow");
        var quick = Enumerable.Range(0, Many).Select(static i => $"{i}").ToList();
        foreach (var name in quick)
        {
            _handler.End(name);
            await AskAsync(name);
        }

        await LetTimePassUntilBegunAsync("0");
        var heard = new List<string>();
        for (var i = 0; i < Many; i++)
        {
            heard.Add(await HearAsync());
        }

        Assert.Equal(quick, heard);
    }

    [Fact]
    public async Task While_very_many_are_overdue_more_are_refused_at_once_so_that_every_answer_comes_in_time()
    {
        const int Most = 16;
        for (var i = 0; i <= Most; i++)
        {
            await AskAsync($"{i}");
        }

        await LetTimePassUntilBegunAsync($"{Most - 1}");
        Assert.True(_times.InOrderFor + ((Most - 1) * _times.Quick) + _times.AnswerWithin < TimeSpan.FromSeconds(10));
        for (var hearing = ReadAsync(); ; _clock.Advance(TimeSpan.FromMilliseconds(10)))
        {
            if (await Task.WhenAny(hearing, Task.Delay(1)) == hearing)
            {
                var refused = await hearing;
                Assert.Equal(($"{Most}", "503"), ((string)refused["id"]!, (string)refused["result"]!["code"]!));
                break;
            }
        }

        Assert.False(_handler.HasBegun($"{Most}"));
        _handler.End("0");
        Assert.Equal("0", await HearAsync());
        await AskAsync("another");
        await _handler.BegunAsync("another");
        _handler.End("another");
        Assert.Equal("another", await HearAsync());
        for (var i = 1; i < Most; i++)
        {
            _handler.End($"{i}");
            Assert.Equal($"{i}", await HearAsync());
        }
    }

    private async Task AskAsync(string name) => await _client.SendAsync(
        Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":"{{name}}","method":"{{name}}"}"""), WebSocketMessageType.Text, true, CancellationToken.None);

    private async Task LetTimePassUntilBegunAsync(string name)
    {
        for (var tries = 0; !_handler.HasBegun(name); tries++)
        {
            Assert.True(tries < 30_000, $"{name} was not begun.");
            _clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(1);
        }
    }

    private async Task<string> HearAsync() => (string)(await ReadAsync())["id"]!;

    private async Task<JsonNode> ReadAsync()
    {
        var buffer = new byte[1_024];
        var received = await _client.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
        return JsonNode.Parse(buffer.AsSpan(0, received.Count))!;
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
