using Roomcast.Sfu.Producers;

namespace Roomcast.Meetings.Media;

/// <summary>A peer in a room. Belongs to the worker.</summary>
internal sealed class PeerState(string id)
{
    public string Id { get; } = id;

    /// <summary>What the tracks of its camera and microphone share at their receivers, so that they stay together in time.</summary>
    public string StreamId { get; } = Guid.NewGuid().ToString();

    /// <summary>The same of a shared screen and its sound.</summary>
    public string ScreenStreamId { get; } = Guid.NewGuid().ToString();

    public PeerTransport? FromPeer { get; set; }

    public PeerTransport? ToPeer { get; set; }

    /// <summary>Where what it sends comes from when it is the server's own; null for a peer with transports.</summary>
    public RoomSource? Source { get; set; }

    /// <summary>Whether it is sent no sound.</summary>
    public bool IsDeaf { get; set; }

    public List<ProducerState> Producers { get; } = new(4);

    /// <summary>What of its tracks has ended since it was measured.</summary>
    public EndedTracks Ended { get; } = new();

    public PeerTransport? TransportOf(TransportDirection direction) => direction is TransportDirection.FromPeer ? FromPeer : ToPeer;

    public void SetTransport(TransportDirection direction, PeerTransport? transport)
    {
        if (direction is TransportDirection.FromPeer)
        {
            FromPeer = transport;
        }
        else
        {
            ToPeer = transport;
        }
    }
}

/// <summary>A track of a peer. Belongs to the worker.</summary>
internal sealed class ProducerState(PeerState peer, string mid, MediaProducer described, Producer packets)
{
    public PeerState Peer { get; } = peer;

    public string Mid { get; } = mid;

    /// <summary>As others are told of it.</summary>
    public MediaProducer Described { get; set; } = described;

    public Producer Packets { get; } = packets;
}
