using Microsoft.Extensions.Logging;
using Roomcast.Rtc;
using Roomcast.Rtc.Connection;
using Roomcast.Transports.Udp;

namespace Roomcast.Transports.Rtc;

/// <summary>One thread with one UDP socket, and the engine whose connections it drives.</summary>
/// <remarks>
/// A turn takes a batch from the socket, then of what other threads handed over, then of posted work, then what is due, each
/// bounded, so that none starves another; then the engine is flushed and the socket sends. A packet is never held back to
/// wait for others: a batch is what came in while the last one was worked on.
/// </remarks>
public sealed class RtcWorker
{
    /// <summary>Longest datagram that is received or sent, in bytes.</summary>
    public const int MaxDatagramLength = UdpLimits.MaxDatagramLength;

    private const int HandOversPerTurn = 64;
    private const int WorkPerTurn = 32;
    private static readonly TimeSpan WaitAfterFault = TimeSpan.FromMilliseconds(10);

    private readonly RtcHost _host;
    private readonly RtcHostOptions _options;
    private readonly ILogger _logger;
    private readonly HandOverQueue _handedOver;
    private readonly Queue<Action<TimeSpan>> _posted = new();
    private readonly Queue<RtcAddress> _closedPaths = new();
    private readonly RtcSink _sink;
    private readonly CheckLimiter _checks;
    private IUdpSocket? _socket;
    private Thread? _thread;
    private int _isSignalled;
    private bool _isStopping;
    private bool _isSocketFull;

    internal RtcWorker(RtcHost host, int index, RtcHostOptions options, IRtcEngineFactory engines, ILogger logger)
    {
        _host = host;
        _options = options;
        _logger = logger;
        Index = index;
        _handedOver = new HandOverQueue(options.MaxHandedOver);
        _checks = new CheckLimiter(options.ChecksPerAddress, options.ChecksPerWorker);
        _sink = new RtcSink(host.Tcp, Counters, SendNow);
        Engine = engines.Create(this);
    }

    /// <summary>Its place among the host's workers, from 0.</summary>
    public int Index { get; }

    /// <summary>What its factory made.</summary>
    public IRtcEngine Engine { get; }

    /// <summary>Takes datagrams to be sent, at any time on the worker's thread.</summary>
    public IDatagramSink Sink => _sink;

    /// <summary>Whether the caller is on the worker's thread.</summary>
    public bool IsCurrentThread => Thread.CurrentThread == _thread;

    internal RtcWorkerCounters Counters { get; } = new();

    internal UdpCounters? UdpCounters => _socket?.Counters;

    internal long HandOversDropped => _handedOver.Dropped;

    /// <summary>Lets the worker do something on its thread, in the order posted, and wakes it. Thread-safe.</summary>
    /// <param name="work">What to do; it is handed the time. An exception is logged and counted.</param>
    /// <returns>False when too much waits already or the host has stopped; the work will not be done.</returns>
    /// <remarks>What is posted before the host starts is done when it does.</remarks>
    public bool TryPost(Action<TimeSpan> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        lock (_posted)
        {
            if (_isStopping || _posted.Count >= _options.MaxPosted)
            {
                return false;
            }

            _posted.Enqueue(work);
        }

        Signal();
        return true;
    }

    /// <summary>Checks that ask for this ufrag come to this worker from now on. Thread-safe.</summary>
    /// <param name="ufrag">Our own fragment of a transport, as its description tells it.</param>
    public void AddUfrag(string ufrag)
    {
        ArgumentNullException.ThrowIfNull(ufrag);
        _host.Directory.AddUfrag(ufrag, this);
    }

    /// <summary>Checks that ask for this ufrag are dropped from now on. Thread-safe.</summary>
    public void RemoveUfrag(string ufrag)
    {
        ArgumentNullException.ThrowIfNull(ufrag);
        _host.Directory.RemoveUfrag(ufrag, this);
    }

    /// <summary>What comes from this address comes to this worker from now on; to be called when a check has passed from it.
    /// Adding again is harmless.</summary>
    /// <param name="path">UDP or TCP.</param>
    /// <returns>False for a TCP connection that has ended.</returns>
    public bool AddPath(in RtcAddress path)
    {
        if (path.Protocol is RtcProtocol.Tcp)
        {
            return _host.Tcp.TryAddPath(path, this);
        }

        _host.Directory.AddPath(path, this);
        return true;
    }

    /// <summary>What comes from this address is dropped from now on. A TCP connection is closed once what waits has been sent.</summary>
    public void RemovePath(in RtcAddress path)
    {
        if (_host.Directory.RemovePath(path, this) && path.Protocol is RtcProtocol.Tcp && _host.Tcp.TryFind(path, out var connection))
        {
            connection.Close();
        }
    }

    /// <summary>Begins.</summary>
    internal void Start(IUdpSocket socket)
    {
        _socket = socket;
        _sink.Open();
        _thread = new Thread(Run) { IsBackground = true, Name = $"rtc {Index}" };
        _thread.Start();
    }

    /// <summary>Takes no more work, and ends once what was posted is done and sent.</summary>
    internal void Stop()
    {
        lock (_posted)
        {
            _isStopping = true;
        }

        Signal();
    }

    /// <summary>Waits until the thread has ended, and closes the socket.</summary>
    /// <returns>False when that takes longer than allowed.</returns>
    internal bool Join(TimeSpan timeout)
    {
        if (_thread?.Join(timeout) is false)
        {
            return false;
        }

        _socket?.Dispose();
        return true;
    }

    /// <summary>Gives the worker a datagram that came in elsewhere. Thread-safe.</summary>
    internal void HandOver(ReadOnlySpan<byte> datagram, in RtcAddress from)
    {
        if (_handedOver.TryAdd(datagram, from))
        {
            Signal();
        }
    }

