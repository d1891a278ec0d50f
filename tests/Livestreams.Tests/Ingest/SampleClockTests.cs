using Roomcast.Livestreams.Ingest;
using Roomcast.Media.Time;

namespace Roomcast.Livestreams.Tests.Ingest;

public sealed class SampleClockTests
{
    private const int Rate = 44_100;
    private const int Samples = 1_024;

    private static readonly double FrameMs = Samples * 1_000.0 / Rate;

    private static MediaTime Ms(double milliseconds) => new((long)(milliseconds * TimeSpan.TicksPerMillisecond));

    private static SampleClock Clock() => new(Rate, new MediaTime(long.MinValue));

    [Fact]
    public void Times_in_milliseconds_become_exact()
    {
        var clock = Clock();
        for (var i = 0; i < 100_000; i++)
        {
            Assert.True(clock.TryPlace(Ms(Math.Round(i * FrameMs)), isTimed: true, Samples, out var exact));
            Assert.Equal(MediaTime.FromTimescale((long)i * Samples, Rate), exact);
        }
    }

    [Fact]
    public void The_jitter_of_a_wall_clock_does_not_show()
    {
        var clock = Clock();
        var random = new Random(4);
        for (var i = 0; i < 20_000; i++)
        {
            var jitterMs = i == 0 ? 0 : random.Next(-40, 41);
            Assert.True(clock.TryPlace(Ms((i * FrameMs) + jitterMs), isTimed: true, Samples, out var exact));
            Assert.Equal(MediaTime.FromTimescale((long)i * Samples, Rate), exact);
        }
    }

    [Theory]
    [InlineData(1.001)]
    [InlineData(0.999)]
    public void A_drift_is_taken_out_before_lips_betray_it(double speed)
    {
        var clock = Clock();
        var last = new MediaTime(long.MinValue);
        var dropped = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var source = Ms(i * FrameMs * speed);
            if (!clock.TryPlace(source, isTimed: true, Samples, out var exact))
            {
                dropped++;
                continue;
            }

            Assert.True(exact > last);
            Assert.InRange((source - exact).TotalMilliseconds, -45, 45);
            last = exact;
        }

        // Time that runs faster than sound leaves holes; the other way round, sound is left out: 0.1 % of it.
        Assert.InRange(dropped, speed > 1 ? 0 : 15, speed > 1 ? 0 : 25);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(30)]
    public void A_hole_is_noticed_within_a_few_frames(int missing)
    {
        var clock = Clock();
        for (var i = 0; i < 200; i++)
        {
            var at = (i + (i < 100 ? 0 : missing)) * FrameMs;
            Assert.True(clock.TryPlace(Ms(Math.Round(at)), isTimed: true, Samples, out var exact));
            if (i is < 100 or > 106)
            {
                Assert.InRange((Ms(at) - exact).TotalMilliseconds, -2, 2);
            }
        }
    }

    [Fact]
    public void More_sound_than_time_is_left_out()
    {
        var clock = Clock();
        var kept = 0;
        for (var i = 0; i < 100; i++)
        {
            kept += clock.TryPlace(Ms(i * FrameMs / 2), isTimed: true, Samples, out _) ? 1 : 0;
        }

        Assert.InRange(kept, 50, 58);
    }

    [Fact]
    public void Without_timestamps_the_samples_alone_count()
    {
        var clock = Clock();
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(clock.TryPlace(Ms(i), isTimed: i == 0, Samples, out var exact));
            Assert.Equal(MediaTime.FromTimescale((long)i * Samples, Rate), exact);
        }
    }

    [Fact]
    public void It_begins_no_earlier_than_where_earlier_sound_ends()
    {
        var clock = new SampleClock(Rate, Ms(100));
        Assert.True(clock.TryPlace(Ms(90), isTimed: true, Samples, out var exact));
        Assert.Equal(Ms(100), exact);
    }
}
