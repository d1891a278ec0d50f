using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Roomcast.Transports.Tcp;

/// <summary>Why no more bytes come.</summary>
public enum TcpEnd
{
    /// <summary>They may still come.</summary>
    None,

    /// <summary>The peer has sent all it wanted to.</summary>
    PeerClosed,

    /// <summary>The network or the peer broke the connection off, or its TLS records are damaged.</summary>
    Broken,

    /// <summary>The peer let the time run out that it was given.</summary>
    Overdue,

    /// <summary>Our own side called <see cref="TcpConnection.Interrupt()"/>.</summary>
    Interrupted,
}

/// <summary>One accepted connection: bytes in, bytes out, and a time limit that its owner moves on.</summary>
/// <remarks>
/// One owner calls it, one receive and one send at a time; <see cref="Interrupt()"/> may come from anywhere. It looks for bytes
/// at the beat of its listener (<see cref="ListenOptions.ReceiveInterval"/>), and while nothing arrives it holds no buffer
/// and no thread.
/// </remarks>
public abstract class TcpConnection : IAsyncDisposable, IValueTaskSource
{
    private const int ReceiveBufferBytes = 64 << 10;

    // A connection that has brought nothing for so many beats is looked at only at every fifth.
    private const int BeatsUntilIdle = 25;
    private const int IdleBeats = 5;

    // A peer that is overdue and does not even take our last words is cut off after this time.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(3);

    private readonly TimeProvider _clock;
    private readonly ReceiveBeat _beat;
    private ManualResetValueTaskSourceCore<bool> _atBeat;
    private byte[]? _buffer;
    private long _deadline = long.MaxValue;
    private long _received;
    private long _sent;
    private int _end;
    private int _emptyBeats;
    private int _beatsToWait;
    private bool _mayHaveMore;
    private bool _isProven;

    private protected TcpConnection(Socket socket, TimeProvider clock, ReceiveBeat beat)
    {
        Socket = socket;
        _clock = clock;
        _beat = beat;
        RemoteEndPoint = (IPEndPoint)socket.RemoteEndPoint!;
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;

        // A receive must not wait, and a blocking one would register the socket with epoll.
        socket.Blocking = false;
    }

    /// <summary>The peer.</summary>
    public IPEndPoint RemoteEndPoint { get; }

    /// <summary>The address it was accepted on.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Whether it speaks TLS.</summary>
    public abstract bool IsEncrypted { get; }

    /// <summary>Bytes received, without those of TLS itself.</summary>
    public long BytesReceived => Interlocked.Read(ref _received);

    /// <summary>Bytes sent, without those of TLS itself.</summary>
    public long BytesSent => Interlocked.Read(ref _sent);

    /// <summary>Why no more bytes come; <c>None</c> while they may.</summary>
    public TcpEnd End => (TcpEnd)Volatile.Read(ref _end);

    /// <summary>Whether the owner has called <see cref="Prove"/>.</summary>
    internal bool IsProven => Volatile.Read(ref _isProven);

    /// <summary>Called once by <see cref="Prove"/>.</summary>
    internal Action? Proven { get; set; }

    private protected Socket Socket { get; }

    /// <summary>Gives the peer this much time from now for what it owes next; the limit before no longer counts.</summary>
    /// <param name="time">How long; the limit is noticed up to half a second late.</param>
    public void Allow(TimeSpan time) => Volatile.Write(ref _deadline, _clock.GetTimestamp() + ToTimestamp(time));

    /// <summary>Says that the peer is what it should be: it no longer counts as unproven in the quota.</summary>
    public void Prove()
    {
        if (!_isProven)
        {
            Volatile.Write(ref _isProven, true);
            Proven?.Invoke();
        }
    }

    /// <summary>Waits for bytes.</summary>
    /// <returns>Bytes, valid until the next call; none when no more come, and <see cref="End"/> then says why.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync()
    {
        try
        {
            while (End is TcpEnd.None)
            {
                if (!_mayHaveMore)
                {
                    ReturnBuffer();
                    await WaitAsync();
                    if (End is not TcpEnd.None)
                    {
                        break;
                    }
                }

                _buffer ??= ArrayPool<byte>.Shared.Rent(ReceiveBufferBytes);
                var count = await ReceiveAsync(_buffer);
                if (count > 0)
                {
                    Interlocked.Add(ref _received, count);
                    _mayHaveMore = count == _buffer.Length;
                    return _buffer.AsMemory(0, count);
                }

                _mayHaveMore = false;
                if (count == 0)
                {
                    EndWith(TcpEnd.PeerClosed);
                }
            }
        }
        catch (Exception fault) when (fault is SocketException or IOException or ObjectDisposedException)
        {
            EndWith(TcpEnd.Broken);
        }

        ReturnBuffer();
        return default;
    }

