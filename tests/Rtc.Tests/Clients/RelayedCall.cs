using Roomcast.Media;
using Roomcast.Rtc.Clients;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Sdp;
using Roomcast.TestKit.Network;

namespace Roomcast.Rtc.Tests.Clients;

/// <summary>A client that sends and one that receives, with a server between them that passes on what it gets, in virtual time.</summary>
internal sealed class RelayedCall : IDisposable
{
    private static readonly RtcAddress ServerAddress = RtcAddress.FromIPv4(0xC6336401, 8844);
    private static readonly RtcAddress ClientAddress = RtcAddress.FromIPv4(0xC0000210, 50_000);
    private static readonly DtlsIdentity Identity = DtlsIdentity.Create(DateTimeOffset.UnixEpoch.AddYears(56));
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    private readonly ServerEnd _ingress;
    private readonly ServerEnd _egress;

    public RelayedCall(int seed = 1)
    {
        _ingress = new ServerEnd(Sender, seed);
        _egress = new ServerEnd(Receiver, seed + 10);
    }

    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(100);

    public ClientTransport Sender { get; } = new(isSending: true, Identity, new NtpTime(4_000_000_000ul << 32));

    public ClientTransport Receiver { get; } = new(isSending: false, Identity, new NtpTime(4_000_000_000ul << 32));

    public List<ReceivedMediaFrame> Frames { get; } = [];

    /// <summary>What happens to datagrams of the media from now on, in all four directions.</summary>
    public NetworkConditions Conditions
    {
        set => _ingress.ToServer.Conditions = _ingress.ToClient.Conditions = _egress.ToServer.Conditions = _egress.ToClient.Conditions = value;
    }

    /// <summary>Agrees on both transports and on one track from the sender to the receiver.</summary>
    public SendingTrack Connect(TrackKind kind)
    {
        Begin(Sender, _ingress);
        Begin(Receiver, _egress);
        Assert.True(RunUntil(() => Sender.State is RtcConnectionState.Connected && Receiver.State is RtcConnectionState.Connected, TimeSpan.FromSeconds(20)), "The clients did not connect.");
        var track = Sender.AddTrack(kind, "stream", "track");
        Begin(Sender, _ingress);
        Assert.True(Receiver.TryApplyOffer(_egress.Offer(track, kind), out var answer, out var fault), fault);
        ServerEnd.Take(answer);
        return track;
    }

    public bool RunUntil(Func<bool> isSo, TimeSpan atMost)
    {
        for (var end = Now + atMost; Now < end; Now += Step)
        {
            _ingress.Turn(Now, _egress.Send, _ => { });
            _egress.Turn(Now, _ => { }, compound =>
            {
                _egress.Repeat(compound);
                _ingress.SendRtcp(compound);
            });
            while (Receiver.TryTakeFrame(out var frame))
            {
                Frames.Add(frame);
            }

            if (isSo())
            {
                return true;
            }
        }

        return isSo();
    }

    public void Run(TimeSpan time) => RunUntil(() => false, time);

    public void Dispose()
    {
        Sender.Dispose();
        Receiver.Dispose();
        _ingress.Dispose();
        _egress.Dispose();
    }

    private void Begin(ClientTransport client, ServerEnd server) =>
        Assert.True(client.TryApplyAnswer(server.Answer(client.CreateOffer(), Now), Now, out var fault), fault);

    private sealed class ServerEnd(ClientTransport client, int seed) : IDisposable
    {
        private readonly IceCredentials _credentials = IceCredentials.Create();
        private readonly byte[] _buffer = new byte[2_000];
        private readonly Dictionary<ushort, byte[]> _sent = [];
        private RtcConnection? _connection;
        private string _last = "";

        public NetworkEmulator<RtcAddress> ToServer { get; } = new(seed, NetworkConditions.Perfect);

        public NetworkEmulator<RtcAddress> ToClient { get; } = new(seed + 1, NetworkConditions.Perfect);

        public string Answer(string sdp, TimeSpan now)
        {
            Assert.True(SessionDescription.TryParse(sdp, out var offer, out _));
            var media = offer.Media[0];
            Assert.True(media.TryGetCredentials(offer, out var credentials) & media.TryGetFingerprint(offer, out var fingerprint));
            _connection ??= new RtcConnection(
                new RtcConnectionOptions
                {
                    LocalCredentials = _credentials,
                    RemoteCredentials = credentials,
                    Identity = Identity,
                    DtlsRole = DtlsRole.Server,
                    RemoteFingerprint = fingerprint!,
                },
                now);
            var answer = new SessionDescription { SessionId = 1, SessionVersion = 1 };
            answer.SetBundle(offer.Bundle);
            foreach (var offered in offer.Media)
            {
                answer.Media.Add(Write(offered, offered.StreamId is null ? SdpDirection.Inactive : SdpDirection.ReceiveOnly, SdpSetup.Passive));
            }

            return _last = answer.ToString();
        }

