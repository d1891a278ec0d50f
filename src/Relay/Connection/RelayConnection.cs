using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Relay.Controllers;
using Roomcast.Relay.Framing;
using Roomcast.Storage;

namespace Roomcast.Relay.Connection;

/// <summary>What a connection does with a request.</summary>
internal interface IRequestHandler
{
    /// <summary>Answers one request. The next is read when it is done, or when it takes long: <see cref="RelayTimes.InOrderFor"/>.</summary>
    /// <param name="connection">Where it came from.</param>
    /// <param name="id">Its id as written.</param>
    /// <param name="frame">What it says.</param>
    ValueTask HandleAsync(RelayConnection connection, string id, RelayFrame frame);
}

/// <summary>One WebSocket of a controller: frames in, one after the other; frames out, pings.</summary>
/// <remarks>
/// A client gives up a request after 10 s, so one that takes long must not hold up those behind it: while such a one is under way,
/// the others are begun as they come.
/// What goes out waits in a bounded queue. A client that lets it fill is disconnected; it comes back and is sent what it has
/// not acknowledged.
/// </remarks>
internal sealed class RelayConnection : IControllerLink
{
    private const int MaxQueued = 8_192;
    private const int MaxQueuedBytes = 16 << 20;

    /// <summary>Requests of one connection that are overdue at once; more are refused until one of them is done.</summary>
    private const int MaxOverdue = 16;

    private readonly Channel<byte[]> _outgoing = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly List<Task> _overdue = [];
    private readonly IRequestHandler _handler;
    private readonly RelayTimes _times;
    private readonly TimeProvider _time;
    private readonly RelayMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Pace _pace;
    private readonly Pace _strayPace;
    private readonly long _openedAt;
    private long _queuedBytes;
    private long _heardAt;
    private int _closeStatus;
    private int _pings;
    private int _unanswered;
    private int _isLeaving;
    private int _isAsking;
    private volatile bool _isExpelled;
    private Func<Task<bool>>? _mayStay;
    private Action? _abort;

    public RelayConnection(IRequestHandler handler, RelayTimes times, int requestsPerSecond, TimeProvider time, RelayMetrics metrics, ILogger logger)
    {
        _handler = handler;
        _times = times;
        _time = time;
        _metrics = metrics;
        _logger = logger;
        _pace = new Pace(requestsPerSecond * 4, requestsPerSecond, time);
        _strayPace = new Pace(requestsPerSecond * 4, requestsPerSecond, time);
        _openedAt = _heardAt = time.GetTimestamp();
    }

    /// <summary>Whose it is; null before it has said so.</summary>
    public Controller? Controller { get; private set; }

    /// <summary>The app; of no meaning before it has said so.</summary>
    public AppId AppId { get; private set; }

    /// <summary>Whether its token may change things.</summary>
    public bool MayChange { get; private set; }

    /// <inheritdoc/>
    public bool SeesSecrets => MayChange;

    /// <summary>Whether it failed to say who it is: it said something else first, what is not so, or nothing in time.</summary>
    public bool WasDenied { get; private set; }

    /// <summary>Called once it has said who it is.</summary>
    public Action? Known { get; init; }

    /// <summary>Refuses who it says it is, and closes it.</summary>
    public void Deny(string id, string message)
    {
        WasDenied = true;
        Refuse(id, RelayError.Unauthorized, message);
        End(WebSocketCloseStatus.PolicyViolation);
    }

    /// <summary>Makes it a controller's, and answers the request that asked for it.</summary>
    /// <param name="controller">Whose.</param>
    /// <param name="mayChange">Whether its token may change things.</param>
    /// <param name="acknowledges">Whether it acknowledges events.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="mayStay">Whether its token still holds; asked with each ping.</param>
    public void Become(Controller controller, bool mayChange, bool acknowledges, byte[] answer, Func<Task<bool>> mayStay)
    {
        // Before the answer, so that a ping finds it.
        _mayStay = mayStay;
        (Controller, AppId, MayChange) = (controller, controller.AppId, mayChange);
        Known?.Invoke();
        controller.Attach(this, acknowledges, answer);
    }

    /// <summary>Goes on by another token.</summary>
    /// <param name="mayChange">Whether it may change things.</param>
    /// <param name="mayStay">Whether it still holds; asked with each ping.</param>
    public void Renew(bool mayChange, Func<Task<bool>> mayStay) => (MayChange, _mayStay) = (mayChange, mayStay);

    /// <inheritdoc/>
    public void Send(byte[] frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        var waiting = Interlocked.Add(ref _queuedBytes, frame.Length) - frame.Length;
        if (waiting > MaxQueuedBytes || !_outgoing.Writer.TryWrite(frame))
        {
            Interlocked.Add(ref _queuedBytes, -frame.Length);
            if (Volatile.Read(ref _closeStatus) == 0)
            {
                GiveUp("it does not keep up with what it is sent");
            }

            return;
        }

        Interlocked.Increment(ref _unanswered);
    }

