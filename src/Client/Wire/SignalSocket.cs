using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Security;
using System.Net.WebSockets;
using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Wire;

/// <summary>One connected lifetime of the socket: messages in and out, requests with their answers, heartbeats.</summary>
/// <remarks>
/// Messages are handed out one at a time, in their order, and each before the request that it answers goes on: whoever awaits an
/// answer finds the state that it brought. Not reconnected; whoever owns it makes another.
/// </remarks>
internal sealed class SignalSocket : IAsyncDisposable
{
    /// <summary>How long the server may be silent; it sends a heartbeat each ten seconds or so.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    private const int SilentCloseCode = 3002;
    private const int MaxPending = 1_024;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(3);
    private static readonly byte[] Ping = "2"u8.ToArray();
    private static readonly byte[] Pong = "3"u8.ToArray();

    private readonly ClientWebSocket _socket = new();
    private readonly Action<SocketMessage> _onMessage;
    private readonly TimeProvider _time;
    private readonly TimeSpan _requestTimeout;
    private readonly string _idPrefix;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ConcurrentDictionary<string, TaskCompletionSource<SocketMessage>> _pending = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ended = new();
    private ITimer? _silence;
    private long _lastId;
    private bool _isClosing;

    public SignalSocket(
        Action<SocketMessage> onMessage, string idPrefix, TimeProvider time, TimeSpan requestTimeout, RemoteCertificateValidationCallback? validation)
    {
        _onMessage = onMessage;
        _idPrefix = idPrefix;
        _time = time;
        _requestTimeout = requestTimeout;
        if (validation is not null)
        {
            _socket.Options.RemoteCertificateValidationCallback = validation;
        }

        _socket.Options.KeepAliveInterval = TimeSpan.Zero; // The protocol has heartbeats of its own.
    }

    /// <summary>Completes when the connection is over: true when either side has closed it for good (code 1000).</summary>
    public Task<bool> Ended { get; private set; } = Task.FromResult(true);

    /// <summary>Connects, and begins to read.</summary>
    /// <exception cref="RealtimeKitException">InvalidToken, NotFound or Unreachable.</exception>
    public async Task ConnectAsync(Uri address, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ConnectTimeout);
        try
        {
            _socket.Options.CollectHttpResponseDetails = true;
            await _socket.ConnectAsync(address, patience.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is WebSocketException or HttpRequestException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var status = (int)_socket.HttpStatusCode;
            throw new RealtimeKitException(
                status switch { 401 or 403 => RealtimeKitError.InvalidToken, 404 => RealtimeKitError.NotFound, _ => RealtimeKitError.Unreachable },
                status > 0
                    ? string.Create(CultureInfo.InvariantCulture, $"The server refused the socket with status {status}.")
                    : $"The socket at {address.Host}:{address.Port} cannot be reached.",
                fault);
        }

        _silence = _time.CreateTimer(_ => OnSilence(), null, Silence, Timeout.InfiniteTimeSpan);
        Ended = ReadAsync();
    }

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <exception cref="RealtimeKitException">Refused, TimedOut, Unreachable, Protocol.</exception>
    public async Task<T> AskAsync<T>(SocketEvent number, IMessage? request, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        if (_pending.Count >= MaxPending)
        {
            throw new RealtimeKitException(RealtimeKitError.TooMany, $"More than {MaxPending} requests are waiting for their answers.");
        }

        var id = string.Create(CultureInfo.InvariantCulture, $"{_idPrefix}-{Interlocked.Increment(ref _lastId):x}");
        var answered = new TaskCompletionSource<SocketMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[id] = answered;
        try
        {
            if (_ended.IsCancellationRequested)
            {
                throw Lost();
            }

            await SendAsync(Envelope.Write(number, id, request), WebSocketMessageType.Binary, cancellationToken).ConfigureAwait(false);
            var message = await answered.Task.WaitAsync(_requestTimeout, _time, cancellationToken).ConfigureAwait(false);
            if (Envelope.ErrorOf(message) is { } error)
            {
                throw new RealtimeKitException(RealtimeKitError.Refused, $"{number}: {error}");
            }

            return Envelope.TryRead(message, parser, out var answer)
                ? answer
                : throw new RealtimeKitException(RealtimeKitError.Protocol, $"The answer to {number} cannot be read.");
        }
        catch (TimeoutException)
        {
            throw new RealtimeKitException(RealtimeKitError.TimedOut, $"{number} was not answered within {_requestTimeout.TotalSeconds:0.#} s.");
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }
    }

