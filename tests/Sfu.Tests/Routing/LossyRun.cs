using System.Buffers.Binary;
using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Producers;
using Roomcast.Sfu.Routing;
using Roomcast.TestKit.Network;

namespace Roomcast.Sfu.Tests.Routing;

/// <summary>One direction of media, publisher to viewer, with all the feedback there is.</summary>
internal sealed class LossyRun : IDisposable
{
    private const uint VideoSsrc = 500;
    private const uint SoundSsrc = 501;

    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(110);
    private static readonly TimeSpan Begin = TimeSpan.FromSeconds(40);

    private readonly Router _router;
    private readonly LossyLeg _publisher;
    private readonly LossyLeg _viewer;
    private readonly TestEncoding[] _camera;
    private readonly HashSet<uint> _keyframesAsked = [];
    private readonly Dictionary<uint, TimeSpan> _keyframesMadeAt = [];
    private readonly Dictionary<(uint Ssrc, ushort Number), byte[]> _published = [];
    private readonly Dictionary<(uint Ssrc, ushort Number), TimeSpan> _repeatedAt = [];
    private readonly ReceivedVideo _video = new(Begin);
    private readonly ReceivedSound _sound = new();
    private readonly SequenceUnwrapper _soundNumbers = new();
    private readonly Dictionary<(uint Ssrc, ushort Number), byte[]> _seen = [];
    private readonly BrowserNacks _viewerMissing = new();
    private readonly BrowserNacks _soundMissing = new();
    private readonly SequenceUnwrapper _videoNumbers = new();
    private readonly FeedbackRecorder _viewerRecorder = new();
    private TimeSpan _now = TimeSpan.FromSeconds(30);
    private int _step;
    private bool _wantsKeyframe = true;
    private TimeSpan _keyframeAskedAt;

    /// <summary>Connects both over a perfect network, which then becomes another.</summary>
    /// <param name="seed">Decides all that is lost or late.</param>
    /// <param name="conditions">Of both legs, in both directions.</param>
    /// <param name="isSimulcast">Whether the camera sends three encodings, or one.</param>
    /// <param name="keyframeFactor">How many times the packets of another frame a keyframe has.</param>
    public LossyRun(int seed, NetworkConditions conditions, bool isSimulcast = false, int keyframeFactor = 1)
    {
        _camera = isSimulcast
            ? [new(1, "f", "3", packetsPerFrame: 5, packetBytes: 900), new(2, "h", "3", packetsPerFrame: 2, packetBytes: 800), new(3, "q", "3", packetsPerFrame: 1, packetBytes: 500)]
            : [new(1, null, "3", packetsPerFrame: 5, packetBytes: 900)];
        foreach (var encoding in _camera)
        {
            encoding.KeyframeFactor = keyframeFactor;
        }

        _keyframesAsked.UnionWith(_camera.Select(encoding => encoding.Ssrc));
        _router = new Router(LossyLeg.MaxPacketBytes, Now);
        _publisher = Join(seed * 10);
        _viewer = Join((seed * 10) + 5);
        Settle();
        _publisher.SetConditions(conditions);
        _viewer.SetConditions(conditions);
        var camera = _publisher.Transport.Produce(new ProducerOptions
        {
            Id = "camera", Codec = Codecs.SfuCodec.Vp8, PayloadType = TestSession.Vp8, Mid = "3", Rids = isSimulcast ? ["f", "h", "q"] : [],
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

    /// <summary>What the router thinks that the viewer's way carries.</summary>
    public BandwidthEstimator Estimator => _viewer.Transport.Estimator;

    public TimeSpan FirstPictureAfter => _video.FirstAfter ?? TimeSpan.MaxValue;

    public int FramesShown => _video.FramesShown;

    /// <summary>Keyframes that the publisher made because it was asked to.</summary>
    public int KeyframesMade { get; private set; }

    /// <summary>How often a keyframe ended a standstill before what was lost came.</summary>
    public int Jumps => _video.Jumps;

    public long Repeated => VideoConsumer.PacketsRepeated + SoundConsumer.PacketsRepeated;

    /// <summary>Packets that came under a number that had been another packet's: never.</summary>
    public int ChangedPackets { get; private set; }

    /// <summary>Share of all the sound that was not there when it was to be played.</summary>
    public double SoundMissing => SoundMissingSince(Begin);

    public double SoundMissingSince(TimeSpan from) => _sound.MissingBetween(from, _now);

    public double SoundLostSince(TimeSpan from) => _sound.LostBetween(from, _now);

    /// <summary>What the server's way to the viewer does from now on; the other ways stay as they are.</summary>
    public void ChangeViewersDownlink(NetworkConditions conditions) => _viewer.SetDownlink(conditions);

    public void Play(TimeSpan time)
    {
        for (var end = _now + time; _now < end; _now += TimeSpan.FromMilliseconds(1))
        {
            if (_step % 33 == 0)
            {
                foreach (var packet in _camera.SelectMany(encoding => encoding.Frame(_keyframesAsked.Remove(encoding.Ssrc))))
                {
                    Publish(packet);
                }
            }

            if (_step % 20 == 0)
            {
                var number = _sound.OnSent(_now);
                var buffer = new byte[200];
                var writer = new RtpHeaderWriter(buffer, TestSession.Opus, false, (ushort)number, (uint)number * 960u, 70);
                writer.AddExtension(4, "2"u8);
                writer.AddExtension(1, [0x80 | 20]);
                var payloadAt = writer.Finish();
                BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(payloadAt), number);
                Publish(buffer[..(payloadAt + 80)]);
            }

            _step++;

            _publisher.Deliver(_now, Republish, null);
            _viewer.Deliver(_now, null, Watch);
            for (var i = 0; _router.NextDeadline <= _now && i < 100; i++)
            {
                _router.HandleDeadline(_now);
            }

            AskForWhatIsMissing();
        }

        _video.End(_now);
    }

    public void Dispose()
    {
        _publisher.Dispose();
        _viewer.Dispose();
    }

    private LossyLeg Join(int seed)
    {
        var leg = new LossyLeg(seed, _router, Now);
        leg.Connect(ref _now);
        return leg;
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
        _published[(header.Ssrc, header.SequenceNumber)] = packet;
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
                    // As libwebrtc does it: the first time at once, and then once in a round trip. RtpPacketHistory::VerifyRtt in
                    // modules/rtp_rtcp/source/rtp_packet_history.cc.
                    var key = (nack.MediaSsrc, number);
                    if (_published.TryGetValue(key, out var again)
                        && (!_repeatedAt.TryGetValue(key, out var at) || _now - at >= RoundTrip))
                    {
                        _repeatedAt[key] = _now;
                        _publisher.SendFromClient(again, isRtcp: false, _now);
                    }
                }
            }

            // libwebrtc answers no request within 300 ms of the last one that it answered, counted from when that came:
            // EncoderRtcpFeedback::OnReceivedIntraFrameRequest in video/encoder_rtcp_feedback.cc, kMinKeyframeSendIntervalMs.
            if (PictureLossIndication.TryRead(packet, out var loss)
                && (!_keyframesMadeAt.TryGetValue(loss.MediaSsrc, out var madeAt) || _now - madeAt >= TimeSpan.FromMilliseconds(300)))
            {
                _keyframesMadeAt[loss.MediaSsrc] = _now;
                KeyframesMade++;
                _keyframesAsked.Add(loss.MediaSsrc);
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
            _soundMissing.OnPacket(_soundNumbers.Unwrap(header.SequenceNumber), _now);
            _sound.OnArrived(BinaryPrimitives.ReadInt32BigEndian(header.PayloadOf(packet)), _now);
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
}