        public string Offer(SendingTrack track, TrackKind kind)
        {
            Assert.True(SessionDescription.TryParse(_last, out var offer, out _));
            var section = Write(offer.Media[kind is TrackKind.Audio ? 0 : 1], SdpDirection.SendOnly, SdpSetup.ActivePassive);
            section.Attributes.Set("mid", "2");
            section.Attributes.Add("ssrc", new SdpSource(track.Ssrc, "cname", "stream").ToString());
            offer.Media.Add(section);
            offer.SetBundle(offer.Media.Select(media => media.Mid!));
            return offer.ToString();
        }

        public static void Take(string answer)
        {
            Assert.True(SessionDescription.TryParse(answer, out var description, out _));
            Assert.Equal(3, description.Media.Count);
            Assert.Equal(SdpDirection.ReceiveOnly, description.Media[2].Direction);
        }

        /// <summary>Sends again what this end has sent before, as a forwarding server does.</summary>
        public void Repeat(ReadOnlySpan<byte> compound)
        {
            var reader = new RtcpReader(compound);
            while (reader.TryRead(out var packet))
            {
                if (!Nack.TryRead(packet, out var nack))
                {
                    continue;
                }

                while (nack.TryReadNumber(out var number))
                {
                    if (_sent.TryGetValue(number, out var sent))
                    {
                        Send(sent);
                    }
                }
            }
        }

        public void Send(byte[] packet)
        {
            _sent[(ushort)((packet[2] << 8) | packet[3])] = packet;
            packet.CopyTo(_buffer);
            var length = packet.Length;
            _connection!.ProtectRtp(_buffer, ref length);
            ToClient.Send(_buffer.AsSpan(0, length), ServerAddress, Now);
        }

        public void SendRtcp(ReadOnlySpan<byte> compound)
        {
            compound.CopyTo(_buffer);
            var length = compound.Length;
            _connection!.ProtectRtcp(_buffer, ref length);
            ToClient.Send(_buffer.AsSpan(0, length), ServerAddress, Now);
        }

        private TimeSpan Now { get; set; }

        public void Turn(TimeSpan now, Action<byte[]> onPacket, Action<byte[]> onCompound)
        {
            Now = now;
            while (ToServer.TryReceive(now, out var datagram, out var from))
            {
                var received = _connection!.Handle(datagram, from, now);
                if (received.Kind is RtcDatagramKind.Rtp)
                {
                    onPacket(received.Packet.ToArray());
                }
                else if (received.Kind is RtcDatagramKind.Rtcp)
                {
                    onCompound(received.Packet.ToArray());
                }
            }

            while (ToClient.TryReceive(now, out var datagram, out var from))
            {
                client.Handle(datagram, from, now);
            }

            if (client.NextDeadline <= now)
            {
                client.HandleDeadline(now);
            }

            if (_connection?.NextDeadline <= now)
            {
                _connection.HandleDeadline(now);
            }

            while (client.TryTakeDatagram(out var to, out var datagram))
            {
                Assert.Equal(ServerAddress, to);
                ToServer.Send(datagram, ClientAddress, now);
            }

            while (_connection is not null && _connection.TryTakeDatagram(out _, out var datagram))
            {
                ToClient.Send(datagram, ServerAddress, now);
            }
        }

        public void Dispose() => _connection?.Dispose();

        private MediaDescription Write(MediaDescription offered, SdpDirection direction, SdpSetup setup)
        {
            var media = new MediaDescription(offered.Kind, offered.Port);
            media.SetTransport(_credentials, Identity.Fingerprint, setup);
            media.Attributes.Add("mid", offered.Mid);
            media.Direction = direction;
            media.Attributes.Add("rtcp-mux");
            foreach (var codec in offered.Codecs)
            {
                media.Add(codec);
            }

            foreach (var extension in offered.Attributes.FindAll("extmap"))
            {
                media.Attributes.Add("extmap", extension);
            }

            media.Attributes.Add("candidate", "1 1 udp 2130706431 198.51.100.1 8844 typ host");
            return media;
        }
    }
}
