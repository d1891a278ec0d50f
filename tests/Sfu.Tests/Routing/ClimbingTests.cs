using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Routing;

namespace Roomcast.Sfu.Tests.Routing;

/// <summary>How quickly a picture gets better when the path allows it: a path of some rate, whose receiver reports on each packet.</summary>
public sealed class ClimbingTests
{
    private const int DelayMs = 25;

    private readonly TestSession _session = new();
    private readonly TestEncoding[] _camera =
    [
        new(1, "f", "3", packetsPerFrame: 5, packetBytes: 1_000), // 1.2 Mbit/s
        new(2, "h", "3", packetsPerFrame: 2, packetBytes: 800), // 380 kbit/s
        new(3, "q", "3", packetsPerFrame: 1, packetBytes: 500), // 120 kbit/s
    ];

    private readonly TestPeer _publisher;
    private readonly SfuTransport _from;
    private readonly SfuTransport _to;
    private readonly FeedbackRecorder _recorder = new();
    private readonly Queue<(TimeSpan At, ushort Number)> _arriving = new();
    private readonly Queue<(TimeSpan At, byte[] Compound)> _reports = new();
    private readonly HashSet<uint> _keyframes = [];
    private TimeSpan _freeAt;
    private long _pathBps = 5_000_000;
    private int _asked;
    private int _step;
    private int _paddingPerFrame;
    private Random? _stalls;
    private TimeSpan _stalledUntil;

    public ClimbingTests()
    {
        (_publisher, _from) = _session.Join();
        (var viewer, _to) = _session.Join(startBps: 600_000);
        viewer.Sent = Send;
    }

    [Fact]
    public void A_tile_that_was_small_for_long_is_large_again_within_seconds()
    {
        var consumer = Watch();
        PlayUntil(consumer, rank: 0, within: 10_000);
        consumer.Prefer(2);
        PlayUntil(consumer, rank: 2, within: 2_000);
        Play(60_000);
        Assert.Equal(2, consumer.CurrentRank);

        consumer.Prefer(0);
        PlayUntil(consumer, rank: 0, within: 3_000);
    }

    [Fact]
    public void A_small_tile_over_a_path_that_was_narrow_is_large_again_within_seconds()
    {
        var consumer = Watch();
        PlayUntil(consumer, rank: 0, within: 10_000);
        consumer.Prefer(2);
        _pathBps = 100_000; // Less than the smallest takes: the estimate falls as low as it gets.
        Play(10_000);
        _pathBps = 5_000_000;
        Play(10_000);
        Assert.True(_to.Estimator.TargetBps < 400_000, $"{_to.Estimator.TargetBps}");

        consumer.Prefer(0);
        PlayUntil(consumer, rank: 0, within: 5_000);
    }

    [Fact]
    public void A_path_that_grows_is_noticed_within_seconds()
    {
        var consumer = Watch();
        _pathBps = 220_000;
        Play(20_000);
        Assert.Equal(2, consumer.CurrentRank);

        _pathBps = 5_000_000;
        PlayUntil(consumer, rank: 0, within: 8_000);
    }

    [Fact]
    public void A_path_that_stays_narrow_is_not_overfilled_by_looking_for_more()
    {
        var consumer = Watch();
        _pathBps = 500_000;
        Play(20_000);
        var worst = TimeSpan.Zero;
        for (var i = 0; i < 20_000; i++)
        {
            Play(1);
            worst = _freeAt - _session.Now > worst ? _freeAt - _session.Now : worst;
        }

        Assert.InRange(consumer.CurrentRank ?? -1, 1, 2);
        Assert.InRange(worst.TotalMilliseconds, 0, 300);
    }

    /// <remarks>
    /// A busy machine reads its socket late, and stamps what has waited there with the time at which it did: to the estimate that looks
    /// like a queue that fills and empties. The path itself is wide all the time.
    /// </remarks>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_small_tile_on_a_machine_that_stalls_keeps_its_picture(int seed)
    {
        var consumer = Watch();
        consumer.Prefer(2);
        _stalls = new Random(seed);
        Play(10_000);
        var shown = 0;
        for (var i = 0; i < 60_000; i++)
        {
            Play(1);
            shown += consumer.CurrentRank is null ? 0 : 1;
        }

        Assert.True(shown > 54_000, $"The picture was there for {shown} of 60,000 ms; the estimate is {_to.Estimator.TargetBps} bit/s.");
    }

