using Roomcast.Rtc;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Srtp;
using Roomcast.Sfu.Routing;
using Roomcast.TestKit.Network;

namespace Roomcast.Sfu.Tests.Routing;

/// <summary>A client, the server's connection to it, and the router's transport on top.</summary>
internal sealed class LossyLeg : IPacketSink, IDisposable
{
    /// <summary>Longest packet before encryption, in bytes.</summary>
    public const int MaxPacketBytes = 1_500;

    private static readonly DtlsIdentity Identity = DtlsIdentity.Create(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));
    private static readonly RtcAddress ServerAddress = RtcAddress.FromIPv4(0xC6336401, 8844);
    private static readonly RtcAddress ClientAddress = RtcAddress.FromIPv4(0xC0000201, 5_000);

    private readonly int _seed;
    private NetworkEmulator<int> _toServer;
    private NetworkEmulator<int> _toClient;

    // Checks and handshakes come at random moments with random bytes. On a line of their own they leave what is lost of
    // the media to the seed alone.
    private readonly NetworkEmulator<int> _controlToServer;
    private readonly NetworkEmulator<int> _controlToClient;
    private readonly RtcConnection _server;
    private readonly RtcConnection _client;
    private readonly byte[] _room = new byte[MaxPacketBytes + RtcConnection.MaxOverhead];
    private TimeSpan _now;

    public LossyLeg(int seed, Router router, TimeSpan now)
    {
        _now = now;
        _seed = seed;
        _toServer = new NetworkEmulator<int>(seed, NetworkConditions.Perfect);
        _toClient = new NetworkEmulator<int>(seed + 1, NetworkConditions.Perfect);
        _controlToServer = new NetworkEmulator<int>(seed + 2, NetworkConditions.Perfect);
        _controlToClient = new NetworkEmulator<int>(seed + 3, NetworkConditions.Perfect);
        var server = IceCredentials.Create();
        var client = IceCredentials.Create();
        var options = new RtcConnectionOptions
        {
            LocalCredentials = server,
            RemoteCredentials = client,
            Identity = Identity,
            DtlsRole = DtlsRole.Server,
            RemoteFingerprint = Identity.Fingerprint,
        };
        _server = new RtcConnection(options, now);
        _client = new RtcConnection(
            options with { LocalCredentials = client, RemoteCredentials = server, IsControlling = true, DtlsRole = DtlsRole.Client },
            now);
        _client.AddRemoteCandidate(ServerAddress, 1, now);
        Extensions = TestSession.Extensions();
        Transport = router.AddTransport(this, new SfuTransportOptions { Extensions = Extensions, Bandwidth = new(StartBps: 4_000_000) }, now);
    }

    public SfuTransport Transport { get; }

    public Rtc.Rtp.Extensions.RtpExtensionMap Extensions { get; }

    /// <summary>Connects on a perfect network: without a wait, but for what the checks take.</summary>
    public void Connect(ref TimeSpan now)
    {
        for (var end = now + TimeSpan.FromSeconds(1); _client.State is not RtcConnectionState.Connected; now += TimeSpan.FromMilliseconds(1))
        {
            Assert.True(now < end, $"No connection: client {_client.State}, {_client.Counters}; server {_server.State}, {_server.Counters}.");
            Deliver(now, null, null);
        }
    }

    public void SetConditions(NetworkConditions conditions)
    {
        _toServer = new NetworkEmulator<int>(_seed, conditions);
        _toClient = new NetworkEmulator<int>(_seed + 1, conditions);
        _controlToServer.Conditions = conditions;
        _controlToClient.Conditions = conditions;
    }

    /// <summary>Changes the media's way to the client in midstream; what is under way stays so.</summary>
    public void SetDownlink(NetworkConditions conditions) => _toClient.Conditions = conditions;

    public Span<byte> Reserve(int length) =>
        _server.State is RtcConnectionState.Connected ? _room : default;

    public void Commit(Span<byte> room, int length, bool isRtcp)
    {
        var status = isRtcp ? _server.ProtectRtcp(_room, ref length) : _server.ProtectRtp(_room, ref length);
        Assert.Equal(SrtpStatus.Done, status);
        _toClient.Send(_room.AsSpan(0, length), 0, _now);
    }

    public void SendFromClient(byte[] packet, bool isRtcp, TimeSpan now)
    {
        var buffer = new byte[packet.Length + RtcConnection.MaxOverhead];
        packet.CopyTo(buffer, 0);
        var length = packet.Length;
        var status = isRtcp ? _client.ProtectRtcp(buffer, ref length) : _client.ProtectRtp(buffer, ref length);
        Assert.Equal(SrtpStatus.Done, status);
        _toServer.Send(buffer.AsSpan(0, length), 0, now);
    }

    public void Deliver(TimeSpan now, Action<byte[], bool>? rtcpToClient, Action<byte[], bool>? mediaToClient)
    {
        _now = now;
        Flush();
        while (_controlToServer.TryReceive(now, out var datagram, out _) || _toServer.TryReceive(now, out datagram, out _))
        {
            var received = _server.Handle(datagram, ClientAddress, now);
            if (received.Kind is RtcDatagramKind.Rtp)
            {
                Transport.HandleRtp(received.Packet, received.Header, now);
            }
            else if (received.Kind is RtcDatagramKind.Rtcp)
            {
                Transport.HandleRtcp(received.Packet, now);
            }

            Flush();
        }

        while (_controlToClient.TryReceive(now, out var datagram, out _) || _toClient.TryReceive(now, out datagram, out _))
        {
            var received = _client.Handle(datagram, ServerAddress, now);
            if (received.Kind is RtcDatagramKind.Rtp)
            {
                mediaToClient?.Invoke(received.Packet.ToArray(), false);
            }
            else if (received.Kind is RtcDatagramKind.Rtcp)
            {
                rtcpToClient?.Invoke(received.Packet.ToArray(), true);
            }

            Flush();
        }

        if (_server.NextDeadline <= now)
        {
            _server.HandleDeadline(now);
        }

        if (_client.NextDeadline <= now)
        {
            _client.HandleDeadline(now);
        }

        Flush();
    }

    public void Dispose()
    {
        _server.Dispose();
        _client.Dispose();
    }

    private void Flush()
    {
        while (_client.TryTakeDatagram(out _, out var datagram))
        {
            _controlToServer.Send(datagram, 0, _now);
        }

        while (_server.TryTakeDatagram(out _, out var datagram))
        {
            _controlToClient.Send(datagram, 0, _now);
        }
    }
}
