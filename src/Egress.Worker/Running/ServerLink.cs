using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Media;

namespace Roomcast.Egress.Worker.Running;

/// <summary>The worker's end of the socket: a thread that reads, a thread that writes, and what lies between them and the composing.</summary>
/// <remarks>
/// What is written is gathered until <see cref="Flush"/> and goes out in one piece. The server reads as fast as it is told; one that
/// lets <see cref="MaxUnsent"/> gather is gone or stuck, and the link ends, and with it the worker.
/// </remarks>
internal sealed class ServerLink : IDisposable
{
    /// <summary>Most bytes that may wait to be written.</summary>
    public const int MaxUnsent = 64 << 20;

    private readonly Stream _stream;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _hasOutput = new(false);
    private readonly AutoResetEvent _hasInput = new(false);
    private readonly SceneCast _cast = new();
    private readonly TaskCompletionSource<WireStart> _start = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ArrayBufferWriter<byte> _gathering = new(64 * 1024);
    private ArrayBufferWriter<byte> _sending = new(64 * 1024);
    private volatile bool _isOver;
    private volatile string? _broken;
    private bool _isFlushed;
    private Thread? _writer;

    /// <summary>Takes over a connected stream. Nothing is read before <see cref="Begin"/>.</summary>
    public ServerLink(Stream stream, TimeProvider time)
    {
        _stream = stream;
        _time = time;
    }

    /// <summary>What the server has sent.</summary>
    public WorkerInbox Inbox { get; } = new();

    /// <summary>What the server started it with, once it has.</summary>
    public Task<WireStart> Start => _start.Task;

    /// <summary>Whether the server asked it to end, has gone, or broke the protocol.</summary>
    public bool IsOver => _isOver;

    /// <summary>What the server said that none of this build says, and that ended it; null when nothing did.</summary>
    public string? Broken => _broken;

    /// <summary>What ends the wait for the next tick early.</summary>
    public WaitHandle HasInput => _hasInput;

    /// <summary>Connects to the server's socket.</summary>
    public static ServerLink Connect(string path, TimeProvider time)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return new ServerLink(new NetworkStream(socket, ownsSocket: true), time);
    }

    /// <summary>Starts reading and writing.</summary>
    /// <param name="over">Called on the reading thread when nothing more can come.</param>
    public void Begin(Action over)
    {
        new Thread(() => Read(over)) { IsBackground = true, Name = "link reader" }.Start();
        _writer = new Thread(Write) { IsBackground = true, Name = "link writer" };
        _writer.Start();
    }

    /// <summary>Tells a track.</summary>
    public void SendTrack(Track track)
    {
        lock (_lock)
        {
            new WireTrack((byte)track.Id, track.Codec, track.Configuration).Write(_gathering);
        }
    }

    /// <summary>Gives a frame.</summary>
    public void SendFrame(int trackId, ReadOnlySpan<byte> payload, TimeSpan at, bool isKeyframe)
    {
        lock (_lock)
        {
            new WireFrame((byte)trackId, isKeyframe, at < TimeSpan.Zero ? TimeSpan.Zero : at).Write(payload, _gathering);
        }
    }

    /// <summary>Asks something of a track's sender.</summary>
    public void SendWish(uint ssrc, int? height)
    {
        lock (_lock)
        {
            new WireWish(ssrc, height).Write(_gathering);
        }
    }

    /// <summary>Tells something as JSON.</summary>
    public void SendJson<T>(WireKind kind, T value)
    {
        lock (_lock)
        {
            WireJson.Write(kind, value, _gathering);
        }
    }

    /// <summary>Answers a ping.</summary>
    public void SendPong(ulong ping)
    {
        lock (_lock)
        {
            BinaryPrimitives.WriteUInt64BigEndian(WireMessage.Write(WireKind.Pong, 8, _gathering), ping);
        }
    }

    /// <summary>Says why the worker ends.</summary>
    public void SendFault(string text)
    {
        lock (_lock)
        {
            WireFault.Write(text, _gathering);
        }
    }

    /// <summary>Lets go out what has gathered.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            if (_gathering.WrittenCount > MaxUnsent)
            {
                _isOver = true;
                return;
            }

            _isFlushed = true;
        }

        _hasOutput.Set();
    }

    /// <summary>Waits until everything is written, or the server takes nothing for the given time.</summary>
    public void Finish(TimeSpan patience)
    {
        Flush();
        _isOver = true;
        _hasOutput.Set();
        _writer?.Join(patience);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isOver = true;
        _hasOutput.Set();
        _stream.Dispose();
    }

    private void Read(Action over)
    {
        var buffer = new WireBuffer();
        try
        {
            while (!_isOver)
            {
                var count = _stream.Read(buffer.Room.Span);
                if (count == 0)
                {
                    break;
                }

                buffer.Added(count);
                if (!TakeMessages(buffer, _time.GetTimestamp()))
                {
                    break;
                }
            }
        }
        catch (IOException)
        {
            // The server is gone.
        }
        catch (ObjectDisposedException)
        {
            // The worker ends by itself.
        }

        _isOver = true;
        _start.TrySetCanceled();
        _hasInput.Set();
        over();
    }

    private bool TakeMessages(WireBuffer buffer, long now)
    {
        while (true)
        {
            var status = buffer.TryRead(out var kind, out var body);
            if (status is OperationStatus.NeedMoreData)
            {
                return true;
            }

            if (status is not OperationStatus.Done)
            {
                _broken = $"The server began a message that no server of this build sends, of kind {(byte)kind}.";
                return false;
            }

            switch (kind)
            {
                case WireKind.Rtp or WireKind.Rtcp:
                    Inbox.Add(body, kind is WireKind.Rtcp, now);
                    break;
                case WireKind.Scene when WireJson.TryRead<Scene>(body, out var scene):
                    Inbox.SetScene(_cast.Of(scene));
                    break;
                case WireKind.Start when WireJson.TryRead<WireStart>(body, out var start):
                    _start.TrySetResult(start);
                    break;
                case WireKind.Ping when body.Length == 8:
                    Inbox.SetPing(BinaryPrimitives.ReadUInt64BigEndian(body));
                    break;
                case WireKind.Stop:
                    return false;
                default:
                    _broken = $"The server sent a message that none of this build sends: kind {(byte)kind} with {body.Length} bytes.";
                    return false;
            }
        }
    }

    private void Write()
    {
        try
        {
            while (true)
            {
                _hasOutput.WaitOne();
                lock (_lock)
                {
                    if (_isFlushed)
                    {
                        (_gathering, _sending) = (_sending, _gathering);
                        _isFlushed = false;
                    }
                }

                if (_sending.WrittenCount > 0)
                {
                    _stream.Write(_sending.WrittenSpan);
                    _sending.ResetWrittenCount();
                }
                else if (_isOver)
                {
                    return;
                }
            }
        }
        catch (IOException)
        {
            _isOver = true;
        }
        catch (ObjectDisposedException)
        {
            // The worker ends.
        }
    }
}
