using Roomcast.Egress.Composition;

namespace Roomcast.Egress.Tests.Composition;

public sealed class CompositionPolicyTests
{
    private static readonly CompositionFormat Usual = new();

    [Fact]
    public void The_first_is_admitted_whatever_the_load() =>
        Assert.Null(CompositionAdmission.Judge(Usual, [], busy: 100, processors: 2, new CompositionOptions()));

    [Theory]
    [InlineData(0.6, 1.0, true)] // 1.8 may be used, 1.0 are, one more takes what the other does.
    [InlineData(0.6, 1.3, false)]
    [InlineData(0.9, 1.0, false)]
    public void Another_is_admitted_when_the_measured_cost_of_one_finds_room(double cost, double busy, bool isAdmitted)
    {
        var refusal = CompositionAdmission.Judge(Usual, [new(Usual, cost, 0)], busy, processors: 2, new CompositionOptions());
        Assert.Equal(isAdmitted, refusal is null);
        if (refusal is not null)
        {
            Assert.Contains(FormattableString.Invariant($"{cost:F2}"), refusal, StringComparison.Ordinal);
            Assert.Contains(FormattableString.Invariant($"{busy:F2}"), refusal, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void One_that_starts_is_counted_with_what_it_will_take() =>
        Assert.NotNull(CompositionAdmission.Judge(Usual, [new(Usual, 0.5, 0), new(Usual, null, 0)], busy: 0.9, processors: 2, new CompositionOptions()));

    [Fact]
    public void One_that_has_just_begun_counts_with_what_is_usual_and_not_with_its_beginning()
    {
        // Compiling its code takes a whole processor and more; that says nothing of how much it takes in a minute.
        RunningComposition beginning = new(Usual, 1.3, 0) { IsSettled = false };
        Assert.Null(CompositionAdmission.Judge(Usual, [beginning], busy: 1.5, processors: 2, new CompositionOptions()));
        Assert.NotNull(CompositionAdmission.Judge(Usual, [beginning], busy: 1.8, processors: 2, new CompositionOptions()));
        Assert.Null(CompositionAdmission.Judge(Usual, [beginning], busy: null, processors: 2, new CompositionOptions()));
        Assert.NotNull(CompositionAdmission.Judge(Usual, [beginning, beginning], busy: null, processors: 2, new CompositionOptions()));
    }

    [Fact]
    public void Late_pictures_of_the_first_seconds_are_not_counted_and_those_of_the_last_are()
    {
        // What used to happen: 92 % of the first second's pictures were late, and a second meeting that went live then was refused.
        var lateness = new Lateness();
        lateness.Take(TimeSpan.FromSeconds(1), ticks: 30, late: 28);
        lateness.Take(TimeSpan.FromSeconds(2), ticks: 60, late: 40);
        Assert.Equal((0.0, false), (lateness.Share, lateness.IsSettled));
        for (var second = 3; second < 20; second++)
        {
            lateness.Take(TimeSpan.FromSeconds(second), ticks: 30 * second, late: 40);
        }

        Assert.Equal((0.0, true), (lateness.Share, lateness.IsSettled));
        lateness.Take(TimeSpan.FromSeconds(20), ticks: 600, late: 55);
        Assert.Equal(15 / 150.0, lateness.Share, 6);
        for (var second = 21; second < 27; second++)
        {
            lateness.Take(TimeSpan.FromSeconds(second), ticks: 30 * second, late: 55);
        }

        Assert.Equal(0, lateness.Share);
    }

    [Fact]
    public void A_worker_that_waits_for_a_processor_does_not_hang()
    {
        // What used to happen: on a machine with ten times too much to do, workers were ended after 3 s and in the end given up.
        var patience = TimeSpan.FromSeconds(3);
        var starved = new SilenceWatch();
        for (var now = 0.0; now < 29; now += 0.25)
        {
            Assert.False(starved.IsTooLong(Seconds(now), Seconds(0), waited: Seconds(now * 0.95), patience), $"At {now} s.");
        }

        Assert.True(starved.IsTooLong(Seconds(31), Seconds(0), Seconds(30), patience));
        var hanging = new SilenceWatch();
        Assert.False(hanging.IsTooLong(Seconds(10), Seconds(9), Seconds(5), patience));
        Assert.False(hanging.IsTooLong(Seconds(11), Seconds(9), Seconds(5.5), patience));
        Assert.False(hanging.IsTooLong(Seconds(12), Seconds(9), Seconds(5.5), patience));
        Assert.True(hanging.IsTooLong(Seconds(12.75), Seconds(9), Seconds(5.5), patience));

        // A new frame is a new beginning, and what this program slept through says nothing.
        var slept = new SilenceWatch();
        Assert.False(slept.IsTooLong(Seconds(1), Seconds(1), Seconds(0), patience));
        Assert.False(slept.IsTooLong(Seconds(9), Seconds(1), Seconds(0), patience));
        Assert.False(slept.IsTooLong(Seconds(10), Seconds(9), Seconds(0), patience));
        static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
    }

    [Fact]
    public void A_larger_picture_costs_more_and_a_smaller_one_less()
    {
        var large = new CompositionFormat { Width = 1_920, Height = 1_080 };
        var small = new CompositionFormat { Width = 640, Height = 360 };
        Assert.Null(CompositionAdmission.Judge(Usual, [new(Usual, 0.7, 0)], 0.8, 2, new CompositionOptions()));
        Assert.NotNull(CompositionAdmission.Judge(large, [new(Usual, 0.7, 0)], 0.8, 2, new CompositionOptions()));
        Assert.Null(CompositionAdmission.Judge(small, [new(Usual, 0.7, 0)], 1.5, 2, new CompositionOptions()));
    }

    [Fact]
    public void None_is_begun_beside_one_that_is_late() =>
        Assert.Contains("late", CompositionAdmission.Judge(Usual, [new(Usual, 0.1, 0.2)], 0.1, 64, new CompositionOptions()), StringComparison.Ordinal);

    [Fact]
    public void Where_the_machine_tells_nothing_the_workers_figures_are_what_is_used()
    {
        Assert.Null(CompositionAdmission.Judge(Usual, [new(Usual, 0.7, 0)], busy: null, 2, new CompositionOptions()));
        Assert.NotNull(CompositionAdmission.Judge(Usual, [new(Usual, 0.7, 0), new(Usual, 0.7, 0)], busy: null, 2, new CompositionOptions()));
    }

    [Fact]
    public void The_bound_on_their_number_holds_also_without_admission_by_load()
    {
        var options = new CompositionOptions { AdmitsByLoad = false, MaxCompositions = 2 };
        Assert.Null(CompositionAdmission.Judge(Usual, [new(Usual, 5, 1)], 100, 1, options));
        Assert.NotNull(CompositionAdmission.Judge(Usual, [new(Usual, 5, 1), new(Usual, 5, 1)], 0, 1, options));
    }

    [Fact]
    public void A_dead_worker_is_replaced_at_once_then_ever_later_and_in_the_end_no_more()
    {
        var policy = new RestartPolicy();
        double?[] pauses = [.. Enumerable.Range(0, 7).Select(_ => policy.OnDeath(TimeSpan.FromSeconds(5))?.TotalSeconds)];
        Assert.Equal([0, 1, 2, 4, 8, 15, null], pauses);
    }

    [Fact]
    public void A_minute_of_good_running_is_a_new_beginning()
    {
        var policy = new RestartPolicy();
        for (var i = 0; i < 5; i++)
        {
            policy.OnDeath(TimeSpan.Zero);
        }

        Assert.Equal(TimeSpan.Zero, policy.OnDeath(TimeSpan.FromMinutes(1)));
        Assert.Equal(TimeSpan.FromSeconds(1), policy.OnDeath(TimeSpan.Zero));
    }

    [Fact]
    public void Time_rises_over_workers_and_the_gap_is_as_long_as_nothing_was_composed()
    {
        var timeline = new CompositionTimeline();
        timeline.BeginWorker();
        Assert.Equal(0, timeline.Place(TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(5.1)).SinceStart.TotalSeconds - 0.1, 6);
        Assert.Equal(9.9, timeline.Place(TimeSpan.FromSeconds(9.9), TimeSpan.FromSeconds(15)).SinceStart.TotalSeconds, 6);
        timeline.BeginWorker();
        Assert.Equal(10.8, timeline.Place(TimeSpan.Zero, TimeSpan.FromSeconds(15.8)).SinceStart.TotalSeconds, 6);
        Assert.Equal(11.8, timeline.Place(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(16)).SinceStart.TotalSeconds, 6);
        timeline.BeginWorker();
        // The frames of the one before ran ahead of the clock: time still rises.
        Assert.True(timeline.Place(TimeSpan.Zero, TimeSpan.FromSeconds(16.1)).SinceStart > TimeSpan.FromSeconds(11.8));
    }

    [Fact]
    public void What_the_machine_counts_is_read()
    {
        Assert.Equal(10 + 2 + 3 + 6 + 7 + 8, MachineLoad.ReadBusy("cpu  10 2 3 400 500 6 7 8 9 10\ncpu0 1 1 1"u8));
        Assert.Null(MachineLoad.ReadBusy("cpu  10 2 x"u8));
        Assert.Null(MachineLoad.ReadBusy(""u8));
        Assert.Null(MachineLoad.ReadBusy("intr 1 2 3"u8));
    }

    [Fact]
    public void The_options_as_they_are_pass_and_every_fault_is_told()
    {
        var validator = new CompositionOptionsValidator();
        Assert.True(validator.Validate(null, new CompositionOptions()).Succeeded);
        var result = validator.Validate(null, new CompositionOptions { Preset = "quick", EncoderThreads = 0, Nice = 20, MaxLateShare = double.NaN, Silence = TimeSpan.Zero });
        Assert.Equal(5, result.Failures!.Count());
        Assert.Contains("veryfast", result.FailureMessage, StringComparison.Ordinal);
    }
}
