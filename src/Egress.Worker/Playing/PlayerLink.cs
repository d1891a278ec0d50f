using System.Buffers;
using System.Collections.Concurrent;
using System.Net.Sockets;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Egress.Playback;

namespace Roomcast.Egress.Worker.Playing;

/// <summary>The player's end of the socket: a thread that reads what is asked, and what is to be sent, gathered until it is flushed.</summary>
internal sealed class PlayerLink : IDisposable
{
    private readonly Stream _stream;
    private readonly ConcurrentQueue<WireCommand> _commands = new();
    private readonly AutoResetEvent _hasInput = new(false);
    private readonly ManualResetEvent _hasPlay = new(false);
    private readonly ArrayBufferWriter<byte> _gathered = new(64 << 10);
    private volatile bool _isOver;
    private WirePlay? _play;

    public PlayerLink(Stream stream) => _stream = stream;

    /// <summary>Whether the server has gone, or broke the protocol.</summary>
    public bool IsOver => _isOver;

    /// <summary>What ends the wait for the next tick early.</summary>
    public WaitHandle HasInput => _hasInput;

    public static PlayerLink Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return new PlayerLink(new NetworkStream(socket, ownsSocket: true));
    }

    /// <summary>Starts reading.</summary>
    /// <param name="over">Called on the reading thread when nothing more can come.</param>
    public void Begin(Action over) => new Thread(() => Read(over)) { IsBackground = true, Name = "link reader" }.Start();

    /// <summary>Waits for what is to be played; null when it does not come.</summary>
    public WirePlay? WaitForPlay(TimeSpan patience) => _hasPlay.WaitOne(patience) ? _play : null;

    public bool TryTakeCommand(out WireCommand command) => _commands.TryDequeue(out command!);

    public void SendPacket(ReadOnlySpan<byte> packet, bool isRtcp) => WireMessage.Write(isRtcp ? WireKind.Rtcp : WireKind.Rtp, packet, _gathered);

    public void Send(WirePlaying playing) => WireJson.Write(WireKind.Playing, playing, _gathered);

    /// <summary>Sends what has been gathered.</summary>
    public void Flush()
    {
        try
        {
            _stream.Write(_gathered.WrittenSpan);
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            _isOver = true;
        }

        _gathered.ResetWrittenCount();
    }

    public void Dispose()
    {
        _isOver = true;
        _stream.Dispose();
    }

    private void Read(Action over)
    {
        var buffer = new WireBuffer();
        try
        {
            while (!_isOver && _stream.Read(buffer.Room.Span) is var count and > 0)
            {
                buffer.Added(count);
                if (!TakeMessages(buffer))
                {
                    break;
                }
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // The server is gone, or we end.
        }

        _isOver = true;
        _hasPlay.Set();
        _hasInput.Set();
        over();
    }

    private bool TakeMessages(WireBuffer buffer)
    {
        while (true)
        {
            var status = buffer.TryRead(out var kind, out var body);
            if (status is not OperationStatus.Done)
            {
                return status is OperationStatus.NeedMoreData;
            }

            if (kind is WireKind.Play && _play is null && WireJson.TryRead<WirePlay>(body, out var play))
            {
                _play = play;
                _hasPlay.Set();
            }
            else if (kind is WireKind.Command && WireJson.TryRead<WireCommand>(body, out var command))
            {
                _commands.Enqueue(command);
                _hasInput.Set();
            }
            else
            {
                return false;
            }
        }
    }
}
