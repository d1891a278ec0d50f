using Roomcast.Rtc;

namespace Roomcast.Transports.Rtc;

/// <summary>What a worker drives: the connections of the sessions it owns. All members are called on the worker's thread.</summary>
/// <remarks>
/// <para>An engine tells the worker what to bring it: <see cref="RtcWorker.AddUfrag"/> when a transport is made, and
/// <see cref="RtcWorker.AddPath"/> for each address from which a check of the transport has passed. A check (STUN request)
/// goes by the ufrag it asks for, from wherever it comes; anything else goes by its address and is dropped when nobody has
/// added that.</para>
/// <para>What an engine sends it writes to <see cref="RtcWorker.Sink"/>, in any of these calls and in posted work. An
/// exception is logged and counted, and the worker goes on; an engine that wants to end the one session at fault catches it
/// itself.</para>
/// </remarks>
public interface IRtcEngine
{
    /// <summary>When <see cref="HandleDeadline"/> is to be called; null when nothing is timed. Asked after each batch of input.</summary>
    TimeSpan? NextDeadline { get; }

    /// <summary>Takes one UDP datagram, or one frame of a TCP connection. It may still have been on its way here when the engine
    /// took its path or ufrag back.</summary>
    /// <param name="datagram">1 to <see cref="RtcWorker.MaxDatagramLength"/> bytes; may be overwritten, and are lent for the call.</param>
    /// <param name="from">Where it came from. <see cref="RtcAddress.Protocol"/> tells UDP from TCP; a TCP path is one connection,
    /// whose peer's address and port are its own for as long as it lives.</param>
    /// <param name="now">Monotonic time, the same for all workers of the host.</param>
    void Handle(Span<byte> datagram, in RtcAddress from, TimeSpan now);

    /// <summary>Does what is due.</summary>
    void HandleDeadline(TimeSpan now);

    /// <summary>Hands over everything that still waits to be sent. Called after each batch of input, before the socket sends.</summary>
    /// <param name="sink">The worker's sink, the same that <see cref="RtcWorker.Sink"/> is.</param>
    void Flush(IDatagramSink sink);

    /// <summary>A TCP connection has ended. Its path was removed already; nothing can be sent on it.</summary>
    /// <param name="path">The path, added by this engine before.</param>
    void OnPathClosed(in RtcAddress path);
}

/// <summary>Makes the engine of each worker.</summary>
public interface IRtcEngineFactory
{
    /// <summary>Makes one; called once for each worker when the host is made, before any thread runs.</summary>
    IRtcEngine Create(RtcWorker worker);
}
