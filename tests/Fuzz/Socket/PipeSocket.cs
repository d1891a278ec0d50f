using System.Net.WebSockets;
using System.Threading.Channels;

namespace Roomcast.Fuzz;

/// <summary>A WebSocket with nothing below it: frames are put in at one side and taken out at the other.</summary>
internal sealed class PipeSocket : WebSocket
{
    private readonly Channel<byte[]> _incoming = Channel.CreateUnbounded<byte[]>();
    private readonly Channel<byte[]> _outgoing = Channel.CreateUnbounded<byte[]>();
    private ReadOnlyMemory<byte> _rest;
    private WebSocketCloseStatus? _closeStatus;
    private WebSocketState _state = WebSocketState.Open;

    /// <summary>Binary frames that the server has sent. Ends when it closes.</summary>
    public ChannelReader<byte[]> Heard => _outgoing.Reader;

    /// <summary>With what the server closed it; null while it has not.</summary>
    public WebSocketCloseStatus? ClosedByServer { get; private set; }

    public override WebSocketCloseStatus? CloseStatus => _closeStatus;

    public override string? CloseStatusDescription => null;

    public override WebSocketState State => _state;

    public override string? SubProtocol => null;

    /// <summary>Sends a frame to the server.</summary>
    public void Put(byte[] frame) => _incoming.Writer.TryWrite(frame);

    /// <summary>Says goodbye to the server.</summary>
    public void PutClose()
    {
        _closeStatus = WebSocketCloseStatus.NormalClosure;
        _incoming.Writer.TryComplete();
    }

    public override void Abort()
    {
        _state = WebSocketState.Aborted;
        _incoming.Writer.TryComplete(new WebSocketException("aborted"));
        _outgoing.Writer.TryComplete();
    }

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        CloseOutputAsync(closeStatus, statusDescription, cancellationToken);

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        ClosedByServer = closeStatus;
        _state = WebSocketState.CloseSent;
        PutClose();
        _outgoing.Writer.TryComplete();
        return Task.CompletedTask;
    }

    public override void Dispose() => _outgoing.Writer.TryComplete();

    public override async Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
    {
        if (_rest.IsEmpty)
        {
            if (!await _incoming.Reader.WaitToReadAsync(cancellationToken) || !_incoming.Reader.TryRead(out var frame))
            {
                return new WebSocketReceiveResult(0, WebSocketMessageType.Close, endOfMessage: true, _closeStatus, null);
            }

            _rest = frame;
        }

        var count = Math.Min(buffer.Count, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return new WebSocketReceiveResult(count, WebSocketMessageType.Binary, _rest.IsEmpty);
    }

    public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
    {
        if (messageType is WebSocketMessageType.Binary)
        {
            _outgoing.Writer.TryWrite(buffer.ToArray());
        }

        return Task.CompletedTask;
    }
}
