using Roomcast.Rtc;

namespace Roomcast.Transports.Rtc;

/// <summary>Takes datagrams to be sent, straight into the memory they are sent from. For the worker's thread.</summary>
/// <remarks>
/// What is committed is sent when the batch of input at hand is done, or earlier when much has gathered; in order for each
/// destination. The queue is bounded: when the socket (or the TCP connection) takes no more, the newest is dropped and counted.
/// </remarks>
public interface IDatagramSink
{
    /// <summary>Room for one datagram, to be filled and committed. Reserving again gives the room back.</summary>
    /// <param name="maxLength">1 to <see cref="RtcWorker.MaxDatagramLength"/> bytes.</param>
    /// <returns>At least so many bytes; empty when the queue is full, which counts as one dropped datagram.</returns>
    Span<byte> Reserve(int maxLength);

    /// <summary>Queues what was written to the last reserved room.</summary>
    /// <param name="length">Bytes written, 1 or more.</param>
    /// <param name="to">Where it goes, UDP or TCP. To a TCP connection that is gone it is dropped and counted.</param>
    void Commit(int length, in RtcAddress to);
}
