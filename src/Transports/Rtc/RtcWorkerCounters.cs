namespace Roomcast.Transports.Rtc;

/// <summary>What a worker has met; written by its thread alone. Counts datagrams where nothing else is said.</summary>
internal sealed class RtcWorkerCounters
{
    /// <summary>Handed to the engine.</summary>
    public long Handled;

    /// <summary>From an address nobody knows, and no check for a known ufrag.</summary>
    public long UnknownSender;

    /// <summary>Checks that ask for a ufrag nobody has.</summary>
    public long UnknownUfrag;

    /// <summary>Checks from unknown addresses beyond the limits.</summary>
    public long TooManyChecks;

    /// <summary>Given to the worker that owns the path.</summary>
    public long HandedOver;

    /// <summary>Not queued for sending, because the queue was full.</summary>
    public long SendQueueFull;

    /// <summary>Queued for TCP connections.</summary>
    public long TcpSent;

    /// <summary>For TCP connections that are gone, or too slow.</summary>
    public long TcpUnsendable;

    /// <summary>Exceptions of the engine or of posted work.</summary>
    public long Faults;
}
