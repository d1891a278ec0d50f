using System.Buffers;
using System.Net.Sockets;
using Roomcast.Rtc;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Ice;

namespace Roomcast.Transports.Rtc;

/// <summary>Why a TCP connection of a peer ended.</summary>
internal enum RtcTcpEnd
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>The peer closed it.</summary>
    PeerClosed,

    /// <summary>It broke.</summary>
    Broken,

    /// <summary>What came is not framed as RFC 4571 has it.</summary>
    BadFraming,

    /// <summary>The first frame was not a check for a known ufrag.</summary>
    NoCheck,

    /// <summary>No check passed in time, or within so many frames.</summary>
    Unproven,

    /// <summary>The peer did not take what was sent.</summary>
    Stalled,

    /// <summary>Its transport is over, or the server stops.</summary>
    ClosedByUs,
}

/// <summary>One TCP connection of a peer: frames in to the worker that owns its transport, frames out.</summary>
/// <remarks>
/// Received on the framework's threads, and handed to the worker as a copy; sent by the worker. What waits to be sent is
/// bounded, and the newest is dropped: to media late is worse than lost. Nothing is allocated per datagram.
/// </remarks>
internal sealed class RtcTcpConnection : IDisposable
{
    private const int MaxFramesUnproven = 64;
    private const int ReceivesInARow = 16;
    private const int FirstSendBytes = 4 << 10;
    private const long Idle = long.MaxValue;

    private readonly RtcTcpListener _listener;
    private readonly Socket _socket;
    private readonly int _maxWaiting;
    private readonly SocketAsyncEventArgs _receiving = new(true);
    private readonly SocketAsyncEventArgs _sending = new(true);
    private readonly byte[] _received = new byte[TcpFraming.HeaderLength + TcpFraming.MaxDatagramLength];
    private readonly Lock _lock = new();
    private RtcWorker? _owner;
    private byte[] _waiting = [];
    private byte[] _inFlight = [];
    private int _receivedCount;
    private int _waitingCount;
    private int _frames;
    private long _sendingSince = Idle;
    private bool _isProven;
    private bool _isClosing;
    private RtcTcpEnd _end;

    public RtcTcpConnection(RtcTcpListener listener, Socket socket, in RtcAddress path, long acceptedAt, int maxWaiting)
    {
        _listener = listener;
        _socket = socket;
        Path = path;
        AcceptedAt = acceptedAt;
        _maxWaiting = maxWaiting;
        _receiving.Completed += (_, _) => OnReceiveCompleted();
        _sending.Completed += (_, _) => OnSent();
    }

    /// <summary>The peer's address and port, marked as TCP.</summary>
    public RtcAddress Path { get; }

    /// <summary>When it was accepted, as a timestamp of the clock.</summary>
    public long AcceptedAt { get; }

    /// <summary>When the send began that is under way, as a timestamp; <see cref="long.MaxValue"/> when none is.</summary>
    public long SendingSince => Volatile.Read(ref _sendingSince);

    /// <summary>Whether a check has passed on it.</summary>
    public bool IsProven => Volatile.Read(ref _isProven);

    /// <summary>Whether its worker has it on the list of those with something to send. For that worker's thread.</summary>
    public bool IsListed { get; set; }

    /// <summary>Whose transport it carries, once the first check has said it.</summary>
    public RtcWorker? Owner => Volatile.Read(ref _owner);

    /// <summary>Begins to receive.</summary>
    public void Start() => Receive();

    /// <summary>Takes it that a check has passed, which makes it a path of the worker's.</summary>
    /// <returns>False when it has ended.</returns>
    public bool TryAddPath(RtcWorker owner)
    {
        // Under the lock, as what is added here is taken away again by the end, which comes at any time.
        lock (_lock)
        {
            if (_end is not RtcTcpEnd.None)
            {
                return false;
            }

            _listener.OnPathAdded(this, owner, isFirst: !_isProven);
            Volatile.Write(ref _owner, owner);
            Volatile.Write(ref _isProven, true);
            return true;
        }
    }

    /// <summary>Adds a datagram to what waits, as a frame.</summary>
    /// <returns>False when too much waits.</returns>
    public bool TryAdd(ReadOnlySpan<byte> datagram)
    {
        lock (_lock)
        {
            var wanted = _waitingCount + TcpFraming.HeaderLength + datagram.Length;
            if (_isClosing || wanted > _maxWaiting)
            {
                return false;
            }

            if (wanted > _waiting.Length)
            {
                Array.Resize(ref _waiting, Math.Max(wanted, Math.Min(_maxWaiting, Math.Max(FirstSendBytes, 2 * _waiting.Length))));
            }

            TcpFraming.WriteHeader(_waiting.AsSpan(_waitingCount), datagram.Length);
            datagram.CopyTo(_waiting.AsSpan(_waitingCount + TcpFraming.HeaderLength));
            _waitingCount = wanted;
            return true;
        }
    }

