using System.Net;
using System.Net.Sockets;
using Roomcast.Rtc;
using Roomcast.Rtc.Clients;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Rtcp;

namespace Roomcast.Client.Media;

/// <summary>Where a transport, a UDP socket and a clock meet.</summary>
/// <remarks>Thread-safe: whoever uses the transport does so in <see cref="Do{T}"/>. Frames are handed out inside, in their order.</remarks>
internal sealed class TransportPump : IDisposable
{
    private static readonly Lazy<DtlsIdentity> Identity = new(() => DtlsIdentity.Create(TimeProvider.System.GetUtcNow()));
    private static readonly TimeSpan Soonest = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly ClientTransport _transport;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly Socket _socket;
    private readonly ITimer _timer;
    private readonly Action<ReceivedMediaFrame> _onFrame;
    private readonly Action<RtcCloseReason> _onClosed;
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RtcAddress _lastTo;
    private IPEndPoint? _lastEndPoint;
    private bool _isReading;
    private bool _isDisposed;

    public TransportPump(bool isSending, TimeProvider time, Action<ReceivedMediaFrame> onFrame, Action<RtcCloseReason> onClosed)
    {
        _time = time;
        _startedAt = time.GetTimestamp();
        _onFrame = onFrame;
        _onClosed = onClosed;
        _transport = new ClientTransport(isSending, Identity.Value, NtpTime.From(time.GetUtcNow()));
        _socket = Open();
        _timer = time.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Completes when media can flow; fails when that cannot be.</summary>
    public Task Connected => _connected.Task;

    /// <summary>What the server calls it.</summary>
    public string Id { get; set; } = "";

    /// <summary>Where it stands.</summary>
    public RtcConnectionState State
    {
        get
        {
            lock (_lock)
            {
                return _isDisposed ? RtcConnectionState.Closed : _transport.State;
            }
        }
    }

    /// <summary>The transport's time.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_startedAt);

    /// <summary>Uses the transport, and sends what comes of it.</summary>
    public T Do<T>(Func<ClientTransport, TimeSpan, T> use)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var result = use(_transport, Now);
            Drain();
            return result;
        }
    }

    /// <summary>Sends a frame; false when the transport is not connected, or over.</summary>
    public bool Send(SendingTrack track, ReadOnlySpan<byte> frame, TimeSpan sampledAt, byte? audioLevel, int rotationDegrees)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return false;
            }

            var isSent = _transport.Send(track, frame, sampledAt, audioLevel, rotationDegrees);
            Drain();
            return isSent;
        }
    }

    /// <summary>Has a keyframe asked for. To be called where frames are handed out: it leaves with what is sent next.</summary>
    public void RequestKeyframe(string mid)
    {
        lock (_lock)
        {
            _transport.RequestKeyframe(mid, Now);
        }
    }

    /// <summary>Says goodbye and ends.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _transport.Close();
            Drain();
            _isDisposed = true;
            _transport.Dispose();
        }

        _connected.TrySetException(new RealtimeKitException(RealtimeKitError.MediaFailed, "The media transport was closed."));
        _ = _connected.Task.Exception; // Nobody need have waited.
        _timer.Dispose();
        _socket.Dispose();
    }

    private static Socket Open()
    {
        if (Socket.OSSupportsIPv6)
        {
            var both = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                both.DualMode = true;
                both.ReceiveBufferSize = 1 << 20;
                both.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
                return both;
            }
            catch (SocketException)
            {
                both.Dispose(); // Compiled in, and switched off.
            }
        }

        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
        socket.Bind(new IPEndPoint(IPAddress.Any, 0));
        return socket;
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[2_048];
        var any = new IPEndPoint(_socket.AddressFamily is AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (true)
        {
            SocketReceiveFromResult received;
            try
            {
                received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, any).ConfigureAwait(false);
            }
            catch (SocketException fault) when (fault.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionRefused or SocketError.MessageSize)
            {
                continue; // Somebody sent too much, or nobody listens there; ICE finds out by its own means.
            }
            catch (Exception fault) when (fault is ObjectDisposedException or SocketException or OperationCanceledException)
            {
                return;
            }

            var from = (IPEndPoint)received.RemoteEndPoint;
            lock (_lock)
            {
                if (_isDisposed)
                {
                    return;
                }

                _transport.Handle(buffer.AsSpan(0, received.ReceivedBytes), RtcAddress.From(from.Address, from.Port), Now);
                Drain();
            }
        }
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            if (_transport.NextDeadline <= Now)
            {
                _transport.HandleDeadline(Now);
            }

            Drain();
        }
    }

    private void Drain()
    {
        while (_transport.TryTakeDatagram(out var to, out var datagram))
        {
            if (_lastEndPoint is null || to != _lastTo)
            {
                _lastTo = to;
                _lastEndPoint = to.ToEndPoint();
            }

            try
            {
                _socket.SendTo(datagram, SocketFlags.None, _lastEndPoint);
            }
            catch (SocketException)
            {
                // As good as lost on the way.
            }
        }

        while (_transport.TryTakeFrame(out var frame))
        {
            _onFrame(frame);
        }

        while (_transport.TryTakeEvent(out var happened))
        {
            Note(happened);
        }

        if (!_isReading && _transport.NextDeadline is not null)
        {
            _isReading = true;
            _ = Task.Run(ReadAsync);
        }

        if (_transport.NextDeadline is { } next)
        {
            var wait = next - Now;
            _timer.Change(wait > Soonest ? wait : Soonest, Timeout.InfiniteTimeSpan);
        }
    }

    private void Note(RtcEvent happened)
    {
        if (happened.Kind is RtcEventKind.Connected)
        {
            _connected.TrySetResult();
        }
        else if (happened.Kind is RtcEventKind.Closed)
        {
            _connected.TrySetException(new RealtimeKitException(RealtimeKitError.MediaFailed, $"The media transport was not connected: {happened.Reason}."));
            _ = _connected.Task.Exception;
            var reason = happened.Reason;
            if (reason is not RtcCloseReason.ClosedByUs)
            {
                ThreadPool.QueueUserWorkItem(_ => _onClosed(reason));
            }
        }
    }
}
