using System.Buffers;
using System.Net.WebSockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Routes;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Connection;

/// <summary>One socket of one peer: frames in, frames out, heartbeats.</summary>
/// <remarks>
/// What goes out waits in a bounded queue. A receiver that lets it fill is disconnected with a code that makes it reconnect
/// and begin anew: it would otherwise miss something and never know.
/// </remarks>
internal sealed class SocketConnection : IPeerLink
{
    private const int MaxQueued = 2_048;
    private const int MaxQueuedBytes = 8 << 20;

    /// <summary>Requests at once, and per second for long; more are refused.</summary>
    private const double RequestBurst = 400;
    private const double RequestsPerSecond = 100;

    private static readonly byte[] Ping = "2"u8.ToArray();
    private static readonly byte[] Pong = "3"u8.ToArray();

    private readonly Channel<Outgoing> _outgoing = Channel.CreateBounded<Outgoing>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly SocketOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SocketMetrics _metrics;
    private readonly SocketAllowance _requests;
    private MeetingSession? _session;
    private SessionPeer? _peer;
    private long _queuedBytes;
    private long _heardAt;
    private int _closeCode;
    private Action? _abort;

    public SocketConnection(SocketOptions options, TimeProvider time, ILogger logger, SocketMetrics metrics, PeerClient? client = null)
    {
        Client = client;
        _options = options;
        _time = time;
        _logger = logger;
        _metrics = metrics;
        _requests = new SocketAllowance(RequestBurst, RequestsPerSecond, time);
    }

    /// <inheritdoc/>
    public PeerClient? Client { get; }

    /// <inheritdoc/>
    public void Tell(SessionEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        Send(EventForms.FrameOf(happened));
    }

    /// <inheritdoc/>
    public void Close(LinkCloseReason reason) => End(reason switch
    {
        LinkCloseReason.Removed or LinkCloseReason.Replaced => SocketCloseCode.Normal,
        LinkCloseReason.Draining => SocketCloseCode.ServiceRestart,
        _ => SocketCloseCode.InternalError,
    });

    /// <summary>Sends a frame, after those that wait.</summary>
    public void Send(byte[] frame) => Queue(new Outgoing(frame, IsText: false));

    /// <summary>Answers a request with an error; the connection goes on.</summary>
    public void Refuse(SocketEvent number, string? id, SessionException refusal) =>
        Refuse((uint)number, id, refusal.Message, refusal.Fault.ToString());

