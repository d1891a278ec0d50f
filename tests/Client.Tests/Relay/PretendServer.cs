using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Roomcast.Client.Tests.Relay;

/// <summary>A server of the protocol that does what a test says: what no server of ours would do.</summary>
internal sealed class PretendServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Func<PretendServer, JsonNode, ValueTask> _onRequest;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private WebSocket? _socket;

    private PretendServer(Func<PretendServer, JsonNode, ValueTask> onRequest)
    {
        _onRequest = onRequest;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Map("/", ServeAsync);
    }

    /// <summary>All that it was sent, over all connections.</summary>
    public ConcurrentQueue<JsonNode> Heard { get; } = new();

    /// <summary>How often somebody connected.</summary>
    public int Connections { get; private set; }

    public string Host => $"ws://{new Uri(_app.Urls.Single()).Authority}";

    /// <summary>Starts one.</summary>
    /// <param name="onRequest">Takes a request; <c>signalwire.connect</c> too.</param>
    public static async Task<PretendServer> StartAsync(Func<PretendServer, JsonNode, ValueTask> onRequest)
    {
        var server = new PretendServer(onRequest);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>Answers <c>signalwire.connect</c> with a name.</summary>
    public ValueTask WelcomeAsync(JsonNode request, string protocol) => AnswerAsync(request, new JsonObject
    {
        ["protocol"] = protocol,
        ["authorization"] = new JsonObject { ["signature"] = "s" },
    });

    public ValueTask AnswerAsync(JsonNode request, JsonObject result) =>
        SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = request["id"]!.DeepClone(), ["result"] = result });

    public ValueTask TellAsync(string id, string type, JsonObject parameters) => SendAsync(new JsonObject
    {
        ["jsonrpc"] = "2.0",
        ["id"] = id,
        ["method"] = "signalwire.event",
        ["params"] = new JsonObject { ["event_type"] = type, ["params"] = parameters },
    });

    public async ValueTask SendAsync(JsonObject frame)
    {
        await _sending.WaitAsync();
        try
        {
            await _socket!.SendAsync(Encoding.UTF8.GetBytes(frame.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _app.DisposeAsync();
        _sending.Dispose();
        _stopping.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        _socket = socket;
        Connections++;
        var buffer = new byte[64 << 10];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), _stopping.Token) is { MessageType: WebSocketMessageType.Text } received)
            {
                var frame = JsonNode.Parse(buffer.AsSpan(0, received.Count))!;
                Heard.Enqueue(frame);
                if (frame["method"] is not null)
                {
                    await _onRequest(this, frame);
                }
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException)
        {
            // The client went, or the test is over.
        }
    }
}
