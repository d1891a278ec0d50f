using Roomcast.Rtc;
using Roomcast.Transports.Udp;

namespace Roomcast.Transports.Rtc;

/// <summary>Gathers what a worker's engine sends: UDP datagrams in the queue of the socket, TCP ones at their connections.</summary>
/// <param name="tcp">The connections.</param>
/// <param name="counters">Counts what is dropped.</param>
/// <param name="send">Sends what has gathered, as far as the socket takes it.</param>
internal sealed class RtcSink(RtcTcpListener tcp, RtcWorkerCounters counters, Action send) : IDatagramSink
{
    private const int MaxQueuedBytes = 4 << 20;
    private const int MaxQueued = 8192;

    // More gathered at once would only leave the processor's cache.
    private const int SendAtBytes = 1 << 20;
    private const int SendAt = SendRuns.MaxDatagrams;

    private readonly List<RtcTcpConnection> _listed = [];

    /// <summary>What waits for the UDP socket.</summary>
    public SendQueue Queue { get; private set; } = new(0, 0);

    /// <summary>Makes the queue; done late, as a host that never starts needs none.</summary>
    public void Open() => Queue = new SendQueue(MaxQueuedBytes, MaxQueued);

    /// <inheritdoc/>
    public Span<byte> Reserve(int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxLength, RtcWorker.MaxDatagramLength);
        if (Queue.Count >= SendAt || Queue.WrittenBytes >= SendAtBytes)
        {
            send();
        }

        var room = Queue.Reserve(maxLength);
        if (room.IsEmpty)
        {
            counters.SendQueueFull++;
        }

        return room;
    }

    /// <inheritdoc/>
    public void Commit(int length, in RtcAddress to)
    {
        if (to.Protocol is RtcProtocol.Udp)
        {
            Queue.Commit(length, to);
            return;
        }

        if (!tcp.TryFind(to, out var connection) || !connection.TryAdd(Queue.Reserved(length)))
        {
            counters.TcpUnsendable++;
            return;
        }

        counters.TcpSent++;
        if (!connection.IsListed)
        {
            connection.IsListed = true;
            _listed.Add(connection);
        }
    }

    /// <summary>Lets the TCP connections send that were written to.</summary>
    public void SendTcp()
    {
        foreach (var connection in _listed)
        {
            connection.IsListed = false;
            connection.Send();
        }

        _listed.Clear();
    }
}