    [Fact]
    public void A_sender_that_probes_its_own_bandwidth_takes_nobodys_picture_away()
    {
        var consumer = Watch();
        _pathBps = 500_000;
        _paddingPerFrame = 40; // Some 2 Mbit/s in the name of the smallest encoding, which reach no receiver.
        Play(10_000);
        for (var i = 0; i < 20_000; i++)
        {
            Play(1);
            Assert.NotNull(consumer.CurrentRank);
        }
    }

    private Consumer Watch() => _to.Consume(_from.Produce(TestSession.Camera()), TestSession.Watching());

    private void PlayUntil(Consumer consumer, int rank, int within)
    {
        var milliseconds = 0;
        for (; consumer.CurrentRank != rank && milliseconds < within; milliseconds++)
        {
            Play(1);
        }

        Assert.True(
            consumer.CurrentRank == rank,
            $"encoding {consumer.CurrentRank} and not {rank} after {within} ms, at an estimate of {_to.Estimator.TargetBps} bit/s");
    }

    private void Play(int milliseconds) => _session.Run(milliseconds, Step);

    private void Step()
    {
        var asked = _publisher.KeyframesAsked();
        _keyframes.UnionWith(asked.Skip(_asked));
        _asked = asked.Count;
        if (_asked > 100)
        {
            _publisher.Rtcp.Clear();
            _asked = 0;
        }

        if (_step++ % 33 == 0)
        {
            foreach (var encoding in _camera)
            {
                foreach (var packet in encoding.Frame(_keyframes.Remove(encoding.Ssrc)))
                {
                    _session.Receive(_from, packet);
                }
            }

            for (var i = 0; i < _paddingPerFrame; i++)
            {
                _session.Receive(_from, _camera[^1].Padding());
            }
        }

        if (_session.Now >= _stalledUntil)
        {
            ReadAndReport();
        }

        while (_reports.TryPeek(out var due) && due.At <= _session.Now)
        {
            _to.HandleRtcp(_reports.Dequeue().Compound, _session.Now);
        }
    }

    private void ReadAndReport()
    {
        // Half of the time, for up to 400 ms at once.
        if (_stalls?.Next(200) == 0)
        {
            _stalledUntil = _session.Now + TimeSpan.FromMilliseconds(_stalls.Next(20, 400));
        }

        while (_arriving.TryPeek(out var arriving) && arriving.At <= _session.Now)
        {
            _recorder.OnPacket(_arriving.Dequeue().Number, 9_000, _stalls is null ? arriving.At : _session.Now);
        }

        var report = TestSession.Compound(buffer =>
        {
            var writer = new RtcpWriter(buffer);
            _recorder.TryReport(ref writer, 1, _session.Now);
            return writer.Length;
        });
        if (report.Length > 0)
        {
            _reports.Enqueue((_session.Now + TimeSpan.FromMilliseconds(DelayMs), report));
        }
    }

    /// <summary>One packet after the other gets through as quickly as the path is wide; half a second's worth may wait.</summary>
    private void Send(byte[] packet, bool isRtcp)
    {
        if (isRtcp)
        {
            return;
        }

        _freeAt = _freeAt > _session.Now ? _freeAt : _session.Now;
        if (_freeAt - _session.Now > TimeSpan.FromMilliseconds(500))
        {
            return;
        }

        _freeAt += TimeSpan.FromSeconds(packet.Length * 8.0 / _pathBps);
        Assert.True(RtpHeader.TryRead(packet, out var header));
        var number = new RtpExtensionValues(packet, header, TestSession.Extensions()).TransportSequenceNumber;
        Assert.NotNull(number);
        _arriving.Enqueue((_freeAt + TimeSpan.FromMilliseconds(DelayMs), number.Value));
    }
}