    /// <summary>Answers a request with a result.</summary>
    public void Answer(string id, JsonObject result) => Send(RelayWriter.Result(id, result));

    /// <summary>Answers a request with an error of the protocol.</summary>
    public void Refuse(string? id, RelayError code, string message)
    {
        _metrics.Refused(((int)code).ToString(System.Globalization.CultureInfo.InvariantCulture));
        Send(RelayWriter.Error(id, code, message));
    }

    /// <summary>Refuses a request by a code of the protocol.</summary>
    public void Refuse(string id, string code, string message)
    {
        _metrics.Refused(code);
        Answer(id, new JsonObject { ["code"] = code, ["message"] = message });
    }

    /// <inheritdoc/>
    public void Replace() => End(WebSocketCloseStatus.NormalClosure);

    /// <summary>Closes it once all that waits has been sent. The first status counts.</summary>
    public void End(WebSocketCloseStatus status)
    {
        Interlocked.CompareExchange(ref _closeStatus, (int)status, 0);
        _outgoing.Writer.TryComplete();
    }

    /// <summary>Announces that the server stops, and closes it soon after.</summary>
    public async Task SayGoodbyeAsync()
    {
        if (Interlocked.Exchange(ref _isLeaving, 1) != 0)
        {
            return;
        }

        Send(RelayWriter.Request(Guid.NewGuid().ToString(), "signalwire.disconnect", []));
        await Task.Delay(_times.GoodbyeFor, _time);
        End(WebSocketCloseStatus.EndpointUnavailable);
    }

