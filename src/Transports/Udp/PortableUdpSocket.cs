using System.Net;
using System.Net.Sockets;
using Roomcast.Rtc;

namespace Roomcast.Transports.Udp;

/// <summary>A UDP socket by the framework alone: one call for each datagram.</summary>
internal sealed class PortableUdpSocket : IUdpSocket
{
    private const int BatchLength = 32;
    private const int MaxWaitMs = 60_000;

    private readonly Socket _socket;
    private readonly Socket _wake;
    private readonly SocketAddress _from;
    private readonly SocketAddress _to;
    private readonly byte[] _buffers = GC.AllocateUninitializedArray<byte>(BatchLength * UdpLimits.BufferLength, pinned: true);
    private readonly (int Length, RtcAddress From)[] _received = new (int, RtcAddress)[BatchLength];
    private readonly List<Socket> _readable = new(2);
    private readonly List<Socket> _writable = new(1);
    private readonly byte[] _wakeByte = [1];
    private readonly UdpAddress _addresses;

    /// <summary>Takes over a bound socket.</summary>
    public PortableUdpSocket(Socket socket)
    {
        _socket = socket;
        _socket.Blocking = false;
        _addresses = new UdpAddress(socket.AddressFamily);
        _from = new SocketAddress(socket.AddressFamily);
        _to = new SocketAddress(socket.AddressFamily);
        _addresses.Prepare(_to.Buffer.Span);

        // The framework has no event that a wait for sockets ends by, so a socket of our own that sends to itself is one.
        _wake = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        _wake.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _wake.Connect(_wake.LocalEndPoint!);
    }

    /// <inheritdoc/>
    public UdpCounters Counters { get; } = new();

    /// <inheritdoc/>
    public void Wait(TimeSpan? timeout, bool untilWritable)
    {
        _readable.Clear();
        _readable.Add(_socket);
        _readable.Add(_wake);
        _writable.Clear();
        if (untilWritable)
        {
            _writable.Add(_socket);
        }

        // In whole milliseconds and rounded up: the framework rounds down, and a wait of less than one would be a spin.
        var microseconds = timeout is { } wait ? (int)Math.Min(Math.Ceiling(wait.TotalMilliseconds), MaxWaitMs) * 1_000 : -1;
        Socket.Select(_readable, _writable, null, microseconds);
        if (_readable.Contains(_wake))
        {
            Span<byte> bytes = stackalloc byte[1];
            while (_wake.Available > 0)
            {
                _wake.Receive(bytes, SocketFlags.None, out _);
            }
        }
    }

    /// <inheritdoc/>
    public int Receive()
    {
        var count = 0;
        for (var reads = 0; reads < BatchLength; reads++)
        {
            // Asking first is cheaper than the exception that an empty socket answers with.
            if (!_socket.Poll(0, SelectMode.SelectRead))
            {
                break;
            }

            var buffer = _buffers.AsSpan(count * UdpLimits.BufferLength, UdpLimits.BufferLength);
            int length;
            try
            {
                length = _socket.ReceiveFrom(buffer, SocketFlags.None, _from);
            }
            catch (SocketException)
            {
                // Nothing there after all, too long (Windows), or the echo of something sent to a closed port (Windows).
                Counters.BadLength++;
                continue;
            }

            Counters.Received++;
            Counters.ReceivedBytes += length;
            if (length is 0 or UdpLimits.BufferLength)
            {
                Counters.BadLength++;
                continue;
            }

            _received[count++] = (length, _addresses.Read(_from.Buffer.Span));
        }

        return count;
    }

    /// <inheritdoc/>
    public Span<byte> Received(int index, out RtcAddress from)
    {
        from = _received[index].From;
        return _buffers.AsSpan(index * UdpLimits.BufferLength, _received[index].Length);
    }

    /// <inheritdoc/>
    public bool Send(SendQueue queue)
    {
        foreach (ref var entry in queue.Entries)
        {
            if (entry.Length == 0)
            {
                continue;
            }

            if (_addresses.TryWrite(_to.Buffer.Span, entry.To))
            {
                try
                {
                    Counters.SendCalls++;
                    _socket.SendTo(queue.Bytes.AsSpan(entry.Start, entry.Length), SocketFlags.None, _to);
                    Counters.Sent++;
                    Counters.SentBytes += entry.Length;
                }
                catch (SocketException fault) when (fault.SocketErrorCode is SocketError.WouldBlock)
                {
                    queue.RemoveSent();
                    return false;
                }
                catch (SocketException)
                {
                    Counters.Unsendable++;
                }
            }
            else
            {
                Counters.Unsendable++;
            }

            entry.Length = 0;
        }

        queue.Clear();
        return true;
    }

    /// <inheritdoc/>
    public void Wake()
    {
        try
        {
            _wake.Send(_wakeByte, SocketFlags.None, out _);
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _wake.Dispose();
    }
}

/// <summary>Numbers that both forms of the UDP socket share.</summary>
internal static class UdpLimits
{
    /// <summary>Bytes of room for a datagram that arrives. One that fills it is taken as cut off.</summary>
    public const int BufferLength = 2048;

    /// <summary>Longest datagram that is passed on, in bytes.</summary>
    public const int MaxDatagramLength = BufferLength - 1;
}