    /// <summary>Sends all of it. A failure shows as <see cref="End"/>.</summary>
    /// <param name="bytes">What to send; not to be changed before the call is over.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await SendAllAsync(bytes);
            Interlocked.Add(ref _sent, bytes.Length);
        }
        catch (Exception fault) when (fault is SocketException or IOException or ObjectDisposedException)
        {
            EndWith(TcpEnd.Broken);
        }
    }

    /// <summary>Lets a waiting receive end at the next beat, and no further one begin. Sending stays possible.</summary>
    public void Interrupt() => EndWith(TcpEnd.Interrupted);

    /// <summary>
    /// Closes so that what was sent arrives: says that no more comes, then takes and throws away what the peer still sends.
    /// A socket closed with unread bytes would make the peer's system throw away our last words.
    /// </summary>
    /// <param name="linger">Longest to wait for the peer to close.</param>
    public async ValueTask CloseAsync(TimeSpan linger)
    {
        try
        {
            Allow(linger);
            if (End is not TcpEnd.Broken)
            {
                await ShutdownAsync();
                _buffer ??= ArrayPool<byte>.Shared.Rent(ReceiveBufferBytes);
                while (_clock.GetTimestamp() < Volatile.Read(ref _deadline))
                {
                    var count = TryReceive(_buffer, SocketFlags.None);
                    if (count == 0)
                    {
                        break;
                    }

                    if (count < 0)
                    {
                        await NextBeatAsync();
                    }
                }
            }
        }
        catch (Exception fault) when (fault is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It is closing anyway.
        }

        await DisposeAsync();
    }

    /// <summary>Closes at once.</summary>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        EndWith(TcpEnd.Interrupted);
        Socket.Dispose();
        ReturnBuffer();
        return ValueTask.CompletedTask;
    }

    /// <summary>Called by the beat after <see cref="NextBeatAsync"/>: goes on with the connection on the caller's thread.</summary>
    internal void OnBeat()
    {
        if (--_beatsToWait > 0 && End is TcpEnd.None)
        {
            _beat.Enlist(this);
            return;
        }

        _atBeat.SetResult(true);
    }

    /// <summary>Ends a connection whose time has run out.</summary>
    internal void Sweep(long now)
    {
        var deadline = Volatile.Read(ref _deadline);
        if (now < deadline)
        {
            return;
        }

        EndWith(TcpEnd.Overdue);
        if (now - deadline > ToTimestamp(LastWords))
        {
            Socket.Dispose();
        }
    }

    /// <summary>Breaks the connection off, whoever is using it.</summary>
    internal void Abort()
    {
        EndWith(TcpEnd.Interrupted);
        Socket.Dispose();
    }

    void IValueTaskSource.GetResult(short token) => _atBeat.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _atBeat.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _atBeat.OnCompleted(continuation, state, token, flags);

    /// <summary>Waits until a receive may bring something, or the connection ends.</summary>
    private protected abstract ValueTask WaitAsync();

    /// <summary>Takes what has arrived: 0 bytes at the end, -1 when there is nothing after all.</summary>
    private protected abstract ValueTask<int> ReceiveAsync(Memory<byte> buffer);

    private protected abstract ValueTask SendAllAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Says that no more comes from us.</summary>
    private protected abstract ValueTask ShutdownAsync();

    /// <summary>Takes what the socket has: 0 bytes at its end, -1 when there is nothing yet.</summary>
    private protected int TryReceive(Span<byte> buffer, SocketFlags flags)
    {
        var count = Socket.Receive(buffer, flags, out var error);
        switch (error)
        {
            case SocketError.Success:
                _emptyBeats = 0;
                return count;
            case SocketError.WouldBlock:
                return -1;
            default:
                throw new SocketException((int)error);
        }
    }

    /// <summary>Waits for the next beat at which this connection is due. Only one may wait at a time.</summary>
    private protected ValueTask NextBeatAsync()
    {
        _beatsToWait = ++_emptyBeats <= BeatsUntilIdle ? 1 : IdleBeats;
        _atBeat.Reset();
        var next = new ValueTask(this, _atBeat.Version);
        _beat.Enlist(this);
        return next;
    }

    private void EndWith(TcpEnd end) => Interlocked.CompareExchange(ref _end, (int)end, (int)TcpEnd.None);

    private void ReturnBuffer()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private long ToTimestamp(TimeSpan time) => (long)(time.TotalSeconds * _clock.TimestampFrequency);
}
