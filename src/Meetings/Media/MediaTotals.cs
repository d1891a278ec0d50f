namespace Roomcast.Meetings.Media;

/// <summary>What transports have met, added up. Each counts datagrams or packets since the process began.</summary>
internal sealed class MediaTotals
{
    public long Received { get; private set; }

    public long Sent { get; private set; }

    public long Malformed { get; private set; }

    public long FromUnknownAddress { get; private set; }

    public long BeforeKeys { get; private set; }

    public long Forged { get; private set; }

    public long Replayed { get; private set; }

    public long Refused { get; private set; }

    public long UnauthenticatedChecks { get; private set; }

    public long UnknownSource { get; private set; }

    public long WrongPayloadType { get; private set; }

    public long TooLong { get; private set; }

    public long NoRoom { get; private set; }

    public long Unprotected { get; private set; }

    public long Nacked { get; private set; }

    public long NacksSent { get; private set; }

    public long KeyframesWanted { get; private set; }

    public long KeyframeRequestsSent { get; private set; }

    /// <summary>Datagrams that belong to no transport.</summary>
    public long Strangers { get; set; }

    public int Connecting { get; private set; }

    public int Connected { get; private set; }

    public int Rooms { get; private set; }

    public int Peers { get; private set; }

    public int Producers { get; private set; }

    public int Consumers { get; private set; }

    public MediaTotals Copy() => (MediaTotals)MemberwiseClone();

    /// <summary>Adds what a transport has met.</summary>
    public void Add(PeerTransport transport)
    {
        var network = transport.Connection.Counters;
        var packets = transport.Packets.Counters;
        Received += packets.Received;
        Sent += packets.Sent;
        Malformed += network.Malformed + packets.MalformedRtcp;
        FromUnknownAddress += network.FromUnknownAddress;
        BeforeKeys += network.BeforeKeys;
        Forged += network.Forged;
        Replayed += network.Replayed;
        Refused += network.Refused;
        UnauthenticatedChecks += network.UnauthenticatedChecks;
        UnknownSource += packets.Unknown;
        WrongPayloadType += packets.WrongPayloadType;
        TooLong += packets.TooLong;
        NoRoom += packets.NoRoom;
        Unprotected += transport.Unprotected;
        Nacked += packets.Nacked;
        NacksSent += packets.NacksSent;
        KeyframesWanted += packets.KeyframesWanted;
        KeyframeRequestsSent += packets.KeyframeRequestsSent;
    }

    /// <summary>Adds what is there now of one room.</summary>
    public void AddRoom(int peers, int producers)
    {
        Rooms++;
        Peers += peers;
        Producers += producers;
    }

    /// <summary>Adds what is there now of one transport.</summary>
    public void AddOpen(bool isConnected, int consumers)
    {
        Connected += isConnected ? 1 : 0;
        Connecting += isConnected ? 0 : 1;
        Consumers += consumers;
    }
}