    /// <summary>Begins to send what waits, unless a send is under way, which goes on by itself.</summary>
    public void Send()
    {
        try
        {
            while (TryBeginSend())
            {
                if (_socket.SendAsync(_sending) || !FinishSend())
                {
                    return;
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // It has ended meanwhile.
        }
    }

    /// <summary>Closes once what waits has been sent.</summary>
    public void Close()
    {
        bool isDone;
        lock (_lock)
        {
            _isClosing = true;
            isDone = _waitingCount == 0 && _sendingSince == Idle;
        }

        if (isDone)
        {
            End(RtcTcpEnd.ClosedByUs);
        }
        else
        {
            Send();
        }
    }

    /// <summary>Ends it at once. The first reason counts.</summary>
    public void End(RtcTcpEnd reason)
    {
        lock (_lock)
        {
            if (_end is not RtcTcpEnd.None)
            {
                return;
            }

            _end = reason;
        }

        Dispose();
        _listener.OnEnded(this, reason);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _receiving.Dispose();
        _sending.Dispose();
    }

    private void OnReceiveCompleted()
    {
        if (OnReceived())
        {
            Receive();
        }
    }

    private void Receive()
    {
        try
        {
            for (var i = 0; i < ReceivesInARow; i++)
            {
                _receiving.SetBuffer(_received, _receivedCount, _received.Length - _receivedCount);
                if (_socket.ReceiveAsync(_receiving) || !OnReceived())
                {
                    return;
                }
            }

            // A peer that sends without a pause does not keep a thread to itself.
            ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.Receive(), this, preferLocal: false);
        }
        catch (ObjectDisposedException)
        {
            // It has ended meanwhile.
        }
    }

    /// <summary>Takes the frames out of what has arrived.</summary>
    /// <returns>False when the connection is over.</returns>
    private bool OnReceived()
    {
        if (_receiving.SocketError is not SocketError.Success || _receiving.BytesTransferred == 0)
        {
            End(_receiving.SocketError is SocketError.Success ? RtcTcpEnd.PeerClosed : RtcTcpEnd.Broken);
            return false;
        }

        _receivedCount += _receiving.BytesTransferred;
        _listener.OnBytesReceived(_receiving.BytesTransferred);
        var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(_received, 0, _receivedCount));
        while (true)
        {
            switch (TcpFraming.TryRead(ref input, out var frame))
            {
                case OperationStatus.Done:
                    if (TakeFrame(frame.FirstSpan) is var fault and not RtcTcpEnd.None)
                    {
                        End(fault);
                        return false;
                    }

                    break;

                case OperationStatus.NeedMoreData:
                    var rest = _received.AsSpan((int)input.Consumed, _receivedCount - (int)input.Consumed);
                    rest.CopyTo(_received);
                    _receivedCount = rest.Length;
                    return true;

                default:
                    End(RtcTcpEnd.BadFraming);
                    return false;
            }
        }
    }

    private RtcTcpEnd TakeFrame(ReadOnlySpan<byte> frame)
    {
        if (frame.Length > RtcWorker.MaxDatagramLength)
        {
            return RtcTcpEnd.BadFraming;
        }

        if (!IsProven)
        {
            if (Owner is null && !TryFindOwner(frame))
            {
                return RtcTcpEnd.NoCheck;
            }

            if (++_frames > MaxFramesUnproven)
            {
                return RtcTcpEnd.Unproven;
            }

            if (RtcDatagram.KindOf(frame) is not RtcDatagramKind.Stun)
            {
                // What races ahead of the answer to its check. DTLS sends it again.
                return RtcTcpEnd.None;
            }
        }

        Owner!.HandOver(frame, Path);
        return RtcTcpEnd.None;
    }

    private bool TryFindOwner(ReadOnlySpan<byte> frame)
    {
        if (!RtcDatagram.TryReadAskedUfrag(frame, out var ufrag) || _listener.FindUfrag(ufrag) is not { } owner)
        {
            return false;
        }

        Volatile.Write(ref _owner, owner);
        return true;
    }

    private bool TryBeginSend()
    {
        lock (_lock)
        {
            if (_waitingCount == 0 || _sendingSince != Idle || _end is not RtcTcpEnd.None)
            {
                return false;
            }

            (_waiting, _inFlight) = (_inFlight, _waiting);
            _sendingSince = _listener.Timestamp;
            _sending.SetBuffer(_inFlight, 0, _waitingCount);
            _waitingCount = 0;
            return true;
        }
    }

    private void OnSent()
    {
        if (FinishSend())
        {
            Send();
        }
    }

    /// <summary>Draws the conclusion of a send.</summary>
    /// <returns>Whether more may be sent.</returns>
    private bool FinishSend()
    {
        if (_sending.SocketError is not SocketError.Success)
        {
            End(RtcTcpEnd.Broken);
            return false;
        }

        _listener.OnBytesSent(_sending.BytesTransferred);
        bool isOver;
        lock (_lock)
        {
            _sendingSince = Idle;
            isOver = _isClosing && _waitingCount == 0;
        }

        if (isOver)
        {
            End(RtcTcpEnd.ClosedByUs);
        }

        return !isOver;
    }
}
