using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Roomcast.Relay.Tests.Hosting;

/// <summary>A small client of the protocol: asks, acknowledges events as the official one does, and keeps what it hears in order.</summary>
internal sealed class RelayClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly ClientWebSocket _socket = new();
    private readonly Lock _lock = new();
    private readonly List<JsonNode> _heard = [];
    private readonly Channel<bool> _news = Channel.CreateUnbounded<bool>();
    private readonly SemaphoreSlim _sending = new(1);
    private Task _reading = Task.CompletedTask;
    private int _asked;

    /// <summary>The protocol it was given.</summary>
    public string Protocol { get; private set; } = "";

    /// <summary>Whether it acknowledges what it hears.</summary>
    public bool Acknowledges { get; set; } = true;

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    public IReadOnlyList<JsonNode> Heard
    {
        get
        {
            lock (_lock)
            {
                return [.. _heard];
            }
        }
    }

    public IReadOnlyList<JsonNode> Events => [.. Heard.Where(frame => (string?)frame["method"] == "signalwire.event").Select(frame => frame["params"]!)];

    public static async Task<RelayClient> OpenAsync(RelayHost host, string path = "/")
    {
        var client = new RelayClient();
        using var patience = new CancellationTokenSource(Patience);
        await client._socket.ConnectAsync(new Uri($"ws://{host.Address.Authority}{path}"), patience.Token);
        client._reading = client.ReadAsync();
        return client;
    }

    public static async Task<RelayClient> ConnectAsync(RelayHost host, string? protocol = null, bool isOther = false, string? token = null)
    {
        var client = await OpenAsync(host);
        var answer = await client.AskAsync("signalwire.connect", ConnectOf(
            (isOther ? host.OtherApp : host.App).Id.ToString(), token ?? (isOther ? host.OtherToken : host.Token), protocol));
        client.Protocol = (string)answer["result"]!["protocol"]!;
        return client;
    }

    public static JsonObject ConnectOf(string project, string token, string? protocol = null)
    {
        var parameters = new JsonObject
        {
            ["version"] = new JsonObject { ["major"] = 3, ["minor"] = 0, ["revision"] = 0 },
            ["event_acks"] = true,
            ["agent"] = "a test",
            ["authentication"] = new JsonObject { ["project"] = project, ["token"] = token },
        };
        if (protocol is not null)
        {
            parameters["protocol"] = protocol;
        }

        return parameters;
    }

    public async Task SendAsync(string text, WebSocketMessageType type = WebSocketMessageType.Text)
    {
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(Encoding.UTF8.GetBytes(text), type, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends a request and waits for its response.</summary>
    public async Task<JsonNode> AskAsync(string method, JsonObject? parameters = null)
    {
        var id = await PostAsync(method, parameters);
        return await WaitAsync(frame => (string?)frame["id"] == id && frame["method"] is null);
    }

    /// <summary>Sends a request.</summary>
    public async Task<string> PostAsync(string method, JsonObject? parameters = null)
    {
        var id = $"c{Interlocked.Increment(ref _asked)}";
        await SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] }.ToJsonString());
        return id;
    }

    /// <summary>Asks for something about a room and returns the code of the answer.</summary>
    public async Task<string> CodeOfAsync(string method, string sessionId, JsonObject? more = null)
    {
        var parameters = more ?? [];
        parameters["room_session_id"] = sessionId;
        var answer = await AskAsync(method, parameters);
        return (string?)answer["result"]?["code"] ?? $"{(int)answer["error"]!["code"]!}";
    }

    public Task<JsonNode> SubscribeAsync(string channel, params string[] events) => AskAsync("signalwire.subscribe", new JsonObject
    {
        ["get_initial_state"] = true,
        ["event_channel"] = channel,
        ["events"] = new JsonArray([.. events.Select(name => (JsonNode)name)]),
    });

    /// <summary>Waits for an event.</summary>
    public async Task<JsonNode> HearAsync(string type, Func<JsonNode, bool>? isWanted = null) => (await WaitAsync(frame =>
        (string?)frame["params"]?["event_type"] == type && isWanted?.Invoke(frame["params"]!["params"]!) != false))["params"]!["params"]!;

    public async Task<JsonNode> WaitAsync(Func<JsonNode, bool> isWanted)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (Heard.FirstOrDefault(isWanted) is { } found)
            {
                return found;
            }

            try
            {
                await _news.Reader.ReadAsync(patience.Token);
            }
            catch (Exception fault) when (fault is OperationCanceledException or ChannelClosedException)
            {
                if (Heard.FirstOrDefault(isWanted) is { } late)
                {
                    return late;
                }

                throw new InvalidOperationException($"It was not heard. What was:\n{string.Join('\n', Heard.Select(frame => frame.ToJsonString()))}");
            }
        }
    }

    /// <summary>Waits until the server has closed it.</summary>
    public Task WaitForCloseAsync() => _reading.WaitAsync(Patience);

    /// <summary>Cuts the connection as a network would.</summary>
    public async Task CutAsync()
    {
        _socket.Abort();
        await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading;
        _socket.Dispose();
        _sending.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[1 << 20];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult received;
                do
                {
                    received = await _socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += received.Count;
                }
                while (!received.EndOfMessage);
                if (received.MessageType is WebSocketMessageType.Close)
                {
                    await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    return;
                }

                var frame = JsonNode.Parse(buffer.AsSpan(0, length))!;
                if (frame["method"] is not null && Acknowledges)
                {
                    await SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = frame["id"]!.DeepClone(), ["result"] = new JsonObject() }.ToJsonString());
                }

                lock (_lock)
                {
                    _heard.Add(frame);
                }

                _news.Writer.TryWrite(true);
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It is over.
        }
        finally
        {
            _news.Writer.TryComplete();
        }
    }
}
