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
                || run.FramesShown <= leastFrames || run.Repeated <= 10 || run.FirstPictureAfter > TimeSpan.FromSeconds(1.5))
            {
                failed.Add($"seed {seed}: {Describe(run)}");
            }
        }

        Assert.True(failed.Count == 0, string.Join("; ", failed));
    }

    /// <summary>Share of packets that others overtake by 20 ms, and of packets that come twice; and a first seed.</summary>
    public static TheoryData<double, double, int> Disorders => new()
    {
        { 0.02, 0.05, 1 }, { 0.02, 0.05, 11 }, { 0.10, 0.05, 1 }, { 0.10, 0.20, 11 },
    };

    [Theory]
    [MemberData(nameof(Disorders))]
    public void Packets_out_of_order_and_twice_cost_neither_picture_nor_sound(double reorder, double duplicate, int firstSeed)
    {
        var conditions = new NetworkConditions
        {
            Delay = TimeSpan.FromMilliseconds(50),
            Jitter = TimeSpan.FromMilliseconds(10),
            Reorder = reorder,
            ReorderDelay = TimeSpan.FromMilliseconds(20),
            Duplicate = duplicate,
        };
        // One packet of sound in 1,500: the first of all may be overtaken by the second, and then lies before the track's beginning.
        const double oneSound = 0.001;
        var failed = new List<string>();
        for (var seed = firstSeed; seed < firstSeed + 10; seed++)
        {
            using var run = new LossyRun(seed, conditions);
            run.Play(TimeSpan.FromSeconds(30));
            if (run.LongestFreeze.TotalMilliseconds > 250 || run.SoundMissing > oneSound || run.ChangedPackets > 0 || run.FramesShown < 890 || run.Jumps > 0)
            {
                failed.Add($"seed {seed}: {Describe(run)}");
            }
        }

        Assert.True(failed.Count == 0, string.Join("; ", failed));
    }

    /// <remarks>The queue in front of the narrow place holds a quarter of a second, as a home router's may; what comes on top is lost.</remarks>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    public void A_path_that_gets_narrower_takes_the_picture_down_and_away_and_leaves_the_sound(int seed)
    {
        using var run = new LossyRun(seed, OfRate(5_000_000), isSimulcast: true);
        run.Play(TimeSpan.FromSeconds(10));
        Assert.Equal((0, false), (run.VideoConsumer.CurrentRank, run.VideoConsumer.IsStarved));
        Fall(700_000, rank: 1);
        Fall(250_000, rank: 2);
        Fall(140_000, rank: null);

        Assert.Equal(0, run.ChangedPackets);

        // And comes back when there is room.
        run.ChangeViewersDownlink(OfRate(5_000_000));
        run.Play(TimeSpan.FromSeconds(20));
        Assert.Equal(0, run.VideoConsumer.CurrentRank);

        void Fall(long rateBps, int? rank)
        {
            var from = run.Now;
            run.ChangeViewersDownlink(OfRate(rateBps));
            run.Play(TimeSpan.FromSeconds(5));
            var settled = run.Now;
            var ranks = new int[4]; // The last is none.
            for (var i = 0; i < 100; i++)
            {
                run.Play(TimeSpan.FromMilliseconds(100));
                ranks[run.VideoConsumer.CurrentRank ?? 3]++;
            }

            var figures = $"at {rateBps} bit/s: encodings 0, 1, 2 and none for {string.Join(", ", ranks)} % of the time, {run.SoundLostSince(from):P2} of the sound lost since the fall, "
                + $"{run.SoundMissingSince(from):P2} missing, {run.SoundMissingSince(settled):P2} since 5 s after it; {Describe(run)}";
            // Never a better one; a worse one now and then, while the estimate finds its way.
            Assert.True(rank is { } best ? ranks[..best].Sum() <= 2 && ranks[best] >= 80 && ranks[3] <= 5 : ranks[3] >= 90, figures);
            Assert.True(run.SoundLostSince(from) <= 0.002 && run.SoundMissingSince(from) <= 0.02 && run.SoundMissingSince(settled) <= 0.005, figures);
        }
    }

    /// <summary>What the path carries in bits per second, sound taking 50,000 and the worst picture 135,000; and how many
    /// times the packets of another frame a keyframe has. At 175,000 bursts say now and then that the picture would get through, so that
    /// it is tried.</summary>
    public static TheoryData<long, int> TooNarrow => new()
    {
        { 90_000, 1 }, { 140_000, 1 }, { 175_000, 1 }, { 90_000, 6 }, { 140_000, 6 }, { 175_000, 6 },
    };

    [Theory]
    [MemberData(nameof(TooNarrow))]
    public void Looking_for_room_where_no_picture_fits_leaves_the_sound_alone(long rateBps, int keyframeFactor)
    {
        var failed = new List<string>();
        for (var seed = 1; seed <= 6; seed++)
        {
            using var run = new LossyRun(seed, OfRate(5_000_000), isSimulcast: true, keyframeFactor);
            run.Play(TimeSpan.FromSeconds(10));
            run.ChangeViewersDownlink(OfRate(rateBps));
            run.Play(TimeSpan.FromSeconds(10));
            var settled = run.Now;
            run.Play(TimeSpan.FromSeconds(60));
            var late = run.SoundMissingSince(settled);
            var lost = run.SoundLostSince(settled);

            run.ChangeViewersDownlink(OfRate(5_000_000));
            var opened = run.Now;
            while (run.VideoConsumer.CurrentRank is null && run.Now - opened < TimeSpan.FromSeconds(70))
            {
                run.Play(TimeSpan.FromMilliseconds(100));
            }

            var back = run.Now - opened;
            // Where bursts alone are sent the next one or two find the room; after trials that failed the next may be 20 s away.
            if (late > 0.005 || lost > 0 || back > TimeSpan.FromSeconds(rateBps < 150_000 ? 15 : 30))
            {
                failed.Add($"seed {seed}: {late:P2} of the sound late, {lost:P2} lost, the picture back after {back.TotalSeconds} s; {Describe(run)}");
            }
        }

        Assert.True(failed.Count == 0, string.Join("; ", failed));
    }

    [Theory]
    [InlineData(160_000, 1)]
    [InlineData(170_000, 1)]
    [InlineData(160_000, 6)]
    [InlineData(170_000, 6)]
    public void A_picture_that_does_not_fit_is_not_shown_for_moments(long rateBps, int keyframeFactor)
    {
        for (var seed = 1; seed <= 4; seed++)
        {
            var (share, changes, late) = WatchNarrow(rateBps, keyframeFactor, seed);
            Assert.True((share, changes) == (0, 0) && late <= 0.001, $"seed {seed}: there for {share:P0} of a minute with {changes} changes, {late:P2} of the sound late");
        }
    }

    /// <summary>A picture whose keyframes have six times the packets of other frames fills a queue when it begins, which must not be the
    /// reason why it ends. It came for two or three moments in a minute, though there was room.</summary>
    [Theory]
    [InlineData(200_000, 1)]
    [InlineData(240_000, 1)]
    [InlineData(215_000, 6)]
    [InlineData(240_000, 6)]
    public void A_picture_that_fits_is_found_to_fit_and_stays(long rateBps, int keyframeFactor)
    {
        var runs = Enumerable.Range(1, 4).Select(seed => WatchNarrow(rateBps, keyframeFactor, seed)).ToList();
        var figures = string.Join("; ", runs.Select(run => $"there for {run.Share:P0} of a minute with {run.Changes} changes, {run.Late:P2} of the sound late"));
        Assert.True(runs.Average(run => run.Share) >= 0.75 && runs.Sum(run => run.Changes) <= 8 && runs.All(run => run.Late <= 0.005), figures);
    }

    private static (double Share, int Changes, double Late) WatchNarrow(long rateBps, int keyframeFactor, int seed)
    {
        using var run = new LossyRun(seed, OfRate(5_000_000), isSimulcast: true, keyframeFactor);
        run.Play(TimeSpan.FromSeconds(10));
        run.ChangeViewersDownlink(OfRate(rateBps));
        run.Play(TimeSpan.FromSeconds(10));
        var settled = run.Now;
        var (there, changes) = (0, 0);
        var wasThere = run.VideoConsumer.CurrentRank is not null;
        for (var i = 0; i < 600; i++)
        {
            run.Play(TimeSpan.FromMilliseconds(100));
            var isThere = run.VideoConsumer.CurrentRank is not null;
            there += isThere ? 1 : 0;
            changes += isThere == wasThere ? 0 : 1;
            wasThere = isThere;
        }

        return (there / 600.0, changes, run.SoundMissingSince(settled));
    }

    private static NetworkConditions OfRate(long rateBps) => new()
    {
        Delay = TimeSpan.FromMilliseconds(50),
        Jitter = TimeSpan.FromMilliseconds(5),
        RateBps = rateBps,
        QueueBytes = (int)(rateBps / 8 / 4),
    };

    private static string Describe(LossyRun run) =>
        $"first picture after {run.FirstPictureAfter.TotalMilliseconds} ms, {run.LongestFreeze.TotalMilliseconds} ms frozen, {run.SoundMissing:P2} of the sound missing, {run.ChangedPackets} packets changed, "
        + $"an estimate of {run.Estimator.TargetBps} bit/s with {run.Estimator.LossRatio:P1} lost, {run.FramesShown} frames, {run.Repeated} packets repeated, {run.KeyframesMade} keyframes made, {run.Jumps} of them skipped to";

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
}
