using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Roomcast.Bench.Relay;

/// <summary>Something a controller heard of a room.</summary>
/// <param name="Type">The event's name.</param>
/// <param name="SessionId">The room.</param>
/// <param name="MemberIds">The member it is about; those who are there, of a greeting; none of a room's beginning and end.</param>
/// <param name="LateMs">How long after it happened, in milliseconds.</param>
internal sealed record HeardEvent(string Type, string SessionId, IReadOnlyList<string> MemberIds, double LateMs);

/// <summary>A controller: subscribes to the rooms of its project and to each room that begins, acknowledges, and notes when it heard what.</summary>
internal sealed class ControllerSocket : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly TaskCompletionSource _isListening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<string, long> _asked = [];
    private readonly byte[] _buffer = new byte[64 << 10];
    private Task _reading = Task.CompletedTask;
    private int _requests;
    private volatile int _roomsSubscribed;
    private volatile int _roomsEnded;
    private volatile int _joined;

    /// <summary>What it heard, in the order it came. To be read when it is over.</summary>
    public List<HeardEvent> Heard { get; } = [];

    /// <summary>How long each answer took, in milliseconds. To be read when it is over.</summary>
    public List<double> Answers { get; } = [];

    /// <summary>The codes of answers that were no success: 404, 429, 503, an error's. To be read when it is over.</summary>
    public List<string> Refusals { get; } = [];

    /// <summary>Rooms that it has subscribed to, and heard the answer and the greeting of.</summary>
    public int RoomsSubscribed => _roomsSubscribed;

    /// <summary>Members it heard to join, after its subscription.</summary>
    public int Joined => _joined;

    /// <summary>Rooms that it heard to end.</summary>
    public int RoomsEnded => _roomsEnded;

    /// <summary>Why its connection ended before it was closed; null while it stands.</summary>
    public string? Lost { get; private set; }

    public async Task ConnectAsync(RelayServer server)
    {
        await _socket.ConnectAsync(server.Address, CancellationToken.None);
        _reading = ReadAsync();
        await AskAsync("signalwire.connect", $$$"""{"event_acks":true,"authentication":{"project":"{{{server.App.Id}}}","token":"{{{server.Token}}}"}}""");
        await AskAsync("signalwire.subscribe", """{"get_initial_state":true,"event_channel":"video.rooms","events":["video.room.started","video.room.ended"]}""");
        await _isListening.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading;
        _socket.Dispose();
    }

    private Task AskAsync(string method, string parameters)
    {
        var id = $"c{++_requests}";
        lock (_asked)
        {
            _asked[id] = Stopwatch.GetTimestamp();
        }

        return SendAsync($$"""{"jsonrpc":"2.0","id":"{{id}}","method":"{{method}}","params":{{parameters}}}""");
    }

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
                    Lost = $"closed with {_socket.CloseStatus}";
                    return;
                }

                await TakeAsync(_buffer.AsMemory(0, length));
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            Lost = fault.Message;
        }
    }

    private async Task TakeAsync(ReadOnlyMemory<byte> frame)
    {
        var at = TimeProvider.System.GetUtcNow();
        using var document = JsonDocument.Parse(frame);
        var root = document.RootElement;
        if (!root.TryGetProperty("method", out var method))
        {
            TakeAnswer(root);
            return;
        }

        await SendAsync($$$"""{"jsonrpc":"2.0","id":{{{root.GetProperty("id").GetRawText()}}},"result":{}}""");
        if (method.GetString() != "signalwire.event")
        {
            return;
        }

        var told = root.GetProperty("params");
        var type = told.GetProperty("event_type").GetString()!;
        var parameters = told.GetProperty("params");
        var lateMs = (at - DateTimeOffset.UnixEpoch).TotalMilliseconds - (told.GetProperty("timestamp").GetDouble() * 1_000);
        switch (type)
        {
            case "video.room.subscribed":
                var room = parameters.GetProperty("room_session");
                Heard.Add(new(type, room.GetProperty("id").GetString()!, [.. room.GetProperty("members").EnumerateArray().Select(IdOf)], lateMs));
                _roomsSubscribed++;
                break;
            case "video.room.started":
                Heard.Add(new(type, SessionOf(parameters), [], lateMs));
                await AskAsync(
                    "signalwire.subscribe",
                    $$"""{"get_initial_state":true,"event_channel":"{{parameters.GetProperty("room_session").GetProperty("event_channel").GetString()}}","events":["video.member.joined","video.member.left","video.stream.started","video.stream.ended"]}""");
                break;
            case "video.room.ended":
                Heard.Add(new(type, SessionOf(parameters), [], lateMs));
                _roomsEnded++;
                break;
            default:
                Heard.Add(new(type, SessionOf(parameters), [IdOf(parameters.GetProperty("member"))], lateMs));
                _joined += type == "video.member.joined" ? 1 : 0;
                break;
        }
    }

    private void TakeAnswer(JsonElement root)
    {
        var id = root.GetProperty("id").GetString()!;
        lock (_asked)
        {
            if (!_asked.Remove(id, out var at))
            {
                Refusals.Add($"an answer to {id}, which was not asked or is answered already");
                return;
            }

            Answers.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
        }

        var code = root.TryGetProperty("error", out var error) ? error.GetProperty("code").GetRawText()
            : root.GetProperty("result").TryGetProperty("code", out var given) ? given.GetString()! : "200";
        if (code != "200")
        {
            Refusals.Add(code);
        }

        if (id == "c2")
        {
            _isListening.TrySetResult();
        }
    }

    private static string SessionOf(JsonElement parameters) => parameters.GetProperty("room_session_id").GetString()!;

    private static string IdOf(JsonElement member) => member.GetProperty("id").GetString()!;
}
