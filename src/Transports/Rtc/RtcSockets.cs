using System.Net;
using System.Net.Sockets;
using Roomcast.Transports.Udp;

namespace Roomcast.Transports.Rtc;

/// <summary>The sockets of the WebRTC port, bound: for each worker one of UDP, and one of TCP with the same number.</summary>
/// <remarks>Bound apart from the host, so that a server finds a busy port before it touches anything. Nothing is read yet.</remarks>
public sealed class RtcSockets : IDisposable
{
    private const int ReusePort = 15; // SO_REUSEPORT of Linux, with SOL_SOCKET.
    private const int SocketLevel = 1;
    private const int TriesForFreePort = 16;

    private readonly List<Socket> _udp = [];

    private RtcSockets(Socket tcp)
    {
        Tcp = tcp;
        LocalEndPoint = (IPEndPoint)tcp.LocalEndPoint!;
    }

    /// <summary>The address, with the port the system chose when 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint { get; }

    internal Socket Tcp { get; }

    internal IReadOnlyList<Socket> Udp => _udp;

    /// <summary>Binds them.</summary>
    /// <param name="address">IPv4 or IPv6; <c>::</c> takes IPv4 too. Port 0 lets the system choose one that both can have.</param>
    /// <param name="options">How many, and their buffers.</param>
    /// <exception cref="SocketException">The address is taken, not ours, or not allowed.</exception>
    public static RtcSockets Bind(IPEndPoint address, RtcHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(options);
        for (var tries = 1; ; tries++)
        {
            try
            {
                return BindOnce(address, options);
            }
            catch (SocketException fault) when (
                address.Port == 0 && tries < TriesForFreePort && fault.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                // The port that was free for TCP is not for UDP.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tcp.Dispose();
        foreach (var socket in _udp)
        {
            socket.Dispose();
        }
    }

    private static RtcSockets BindOnce(IPEndPoint address, RtcHostOptions options)
    {
        var tcp = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        RtcSockets sockets;
        try
        {
            Open(tcp, address);
            sockets = new RtcSockets(tcp);
        }
        catch
        {
            tcp.Dispose();
            throw;
        }

        try
        {
            // The first one is bound before it offers to share the port, so that the sockets of another process are in the way.
            for (var i = 0; i < options.WorkerCount; i++)
            {
                var udp = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                sockets._udp.Add(udp);
                if (i > 0)
                {
                    ShareThePort(udp);
                }

                Open(udp, sockets.LocalEndPoint);
                if (i == 0 && options.WorkerCount > 1)
                {
                    ShareThePort(udp);
                }

                udp.ReceiveBufferSize = options.SocketBufferBytes;
                udp.SendBufferSize = options.SocketBufferBytes;
            }

            return sockets;
        }
        catch
        {
            sockets.Dispose();
            throw;
        }
    }

    private static void ShareThePort(Socket socket) =>
        socket.SetRawSocketOption(SocketLevel, ReusePort, BitConverter.GetBytes(1));

    private static void Open(Socket socket, IPEndPoint address)
    {
        if (address.Address.Equals(IPAddress.IPv6Any))
        {
            socket.DualMode = true;
        }

        socket.Bind(address);
    }
}
