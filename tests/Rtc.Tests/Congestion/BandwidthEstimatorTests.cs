using Roomcast.Rtc.Congestion;
using Roomcast.TestKit.Network;

namespace Roomcast.Rtc.Tests.Congestion;

public sealed class BandwidthEstimatorTests
{
    private static NetworkConditions Path(long rateBps) => new()
    {
        Delay = TimeSpan.FromMilliseconds(30), Jitter = TimeSpan.FromMilliseconds(3), RateBps = rateBps, QueueBytes = 200_000,
    };

    [Theory]
    [InlineData(1, 500_000)]
    [InlineData(2, 1_000_000)]
    [InlineData(3, 3_000_000)]
    public void The_estimate_settles_near_what_the_path_carries(int seed, long capacityBps)
    {
        var run = new CongestionRun(seed, Path(capacityBps));
        run.Run(TimeSpan.FromSeconds(40));
        run.Run(TimeSpan.FromSeconds(30));

        Assert.InRange(run.MeanTargetBps / capacityBps, 0.70, 1.05);
        Assert.InRange(run.DeliveredBps / capacityBps, 0.70, 1.0);
        Assert.InRange(run.Estimator.LossRatio, 0, 0.05);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_path_that_narrows_is_noticed_within_seconds_and_found_again_when_it_widens(int seed)
    {
        var run = new CongestionRun(seed, Path(2_000_000));
        run.Run(TimeSpan.FromSeconds(60));
        run.Conditions = Path(600_000);
        run.Run(TimeSpan.FromSeconds(4));
        run.Run(TimeSpan.FromSeconds(20));
        Assert.InRange(run.MeanTargetBps / 600_000, 0.6, 1.1);

        run.Conditions = Path(2_000_000);
        run.Run(TimeSpan.FromSeconds(60));
        run.Run(TimeSpan.FromSeconds(20));
        Assert.InRange(run.MeanTargetBps / 2_000_000, 0.65, 1.05);
    }

    [Fact]
    public void Loss_that_no_queue_makes_is_borne_up_to_a_tenth()
    {
        var run = new CongestionRun(1, Path(3_000_000) with { Loss = 0.04 }, new BandwidthLimits(MaxBps: 2_000_000));
        run.Run(TimeSpan.FromSeconds(60));

        Assert.InRange(run.Estimator.TargetBps, 1_500_000, 2_000_000);
        Assert.InRange(run.Estimator.LossRatio, 0.005, 0.10);
    }

    /// <remarks>The estimate once came down in small steps from what it had been, and half of what was sent was lost for seconds.</remarks>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_full_queue_shows_what_the_path_carries_however_high_the_estimate_was(int seed)
    {
        var run = new CongestionRun(seed, Path(5_000_000), new BandwidthLimits(StartBps: 4_000_000)) { ApplicationBps = 1_200_000 };
        run.Run(TimeSpan.FromSeconds(10));
        Assert.True(run.Estimator.TargetBps > 1_500_000);
        run.Conditions = Path(700_000) with { QueueBytes = 22_000 };
        run.Run(TimeSpan.FromSeconds(2));

        Assert.InRange(run.Estimator.TargetBps, 350_000, 800_000);
        Assert.True(run.Estimator.IsQueueFull(run.Now));
    }

    [Fact]
    public void Loss_without_growing_delay_is_taken_for_no_full_queue()
    {
        var run = new CongestionRun(1, Path(5_000_000) with { Loss = 0.2 }) { ApplicationBps = 300_000 };
        for (var i = 0; i < 100; i++)
        {
            run.Run(TimeSpan.FromMilliseconds(100));
            Assert.False(run.Estimator.IsQueueFull(run.Now));
        }
    }

    /// <remarks>They once counted as delay: the estimate fell to a tenth of what the path carried.</remarks>
    [Theory]
    [InlineData(0.02)]
    [InlineData(0.10)]
    public void Packets_that_others_overtake_are_taken_for_no_queue(double reorder)
    {
        var run = new CongestionRun(1, Path(3_000_000) with { Reorder = reorder, ReorderDelay = TimeSpan.FromMilliseconds(20) }, new BandwidthLimits(MaxBps: 2_000_000));
        run.Run(TimeSpan.FromSeconds(40));
        run.Run(TimeSpan.FromSeconds(20));

        Assert.InRange(run.MeanTargetBps, 1_500_000, 2_000_000);
    }

    [Fact]
    public void Heavy_loss_lowers_the_rate()
    {
        var run = new CongestionRun(1, Path(3_000_000) with { Loss = 0.25 });
        run.Run(TimeSpan.FromSeconds(20));

        Assert.True(run.Estimator.TargetBps < 200_000, $"{run.Estimator.TargetBps}");
    }

    [Fact]
    public void What_is_not_sent_is_not_assumed_to_get_through()
    {
        var run = new CongestionRun(1, Path(10_000_000)) { ApplicationBps = 300_000 };
        run.Run(TimeSpan.FromSeconds(120));

        Assert.InRange(run.Estimator.TargetBps, 300_000, 700_000);
    }

    [Fact]
    public void A_probe_finds_in_a_second_what_growing_would_find_in_a_minute()
    {
        var run = new CongestionRun(1, Path(5_000_000)) { ApplicationBps = 300_000 };
        run.Run(TimeSpan.FromSeconds(10));
        var before = run.Estimator.TargetBps;
        Assert.True(run.Probe.TryBegin(4_000_000, run.Now));
        Assert.False(run.Probe.TryBegin(4_000_000, run.Now));
        run.Run(TimeSpan.FromSeconds(1));

        Assert.True(before < 700_000);
        Assert.InRange(run.Estimator.TargetBps, 2_800_000, 4_200_000);
        Assert.False(run.Probe.IsActive);
    }

    [Fact]
    public void A_probe_above_the_capacity_shows_the_capacity()
    {
        var run = new CongestionRun(1, Path(1_500_000) with { Jitter = TimeSpan.Zero }) { ApplicationBps = 300_000 };
        run.Run(TimeSpan.FromSeconds(10));
        run.Probe.TryBegin(6_000_000, run.Now);
        run.Run(TimeSpan.FromMilliseconds(500));

        Assert.InRange(run.Estimator.TargetBps, 600_000, 1_700_000);
        Assert.InRange(run.Estimator.ProbeArrivedBps(run.Probe.Cluster) ?? 0, 600_000, 1_700_000);
        Assert.Null(run.Estimator.ProbeArrivedBps(run.Probe.Cluster + 1));
    }

    [Fact]
    public void Without_reports_the_rate_is_halved_and_halved_again()
    {
        var run = new CongestionRun(1, Path(2_000_000));
        run.Run(TimeSpan.FromSeconds(30));
        var before = run.Estimator.TargetBps;
        run.Conditions = new NetworkConditions { Loss = 1 };
        run.Run(TimeSpan.FromSeconds(5));

        Assert.InRange(run.Estimator.TargetBps, 0, before / 3);
    }

    [Fact]
    public void A_receiver_s_own_estimate_is_a_ceiling()
    {
        var estimator = new BandwidthEstimator();
        estimator.OnReceiverEstimate(250_000);
        Assert.Equal(250_000, estimator.TargetBps);
        estimator.OnReceiverEstimate(1);
        Assert.Equal(60_000, estimator.TargetBps);
    }

    [Fact]
    public void The_same_run_gives_the_same_answer()
    {
        var first = new CongestionRun(9, Path(1_000_000) with { Loss = 0.02 });
        var second = new CongestionRun(9, Path(1_000_000) with { Loss = 0.02 });
        first.Run(TimeSpan.FromSeconds(20));
        second.Run(TimeSpan.FromSeconds(20));

        Assert.Equal(first.Estimator.TargetBps, second.Estimator.TargetBps);
        Assert.Equal(first.DeliveredBps, second.DeliveredBps);
    }

    [Fact]
    public void The_meter_reads_what_passed_in_the_last_half_second()
    {
        var meter = new RateMeter();
        Assert.Null(meter.RateBps(TimeSpan.FromSeconds(1)));
        for (var i = 0; i < 1_000; i++)
        {
            meter.Add(125, TimeSpan.FromMilliseconds(i)); // A megabit per second.
        }

        Assert.InRange(meter.RateBps(TimeSpan.FromMilliseconds(999))!.Value, 990_000, 1_010_000);
        Assert.InRange(meter.RateBps(TimeSpan.FromMilliseconds(1_250))!.Value, 400_000, 520_000);
        Assert.Equal(0, meter.RateBps(TimeSpan.FromMilliseconds(1_600)));
    }
}
