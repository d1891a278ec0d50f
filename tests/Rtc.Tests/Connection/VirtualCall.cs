using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.TestKit.Network;

namespace Roomcast.Rtc.Tests.Connection;

/// <summary>A server's connection and a client's, facing each other over an emulated network in virtual time.</summary>
/// <remarks>
/// Virtual time stands still while OpenSSL's own timer, which follows the machine's clock, catches up: the only real
/// wait, and only when a flight of the handshake is lost.
/// </remarks>
internal sealed class VirtualCall : IDisposable
{
    public static readonly RtcAddress ServerAddress = RtcAddress.FromIPv4(0xC6336401, 8844);

    private static readonly DtlsIdentity ServerIdentity = DtlsIdentity.Create(DateTimeOffset.UnixEpoch.AddYears(56));
    private static readonly DtlsIdentity ClientIdentity = DtlsIdentity.Create(DateTimeOffset.UnixEpoch.AddYears(56));

    private readonly ManualResetEventSlim _never = new();

    public VirtualCall(int seed = 1, NetworkConditions? conditions = null, VirtualCallSetup? setup = null)
    {
        setup ??= new VirtualCallSetup();
        ToServer = new NetworkEmulator<RtcAddress>(seed, conditions ?? NetworkConditions.Perfect);
        ToClient = new NetworkEmulator<RtcAddress>(seed + 1_000_000, conditions ?? NetworkConditions.Perfect);
        ServerCredentials = IceCredentials.Create();
        ClientCredentials = IceCredentials.Create();
        Server = new RtcConnection(
            new RtcConnectionOptions
            {
                LocalCredentials = ServerCredentials,
                RemoteCredentials = ClientCredentials,
                Identity = ServerIdentity,
                DtlsRole = setup.IsServerDtlsClient ? DtlsRole.Client : DtlsRole.Server,
                RemoteFingerprint = setup.ClientFingerprint ?? ClientIdentity.Fingerprint,
                FirstHandshakeRetransmission = setup.FirstRetransmission,
            },
            Now);
        Client = new RtcConnection(
            new RtcConnectionOptions
            {
                LocalCredentials = ClientCredentials,
                RemoteCredentials = setup.ClientBelieves ?? ServerCredentials,
                IsControlling = true,
                Nomination = setup.Nomination,
                Identity = ClientIdentity,
                DtlsRole = setup.IsServerDtlsClient ? DtlsRole.Server : DtlsRole.Client,
                RemoteFingerprint = setup.ServerFingerprint ?? ServerIdentity.Fingerprint,
                FirstHandshakeRetransmission = setup.FirstRetransmission,
            },
            Now);
        Client.AddRemoteCandidate(ServerAddress, 1, Now);
    }

    public static DtlsFingerprint SomeOtherFingerprint => DtlsFingerprint.Of([1, 2, 3], System.Security.Cryptography.HashAlgorithmName.SHA256);

    public RtcConnection Server { get; }

    public RtcConnection Client { get; }

    public IceCredentials ServerCredentials { get; }

    public IceCredentials ClientCredentials { get; }

    public NetworkEmulator<RtcAddress> ToServer { get; }

    public NetworkEmulator<RtcAddress> ToClient { get; }

    /// <summary>The address that the client's datagrams seem to come from.</summary>
    public RtcAddress ClientAddress { get; set; } = RtcAddress.FromIPv4(0xC0000210, 50_000);

    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(100);

    public List<RtcEvent> ServerEvents { get; } = [];

    public List<RtcEvent> ClientEvents { get; } = [];

    /// <summary>Decrypted RTP and RTCP, as copies.</summary>
    public List<byte[]> ServerReceived { get; } = [];

    public List<byte[]> ClientReceived { get; } = [];

    /// <summary>Datagrams that the server was given, as copies.</summary>
    public List<byte[]>? ServerTap { get; set; }

    public bool IsConnected =>
        Server.State is RtcConnectionState.Connected && Client.State is RtcConnectionState.Connected;

