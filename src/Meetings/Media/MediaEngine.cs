using System.Text;
using Microsoft.Extensions.Logging;
using Roomcast.Rtc;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Transports.Rtc;

namespace Roomcast.Meetings.Media;

/// <summary>The rooms of one worker: brings datagrams to their transports and deadlines to their rooms.</summary>
/// <remarks>
/// Belongs to the worker's thread, but for <see cref="TransportCount"/> and <see cref="Totals"/>. A datagram goes by its address once a check
/// has passed from there; a check goes by the ufrag it asks for, whoever had its address before. Nothing is allocated per packet.
/// </remarks>
internal sealed class MediaEngine : IRtcEngine
{
    private const int MaxUfragLength = 256;
    private static readonly TimeSpan TotalsInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<RtcAddress, PeerTransport> _byPath = [];
    private readonly Dictionary<string, PeerTransport> _byUfrag = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PeerTransport>.AlternateLookup<ReadOnlySpan<char>> _byUfragSpan;
    private readonly List<RoomState> _rooms = [];
    private readonly List<RoomState> _due = [];
    private readonly MediaMetrics _metrics;
    private readonly ILogger _logger;
    private int _transportCount;
    private long _strangers;
    private readonly MediaTotals _closedTotals = new();
    private TimeSpan? _totalsAt;

    public MediaEngine(IMediaWorker worker, DtlsIdentity identity, MediaMetrics metrics, ILogger logger)
    {
        Worker = worker;
        Identity = identity;
        _metrics = metrics;
        _logger = logger;
        _byUfragSpan = _byUfrag.GetAlternateLookup<ReadOnlySpan<char>>();
        metrics.Add(this);
    }

    public IMediaWorker Worker { get; }

    /// <summary>What we show to all peers.</summary>
    public DtlsIdentity Identity { get; }

    /// <summary>Transports of all its rooms. Thread-safe.</summary>
    public int TransportCount => Volatile.Read(ref _transportCount);

    /// <summary>Rooms that were given to it; guarded by <see cref="MediaRooms"/>.</summary>
    public int RoomCount { get; set; }

    /// <summary>Which room is due next.</summary>
    public DeadlineHeap<RoomState> Deadlines { get; } = new();

    /// <summary>What its transports have met, as of a second ago at most. Thread-safe.</summary>
    public MediaTotals Totals { get; private set; } = new();

    /// <inheritdoc/>
    public TimeSpan? NextDeadline
    {
        get
        {
            var next = _totalsAt;
            return Deadlines.NextDeadline is { } due && (next is null || due < next) ? due : next;
        }
    }

    /// <inheritdoc/>
    public void Handle(Span<byte> datagram, in RtcAddress from, TimeSpan now)
    {
        var kind = RtcDatagram.KindOf(datagram);
        if (Find(datagram, kind, from) is not { } transport)
        {
            _strangers++;
            return;
        }

        try
        {
            if (kind is RtcDatagramKind.Stun)
            {
                HandleCheck(transport, datagram, from, now);
            }
            else
            {
                HandleMedia(transport, datagram, kind, from, now);
            }

            transport.Room.Touch();
        }
        catch (Exception fault)
        {
            Fail(transport, fault, now);
        }
    }

