using Roomcast.Rtc;

namespace Roomcast.Transports.Udp;

/// <summary>One worker's UDP socket. Belongs to the worker's thread, but for <see cref="Wake"/>.</summary>
/// <remarks>Two forms: portable, and batched on Linux. Nothing is allocated per datagram.</remarks>
internal interface IUdpSocket : IDisposable
{
    /// <summary>What it has met.</summary>
    UdpCounters Counters { get; }

    /// <summary>Waits until something has arrived, <see cref="Wake"/> was called, or there is room to send.</summary>
    /// <param name="timeout">Longest to wait; null for as long as it takes. It may return earlier without a reason.</param>
    /// <param name="untilWritable">Whether room to send is waited for too.</param>
    void Wait(TimeSpan? timeout, bool untilWritable);

    /// <summary>Takes what has arrived, without waiting, up to a bounded number of datagrams.</summary>
    /// <returns>How many there are for <see cref="Received"/>.</returns>
    int Receive();

    /// <summary>One of the datagrams taken by the last <see cref="Receive"/>; lent until the next one.</summary>
    Span<byte> Received(int index, out RtcAddress from);

    /// <summary>Sends what waits, in order for each destination, and takes it out of the queue.</summary>
    /// <returns>False when the socket has no more room now; the rest stays in the queue.</returns>
    bool Send(SendQueue queue);

    /// <summary>Ends a wait, or the next one. Thread-safe.</summary>
    void Wake();
}

/// <summary>What a UDP socket has met. Counts datagrams, but for the bytes.</summary>
internal sealed class UdpCounters
{
    /// <summary>Datagrams that arrived.</summary>
    public long Received;

    /// <summary>Their bytes.</summary>
    public long ReceivedBytes;

    /// <summary>Of what arrived: longer than the buffer, or of no bytes. Dropped.</summary>
    public long BadLength;

    /// <summary>Datagrams sent.</summary>
    public long Sent;

    /// <summary>Their bytes.</summary>
    public long SentBytes;

    /// <summary>System calls that sent.</summary>
    public long SendCalls;

    /// <summary>Datagrams the system refused to send: no route, an address of the other family.</summary>
    public long Unsendable;
}
