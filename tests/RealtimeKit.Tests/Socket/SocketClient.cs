using System.Net.WebSockets;
using System.Threading.Channels;
using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>A small client of the socket: sends requests, and keeps everything it hears in order.</summary>
internal sealed class SocketClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ClientWebSocket _socket = new();
    private readonly List<Heard> _heard = [];
    private readonly Lock _lock = new();
    private readonly Channel<bool> _news = Channel.CreateUnbounded<bool>();
    private Task _reading = Task.CompletedTask;
    private int _sent;

    private SocketClient(Guest guest, string peerId)
    {
        Guest = guest;
        PeerId = peerId;
    }

    /// <summary>A binary frame, or the text of a text frame.</summary>
    public sealed record Heard(SocketMessage? Message, string? Text)
    {
        public SocketEvent Event => (SocketEvent)Message!.Event;
    }

    public Guest Guest { get; }

    public string PeerId { get; }

    public string UserId => Guest.UserId;

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    public static async Task<SocketClient> ConnectAsync(Uri server, Guest guest, string? peerId = null, string? meetingId = null)
    {
        var client = new SocketClient(guest, peerId ?? Guid.NewGuid().ToString());
        using var patience = new CancellationTokenSource(Patience);
        await client._socket.ConnectAsync(AddressOf(server, client.PeerId, guest.Token, meetingId ?? guest.Meeting.Id.ToString()), patience.Token);
        client._reading = client.ReadAsync();
        return client;
    }

    public static Uri AddressOf(Uri server, string peerId, string token, string meetingId) => new(
        $"ws://{server.Authority}/ws?roomID={meetingId}&peerID={peerId}&authToken={token}"
        + "&useMediaV2=true&ping=true&capabilities=2&joinWithDetails=true&useCfWorker=true&useStartSession=true");

    /// <summary>Everything heard so far.</summary>
    public Heard[] History()
    {
        lock (_lock)
        {
            return [.. _heard];
        }
    }

    /// <summary>Joins the room and expects to be in it.</summary>
    public async Task<Peer> JoinAsync()
    {
        var reply = await AskAsync(SocketEvent.JoinRoom, JoinOf(), PeerInfoResponse.Parser);
        Assert.False(reply.Peer.Waitlisted);
        return reply.Peer;
    }

    public JoinRoomRequest JoinOf(string? name = null) => new()
    {
        Peer = new Peer { PeerId = PeerId, UserId = UserId, DisplayName = name ?? Guest.Participant.Name },
    };

    /// <summary>Sends a request and reads its reply, on the same event or another.</summary>
    public async Task<T> AskAsync<T>(SocketEvent number, IMessage? request, MessageParser<T> parser, SocketEvent? on = null)
        where T : IMessage<T>
    {
        var id = await SendAsync(number, request);
        var reply = await WaitAsync(heard => heard.Message?.Id == id);
        if (reply.Event is SocketEvent.Error)
        {
            throw new SocketErrorException(ErrorResponse.Parser.ParseFrom(reply.Message!.Payload).ErrorMessage);
        }

        Assert.Equal(on ?? number, reply.Event);
        Assert.True(reply.Message!.HasPayload);
        return parser.ParseFrom(reply.Message.Payload);
    }

    /// <summary>Sends a request and reads its error.</summary>
    public async Task<string> RefusedAsync(SocketEvent number, IMessage? request)
    {
        var id = await SendAsync(number, request);
        var reply = await WaitAsync(heard => heard.Message?.Id == id);
        Assert.Equal(SocketEvent.Error, reply.Event);
        var error = ErrorResponse.Parser.ParseFrom(reply.Message!.Payload);
        Assert.Equal((int)number, error.EventId);
        return error.ErrorMessage;
    }

    /// <summary>Waits for something nobody asked for.</summary>
    public async Task<T> HearAsync<T>(SocketEvent number, MessageParser<T> parser, Func<T, bool>? wanted = null)
        where T : IMessage<T>
    {
        T found = default!;
        await WaitAsync(heard =>
        {
            if (heard.Message is not { HasId: false } message || heard.Event != number)
            {
                return false;
            }

            found = parser.ParseFrom(message.Payload);
            return wanted is null || wanted(found);
        });
        return found;
    }

    /// <summary>Waits for an event whose payload does not matter.</summary>
    public Task HearAsync(SocketEvent number) => WaitAsync(heard => heard.Message is { HasId: false } && heard.Event == number);

    /// <summary>Whatever was sent before has been dealt with once this returns: a request whose answer comes from the session's loop.</summary>
    public Task SettleAsync() => AskAsync(SocketEvent.GetRoom, null, RoomInfoResponse.Parser);

    /// <summary>How many messages of an event came that nobody asked for.</summary>
    public int CountOf(SocketEvent number) => History().Count(heard => heard.Message is { HasId: false } && heard.Event == number);

    public async Task<string> SendAsync(SocketEvent number, IMessage? request)
    {
        var id = $"{PeerId}-{Interlocked.Increment(ref _sent)}";
        await SendFrameAsync(SocketEnvelope.Write(number, id, request));
        return id;
    }

    public Task SendFrameAsync(byte[] frame, WebSocketMessageType type = WebSocketMessageType.Binary) =>
        _socket.SendAsync(frame, type, endOfMessage: true, CancellationToken.None);

    /// <summary>Waits for something in what was heard or is to come.</summary>
    public async Task<Heard> WaitAsync(Func<Heard, bool> wanted)
    {
        using var patience = new CancellationTokenSource(Patience);
        var seen = 0;
        while (true)
        {
            Heard[] heard;
            lock (_lock)
            {
                heard = [.. _heard.Skip(seen)];
            }

            if (heard.FirstOrDefault(wanted) is { } found)
            {
                return found;
            }

            seen += heard.Length;
            try
            {
                await _news.Reader.ReadAsync(patience.Token);
            }
            catch (Exception fault) when (fault is ChannelClosedException or OperationCanceledException)
            {
                lock (_lock)
                {
                    if (_heard.Skip(seen).FirstOrDefault(wanted) is { } late)
                    {
                        return late;
                    }
                }

                throw new InvalidOperationException(
                    $"What was waited for did not come; the socket is {_socket.State} ({_socket.CloseStatus}). Heard: "
                    + string.Join(", ", History().Select(entry => entry.Text ?? entry.Event.ToString())), fault);
            }
        }
    }

    /// <summary>Waits until the server has closed the socket.</summary>
    public async Task<WebSocketCloseStatus?> ClosedAsync()
    {
        await _reading.WaitAsync(Patience);
        return _socket.CloseStatus;
    }

    /// <summary>Says goodbye, as a client that leaves.</summary>
    public async Task CloseAsync(WebSocketCloseStatus status = WebSocketCloseStatus.NormalClosure)
    {
        using var patience = new CancellationTokenSource(Patience);
        await _socket.CloseOutputAsync(status, null, patience.Token);
        await _reading.WaitAsync(Patience);
    }

    /// <summary>Loses the network.</summary>
    public async Task CutAsync()
    {
        _socket.Abort();
        await _reading.WaitAsync(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading;
        _socket.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[2 << 20];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await _socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += result.Count;
                }
                while (!result.EndOfMessage);

                if (result.MessageType is WebSocketMessageType.Close)
                {
                    if (_socket.State is WebSocketState.CloseReceived)
                    {
                        await _socket.CloseOutputAsync(_socket.CloseStatus!.Value, null, CancellationToken.None);
                    }

                    return;
                }

                var heard = result.MessageType is WebSocketMessageType.Text
                    ? new Heard(null, System.Text.Encoding.UTF8.GetString(buffer, 0, length))
                    : new Heard(SocketMessage.Parser.ParseFrom(buffer, 0, length), null);
                lock (_lock)
                {
                    _heard.Add(heard);
                }

                _news.Writer.TryWrite(true);
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Cut, by either side.
        }
        finally
        {
            _news.Writer.TryComplete();
        }
    }
}

/// <summary>The server answered a request with an error.</summary>
internal sealed class SocketErrorException(string message) : Exception(message);
