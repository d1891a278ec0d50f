using Roomcast.Meetings.Media.Negotiation;
using Roomcast.Rtc;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Srtp;
using Roomcast.Sfu.Routing;

namespace Roomcast.Meetings.Media;

/// <summary>One transport of a peer: its descriptions, its connection, and its place in the router.</summary>
/// <remarks>Belongs to the worker. As the router's sink it encrypts packets in the memory they are sent from.</remarks>
internal sealed class PeerTransport : IPacketSink
{
    private readonly IMediaWorker _worker;
    private readonly List<RtcAddress> _paths = new(2);
    private readonly Dictionary<string, TimeSpan> _abandonedAt = new(StringComparer.Ordinal);

    public PeerTransport(
        IMediaWorker worker,
        RoomState room,
        PeerState peer,
        string id,
        TransportDirection direction,
        string ufrag,
        TransportNegotiation negotiation,
        RtcConnection connection,
        uint firstSsrc,
        TimeSpan now)
    {
        _worker = worker;
        Room = room;
        Peer = peer;
        Id = id;
        Direction = direction;
        Ufrag = ufrag;
        Negotiation = negotiation;
        Connection = connection;
        LastSsrc = firstSsrc;
        MadeAt = now;
        Packets = room.Router.AddTransport(this, new SfuTransportOptions { Extensions = negotiation.Extensions }, now);
    }

    public RoomState Room { get; }

    public PeerState Peer { get; }

    public string Id { get; }

    public TransportDirection Direction { get; }

    public string Ufrag { get; }

    public TransportNegotiation Negotiation { get; }

    public RtcConnection Connection { get; }

    public SfuTransport Packets { get; }

    public TimeSpan MadeAt { get; }

    /// <summary>Addresses from which a check has passed, oldest first.</summary>
    public IReadOnlyList<RtcAddress> Paths => _paths;

    /// <summary>Packets that could not be protected, which is a fault of ours.</summary>
    public long Unprotected { get; private set; }

    /// <summary>The encodings that the peer prefers, by section; null is the best.</summary>
    public Dictionary<string, string?> Preferences { get; } = new(StringComparer.Ordinal);

    private uint LastSsrc { get; set; }

    /// <summary>How long a section's track has been known to have ended; counted from the first time this is asked.</summary>
    public TimeSpan AbandonedFor(string mid, TimeSpan now)
    {
        if (!_abandonedAt.TryGetValue(mid, out var since))
        {
            _abandonedAt.Add(mid, now);
            since = now;
        }

        return now - since;
    }

    /// <summary>A source that has not been used on this transport: one used twice would use its keys' nonces twice.</summary>
    public uint NextSsrc()
    {
        LastSsrc = unchecked(LastSsrc + 1);
        LastSsrc += LastSsrc <= 1 ? 2u : 0; // 1 is what our reports come from.
        return LastSsrc;
    }

    /// <summary>Notes an address.</summary>
    /// <param name="path">From which a check has passed.</param>
    /// <param name="dropped">The oldest, when it had to give way.</param>
    /// <returns>Whether one had to.</returns>
    public bool AddPath(in RtcAddress path, out RtcAddress dropped)
    {
        dropped = default;
        var isFull = _paths.Count == MediaLimits.Paths;
        if (isFull)
        {
            var oldest = _paths[0] == Connection.Path ? 1 : 0;
            dropped = _paths[oldest];
            _paths.RemoveAt(oldest);
        }

        _paths.Add(path);
        return isFull;
    }

    /// <summary>Forgets an address.</summary>
    public void RemovePath(in RtcAddress path) => _paths.Remove(path);

    /// <summary>Sends what ICE and DTLS have to say.</summary>
    public void SendDatagrams()
    {
        while (Connection.TryTakeDatagram(out var to, out var datagram))
        {
            var room = _worker.Sink.Reserve(datagram.Length);
            if (!room.IsEmpty)
            {
                datagram.CopyTo(room);
                _worker.Sink.Commit(datagram.Length, to);
            }
        }
    }

    /// <inheritdoc/>
    public Span<byte> Reserve(int length) =>
        Connection is { State: RtcConnectionState.Connected, Path: not null }
            ? _worker.Sink.Reserve(length + RtcConnection.MaxOverhead)
            : default;

    /// <inheritdoc/>
    public void Commit(Span<byte> room, int length, bool isRtcp)
    {
        var status = isRtcp ? Connection.ProtectRtcp(room, ref length) : Connection.ProtectRtp(room, ref length);
        if (status is SrtpStatus.Done && Connection.Path is { } path)
        {
            _worker.Sink.Commit(length, path);
        }
        else
        {
            Unprotected++;
        }
    }
}