    /// <summary>Tells the worker that a TCP connection of its engine has ended. Thread-safe.</summary>
    internal void PathClosed(in RtcAddress path)
    {
        // Bounded by the number of connections, each of which ends once.
        lock (_closedPaths)
        {
            _closedPaths.Enqueue(path);
        }

        Signal();
    }

    private void SendNow()
    {
        _sink.SendTcp();
        if (!_isSocketFull && !_sink.Queue.IsEmpty)
        {
            _isSocketFull = !_socket!.Send(_sink.Queue);
        }
    }

    /// <summary>Ends the wait of the thread, once for each turn at most.</summary>
    private void Signal()
    {
        if (Interlocked.Exchange(ref _isSignalled, 1) == 0)
        {
            _socket?.Wake();
        }
    }

    private void Run()
    {
        try
        {
            while (!MayEnd())
            {
                _socket!.Wait(TimeUntilDue(), untilWritable: _isSocketFull);
                _isSocketFull = false;
                Interlocked.Exchange(ref _isSignalled, 0);
                Turn();
            }
        }
        catch (Exception fault)
        {
            // The engine's faults do not come here; this is the socket's end, or a mistake in this class.
            RtcLog.WorkerEnded(_logger, fault, Index);
        }
    }

    private void Turn()
    {
        var now = _host.Now;
        var count = _socket!.Receive();
        for (var i = 0; i < count; i++)
        {
            var datagram = _socket.Received(i, out var from);
            Route(datagram, from, now);
        }

        TakeHandedOver(now);
        TakeClosedPaths();
        TakePosted(now);
        HandleDue(now);
        Flush();
        SendNow();
    }

    private void Route(Span<byte> datagram, in RtcAddress from, TimeSpan now)
    {
        var owner = _host.Directory.FindPath(from);
        if (RtcDatagram.KindOf(datagram) is RtcDatagramKind.Stun)
        {
            owner = RouteCheck(datagram, from, owner, now);
        }
        else if (owner is null)
        {
            Counters.UnknownSender++;
        }

        if (owner == this)
        {
            Handle(datagram, from, now);
        }
        else if (owner is not null)
        {
            Counters.HandedOver++;
            owner.HandOver(datagram, from);
        }
    }

    // A check goes where its ufrag is, whoever had its address before: a NAT may give an old address to a new peer.
    private RtcWorker? RouteCheck(ReadOnlySpan<byte> datagram, in RtcAddress from, RtcWorker? owner, TimeSpan now)
    {
        if (!RtcDatagram.TryReadAskedUfrag(datagram, out var ufrag))
        {
            Counters.UnknownSender += owner is null ? 1 : 0;
            return owner;
        }

        if (owner is null && !_checks.TryTake(from, now))
        {
            Counters.TooManyChecks++;
            return null;
        }

        if (_host.Directory.FindUfrag(ufrag) is { } asked)
        {
            return asked;
        }

        Counters.UnknownUfrag++;
        return null;
    }

    private void Handle(Span<byte> datagram, in RtcAddress from, TimeSpan now)
    {
        try
        {
            Counters.Handled++;
            Engine.Handle(datagram, from, now);
        }
        catch (Exception fault)
        {
            OnFault(fault);
        }
    }

    private void TakeHandedOver(TimeSpan now)
    {
        for (var i = 0; i < HandOversPerTurn && _handedOver.TryPeek(out var datagram, out var from); i++)
        {
            Handle(datagram, from, now);
            _handedOver.Remove();
        }

        if (_handedOver.Count > 0)
        {
            Signal();
        }
    }

    private void TakeClosedPaths()
    {
        while (true)
        {
            RtcAddress path;
            lock (_closedPaths)
            {
                if (!_closedPaths.TryDequeue(out path))
                {
                    return;
                }
            }

            try
            {
                Engine.OnPathClosed(path);
            }
            catch (Exception fault)
            {
                OnFault(fault);
            }
        }
    }

    private void TakePosted(TimeSpan now)
    {
        for (var i = 0; i < WorkPerTurn; i++)
        {
            Action<TimeSpan>? work;
            lock (_posted)
            {
                if (!_posted.TryDequeue(out work))
                {
                    return;
                }
            }

            try
            {
                work(now);
            }
            catch (Exception fault)
            {
                OnFault(fault);
            }
        }

        Signal();
    }

    private void HandleDue(TimeSpan now)
    {
        try
        {
            if (Engine.NextDeadline <= now)
            {
                Engine.HandleDeadline(now);
            }
        }
        catch (Exception fault)
        {
            OnFault(fault);
        }
    }

    private void Flush()
    {
        try
        {
            Engine.Flush(_sink);
        }
        catch (Exception fault)
        {
            OnFault(fault);
        }
    }

    private TimeSpan? TimeUntilDue()
    {
        try
        {
            if (Engine.NextDeadline is not { } deadline)
            {
                return null;
            }

            // Compared first: a deadline that lies before all times, or behind them, is no reason to overflow.
            var now = _host.Now;
            return deadline > now ? deadline - now : TimeSpan.Zero;
        }
        catch (Exception fault)
        {
            OnFault(fault);
            return WaitAfterFault;
        }
    }

    private bool MayEnd()
    {
        if (!Volatile.Read(ref _isStopping))
        {
            return false;
        }

        lock (_posted)
        {
            return _posted.Count == 0;
        }
    }

    private void OnFault(Exception fault)
    {
        // One line for each power of two, so that a fault with every packet does not fill the disk.
        Counters.Faults++;
        if (long.IsPow2(Counters.Faults))
        {
            RtcLog.EngineFaulted(_logger, fault, Index, Counters.Faults);
        }
    }
}