    /// <summary>Sends a message that is not answered.</summary>
    /// <exception cref="RealtimeKitException">Unreachable.</exception>
    public Task TellAsync(SocketEvent number, IMessage? message, CancellationToken cancellationToken)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{_idPrefix}-{Interlocked.Increment(ref _lastId):x}");
        return SendAsync(Envelope.Write(number, id, message), WebSocketMessageType.Binary, cancellationToken);
    }

    /// <summary>Says goodbye for good, and waits for the other side's, but not for long.</summary>
    public async Task CloseAsync()
    {
        _isClosing = true;
        try
        {
            if (_socket.State is WebSocketState.Open)
            {
                await _sending.WaitAsync().ConfigureAwait(false);
                try
                {
                    using var patience = new CancellationTokenSource(CloseTimeout);
                    await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token).ConfigureAwait(false);
                }
                finally
                {
                    _sending.Release();
                }

                await Ended.WaitAsync(CloseTimeout).ConfigureAwait(false);
            }
        }
        catch (Exception fault) when (fault is WebSocketException or TimeoutException or OperationCanceledException or ObjectDisposedException)
        {
            // It is over all the same.
        }
    }

    /// <summary>Cuts the connection without a word; for tests of what a lost network does.</summary>
    internal void Abort() => _socket.Abort();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _isClosing = true;
        _socket.Abort();
        await Ended.ConfigureAwait(false);
        if (_silence is not null)
        {
            await _silence.DisposeAsync().ConfigureAwait(false);
        }

        _socket.Dispose();
        _ended.Dispose();
    }

    private static RealtimeKitException Lost() => new(RealtimeKitError.Unreachable, "The connection to the server was lost.");

    private async Task SendAsync(ReadOnlyMemory<byte> frame, WebSocketMessageType type, CancellationToken cancellationToken)
    {
        try
        {
            await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                // Never cancelled in the middle: that would end the connection.
                await _socket.SendAsync(frame, type, WebSocketMessageFlags.EndOfMessage, CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                _sending.Release();
            }
        }
        catch (Exception fault) when (fault is WebSocketException or InvalidOperationException or ObjectDisposedException)
        {
            throw new RealtimeKitException(RealtimeKitError.Unreachable, "The connection to the server was lost.", fault);
        }
    }

    private async Task<bool> ReadAsync()
    {
        var isFinal = false;
        try
        {
            isFinal = await ReadAllAsync().ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The network ended it without a word.
        }
        finally
        {
            await _ended.CancelAsync().ConfigureAwait(false);
            foreach (var (_, waiting) in _pending)
            {
                waiting.TrySetException(Lost());
            }
        }

        return isFinal || _isClosing;
    }

    private async Task<bool> ReadAllAsync()
    {
        await Task.Yield();
        var buffer = new ArrayBufferWriter<byte>(8_192);
        while (true)
        {
            buffer.ResetWrittenCount();
            ValueWebSocketReceiveResult received;
            do
            {
                received = await _socket.ReceiveAsync(buffer.GetMemory(8_192), CancellationToken.None).ConfigureAwait(false);
                buffer.Advance(received.Count);
                if (buffer.WrittenCount > Envelope.MaxFrameBytes)
                {
                    _socket.Abort();
                    return false;
                }
            }
            while (!received.EndOfMessage);

            _silence?.Change(Silence, Timeout.InfiniteTimeSpan);
            switch (received.MessageType)
            {
                case WebSocketMessageType.Close:
                    if (_socket.State is WebSocketState.CloseReceived)
                    {
                        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).ConfigureAwait(false);
                    }

                    return _socket.CloseStatus is WebSocketCloseStatus.NormalClosure;

                case WebSocketMessageType.Text when buffer.WrittenSpan.SequenceEqual(Ping):
                    await SendAsync(Pong, WebSocketMessageType.Text, CancellationToken.None).ConfigureAwait(false);
                    break;

                case WebSocketMessageType.Binary when Envelope.TryRead(buffer.WrittenSpan, out var message):
                    _onMessage(message);
                    if (message.HasId && _pending.TryGetValue(message.Id, out var asked))
                    {
                        asked.TrySetResult(message);
                    }

                    break;

                default:
                    break; // A pong, or nothing that we know.
            }
        }
    }

    private void OnSilence()
    {
        _ = CloseSilentAsync();

        async Task CloseSilentAsync()
        {
            try
            {
                using var patience = new CancellationTokenSource(CloseTimeout);
                await _socket.CloseOutputAsync((WebSocketCloseStatus)SilentCloseCode, null, patience.Token).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                // Nobody hears it.
            }

            _socket.Abort();
        }
    }
}
