using System.Buffers.Binary;
using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtcp;
using Roomcast.TestKit.Network;

namespace Roomcast.Rtc.Tests.Congestion;

/// <summary>A sender that sends what its estimate allows, and a receiver that reports, over an emulated path in virtual time.</summary>
internal sealed class CongestionRun
{
    private const int PacketBytes = 1_000;

    private readonly NetworkEmulator<int> _forward;
    private readonly NetworkEmulator<int> _backward;
    private readonly FeedbackRecorder _recorder = new();
    private TimeSpan _nextSendAt;
    private long _delivered;

    public CongestionRun(int seed, NetworkConditions conditions, BandwidthLimits? limits = null)
    {
        _forward = new NetworkEmulator<int>(seed, conditions);
        _backward = new NetworkEmulator<int>(seed + 1, new NetworkConditions { Delay = conditions.Delay });
        Estimator = new BandwidthEstimator(limits);
    }

    public BandwidthEstimator Estimator { get; }

    public BandwidthProbe Probe { get; } = new();

    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(50);

    /// <summary>Most that the application has to send, in bits per second.</summary>
    public long ApplicationBps { get; set; } = long.MaxValue;

    /// <summary>Bits per second that arrived in the last run.</summary>
    public double DeliveredBps { get; private set; }

    /// <summary>Mean of the estimate over the last run.</summary>
    public double MeanTargetBps { get; private set; }

    public NetworkConditions Conditions
    {
        set => _forward.Conditions = value;
    }

    public void Run(TimeSpan time)
    {
        var from = Now;
        var end = Now + time;
        var deliveredBefore = _delivered;
        double targets = 0;
        var steps = 0;
        var packet = new byte[PacketBytes];
        for (; Now < end; Now += TimeSpan.FromMilliseconds(1))
        {
            Estimator.OnTime(Now);
            var rate = Math.Min(Estimator.TargetBps, ApplicationBps);
            while (_nextSendAt <= Now)
            {
                Send(packet, cluster: 0);
                _nextSendAt = (_nextSendAt > Now - TimeSpan.FromMilliseconds(20) ? _nextSendAt : Now)
                    + TimeSpan.FromSeconds(PacketBytes * 8.0 / rate);
            }

            while (Probe.BytesDue(Now) > 0)
            {
                Probe.OnSent(PacketBytes, Now);
                Send(packet, Probe.Cluster);
            }

            while (_forward.TryReceive(Now, out var arrived, out _))
            {
                _delivered += arrived.Length;
                _recorder.OnPacket(BinaryPrimitives.ReadUInt16BigEndian(arrived), 2, Now);
            }

            var buffer = new byte[1_200];
            var writer = new RtcpWriter(buffer);
            while (_recorder.TryReport(ref writer, 1, Now))
            {
            }

            if (writer.Length > 0)
            {
                _backward.Send(buffer.AsSpan(0, writer.Length), 0, Now);
            }

            while (_backward.TryReceive(Now, out var report, out _))
            {
                var reader = new RtcpReader(report);
                while (reader.TryRead(out var rtcp))
                {
                    Assert.True(TransportFeedback.TryRead(rtcp, out var feedback));
                    Estimator.OnFeedback(feedback, Now);
                }
            }

            targets += Estimator.TargetBps;
            steps++;
        }

        DeliveredBps = (_delivered - deliveredBefore) * 8 / (Now - from).TotalSeconds;
        MeanTargetBps = targets / steps;
    }

    private void Send(byte[] packet, int cluster)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet, Estimator.OnSending(packet.Length, Now, cluster));
        _forward.Send(packet, 0, Now);
    }
}