    /// <inheritdoc/>
    public void HandleDeadline(TimeSpan now)
    {
        _due.Clear();
        Deadlines.FindDue(now, _due);
        foreach (var room in _due)
        {
            if (room.IsClosed)
            {
                continue; // By what another has just done.
            }

            try
            {
                room.HandleDeadline(now);
            }
            catch (Exception fault)
            {
                Fail(room, fault, now);
            }
        }

        if (_totalsAt <= now)
        {
            TakeTotals(now);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Nothing waits here: all is written to the sink when it is made.</remarks>
    public void Flush(IDatagramSink sink)
    {
    }

    /// <inheritdoc/>
    public void OnPathClosed(in RtcAddress path)
    {
        if (_byPath.Remove(path, out var transport))
        {
            transport.RemovePath(path);
        }
    }

    public void Add(RoomState room, TimeSpan now)
    {
        _rooms.Add(room);
        Deadlines.Add(room);
        _totalsAt ??= now + TotalsInterval;
    }

    public void Remove(RoomState room, TimeSpan now)
    {
        _rooms.Remove(room);
        Deadlines.Remove(room);
        if (_rooms.Count == 0)
        {
            TakeTotals(now);
            _totalsAt = null;
        }
    }

    public void Add(PeerTransport transport)
    {
        _byUfrag.Add(transport.Ufrag, transport);
        Worker.AddUfrag(transport.Ufrag);
        Volatile.Write(ref _transportCount, _transportCount + 1);
    }

    /// <summary>Forgets a transport whose connection has ended, once its goodbye has been sent.</summary>
    public void Remove(PeerTransport transport)
    {
        if (!_byUfrag.Remove(transport.Ufrag))
        {
            return;
        }

        Worker.RemoveUfrag(transport.Ufrag);
        Volatile.Write(ref _transportCount, _transportCount - 1);
        foreach (var path in transport.Paths)
        {
            if (_byPath.TryGetValue(path, out var owner) && owner == transport)
            {
                _byPath.Remove(path);
                Worker.RemovePath(path);
            }
        }

        _closedTotals.Add(transport);
    }

    /// <summary>Ends a room after a fault of ours; the others go on.</summary>
    public void Fail(RoomState room, Exception fault, TimeSpan now)
    {
        MediaLog.RoomFailed(_logger, fault, room.Id);
        _metrics.RoomFailed();
        room.Fail(now);
    }

    /// <summary>Ends what a request was at that met a fault of ours. Whoever found the request that does it can make it again: it is to
    /// cost nobody else anything.</summary>
    /// <param name="room">The room.</param>
    /// <param name="asker">Who asked; null when it was no peer, and then nothing ends.</param>
    /// <param name="fault">The fault.</param>
    /// <param name="now">Monotonic time.</param>
    public void Fail(RoomState room, RoomAsker? asker, Exception fault, TimeSpan now)
    {
        MediaLog.RequestFailed(_logger, fault, asker?.PeerId, room.Id);
        _metrics.RequestFailed();
        try
        {
            if (asker is not null)
            {
                room.Fail(asker, now);
            }
        }
        catch (Exception further)
        {
            Fail(room, further, now);
        }
    }

    /// <summary>Ends a transport on which a datagram, or what was due, met a fault of ours. Whoever found the datagram that does it can
    /// send it again: it is to cost nobody else anything.</summary>
    public void Fail(PeerTransport transport, Exception fault, TimeSpan now)
    {
        try
        {
            MediaLog.TransportFailed(_logger, fault, transport.Id, transport.Room.Id);
            transport.Room.Fail(transport, now);
        }
        catch (Exception further)
        {
            Fail(transport.Room, further, now);
        }
    }

    internal MediaMetrics Metrics => _metrics;

    private void TakeTotals(TimeSpan now)
    {
        _totalsAt = now + TotalsInterval;
        var totals = _closedTotals.Copy();
        totals.Strangers = _strangers;
        foreach (var room in _rooms)
        {
            room.AddTo(totals);
        }

        Totals = totals;
    }

    private PeerTransport? Find(ReadOnlySpan<byte> datagram, RtcDatagramKind kind, in RtcAddress from)
    {
        if (kind is RtcDatagramKind.Stun && RtcDatagram.TryReadAskedUfrag(datagram, out var asked) && asked.Length <= MaxUfragLength)
        {
            Span<char> ufrag = stackalloc char[MaxUfragLength];
            var length = Encoding.ASCII.GetChars(asked, ufrag);
            return _byUfragSpan.TryGetValue(ufrag[..length], out var named) ? named : null;
        }

        return _byPath.TryGetValue(from, out var transport) ? transport : null;
    }

    private void HandleCheck(PeerTransport transport, Span<byte> datagram, in RtcAddress from, TimeSpan now)
    {
        var answered = transport.Connection.Counters.ChecksAnswered;
        transport.Connection.Handle(datagram, from, now);
        if (transport.Connection.Counters.ChecksAnswered > answered)
        {
            NotePath(transport, from);
        }

        transport.SendDatagrams();
        transport.Room.TakeEvents(transport, now);
    }

    private static void HandleMedia(PeerTransport transport, Span<byte> datagram, RtcDatagramKind kind, in RtcAddress from, TimeSpan now)
    {
        var received = transport.Connection.Handle(datagram, from, now);
        switch (received.Kind)
        {
            case RtcDatagramKind.Rtp:
                transport.Packets.HandleRtp(received.Packet, received.Header, now);
                return;

            case RtcDatagramKind.Rtcp:
                transport.Packets.HandleRtcp(received.Packet, now);
                return;
        }

        if (kind is RtcDatagramKind.Dtls)
        {
            transport.SendDatagrams();
            transport.Room.TakeEvents(transport, now);
        }
    }

    /// <summary>An address belongs to the transport on which the newest check from it has passed: NATs give addresses away again.</summary>
    private void NotePath(PeerTransport transport, in RtcAddress from)
    {
        if (_byPath.TryGetValue(from, out var owner))
        {
            if (owner == transport)
            {
                return;
            }

            owner.RemovePath(from);
        }

        if (!Worker.AddPath(from))
        {
            _byPath.Remove(from);
            return;
        }

        _byPath[from] = transport;
        if (transport.AddPath(from, out var dropped) && _byPath.Remove(dropped))
        {
            Worker.RemovePath(dropped);
        }
    }
}
