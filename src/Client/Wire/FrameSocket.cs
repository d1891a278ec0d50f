using System.Buffers;
using System.Globalization;
using System.Net.Security;
using System.Net.WebSockets;

namespace Roomcast.Client.Wire;

/// <summary>What a kind of socket allows.</summary>
/// <param name="MaxFrameBytes">Largest frame that is taken; a larger one ends the connection.</param>
/// <param name="SilentCloseCode">With what code a connection is closed that was silent for too long.</param>
/// <param name="Time">Clock and timers.</param>
/// <param name="Validation">Judges the server's certificate; null for the system's judgement.</param>
internal sealed record FrameSocketOptions(
    int MaxFrameBytes, int SilentCloseCode, TimeProvider Time, RemoteCertificateValidationCallback? Validation);

/// <summary>One connected lifetime of a WebSocket: frames in, one at a time and whole; frames out, in their order.</summary>
/// <remarks>Not reconnected; whoever owns it makes another.</remarks>
internal sealed class FrameSocket : IAsyncDisposable
{
    private const int ReadBytes = 8_192;
    private const int MostKeptBytes = 256 << 10;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(3);

    private readonly ClientWebSocket _socket = new();
    private readonly Func<WebSocketMessageType, ReadOnlyMemory<byte>, ValueTask> _onFrame;
    private readonly FrameSocketOptions _options;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ITimer _silence;
    private TimeSpan _mostSilence = Timeout.InfiniteTimeSpan;
    private bool _isClosing;

    /// <summary>Makes one that is not connected yet.</summary>
    /// <param name="onFrame">Takes a frame; the next is read when it is done. Its bytes are lent until then.</param>
    /// <param name="options">What is allowed.</param>
    public FrameSocket(Func<WebSocketMessageType, ReadOnlyMemory<byte>, ValueTask> onFrame, FrameSocketOptions options)
    {
        _onFrame = onFrame;
        _options = options;
        _silence = options.Time.CreateTimer(_ => _ = CloseSilentAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (options.Validation is not null)
        {
            _socket.Options.RemoteCertificateValidationCallback = options.Validation;
        }

        _socket.Options.KeepAliveInterval = TimeSpan.Zero; // The protocols have heartbeats of their own.
    }

    /// <summary>Completes when the connection is over: true when either side has closed it for good (code 1000).</summary>
    public Task<bool> Ended { get; private set; } = Task.FromResult(true);

    /// <summary>Whether frames can be sent.</summary>
    public bool IsOpen => _socket.State is WebSocketState.Open;

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

        Ended = ReadAsync();
    }

    /// <summary>From now on the other side may be silent for so long; then the connection is given up.</summary>
    public void ExpectFrames(TimeSpan within)
    {
        _mostSilence = within;
        _silence.Change(within, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sends a frame.</summary>
    /// <exception cref="RealtimeKitException">Unreachable.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> frame, WebSocketMessageType type, CancellationToken cancellationToken)
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
        catch (Exception fault) when (fault is WebSocketException or InvalidOperationException or ObjectDisposedException
            || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // A socket whose connection breaks while it sends calls that cancelled.
            throw Lost(fault);
        }
    }

    /// <summary>Says goodbye for good, and waits for the other side's, but not for long.</summary>
    public async Task CloseAsync()
    {
        _isClosing = true;
        try
        {
            if (_socket.State is WebSocketState.Open)
            {
                if (!await _sending.WaitAsync(CloseTimeout).ConfigureAwait(false))
                {
                    return; // Something is being sent that nobody takes.
                }

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

    /// <summary>Ends the connection without a word.</summary>
    public void Abort() => _socket.Abort();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _isClosing = true;
        _socket.Abort();
        await Ended.ConfigureAwait(false);
        await _silence.DisposeAsync().ConfigureAwait(false);
        _socket.Dispose();
    }

    /// <summary>What a request is told whose connection has gone.</summary>
    public static RealtimeKitException Lost(Exception? fault = null) => new(RealtimeKitError.Unreachable, "The connection to the server was lost.", fault);

    private async Task<bool> ReadAsync()
    {
        var isFinal = false;
        try
        {
            isFinal = await ReadAllAsync().ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException or RealtimeKitException)
        {
            // The network ended it without a word.
        }

        return isFinal || _isClosing;
    }

    private async Task<bool> ReadAllAsync()
    {
        await Task.Yield();
        var buffer = new ArrayBufferWriter<byte>(ReadBytes);
        while (true)
        {
            buffer.ResetWrittenCount();
            ValueWebSocketReceiveResult received;
            do
            {
                received = await _socket.ReceiveAsync(buffer.GetMemory(ReadBytes), CancellationToken.None).ConfigureAwait(false);
                buffer.Advance(received.Count);
                if (buffer.WrittenCount > _options.MaxFrameBytes)
                {
                    _socket.Abort();
                    return false;
                }
            }
            while (!received.EndOfMessage);

            if (_mostSilence != Timeout.InfiniteTimeSpan)
            {
                _silence.Change(_mostSilence, Timeout.InfiniteTimeSpan);
            }

            if (received.MessageType is WebSocketMessageType.Close)
            {
                if (_socket.State is WebSocketState.CloseReceived)
                {
                    await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).ConfigureAwait(false);
                }

                return _socket.CloseStatus is WebSocketCloseStatus.NormalClosure;
            }

            await _onFrame(received.MessageType, buffer.WrittenMemory).ConfigureAwait(false);
            if (buffer.Capacity > MostKeptBytes)
            {
                buffer = new ArrayBufferWriter<byte>(ReadBytes);
            }
        }
    }

    private async Task CloseSilentAsync()
    {
        try
        {
            using var patience = new CancellationTokenSource(CloseTimeout);
            await _socket.CloseOutputAsync((WebSocketCloseStatus)_options.SilentCloseCode, null, patience.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // Nobody hears it.
        }

        _socket.Abort();
    }
}
