using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Roomcast.Rtc;

namespace Roomcast.Transports.Udp;

/// <summary>A UDP socket by the framework alone: one call for each datagram.</summary>
internal sealed class PortableUdpSocket : IUdpSocket
{
    private const int BatchLength = 32;
    private const int FamilyLength = 2;

    private readonly Socket _socket;
    private readonly Socket _wake;
    private readonly SocketAddress _from;
    private readonly SocketAddress _to;
    private readonly byte[] _buffers = GC.AllocateUninitializedArray<byte>(BatchLength * UdpLimits.BufferLength, pinned: true);
    private readonly (int Length, RtcAddress From)[] _received = new (int, RtcAddress)[BatchLength];
    private readonly List<Socket> _readable = new(2);
    private readonly List<Socket> _writable = new(1);
    private readonly byte[] _wakeByte = [1];
    private readonly bool _isIPv6;

    /// <summary>Takes over a bound socket.</summary>
    public PortableUdpSocket(Socket socket)
    {
        _socket = socket;
        _socket.Blocking = false;
        _isIPv6 = socket.AddressFamily is AddressFamily.InterNetworkV6;
        _from = new SocketAddress(socket.AddressFamily);
        _to = new SocketAddress(socket.AddressFamily);
        _to.Buffer.Span.Clear();
        new IPEndPoint(_isIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0).Serialize().Buffer.Span[..FamilyLength].CopyTo(_to.Buffer.Span);

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

        var microseconds = timeout is { } wait ? (int)Math.Clamp(wait.Ticks / TimeSpan.TicksPerMicrosecond, 0, int.MaxValue) : -1;
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

            _received[count++] = (length, Read(_from.Buffer.Span));
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

            if (TryWrite(entry.To))
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
    public void Wake() => _wake.Send(_wakeByte, SocketFlags.None, out _);

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _wake.Dispose();
    }

    /* The address structures of all systems agree behind the family:

        IPv4: | family:16 | port:16 | address: 4 bytes |
        IPv6: | family:16 | port:16 | flow:32 | address: 16 bytes | scope:32 |
    */
    private RtcAddress Read(ReadOnlySpan<byte> address)
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        return _isIPv6
            ? new RtcAddress(BinaryPrimitives.ReadUInt128BigEndian(address[8..]), port, RtcProtocol.Udp)
            : RtcAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(address[4..]), port);
    }

    private bool TryWrite(in RtcAddress to)
    {
        var address = _to.Buffer.Span;
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], to.Port);
        if (_isIPv6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(address[8..], to.Ip);
            return true;
        }

        BinaryPrimitives.WriteUInt32BigEndian(address[4..], (uint)to.Ip);
        return to.IsIPv4;
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
