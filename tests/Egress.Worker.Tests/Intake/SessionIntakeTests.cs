using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Intake;
using Roomcast.TestKit.Network;

namespace Roomcast.Egress.Worker.Tests.Intake;

public sealed class SessionIntakeTests
{
    /// <summary>Seeds of lossy runs: the first ones, and each that ever failed.</summary>
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 20)];

    private static readonly NetworkConditions Rough = new()
    {
        Delay = TimeSpan.FromMilliseconds(40),
        Jitter = TimeSpan.FromMilliseconds(60),
        Loss = 0.02,
        Reorder = 0.03,
        ReorderDelay = TimeSpan.FromMilliseconds(40),
        Duplicate = 0.02,
    };

    [Fact]
    public void Everything_is_given_once_in_order_and_in_time()
    {
        var world = new IntakeWorld(1);
        world.Run(TimeSpan.FromSeconds(10));
        Assert.InRange(world.Pictures.Count, 290, 300);
        Assert.InRange(world.Sounds.Count, 488, 500);
        Assert.Empty(world.Concealments);
        Assert.Equal(1, world.Misses); // The keyframe that the first pictures need.
        Assert.All(world.Pictures.Zip(world.Pictures.Skip(1)), pair => Assert.True(Millisecond(IntakeWorld.FrameTime, pair.Second.Sampled - pair.First.Sampled)));
        Assert.All(world.Sounds.Zip(world.Sounds.Skip(1)), pair => Assert.Equal(IntakeWorld.SoundTime, pair.Second.Sampled - pair.First.Sampled));
        Assert.All(world.Pictures, each => Assert.InRange(each.At - each.Tick, TimeSpan.FromMilliseconds(16), TimeSpan.FromMilliseconds(51)));
        Assert.All(world.Sounds, each => Assert.InRange(each.At - each.Tick, TimeSpan.Zero, TimeSpan.FromMilliseconds(41)));
        Assert.All(world.Intake.Figures(), track => Assert.True(track is { Lost: 0, Late: 0, HasReports: true, DelayMs: >= 150 and <= 300 }));
        Assert.Equal(0, world.Intake.StrayPackets);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Sound_and_picture_lie_as_the_senders_clock_says_whatever_the_network_does_to_each(int seed) => AssertInStep(seed, reportsPacketEnds: false);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_sound_of_a_browser_lies_where_it_was_sounded_and_not_where_its_packets_were_complete(int seed) => AssertInStep(seed, reportsPacketEnds: true);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_is_lost_of_sound_is_made_up_and_time_is_covered_without_holes(int seed)
    {
        var world = new IntakeWorld(seed, Rough);
        world.Run(TimeSpan.FromSeconds(30));
        var spans = world.Sounds.Select(each => (each.At, Duration: IntakeWorld.SoundTime))
            .Concat(world.Concealments.Select(each => (each.At, each.Duration)))
            .OrderBy(each => each.At)
            .ToList();
        Assert.NotEmpty(world.Concealments);
        Assert.InRange(spans.Count, 1_470, 1_510);
        var holes = spans.Zip(spans.Skip(1)).Select(pair => pair.Second.At - pair.First.At - pair.First.Duration).ToList();
        // What moves is the slew; a step up to a longer holding time leaves a hole of its size, a few times in all.
        Assert.InRange(holes.Count(hole => hole.Duration() > TimeSpan.FromMilliseconds(3)), 0, 3);
        Assert.All(holes, hole => Assert.InRange(hole.TotalMilliseconds, -5, 150));
        Assert.Equal(world.Concealments.Count, world.Intake.Figures().Single(track => track.Ssrc == IntakeWorld.Microphone).Concealed);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Pictures_go_on_with_a_keyframe_after_a_loss_and_stay_in_order(int seed)
    {
        var world = new IntakeWorld(seed, Rough);
        world.Run(TimeSpan.FromSeconds(30));
        Assert.True(world.Misses > 1);
        Assert.InRange(world.Pictures.Count, 750, 900);
        Assert.All(world.Pictures.Zip(world.Pictures.Skip(1)), pair => Assert.True(pair.First.Sampled < pair.Second.Sampled));
        // After each hole a keyframe comes within half a second and what it takes there and back.
        var hole = default(TimeSpan?);
        foreach (var (first, second) in world.Pictures.Zip(world.Pictures.Skip(1)))
        {
            hole = second.IsKeyframe ? null : second.Sampled - first.Sampled > IntakeWorld.FrameTime * 1.5 ? hole ?? second.Tick : hole;
            Assert.True(hole is null || second.Tick - hole < TimeSpan.FromSeconds(1), $"No keyframe since {hole}.");
        }
    }

    [Fact]
    public void A_sender_whose_clock_drifts_is_followed_for_as_long_as_it_runs()
    {
        foreach (var drift in (double[])[0.0002, -0.0002])
        {
            var world = new IntakeWorld(3) { Drift = drift };
            world.Run(TimeSpan.FromMinutes(5));
            Assert.InRange(world.Concealments.Count, 0, 3);
            Assert.InRange(world.Sounds.Count, 14_900, 15_010);
            var (first, last) = (world.Sounds[500], world.Sounds[^1]);
            // The way from the sender's lens to the tick stays what it was, although the clocks are 60 ms apart by now.
            Assert.Equal(Delay(first, drift), Delay(last, drift), tolerance: 6);
        }

        static double Delay(Given each, double drift) => (each.At - (each.Sampled / (1 + drift))).TotalMilliseconds;
    }

    [Fact]
    public void A_peer_that_sets_its_wall_clock_is_neither_seen_nor_heard_to_do_so()
    {
        var world = new IntakeWorld(3);
        world.Run(TimeSpan.FromSeconds(20));
        world.WallOffset += TimeSpan.FromMinutes(3);
        world.Run(TimeSpan.FromSeconds(20));
        world.WallOffset -= TimeSpan.FromSeconds(40);
        world.Run(TimeSpan.FromSeconds(20));
        Assert.Empty(world.Concealments);
        Assert.All(
            world.Sounds.Skip(500).Concat(world.Pictures.Skip(300)),
            each => Assert.InRange((each.At - each.Sampled).TotalMilliseconds, 175, 190));
    }

    [Fact]
    public void Without_reports_times_come_of_arrivals()
    {
        var world = new IntakeWorld(3) { Reports = false };
        world.Run(TimeSpan.FromSeconds(10));
        Assert.InRange(world.Sounds.Count, 488, 500);
        Assert.All(world.Intake.Figures(), track => Assert.False(track.HasReports));
        Assert.All(world.Sounds, each => Assert.InRange((each.At - each.Sampled).TotalMilliseconds, 175, 190));
    }

    [Fact]
    public void Late_packets_make_the_holding_longer_at_once_and_calm_makes_it_shorter_slowly()
    {
        var world = new IntakeWorld(5);
        world.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(150, Hold(world));
        world.Conditions = new NetworkConditions { Delay = TimeSpan.FromMilliseconds(30), Jitter = TimeSpan.FromMilliseconds(220) };
        world.Run(TimeSpan.FromSeconds(3));
        Assert.InRange(Hold(world), 200, 300);
        var grown = Hold(world);
        world.Conditions = new NetworkConditions { Delay = TimeSpan.FromMilliseconds(30) };
        world.Run(TimeSpan.FromSeconds(2));
        Assert.InRange(Hold(world), grown - 10, grown);
        world.Run(TimeSpan.FromSeconds(60));
        Assert.Equal(150, Hold(world));
        Assert.InRange((world.Sounds[^1].At - world.Sounds[^1].Sampled).TotalMilliseconds, 170, 200);

        static double Hold(IntakeWorld world) => world.Intake.Figures().Max(track => track.DelayMs);
    }

    [Theory]
    [InlineData(800)]
    [InlineData(4_000)]
    public void A_way_that_becomes_longer_is_found_again_in_two_seconds_and_one_that_becomes_shorter_too(int delayMs)
    {
        var world = new IntakeWorld(6);
        world.Run(TimeSpan.FromSeconds(10));
        world.Conditions = new NetworkConditions { Delay = TimeSpan.FromMilliseconds(delayMs) };
        world.Run(TimeSpan.FromMilliseconds(delayMs + 3_000));
        var since = world.Now;
        var concealed = world.Concealments.Count;
        world.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(concealed, world.Concealments.Count);
        var later = world.Sounds.Where(each => each.Tick > since).ToList();
        Assert.InRange(later.Count, 240, 260);
        Assert.All(later, each => Assert.InRange((each.At - each.Sampled).TotalMilliseconds, delayMs + 140, delayMs + 320));

        world.Conditions = new NetworkConditions { Delay = TimeSpan.FromMilliseconds(30) };
        world.Run(TimeSpan.FromMilliseconds(delayMs + 3_000));
        var last = world.Sounds[^1];
        Assert.InRange((last.At - last.Sampled).TotalMilliseconds, 140, 640);
    }

    [Fact]
    public void Silence_on_purpose_is_made_up_for_a_moment_only_and_sound_returns_where_it_belongs()
    {
        var world = new IntakeWorld(6);
        world.Run(TimeSpan.FromSeconds(10));
        world.Speaks = false;
        world.Run(TimeSpan.FromSeconds(5));
        Assert.InRange(world.Concealments.Sum(each => each.Duration.TotalMilliseconds), 20, 120);
        world.Speaks = true;
        world.Run(TimeSpan.FromSeconds(5));
        var picture = world.Pictures[^10];
        var sound = world.Sounds.MinBy(each => (each.Sampled - picture.Sampled).Duration());
        Assert.Equal((picture.At - picture.Sampled).TotalMilliseconds, (sound.At - sound.Sampled).TotalMilliseconds, tolerance: 2);
    }

    [Fact]
    public void Rotation_is_told_with_the_frame_that_carries_it()
    {
        var world = new IntakeWorld(6);
        world.Run(TimeSpan.FromSeconds(1));
        world.Orientation = 1;
        world.Run(TimeSpan.FromSeconds(1));
        world.Orientation = 3;
        world.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([0, 90, 270], world.Pictures.Select(each => each.Rotation).Distinct());
    }

    [Fact]
    public void A_paused_track_gives_nothing_and_begins_with_a_wish_for_a_keyframe_when_it_goes_on()
    {
        var world = new IntakeWorld(6);
        world.Run(TimeSpan.FromSeconds(3));
        world.SetScene(isPaused: true);
        var (pictures, sounds) = (world.Pictures.Count, world.Sounds.Count);
        world.Run(TimeSpan.FromSeconds(3));
        Assert.Equal((pictures, sounds), (world.Pictures.Count, world.Sounds.Count));
        Assert.Empty(world.Concealments);
        world.SetScene(isPaused: false);
        world.Run(TimeSpan.FromSeconds(3));
        // The first is given when it is due: no sooner than it is held for.
        Assert.InRange(world.Pictures.Count - pictures, 80, 91);
        Assert.InRange(world.Misses, 2, 3);
    }

    [Fact]
    public void Packets_of_nobody_are_counted_and_do_no_harm()
    {
        var intake = new SessionIntake();
        intake.Take([1, 2, 3], false, default);
        intake.Take([0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 1], false, default);
        intake.Take([0x80], true, default);
        intake.SetScene(new Scene { Peers = [new ScenePeer("a", "") { Camera = new SceneTrack(9, SceneCodec.Vp8, 100) }] });
        intake.Take([0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 1], false, default);
        Assert.Equal(4, intake.StrayPackets);
        intake.SetScene(Scene.Empty);
        Assert.Empty(intake.Figures());
    }

    private static bool Millisecond(TimeSpan expected, TimeSpan actual) => (expected - actual).Duration() < TimeSpan.FromMilliseconds(1);

    private static void AssertInStep(int seed, bool reportsPacketEnds)
    {
        // Pictures take a longer and rougher way than sound, as large frames that are paced do.
        var world = new IntakeWorld(seed, Rough with { Delay = TimeSpan.FromMilliseconds(90) }, Rough with { Delay = TimeSpan.FromMilliseconds(20) }, reportsPacketEnds);
        world.Run(TimeSpan.FromSeconds(30));

        // Until the first report of sound the two are laid by arrivals; with it they come together.
        var pictures = world.Pictures.Where(each => each.Tick > TimeSpan.FromSeconds(12)).ToList();
        Assert.InRange(pictures.Count, 300, 541);
        var offsets = pictures.Select(picture =>
        {
            var sound = world.Sounds.MinBy(each => (each.Sampled - picture.Sampled).Duration());
            return (sound.At - sound.Sampled - (picture.At - picture.Sampled)).Duration();
        }).Order().ToList();
        Assert.InRange(offsets[offsets.Count * 95 / 100].TotalMilliseconds, 0, 5);
        // Where the holding time steps, the last sound of before lies beside a picture of after, once or twice in all.
        Assert.InRange(offsets.Count(offset => offset > TimeSpan.FromMilliseconds(45)), 0, 4);
    }
}