    /// <summary>Lets time pass until something is so.</summary>
    /// <returns>Whether it came to be so in time.</returns>
    public bool RunUntil(Func<bool> isSo, TimeSpan atMost)
    {
        var end = Now + atMost;
        while (true)
        {
            Flush();
            if (isSo())
            {
                return true;
            }

            var next = Earliest(Server.NextDeadline, Client.NextDeadline, ToServer.NextArrival, ToClient.NextArrival);
            if (next is not { } at || at > end)
            {
                Now = end;
                return isSo();
            }

            Now = at > Now ? at : Now;
            DeliverTo(ToServer, Server, ServerReceived, ServerTap);
            DeliverTo(ToClient, Client, ClientReceived, null);
            HandleDeadline(Server);
            HandleDeadline(Client);
        }
    }

    /// <summary>Lets time pass.</summary>
    public void Run(TimeSpan time) => RunUntil(() => false, time);

    public void Connect()
    {
        Assert.True(RunUntil(() => IsConnected, TimeSpan.FromSeconds(30)), "The two did not connect.");
    }

    /// <summary>Protects an RTP packet and puts it on the wire.</summary>
    public void SendRtp(bool isFromClient, uint ssrc, ushort sequenceNumber, int length)
    {
        var from = isFromClient ? Client : Server;
        var buffer = new byte[length + RtcConnection.MaxOverhead];
        Srtp.SrtpPair.Fill(buffer, length, ssrc, sequenceNumber, seed: sequenceNumber);
        Assert.Equal(Rtc.Srtp.SrtpStatus.Done, from.ProtectRtp(buffer, ref length));
        SendRaw(isFromClient, buffer.AsSpan(0, length));
    }

    public void SendRaw(bool isFromClient, ReadOnlySpan<byte> datagram)
    {
        if (isFromClient)
        {
            ToServer.Send(datagram, ClientAddress, Now);
        }
        else if (Server.Path == ClientAddress)
        {
            ToClient.Send(datagram, ServerAddress, Now);
        }
    }

    public void Dispose()
    {
        Server.Dispose();
        Client.Dispose();
        _never.Dispose();
    }

    private static TimeSpan? Earliest(params ReadOnlySpan<TimeSpan?> times)
    {
        TimeSpan? earliest = null;
        foreach (var time in times)
        {
            earliest = time is not null && (earliest is null || time < earliest) ? time : earliest;
        }

        return earliest;
    }

    private void Flush()
    {
        while (Client.TryTakeDatagram(out _, out var datagram))
        {
            ToServer.Send(datagram, ClientAddress, Now);
        }

        while (Server.TryTakeDatagram(out var to, out var datagram))
        {
            if (to == ClientAddress) // The client no longer hears what is sent to where it was.
            {
                ToClient.Send(datagram, ServerAddress, Now);
            }
        }

        while (Client.TryTakeEvent(out var happened))
        {
            ClientEvents.Add(happened);
        }

        while (Server.TryTakeEvent(out var happened))
        {
            ServerEvents.Add(happened);
        }
    }

    private void DeliverTo(
        NetworkEmulator<RtcAddress> network, RtcConnection connection, List<byte[]> received, List<byte[]>? tap)
    {
        while (network.TryReceive(Now, out var datagram, out var from))
        {
            tap?.Add((byte[])datagram.Clone());
            var result = connection.Handle(datagram, from, Now);
            if (result.Kind is RtcDatagramKind.Rtp or RtcDatagramKind.Rtcp)
            {
                received.Add(result.Packet.ToArray());
            }

            Flush();
        }
    }

    private void HandleDeadline(RtcConnection connection)
    {
        if (connection.NextDeadline > Now)
        {
            return;
        }

        if (connection.Dtls.NextDeadline <= Now && connection.Dtls.OpenSslTimeLeft is { } left && left > TimeSpan.Zero)
        {
            _never.Wait(left);
        }

        connection.HandleDeadline(Now);
        Flush();
    }
}

/// <summary>What a virtual call may have different.</summary>
internal sealed record VirtualCallSetup
{
    public bool IsServerDtlsClient { get; init; }

    public IceNomination Nomination { get; init; }

    public DtlsFingerprint? ClientFingerprint { get; init; }

    public DtlsFingerprint? ServerFingerprint { get; init; }

    public IceCredentials? ClientBelieves { get; init; }

    public TimeSpan FirstRetransmission { get; init; } = TimeSpan.FromMilliseconds(20);
}