    /// <summary>Runs the connection until either side has closed it.</summary>
    /// <param name="socket">The accepted socket.</param>
    /// <param name="session">The session it is connected to.</param>
    /// <param name="peer">The peer it speaks for.</param>
    public async Task RunAsync(WebSocket socket, MeetingSession session, SessionPeer peer)
    {
        _session = session;
        _peer = peer;
        _metrics.Connected();
        var isFinal = false;
        using var aborted = new CancellationTokenSource();
        try
        {
            Volatile.Write(ref _abort, aborted.Cancel);
            Volatile.Write(ref _heardAt, _time.GetTimestamp());
            using var beat = _time.CreateTimer(_ => Beat(), null, _options.PingInterval, _options.PingInterval);

            // Armed when the closing begins: a client that does not answer it is cut off.
            using var patience = _time.CreateTimer(_ => Abort(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var sending = SendAsync(socket, patience, aborted.Token);
            try
            {
                isFinal = await ReceiveAsync(socket, aborted.Token);
            }
            finally
            {
                End(SocketCloseCode.Normal);
                await sending;
            }
        }
        finally
        {
            await session.DisconnectAsync(peer, this, isFinal);
            _metrics.Disconnected();
        }
    }

    /// <summary>Reads frames until the end.</summary>
    /// <returns>Whether the client said goodbye: it closed with 1000 or 1001.</returns>
    private async Task<bool> ReceiveAsync(WebSocket socket, CancellationToken aborted)
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
                    if (buffer.WrittenCount > SocketEnvelope.MaxFrameBytes)
                    {
                        End(SocketCloseCode.TooBig);
                        return false;
                    }
                }
                while (!received.EndOfMessage);

                Volatile.Write(ref _heardAt, _time.GetTimestamp());
                if (received.MessageType is WebSocketMessageType.Close)
                {
                    return socket.CloseStatus is WebSocketCloseStatus.NormalClosure or WebSocketCloseStatus.EndpointUnavailable;
                }

                if (received.MessageType is WebSocketMessageType.Text)
                {
                    // "2" asks for "3"; "3" answers ours, and has done its work by arriving.
                    if (buffer.WrittenSpan.SequenceEqual(Ping))
                    {
                        Queue(new Outgoing(Pong, IsText: true));
                    }

                    continue;
                }

                await HandleAsync(buffer.WrittenMemory);
                if (buffer.Capacity > 64 << 10)
                {
                    buffer = new ArrayBufferWriter<byte>(4_096);
                }
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The network, or we, ended it without a word.
            return false;
        }
    }

    private ValueTask HandleAsync(ReadOnlyMemory<byte> frame)
    {
        if (!SocketEnvelope.TryRead(frame.Span, out var message))
        {
            Refuse(0, id: null, "this is no message of the protocol", "Envelope");
            return ValueTask.CompletedTask;
        }

        var id = message.HasId ? message.Id : null;
        if (!_requests.TryTake())
        {
            Refuse(message.Event, id, "too many requests; try again in some seconds", nameof(SessionFault.TooOften));
            return ValueTask.CompletedTask;
        }

        var number = (SocketEvent)message.Event;
        if (!SocketRoutes.Table.TryGetValue(number, out var route))
        {
            Refuse(message.Event, id, $"event {message.Event} is not known here", "UnknownEvent");
            return ValueTask.CompletedTask;
        }

        if (route(message.Payload) is not { } act)
        {
            Refuse(message.Event, id, $"the payload of event {message.Event} cannot be read", "Payload");
            return ValueTask.CompletedTask;
        }

        _metrics.Requested();
        var peer = _peer!;
        return _session!.PostAsync(
            peer,
            room =>
            {
                // Another connection may have taken its place while this waited.
                if (peer.IsLinkedBy(this))
                {
                    act(new SocketCall(this, room, peer, number, id));
                }
            },
            refusal => Refuse(number, id, refusal));
    }

    private void Refuse(uint number, string? id, string message, string reason)
    {
        _metrics.Refused(reason);
        Send(SocketEnvelope.Write(SocketEvent.Error, id, new ErrorResponse { ErrorMessage = message, EventId = unchecked((int)number) }));
    }

    private void Beat()
    {
        if (_time.GetElapsedTime(Volatile.Read(ref _heardAt)) > _options.PeerSilence)
        {
            SocketLog.PeerSilent(_logger, _peer!.Id);
            Abort();
            return;
        }

        Queue(new Outgoing(Ping, IsText: true));
    }

    private void Queue(Outgoing outgoing)
    {
        // What waits already counts, not this one: a long history is one frame, and must not cut off who asked for it.
        var waiting = Interlocked.Add(ref _queuedBytes, outgoing.Frame.Length) - outgoing.Frame.Length;
        if (waiting > MaxQueuedBytes || !_outgoing.Writer.TryWrite(outgoing))
        {
            Interlocked.Add(ref _queuedBytes, -outgoing.Frame.Length);
            if (Volatile.Read(ref _closeCode) == 0)
            {
                SocketLog.PeerSlow(_logger, _peer?.Id ?? "");
                _metrics.Slow();
                Abort();
            }
        }
    }

    /// <summary>Closes once all that waits has been sent. The first reason counts.</summary>
    private void End(SocketCloseCode code)
    {
        Interlocked.CompareExchange(ref _closeCode, (int)code, 0);
        _outgoing.Writer.TryComplete();
    }

    /// <summary>Ends it at once; to the client that is a lost network, and it comes back.</summary>
    private void Abort()
    {
        End(SocketCloseCode.TryAgainLater);
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
            await foreach (var outgoing in _outgoing.Reader.ReadAllAsync(aborted))
            {
                Interlocked.Add(ref _queuedBytes, -outgoing.Frame.Length);
                await socket.SendAsync(
                    outgoing.Frame,
                    outgoing.IsText ? WebSocketMessageType.Text : WebSocketMessageType.Binary,
                    endOfMessage: true,
                    aborted);
            }

            // The client answers the close, which ends the reading.
            patience.Change(_options.CloseTimeout, Timeout.InfiniteTimeSpan);
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync((WebSocketCloseStatus)Volatile.Read(ref _closeCode), null, aborted);
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            socket.Abort();
        }
    }

    private readonly record struct Outgoing(byte[] Frame, bool IsText);
}
