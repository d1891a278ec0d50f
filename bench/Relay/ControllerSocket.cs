using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Roomcast.Bench.Relay;

/// <summary>A controller: subscribes to the rooms of its project and to each room that begins, acknowledges, and notes when it heard what.</summary>
internal sealed class ControllerSocket : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly TaskCompletionSource _isListening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _buffer = new byte[64 << 10];
    private Task _reading = Task.CompletedTask;
    private int _asked;

    /// <summary>The events in the order they came: their name, their room, and how long after they happened, in milliseconds.</summary>
    public List<(string Type, string SessionId, double LateMs)> Heard { get; } = [];

    public async Task ConnectAsync(RelayServer server)
    {
        await _socket.ConnectAsync(server.Address, CancellationToken.None);
        await AskAsync("signalwire.connect", $$$"""{"event_acks":true,"authentication":{"project":"{{{server.App.Id}}}","token":"{{{server.Token}}}"}}""");
        await AskAsync("signalwire.subscribe", """{"get_initial_state":true,"event_channel":"video.rooms","events":["video.room.started","video.room.ended"]}""");
        _reading = ReadAsync();
        await _isListening.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading;
        _socket.Dispose();
    }

    private Task AskAsync(string method, string parameters) =>
        SendAsync($$"""{"jsonrpc":"2.0","id":"c{{++_asked}}","method":"{{method}}","params":{{parameters}}}""");

    private Task SendAsync(string text) => _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult received;
                do
                {
                    received = await _socket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None);
                    length += received.Count;
                }
                while (!received.EndOfMessage);
                if (received.MessageType is WebSocketMessageType.Close)
                {
                    return;
                }

                await TakeAsync(_buffer.AsMemory(0, length));
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It is over.
        }
    }

    private async Task TakeAsync(ReadOnlyMemory<byte> frame)
    {
        var at = TimeProvider.System.GetUtcNow();
        using var document = JsonDocument.Parse(frame);
        var root = document.RootElement;
        if (!root.TryGetProperty("method", out var method))
        {
            if (root.GetProperty("id").GetString() == "c2")
            {
                _isListening.TrySetResult();
            }

            return;
        }

        await SendAsync($$$"""{"jsonrpc":"2.0","id":{{{root.GetProperty("id").GetRawText()}}},"result":{}}""");
        if (method.GetString() != "signalwire.event")
        {
            return;
        }

        var told = root.GetProperty("params");
        var type = told.GetProperty("event_type").GetString()!;
        var room = told.GetProperty("params");
        if (!room.TryGetProperty("room_session_id", out var session))
        {
            return; // A room's greeting.
        }

        Heard.Add((type, session.GetString()!, (at - DateTimeOffset.UnixEpoch).TotalMilliseconds - (told.GetProperty("timestamp").GetDouble() * 1_000)));
        if (type == "video.room.started")
        {
            var channel = room.GetProperty("room_session").GetProperty("event_channel").GetString();
            await AskAsync(
                "signalwire.subscribe",
                $$"""{"get_initial_state":true,"event_channel":"{{channel}}","events":["video.member.joined","video.member.left","video.stream.started","video.stream.ended"]}""");
        }
    }
}
