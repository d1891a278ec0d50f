namespace Roomcast.Transports.Rtc;

/// <summary>How the UDP sockets are driven.</summary>
public enum UdpForm
{
    /// <summary>Batched where the system can (Linux), else portable.</summary>
    Auto,

    /// <summary>One call of the framework's socket for each datagram. Works everywhere.</summary>
    Portable,

    /// <summary>Many datagrams for each system call (<c>recvmmsg</c>, <c>sendmmsg</c>, segmentation offload). Linux.</summary>
    Batched,
}

/// <summary>Limits of the WebRTC port.</summary>
public sealed class RtcHostOptions
{
    /// <summary>Worker threads, each with a UDP socket of its own on the one port, 0 to 64. 0: one for each core, 16 at most;
    /// 1 where several sockets cannot share a port.</summary>
    public int Threads { get; set; }

    /// <summary>How the UDP sockets are driven.</summary>
    public UdpForm Udp { get; set; }

    /// <summary>What the system may hold for each UDP socket in each direction, in bytes. The system's own limit
    /// (<c>net.core.rmem_max</c>) holds too.</summary>
    public int SocketBufferBytes { get; set; } = 4 << 20;

    /// <summary>Datagrams that may wait for a worker because they came in on another one's socket, or over TCP. Further ones are
    /// dropped and counted.</summary>
    public int MaxHandedOver { get; set; } = 1024;

    /// <summary>Pieces of work that may wait for a worker.</summary>
    public int MaxPosted { get; set; } = 16_384;

    /// <summary>Checks per second that one address (of IPv6 the /64) may send from ports no check has passed on; as many again
    /// in a burst. Further ones are dropped and counted.</summary>
    public int ChecksPerAddress { get; set; } = 200;

    /// <summary>The same of all addresses together, for each worker.</summary>
    public int ChecksPerWorker { get; set; } = 5_000;

    /// <summary>TCP connections at once.</summary>
    public int MaxTcpConnections { get; set; } = 2_000;

    /// <summary>Of these, connections of one address; an IPv6 /64 counts as one.</summary>
    public int MaxTcpConnectionsPerAddress { get; set; } = 200;

    /// <summary>Of these, connections of one address on which no check has passed yet.</summary>
    public int MaxUnprovenTcpPerAddress { get; set; } = 32;

    /// <summary>How long a TCP connection may take until a check has passed on it.</summary>
    public TimeSpan TcpHandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes that may wait for a TCP peer that reads slowly. Further datagrams are dropped and counted.</summary>
    public int TcpSendBytes { get; set; } = 256 << 10;

    /// <summary>A TCP peer that takes nothing for this long while something waits is disconnected.</summary>
    public TimeSpan TcpStallTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The number of workers that <see cref="Threads"/> stands for.</summary>
    internal int WorkerCount =>
        !SharesPorts ? 1 : Threads > 0 ? Threads : Math.Clamp(Environment.ProcessorCount, 1, 16);

    /// <summary>Whether <see cref="Udp"/> comes to the batched form here.</summary>
    internal bool IsBatched => Udp is UdpForm.Batched || (Udp is UdpForm.Auto && OperatingSystem.IsLinux() && Environment.Is64BitProcess);

    // Only Linux divides what arrives between the sockets of a port.
    private static bool SharesPorts => OperatingSystem.IsLinux();
}
