using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Rtc;
using Roomcast.Rtc.Connection;
using Roomcast.Transports.Rtc;

namespace Roomcast.Transports.Tests.Rtc;

/// <summary>A host on a free loopback port whose engines echo, or do what the test says.</summary>
internal sealed class TestRtcHost : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public TestRtcHost(RtcHostOptions options, IPAddress? address = null, Func<RtcWorker, IRtcEngine>? engines = null, TimeProvider? clock = null)
    {
        Host = new RtcHost(
            new Factory(engines ?? (static worker => new EchoEngine(worker))), Options.Create(options), clock ?? TimeProvider.System, new RtcMetrics(Meters), NullLogger<RtcHost>.Instance);
        var sockets = RtcSockets.Bind(new IPEndPoint(address ?? IPAddress.Loopback, 0), options);
        EndPoint = new IPEndPoint(
            sockets.LocalEndPoint.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : sockets.LocalEndPoint.Address, sockets.LocalEndPoint.Port);
        Host.Start(sockets, publicAddress: null);
    }

    public RtcHost Host { get; }

    public IPEndPoint EndPoint { get; }

    public IMeterFactory Meters => _services.GetRequiredService<IMeterFactory>();

    public RtcWorker Worker => Host.Workers[0];

    /// <summary>A check as far as its way through the host is concerned: a binding request with a user name.</summary>
    public static byte[] Check(string ufrag)
    {
        var name = Encoding.ASCII.GetBytes(ufrag + ":peer");
        var padded = (name.Length + 3) & ~3;
        var message = new byte[20 + 4 + padded];
        BinaryPrimitives.WriteUInt16BigEndian(message, 0x0001);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)(4 + padded));
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), 0x2112_A442);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(20), 0x0006);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(22), (ushort)name.Length);
        name.CopyTo(message, 24);
        return message;
    }

    /// <summary>What looks like an RTP packet.</summary>
    public static byte[] Packet(int length, byte mark = 0)
    {
        var packet = new byte[length];
        packet.AsSpan().Fill(mark);
        packet[0] = 0x80;
        packet[1] = 96;
        return packet;
    }

    public Socket Client(IPAddress? address = null)
    {
        var socket = new Socket((address ?? EndPoint.Address).AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
        socket.Bind(new IPEndPoint(address ?? EndPoint.Address, 0));
        socket.Connect(new IPEndPoint(address ?? EndPoint.Address, EndPoint.Port));
        return socket;
    }

    public static async Task<byte[]> ReceiveAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(Patience);
        var buffer = new byte[4096];
        var length = await socket.ReceiveAsync(buffer, SocketFlags.None, limit.Token);
        return buffer[..length];
    }

    /// <summary>Sends a datagram and waits for what comes back.</summary>
    public static Task<byte[]> ExchangeAsync(Socket socket, byte[] datagram)
    {
        socket.Send(datagram);
        return ReceiveAsync(socket);
    }

    public static async Task UntilAsync(Func<bool> isTrue)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!isTrue())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await _services.DisposeAsync();
    }

    private sealed class Factory(Func<RtcWorker, IRtcEngine> make) : IRtcEngineFactory
    {
        public IRtcEngine Create(RtcWorker worker) => make(worker);
    }
}

/// <summary>An engine that does nothing, for tests to say otherwise.</summary>
internal abstract class EngineOfOne : IRtcEngine
{
    public virtual TimeSpan? NextDeadline { get; set; }

    public abstract void Handle(Span<byte> datagram, in RtcAddress from, TimeSpan now);

    public virtual void HandleDeadline(TimeSpan now)
    {
    }

    public void Flush(IDatagramSink sink)
    {
    }

    public virtual void OnPathClosed(in RtcAddress path)
    {
    }
}

/// <summary>Takes every check as passed, and sends everything back.</summary>
internal sealed class EchoEngine(RtcWorker worker) : EngineOfOne
{
    private int _closedCount;

    /// <summary>The TCP paths that have ended.</summary>
    public int ClosedCount => Volatile.Read(ref _closedCount);

    public override void Handle(Span<byte> datagram, in RtcAddress from, TimeSpan now)
    {
        if (RtcDatagram.KindOf(datagram) is RtcDatagramKind.Stun)
        {
            worker.AddPath(from);
        }

        var room = worker.Sink.Reserve(datagram.Length);
        if (room.Length >= datagram.Length)
        {
            datagram.CopyTo(room);
            worker.Sink.Commit(datagram.Length, from);
        }
    }

    public override void OnPathClosed(in RtcAddress path)
    {
        Interlocked.Increment(ref _closedCount);
    }
}