    /// <summary>Runs it until either side has closed it.</summary>
    public async Task RunAsync(WebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        _metrics.Connected();
        using var aborted = new CancellationTokenSource();
        try
        {
            Volatile.Write(ref _abort, aborted.Cancel);
            await using var beat = _time.CreateTimer(_ => Beat(), null, _times.PingInterval, _times.PingInterval);

            // Armed when the closing begins: a client that does not answer it is cut off.
            await using var patience = _time.CreateTimer(_ => Abort(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var sending = SendAsync(socket, patience, aborted.Token);
            try
            {
                await ReceiveAsync(socket, aborted.Token);
            }
            finally
            {
                End(WebSocketCloseStatus.NormalClosure);
                await sending;
            }
        }
        finally
        {
            Controller?.Detach(this, _time.GetTimestamp());
            _metrics.Disconnected();
        }
    }

    private async Task ReceiveAsync(WebSocket socket, CancellationToken aborted)
    {
        var buffer = new ArrayBufferWriter<byte>(4_096);
        try
        {
            while (true)
            {
                buffer.ResetWrittenCount();
                ValueWebSocketReceiveResult received;
                do
                {
                    received = await socket.ReceiveAsync(buffer.GetMemory(4_096), aborted);
                    buffer.Advance(received.Count);
                    if (buffer.WrittenCount > RelayFrame.MaxBytes)
                    {
                        WasDenied |= Controller is null;
                        End(WebSocketCloseStatus.MessageTooBig);
                        return;
                    }
                }
                while (!received.EndOfMessage);

                Volatile.Write(ref _heardAt, _time.GetTimestamp());
                if (received.MessageType is WebSocketMessageType.Close)
                {
                    return;
                }

                if (!_isExpelled)
                {
                    await HandleAsync(received.MessageType, buffer.WrittenMemory);
                }

                if (buffer.Capacity > 64 << 10)
                {
                    buffer = new ArrayBufferWriter<byte>(4_096);
                }
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The network, or we, ended it without a word.
        }
    }

    private async ValueTask HandleAsync(WebSocketMessageType type, ReadOnlyMemory<byte> bytes)
    {
        if (type is not WebSocketMessageType.Text)
        {
            NoteStray();
            Refuse(null, RelayError.NotJson, "frames are text");
            return;
        }

        var fault = RelayFrame.Read(bytes.Span, out var frame);
        if (fault is not FrameFault.None)
        {
            NoteStray();
        }

        switch (fault)
        {
            case FrameFault.NotJson:
                Refuse(null, RelayError.NotJson, "the frame is no JSON");
                return;
            case FrameFault.NotAMessage:
                Refuse(frame.Id, RelayError.BadRequest, "the frame is no JSON-RPC 2.0 message");
                return;
            case FrameFault.BadParameters:
                Refuse(frame.Id, RelayError.BadParameters, "params must be an object");
                return;
        }

        if (frame.Method is null)
        {
            // An answer to ours: of an event, that it has come; of a ping, that somebody is there. There are no more than was sent.
            if (Interlocked.Decrement(ref _unanswered) < 0)
            {
                Interlocked.Increment(ref _unanswered);
                NoteStray();
            }

            if (frame.Id is ['"', .. var answered, '"'])
            {
                Controller?.Acknowledge(answered);
            }

            return;
        }

        // A notification wants no answer, and nothing that is served here is worth asking for without.
        if (frame.Id is not { } id)
        {
            NoteStray();
            return;
        }

        _metrics.Requested();
        if (!_pace.TryTake())
        {
            Refuse(id, "429", "too many requests; try again in some seconds");
            return;
        }

        _overdue.RemoveAll(static late => late.IsCompleted);
        if (_overdue.Count >= MaxOverdue)
        {
            Refuse(id, "503", $"{MaxOverdue} requests before it are still under way; try again in some seconds");
            return;
        }

        // In order, as long as each is done soon. Behind one that is not, the next is waited for no longer than what is quick takes.
        var serving = ServeAsync(id, frame);
        if (!serving.IsCompleted && !await IsDoneWithinAsync(_overdue.Count == 0 ? _times.InOrderFor : _times.Quick, serving))
        {
            _overdue.Add(serving);
        }
    }

    private async Task<bool> IsDoneWithinAsync(TimeSpan patience, Task serving)
    {
        try
        {
            await serving.WaitAsync(patience, _time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task ServeAsync(string id, RelayFrame frame)
    {
        try
        {
            await _handler.HandleAsync(this, id, frame);
        }
        catch (Exception failure)
        {
            RelayLog.MethodFailed(_logger, failure, frame.Method!);
            Refuse(id, RelayError.Internal, "the server failed to do this");
        }
    }

    /// <summary>A frame that is nothing one could be asked for. Who sends too many of them is to go, since no answer would slow it.</summary>
    private void NoteStray()
    {
        if (!_strayPace.TryTake())
        {
            Expel("it sends too much that is no request");
        }
    }

    private void Expel(string reason)
    {
        RelayLog.GivenUp(_logger, Controller?.Protocol ?? "", reason);
        WasDenied |= Controller is null;
        _isExpelled = true;
        End(WebSocketCloseStatus.PolicyViolation);
    }

    private async Task AskWhetherItMayStayAsync()
    {
        if (_mayStay is not { } mayStay || Interlocked.Exchange(ref _isAsking, 1) != 0)
        {
            return;
        }

        try
        {
            // Another token may have taken its place meanwhile.
            if (!await mayStay() && mayStay == _mayStay)
            {
                Expel("its API token no longer holds");
            }
        }
        catch (StorageException)
        {
            // The storage has logged it; it is asked again with the next ping.
        }
        finally
        {
            Volatile.Write(ref _isAsking, 0);
        }
    }

    private void Beat()
    {
        if (Controller is null)
        {
            if (_time.GetElapsedTime(_openedAt) >= _times.ConnectWithin)
            {
                WasDenied = true;
                GiveUp("it did not say who it is");
            }

            return;
        }

        if (_time.GetElapsedTime(Volatile.Read(ref _heardAt)) > _times.Silence)
        {
            GiveUp("nothing was heard of it");
            return;
        }

        _ = AskWhetherItMayStayAsync();

        // Only the first 15 s after a ping are without one: from then on they come steadily.
        var number = Interlocked.Increment(ref _pings);
        Send(RelayWriter.Request($"ping-{number}", "signalwire.ping", new JsonObject { ["timestamp"] = WireTime.Of(_time.GetUtcNow()) }));
    }

    private void GiveUp(string reason)
    {
        RelayLog.GivenUp(_logger, Controller?.Protocol ?? "", reason);
        Abort();
    }

    /// <summary>Ends it at once; to the client that is a lost network, and it comes back.</summary>
    private void Abort()
    {
        End(WebSocketCloseStatus.InternalServerError);
        try
        {
            Volatile.Read(ref _abort)?.Invoke();
        }
        catch (ObjectDisposedException)
        {
            // It has ended meanwhile.
        }
    }

    private async Task SendAsync(WebSocket socket, ITimer patience, CancellationToken aborted)
    {
        try
        {
            await foreach (var frame in _outgoing.Reader.ReadAllAsync(aborted))
            {
                Interlocked.Add(ref _queuedBytes, -frame.Length);
                await socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, aborted);
            }

            // The client answers the close, which ends the reading.
            patience.Change(_times.CloseTimeout, Timeout.InfiniteTimeSpan);
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync((WebSocketCloseStatus)Volatile.Read(ref _closeStatus), null, aborted);
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            socket.Abort();
        }
    }
}
