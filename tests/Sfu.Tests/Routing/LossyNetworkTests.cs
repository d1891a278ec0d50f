using Roomcast.Rtc;
using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Srtp;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Producers;
using Roomcast.Sfu.Routing;
using Roomcast.TestKit.Network;

namespace Roomcast.Sfu.Tests.Routing;

/// <summary>A publisher and a viewer with real encryption, each behind a network that loses packets, and the router between.</summary>
public sealed class LossyNetworkTests
{
    private const int SeedsInBlock = 20;

    /// <summary>Blocks of seeds: 1 to 100 at each loss, among them all that ever failed (31 at 5 %; 6, 23, 29, 38, 44, 46, 67, 69, 93
    /// and 95 at 10 %). A seed decides all that is lost, so each of these runs is the same every time.</summary>
    public static TheoryData<double, int> Losses
    {
        get
        {
            var data = new TheoryData<double, int>();
            foreach (var loss in new[] { 0.05, 0.10 })
            {
                for (var first = 1; first <= 100; first += SeedsInBlock)
                {
                    data.Add(loss, first);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Loss_on_both_sides_freezes_no_picture_for_half_a_second_and_leaves_no_gaps_in_sound(double loss, int firstSeed)
    {
        var conditions = new NetworkConditions
        {
            Loss = loss, Delay = TimeSpan.FromMilliseconds(50), Jitter = TimeSpan.FromMilliseconds(10),
        };

        // Of 910. A keyframe that ends a standstill skips what was lost before it.
        var leastFrames = loss < 0.1 ? 800 : 700;
        var failed = new List<string>();
        for (var seed = firstSeed; seed < firstSeed + SeedsInBlock; seed++)
        {
            using var run = new LossyRun(seed, conditions);
            run.Play(TimeSpan.FromSeconds(30));
            if (run.LongestFreeze.TotalMilliseconds > 500 || run.SoundMissing > 0.01 || run.ChangedPackets > 0
                || run.FramesShown <= leastFrames || run.Repeated <= 10)
            {
                failed.Add(
                    $"seed {seed}: {run.LongestFreeze.TotalMilliseconds} ms frozen, {run.SoundMissing:P2} of the sound missing, "
                    + $"{run.ChangedPackets} packets changed, {run.FramesShown} frames, {run.Repeated} packets repeated");
            }
        }

        Assert.True(failed.Count == 0, string.Join("; ", failed));
    }

    [Fact]
    public void Bursts_of_loss_are_survived_with_a_keyframe_at_worst()
    {
        var conditions = new NetworkConditions
        {
            Bursts = new GilbertElliott(0.01, 0.25), Delay = TimeSpan.FromMilliseconds(30), Jitter = TimeSpan.FromMilliseconds(10),
        };
        using var run = new LossyRun(11, conditions);
        run.Play(TimeSpan.FromSeconds(30));

        Assert.InRange(run.LongestFreeze.TotalMilliseconds, 0, 1_000);
        Assert.Equal(0, run.ChangedPackets);
        Assert.True(run.FramesShown > 800);
    }

    /// <summary>One direction of media, publisher to viewer, with all the feedback there is.</summary>
    private sealed class LossyRun : IDisposable
    {
        private const uint VideoSsrc = 500;
        private const uint SoundSsrc = 501;

        private static readonly DtlsIdentity Identity = DtlsIdentity.Create(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));
        private static readonly RtcAddress ServerAddress = RtcAddress.FromIPv4(0xC6336401, 8844);
        private static readonly RtcAddress ClientAddress = RtcAddress.FromIPv4(0xC0000201, 5_000);

        private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(110);
        private static readonly TimeSpan Begin = TimeSpan.FromSeconds(40);

        private readonly Router _router;
        private readonly Leg _publisher;
        private readonly Leg _viewer;
        private readonly TestEncoding _camera = new(1, null, "3", packetsPerFrame: 5, packetBytes: 900);
        private readonly Dictionary<ushort, byte[]> _videoByNumber = [];
        private readonly Dictionary<ushort, TimeSpan> _repeatedAt = [];
        private readonly ReceivedVideo _video = new();
        private readonly HashSet<long> _soundReceived = [];
        private readonly SequenceUnwrapper _soundNumbers = new();
        private readonly Dictionary<(uint Ssrc, ushort Number), byte[]> _seen = [];
        private readonly BrowserNacks _viewerMissing = new();
        private readonly BrowserNacks _soundMissing = new();
        private readonly SequenceUnwrapper _videoNumbers = new();
        private readonly FeedbackRecorder _viewerRecorder = new();
        private TimeSpan _now = TimeSpan.FromSeconds(30);
        private ushort _soundNumber;
        private bool _wantsKeyframe = true;
        private TimeSpan _keyframeAskedAt;
        private TimeSpan _keyframeMadeAt;

        public LossyRun(int seed, NetworkConditions conditions)
        {
            _router = new Router(Now);
            _publisher = Join(seed * 10);
            _viewer = Join((seed * 10) + 5);
            Settle();
            _publisher.SetConditions(conditions);
            _viewer.SetConditions(conditions);
            var camera = _publisher.Transport.Produce(new ProducerOptions
            {
                Id = "camera", Codec = Codecs.SfuCodec.Vp8, PayloadType = TestSession.Vp8, Mid = "3",
            });
            var microphone = _publisher.Transport.Produce(TestSession.Microphone());
            VideoConsumer = _viewer.Transport.Consume(camera, TestSession.Watching(VideoSsrc));
            SoundConsumer = _viewer.Transport.Consume(
                microphone, new ConsumerOptions { Id = "sound", Ssrc = SoundSsrc, PayloadType = 111, Mid = "6" });
        }

        public TimeSpan Now => _now;

        public Consumer VideoConsumer { get; }

        public Consumer SoundConsumer { get; }

        public TimeSpan LongestFreeze => _video.LongestFreeze;

        public int FramesShown => _video.FramesShown;

        public long Repeated => VideoConsumer.PacketsRepeated + SoundConsumer.PacketsRepeated;

        /// <summary>Packets that came under a number that had been another packet's: never.</summary>
        public int ChangedPackets { get; private set; }

        public double SoundMissing =>
            _soundReceived.Count == 0 ? 1 : 1 - (_soundReceived.Count / (double)(_soundReceived.Max() - _soundReceived.Min() + 1));

        public void Play(TimeSpan time)
        {
            var end = _now + time;
            for (var step = 0; _now < end; step++, _now += TimeSpan.FromMilliseconds(1))
            {
                if (step % 33 == 0)
                {
                    var isKeyframe = _publisher.TakeKeyframeAsked();
                    foreach (var packet in _camera.Frame(isKeyframe))
                    {
                        Publish(packet);
                    }
                }

                if (step % 20 == 0)
                {
                    var buffer = new byte[200];
                    var writer = new RtpHeaderWriter(buffer, TestSession.Opus, false, _soundNumber, _soundNumber * 960u, 70);
                    writer.AddExtension(4, "2"u8);
                    writer.AddExtension(1, [0x80 | 20]);
                    Publish(buffer[..(writer.Finish() + 80)]);
                    _soundNumber++;
                }

                _publisher.Deliver(_now, Republish, null);
                _viewer.Deliver(_now, null, Watch);
                for (var i = 0; _router.NextDeadline <= _now && i < 100; i++)
                {
                    _router.HandleDeadline(_now);
                }

                AskForWhatIsMissing();
            }
        }

        public void Dispose()
        {
            _publisher.Dispose();
            _viewer.Dispose();
        }

        /// <summary>Makes a leg and its connection. Checks and handshakes have their own tests; one in some thousands that does not
        /// succeed here says nothing of loss, and another takes its place.</summary>
        private Leg Join(int seed)
        {
            for (var attempt = 0; ; attempt++)
            {
                var leg = new Leg(seed, _router, Now);
                if (leg.TryConnect(ref _now, isLast: attempt == 2))
                {
                    return leg;
                }

                _router.Remove(leg.Transport);
                leg.Dispose();
            }
        }

        /// <summary>Lets the handshakes' last datagrams arrive and waits for a certain moment: handshakes take as long as they
        /// take, and what is lost afterwards is to follow from the seed alone.</summary>
        private void Settle()
        {
            Assert.True(_now < Begin, "The handshakes took too long.");
            for (; _now < Begin; _now += TimeSpan.FromMilliseconds(1))
            {
                _publisher.Deliver(_now, null, null);
                _viewer.Deliver(_now, null, null);
                for (var i = 0; _router.NextDeadline <= _now && i < 100; i++)
                {
                    _router.HandleDeadline(_now);
                }
            }
        }

        private void Publish(byte[] packet)
        {
            RtpHeader.TryRead(packet, out var header);
            _videoByNumber[(ushort)(header.SequenceNumber ^ (header.Ssrc == 70 ? 0x8000 : 0))] = packet;
            _publisher.SendFromClient(packet, isRtcp: false, _now);
        }

        /// <summary>The browser's side of the publisher: repeats what it is asked for.</summary>
        private void Republish(byte[] compound, bool isRtcp)
        {
            var reader = new RtcpReader(compound);
            while (reader.TryRead(out var packet))
            {
                if (Nack.TryRead(packet, out var nack))
                {
                    while (nack.TryReadNumber(out var number))
                    {
                        // As libwebrtc does it: the first time at once, and then once in a round trip.
                        var key = (ushort)(number ^ (nack.MediaSsrc == 70 ? 0x8000 : 0));
                        if (_videoByNumber.TryGetValue(key, out var again)
                            && (!_repeatedAt.TryGetValue(key, out var at) || _now - at >= RoundTrip))
                        {
                            _repeatedAt[key] = _now;
                            _publisher.SendFromClient(again, isRtcp: false, _now);
                        }
                    }
                }

                // libwebrtc answers no request within 300 ms of the last one that it answered.
                if (PictureLossIndication.TryRead(packet, out _) && _now - _keyframeMadeAt >= TimeSpan.FromMilliseconds(300))
                {
                    _keyframeMadeAt = _now;
                    _publisher.IsKeyframeAsked = true;
                }
            }
        }

        /// <summary>The browser's side of the viewer: shows frames that are complete and can be decoded.</summary>
        private void Watch(byte[] packet, bool isRtcp)
        {
            if (isRtcp || !RtpHeader.TryRead(packet, out var header))
            {
                return;
            }

            var values = new Rtc.Rtp.Extensions.RtpExtensionValues(packet, header, _viewer.Extensions);
            if (values.TransportSequenceNumber is { } transportNumber)
            {
                _viewerRecorder.OnPacket(transportNumber, header.Ssrc, _now);
            }

            if (_seen.TryGetValue((header.Ssrc, header.SequenceNumber), out var before) && !before.AsSpan().SequenceEqual(packet))
            {
                ChangedPackets++;
            }

            _seen[(header.Ssrc, header.SequenceNumber)] = packet;
            if (header.Ssrc == SoundSsrc)
            {
                var number = _soundNumbers.Unwrap(header.SequenceNumber);
                _soundReceived.Add(number);
                _soundMissing.OnPacket(number, _now);
                return;
            }

            var videoNumber = _videoNumbers.Unwrap(header.SequenceNumber);
            _viewerMissing.OnPacket(videoNumber, _now);
            var shownBefore = _video.FramesShown;
            _video.Add(videoNumber, packet, header, _now);
            _wantsKeyframe &= _video.FramesShown == shownBefore;
        }

        private void AskForWhatIsMissing()
        {
            var buffer = new byte[1_200];
            var writer = new RtcpWriter(buffer);
            Span<ushort> due = stackalloc ushort[64];
            var count = _viewerMissing.TakeDue(_now, due);
            Nack.Write(ref writer, 1, VideoSsrc, due[..count]);
            count = _soundMissing.TakeDue(_now, due);
            Nack.Write(ref writer, 1, SoundSsrc, due[..count]);
            _wantsKeyframe |= _viewerMissing.TakeGaveUp();
            if (_wantsKeyframe && _now - _keyframeAskedAt > TimeSpan.FromMilliseconds(300))
            {
                _keyframeAskedAt = _now;
                new PictureLossIndication(1, VideoSsrc).TryWrite(ref writer);
            }

            while (_viewerRecorder.TryReport(ref writer, 1, _now))
            {
            }

            if (writer.Length > 0)
            {
                _viewer.SendFromClient(buffer[..writer.Length], isRtcp: true, _now);
            }
        }

        /// <summary>A client, the server's connection to it, and the router's transport on top.</summary>
        private sealed class Leg : IPacketSink, IDisposable
        {
            private readonly int _seed;
            private NetworkEmulator<int> _toServer;
            private NetworkEmulator<int> _toClient;

            // Checks and handshakes come at random moments with random bytes. On a line of their own they leave what is lost of
            // the media to the seed alone.
            private readonly NetworkEmulator<int> _controlToServer;
            private readonly NetworkEmulator<int> _controlToClient;
            private readonly RtcConnection _server;
            private readonly RtcConnection _client;
            private readonly byte[] _room = new byte[2_000];
            private TimeSpan _now;

            public Leg(int seed, Router router, TimeSpan now)
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

            public bool IsKeyframeAsked { get; set; } = true;

            public bool TakeKeyframeAsked()
            {
                var isAsked = IsKeyframeAsked;
                IsKeyframeAsked = false;
                return isAsked;
            }

            /// <summary>Connects on a perfect network.</summary>
            /// <returns>False when it takes longer than two seconds; after the last attempt that is a failure.</returns>
            public bool TryConnect(ref TimeSpan now, bool isLast)
            {
                for (var end = now + TimeSpan.FromSeconds(2); _client.State is not RtcConnectionState.Connected; now += TimeSpan.FromMilliseconds(1))
                {
                    Assert.True(
                        now < end || !isLast, $"No connection: client {_client.State}, {_client.Counters}; server {_server.State}, {_server.Counters}.");
                    if (now >= end)
                    {
                        return false;
                    }

                    Deliver(now, null, null);
                }

                return true;
            }

            public void SetConditions(NetworkConditions conditions)
            {
                _toServer = new NetworkEmulator<int>(_seed, conditions);
                _toClient = new NetworkEmulator<int>(_seed + 1, conditions);
                _controlToServer.Conditions = conditions;
                _controlToClient.Conditions = conditions;
            }

            public Span<byte> Reserve(int length) =>
                _server.State is RtcConnectionState.Connected ? _room.AsSpan(0, Math.Max(1_500, length)) : default;

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
    }

    /// <summary>What a browser asks for again: at once, then once in a round trip, ten times at most.</summary>
    private sealed class BrowserNacks
    {
        private const int MaxRequests = 10;

        private static readonly TimeSpan ReorderTolerance = TimeSpan.FromMilliseconds(10);
        private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(110);

        private readonly SortedDictionary<long, (TimeSpan NextAt, int Requests)> _missing = [];
        private long _highest = long.MinValue;
        private bool _gaveUp;

        public void OnPacket(long number, TimeSpan now)
        {
            _missing.Remove(number);
            for (var lost = _highest + 1; _highest != long.MinValue && lost < number; lost++)
            {
                _missing[lost] = (now + ReorderTolerance, 0);
            }

            _highest = Math.Max(_highest, number);
        }

        public int TakeDue(TimeSpan now, Span<ushort> due)
        {
            var count = 0;
            foreach (var (number, (nextAt, requests)) in _missing.ToList())
            {
                if (requests == MaxRequests)
                {
                    _missing.Remove(number);
                    _gaveUp = true;
                }
                else if (nextAt <= now && count < due.Length)
                {
                    due[count++] = unchecked((ushort)number);
                    _missing[number] = (now + RoundTrip, requests + 1);
                }
            }

            return count;
        }

        public bool TakeGaveUp()
        {
            var gaveUp = _gaveUp;
            _gaveUp = false;
            return gaveUp;
        }
    }

    /// <summary>Puts frames together and notes how long the picture stood still.</summary>
    private sealed class ReceivedVideo
    {
        private readonly SortedDictionary<long, (byte[] Packet, RtpHeader Header)> _packets = [];
        private long _next = -1;
        private TimeSpan? _shownAt;

        public TimeSpan LongestFreeze { get; private set; }

        public int FramesShown { get; private set; }

        /// <summary>Adds a packet and shows what can be shown.</summary>
        public void Add(long number, byte[] packet, RtpHeader header, TimeSpan now)
        {
            if (_next >= 0 && number < _next)
            {
                return;
            }

            _packets[number] = (packet, header);
            if (_next < 0 || FrameFrom(_next) is null)
            {
                JumpToKeyframe();
            }

            while (_next >= 0 && FrameFrom(_next) is { } end)
            {
                var isPadding = _packets[end].Header.PayloadLength == 0;
                for (; _next <= end; _next++)
                {
                    _packets.Remove(_next);
                }

                if (isPadding)
                {
                    continue;
                }

                FramesShown++;
                if (_shownAt is { } last && now - last > LongestFreeze)
                {
                    LongestFreeze = now - last;
                }

                _shownAt = now;
            }
        }

        /// <summary>A complete keyframe behind a hole makes the hole unimportant.</summary>
        private void JumpToKeyframe()
        {
            foreach (var (number, (packet, header)) in _packets)
            {
                if (number > _next && Rtc.Rtp.Vp8.Vp8PayloadDescriptor.TryRead(header.PayloadOf(packet), out var vp8)
                    && vp8.StartsKeyframe && FrameFrom(number) is not null)
                {
                    _next = number;
                    foreach (var old in _packets.Keys.Where(key => key < number).ToList())
                    {
                        _packets.Remove(old);
                    }

                    return;
                }
            }
        }

        private long? FrameFrom(long first)
        {
            for (var number = first; _packets.TryGetValue(number, out var packet); number++)
            {
                if (packet.Header.Marker || packet.Header.PayloadLength == 0)
                {
                    return number;
                }
            }

            return null;
        }
    }
}
