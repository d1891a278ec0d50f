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

    [Theory]
    [MemberData(nameof(Stalls))]
    public void A_microphone_that_stalls_is_heard_again_and_with_the_picture(int stallMs, int after, bool relays)
    {
        var world = new IntakeWorld(7) { Relays = relays };
        world.Run(TimeSpan.FromMilliseconds(20_000 + after));
        world.StallMicrophone(TimeSpan.FromMilliseconds(stallMs));
        world.Run(TimeSpan.FromMilliseconds(stallMs));
        AssertHeardAgain(world, world.Now, lateFor: 1_300);

        // What was late meanwhile had the holding lengthened, as all that is late does, and no more than that.
        Assert.All(world.Pictures.Where(each => each.Tick > Settled), each => Assert.InRange(Delay(each), 175, 335));
    }

    [Theory]
    [MemberData(nameof(Stalls))]
    public void A_microphone_whose_timestamps_step_ahead_is_heard_again_and_with_the_picture(int jumpMs, int after, bool relays)
    {
        var world = new IntakeWorld(7) { Relays = relays };
        world.Run(TimeSpan.FromMilliseconds(20_000 + after));
        world.JumpMicrophone(TimeSpan.FromMilliseconds(jumpMs));
        AssertHeardAgain(world, world.Now, lateFor: 1_600);
        Assert.All(world.Pictures.Where(each => each.Tick > Settled), each => Assert.InRange(Delay(each), 140, 335));
    }

    [Theory]
    [MemberData(nameof(Stalls))]
    public void A_microphone_without_a_camera_is_heard_again_after_it_stalled_and_after_its_timestamps_stepped(int stepMs, int after, bool relays)
    {
        foreach (var stalls in (bool[])[true, false])
        {
            var world = new IntakeWorld(7) { Relays = relays, Films = false };
            world.Run(TimeSpan.FromMilliseconds(20_000 + after));
            if (stalls)
            {
                world.StallMicrophone(TimeSpan.FromMilliseconds(stepMs));
                world.Run(TimeSpan.FromMilliseconds(stepMs));
            }
            else
            {
                world.JumpMicrophone(TimeSpan.FromMilliseconds(stepMs));
            }

            var since = world.Now;
            world.Run(TimeSpan.FromSeconds(30));
            AssertHeard(world, since, lateFor: stalls ? 1_100 : 1_500);
            Assert.All(world.Sounds.Where(each => each.Sampled > since + TimeSpan.FromSeconds(20)), each => Assert.InRange(Delay(each), 140, 340));
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_microphone_that_stalls_is_heard_again_whatever_the_network_does(int seed)
    {
        var world = new IntakeWorld(seed, Rough) { Relays = true };
        world.Run(TimeSpan.FromSeconds(20));
        foreach (var stallMs in (int[])[400, 600, 5_000])
        {
            world.StallMicrophone(TimeSpan.FromMilliseconds(stallMs));
            world.Run(TimeSpan.FromMilliseconds(stallMs));
            var since = world.Now;
            world.Run(TimeSpan.FromSeconds(20));
            var heard = world.Sounds.Count(each => each.Sampled > since + TimeSpan.FromSeconds(2) && IsHeard(each));
            Assert.InRange(heard, 800, 900);
            var picture = world.Pictures[^10];
            var sound = world.Sounds.MinBy(each => (each.Sampled - picture.Sampled).Duration());
            Assert.Equal(Delay(picture), Delay(sound), tolerance: 10);
        }
    }

    [Fact]
    public void Short_stalls_that_follow_each_other_do_not_add_up_to_silence()
    {
        var world = new IntakeWorld(7) { Relays = true };
        world.Run(TimeSpan.FromSeconds(20));
        for (var i = 0; i < 20; i++)
        {
            world.StallMicrophone(TimeSpan.FromMilliseconds(40));
            world.Run(TimeSpan.FromSeconds(3));
        }

        AssertHeardAgain(world, world.Now, lateFor: 0);
        Assert.All(world.Sounds.Where(each => each.Tick > Settled), each => Assert.True(IsHeard(each), $"{each.Sampled} is heard late."));
    }

    [Fact]
    public void A_peer_that_sets_its_wall_clock_is_not_heard_to_do_so_where_old_reports_are_told_on()
    {
        var world = new IntakeWorld(3) { Relays = true };
        world.Run(TimeSpan.FromSeconds(21));
        world.WallOffset += TimeSpan.FromMinutes(3);
        world.Run(TimeSpan.FromSeconds(20));
        world.WallOffset -= TimeSpan.FromSeconds(40);
        world.Run(TimeSpan.FromSeconds(2));
        world.WallOffset += TimeSpan.FromSeconds(2);
        world.Run(TimeSpan.FromSeconds(20));
        Assert.Empty(world.Concealments);
        Assert.All(world.Sounds.Skip(500).Concat(world.Pictures.Skip(300)), each => Assert.InRange(Delay(each), 175, 190));
    }

    [Fact]
    public void A_microphone_that_stalls_while_its_peer_sets_the_wall_clock_is_heard_again()
    {
        var world = new IntakeWorld(3) { Relays = true };
        world.Run(TimeSpan.FromSeconds(21));
        world.WallOffset += TimeSpan.FromMinutes(3);
        world.StallMicrophone(TimeSpan.FromSeconds(1));
        world.Run(TimeSpan.FromSeconds(1));
        AssertHeardAgain(world, world.Now, lateFor: 3_000);
    }

    [Fact]
    public void Sound_that_was_moved_beside_the_picture_is_with_it_again_once_it_comes_in_time()
    {
        // Pictures and sound take ways of their own here: for a while that of sound is longer by far, and no report says why.
        var world = new IntakeWorld(3) { Relays = true };
        world.Run(TimeSpan.FromSeconds(20));
        world.SoundConditions = new NetworkConditions { Delay = TimeSpan.FromMilliseconds(900) };
        world.Run(TimeSpan.FromSeconds(2.5));
        var since = world.Now;
        world.Run(TimeSpan.FromSeconds(6));
        Assert.All(world.Sounds.Where(each => each.Tick > since), each => Assert.True(IsHeard(each), $"{each.Sampled} is heard late."));
        world.SoundConditions = new NetworkConditions { Delay = TimeSpan.FromMilliseconds(30) };
        
        // What has been held for 0.87 s too long is skipped.
        AssertHeardAgain(world, world.Now, lateFor: 2_000, mostSkipped: 45);
    }

    /// <summary>How long a stall or a jump is, how long after the 20th second it comes, and whether a forwarding unit tells reports on.</summary>
    public static TheoryData<int, int, bool> Stalls
    {
        get
        {
            var stalls = new TheoryData<int, int, bool>();
            foreach (var stallMs in (int[])[100, 200, 300, 320, 400, 500, 600, 1_000, 5_000])
            {
                foreach (var after in (int[])[0, 1_700, 2_380, 3_500])
                {
                    stalls.Add(stallMs, after, false);
                    stalls.Add(stallMs, after, true);
                }
            }

            return stalls;
        }
    }

    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(12);

    private static double Delay(Given each) => (each.At - each.Sampled).TotalMilliseconds;

    /// <summary>Sound is mixed up to the tick before the one with which a packet is given: what lies before that is not heard any more.</summary>
    private static bool IsHeard(Given each) => each.At >= each.Tick - IntakeWorld.FrameTime;

    /// <summary>Soon all is heard, and lies with the picture once a report of it can have come.</summary>
    private static void AssertHeardAgain(IntakeWorld world, TimeSpan since, int lateFor, int mostSkipped = 16)
    {
        world.Run(TimeSpan.FromSeconds(40));
        AssertHeard(world, since, lateFor, mostSkipped);
        foreach (var picture in world.Pictures.Where(each => each.Sampled > since + TimeSpan.FromSeconds(22) && each.Sampled < world.Now - TimeSpan.FromSeconds(1)))
        {
            var sound = world.Sounds.MinBy(each => (each.Sampled - picture.Sampled).Duration());
            Assert.Equal(Delay(picture), Delay(sound), tolerance: 5);
        }
    }

    /// <summary>Nothing comes too late to be heard after a while, but for the third of a second at most that a report finds to be held too long.</summary>
    private static void AssertHeard(IntakeWorld world, TimeSpan since, int lateFor, int mostSkipped = 16)
    {
        var lost = world.Sounds.Where(each => each.Tick > since + TimeSpan.FromMilliseconds(lateFor) && !IsHeard(each)).ToList();
        Assert.InRange(lost.Count, 0, mostSkipped);
        var heard = world.Sounds.Where(each => each.Sampled > since + TimeSpan.FromMilliseconds(lateFor) && IsHeard(each)).ToList();
        var sent = (world.Now - since).TotalMilliseconds - lateFor;
        Assert.InRange(heard.Count, (sent / 20) - 45, (sent / 20) + 1);
        Assert.All(heard.Zip(heard.Skip(1)), pair => Assert.InRange((pair.Second.At - pair.First.At).TotalMilliseconds, -300, 700));
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
