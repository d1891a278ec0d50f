using FsCheck;
using FsCheck.Fluent;
using Roomcast.Media.Time;

namespace Roomcast.Media.Tests.Time;

public sealed class MediaTimeTests
{
    // Milliseconds of RTMP, every AAC rate, Opus, film, television and 90 kHz video, and the coarsest MP4 files have.
    private static readonly int[] Timescales =
    [
        1, 600, 1_000, 7_350, 8_000, 11_025, 12_000, 12_800, 15_360, 16_000, 22_050, 24_000, 25_000, 30_000,
        32_000, 44_100, 48_000, 60_000, 64_000, 88_200, 90_000, 96_000, 120_000, 192_000, 1_000_000, 10_000_000,
    ];

    private static Arbitrary<(int Timescale, long Value)> AnyTime => Gen.Elements(Timescales)
        .SelectMany(timescale => Numbers.Between(-4_000_000_000, 4_000_000_000), (timescale, value) => (timescale, value))
        .ToArbitrary();

    [Fact]
    public void A_count_of_any_usual_clock_comes_back_unchanged() =>
        Prop.ForAll(AnyTime, time =>
                MediaTime.FromTimescale(time.Value, time.Timescale).ToTimescale(time.Timescale) == time.Value)
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Milliseconds_are_exact_in_90_kHz_and_in_48_kHz() =>
        Prop.ForAll<int>(ms =>
                MediaTime.FromTimescale(ms, 1_000).ToTimescale(90_000) == 90L * ms
                && MediaTime.FromTimescale(ms, 1_000).ToTimescale(48_000) == 48L * ms)
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Conversion_never_goes_backward() =>
        Prop.ForAll(AnyTime, time =>
                MediaTime.FromTimescale(time.Value, time.Timescale) <= MediaTime.FromTimescale(time.Value + 1, time.Timescale)
                && new MediaTime(time.Value).ToTimescale(time.Timescale) <= new MediaTime(time.Value + 1).ToTimescale(time.Timescale))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_sign_changes_nothing_but_the_sign() =>
        Prop.ForAll(AnyTime, time =>
                MediaTime.FromTimescale(-time.Value, time.Timescale).Ticks == -MediaTime.FromTimescale(time.Value, time.Timescale).Ticks)
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_hundred_years_do_not_overflow()
    {
        const long Seconds = 100L * 366 * 86_400;
        foreach (var timescale in Timescales)
        {
            var time = MediaTime.FromTimescale(Seconds * timescale, timescale);
            Assert.Equal(TimeSpan.FromSeconds(Seconds), time.SinceStart);
            Assert.Equal(Seconds * timescale, time.ToTimescale(timescale));
        }
    }

    [Fact]
    public void Points_and_spans_add_up()
    {
        var time = MediaTime.FromTimescale(90_000, 90_000);
        Assert.Equal(TimeSpan.FromMilliseconds(500), time + TimeSpan.FromMilliseconds(500) - time);
        Assert.Equal(MediaTime.Zero, time - TimeSpan.FromSeconds(1));
        Assert.Equal(time, MediaTime.Max(time, MediaTime.Zero));
        Assert.Equal(MediaTime.Zero, MediaTime.Min(time, MediaTime.Zero));
        Assert.Equal(45_000, MediaTime.SpanToTimescale(TimeSpan.FromMilliseconds(500), 90_000));
        Assert.Throws<ArgumentOutOfRangeException>(() => time.ToTimescale(0));
    }
}
