using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Roomcast.Rtc;

namespace Roomcast.TestKit.Rtc;

/// <summary>Drives a <see cref="BrowserTransport"/> over a real socket, UDP or TCP as its <see cref="BrowserTransport.Protocol"/> says.</summary>
/// <remarks>
/// A thread of its own does the transport's work. Whoever else touches the transport does so in <see cref="Do"/>.
/// </remarks>
public sealed class BrowserSocket : IDisposable
{
    private const int PollUs = 2_000;

    private readonly BrowserTransport _browser;
    private readonly TimeProvider _clock;
    private readonly long _startedAt;
    private readonly Lock _lock = new();
    private readonly Socket _socket;
    private readonly Thread _thread;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly bool _isTcp;
    private int _buffered;
    private bool _isStopping;

    private BrowserSocket(BrowserTransport browser, Socket socket, TimeProvider clock, long startedAt)
    {
        _browser = browser;
        _clock = clock;
        _startedAt = startedAt;
        _isTcp = browser.Protocol is RtcProtocol.Tcp;
        _socket = socket;
        _thread = new Thread(Run) { IsBackground = true, Name = "browser" };
        _thread.Start();
    }

    /// <summary>The transport's time.</summary>
    public TimeSpan Now => _clock.GetElapsedTime(_startedAt);

    /// <summary>Applies the server's first answer, and connects to where it says.</summary>
    public static BrowserSocket Connect(BrowserTransport browser, string answerSdp, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(browser);
        clock ??= TimeProvider.System;
        var startedAt = clock.GetTimestamp();
        browser.ApplyAnswer(answerSdp, TimeSpan.Zero);
        var server = browser.ServerAddress!.Value.ToEndPoint();
        var isTcp = browser.Protocol is RtcProtocol.Tcp;
        var socket = new Socket(
            server.AddressFamily, isTcp ? SocketType.Stream : SocketType.Dgram, isTcp ? ProtocolType.Tcp : ProtocolType.Udp);
        if (isTcp)
        {
            socket.NoDelay = true;
        }
        else
        {
            socket.ReceiveBufferSize = 1 << 20;
            socket.Bind(new IPEndPoint(server.AddressFamily is AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0));
        }

        socket.Connect(server);
        return new BrowserSocket(browser, socket, clock, startedAt);
    }

    /// <summary>Uses the transport, while its thread does not.</summary>
    public T Do<T>(Func<BrowserTransport, TimeSpan, T> use)
    {
        ArgumentNullException.ThrowIfNull(use);
        lock (_lock)
        {
            return use(_browser, Now);
        }
    }

    /// <summary>Closes the connection with a goodbye, and the socket.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isStopping)
            {
                return;
            }

            _isStopping = true;
            _browser.Close();
            SendAll();
        }

        _thread.Join();
        _socket.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            var isReadable = _socket.Poll(PollUs, SelectMode.SelectRead);
            lock (_lock)
            {
                if (_isStopping)
                {
                    return;
                }

                try
                {
                    if (isReadable && !Receive())
                    {
                        return;
                    }

                    if (_browser.NextDeadline <= Now)
                    {
                        _browser.HandleDeadline(Now);
                    }

                    SendAll();
                }
                catch (SocketException)
                {
                    return; // The server is gone; the transport will notice by its own means.
                }
            }
        }
    }

    private bool Receive()
    {
        if (!_isTcp)
        {
            while (_socket.Available > 0)
            {
                var length = _socket.Receive(_buffer);
                _browser.Handle(_buffer[..length], Now);
            }

            return true;
        }

        var read = _socket.Receive(_buffer.AsSpan(_buffered));
        _buffered += read;
        var taken = 0;
        while (_buffered - taken >= 2)
        {
            // RFC 4571: each datagram behind its length.
            var length = BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(taken));
            if (_buffered - taken - 2 < length)
            {
                break;
            }

            _browser.Handle(_buffer.AsSpan(taken + 2, length).ToArray(), Now);
            taken += 2 + length;
        }

        _buffer.AsSpan(taken, _buffered - taken).CopyTo(_buffer);
        _buffered -= taken;
        return read > 0;
    }

    private void SendAll()
    {
        while (_browser.TryTake(out var datagram))
        {
            if (!_isTcp)
            {
                _socket.Send(datagram);
                continue;
            }

            var framed = new byte[datagram.Length + 2];
            BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)datagram.Length);
            datagram.CopyTo(framed, 2);
            _socket.Send(framed);
        }
    }
}
