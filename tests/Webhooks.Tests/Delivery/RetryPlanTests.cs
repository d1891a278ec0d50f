using FsCheck;
using FsCheck.Fluent;
using Roomcast.Webhooks.Delivery;

namespace Roomcast.Webhooks.Tests.Delivery;

public sealed class RetryPlanTests
{
    private static readonly IReadOnlyList<TimeSpan> Delays = new WebhookOptions().RetryDelays;

    [Fact]
    public void Five_retries_come_after_5_s_30_s_2_min_10_min_and_30_min_and_no_more() => Assert.Equal(
        [5, 30, 120, 600, 1_800, null],
        Enumerable.Range(1, 6).Select(attempts => RetryPlan.Next(Delays, attempts, null, chance: 0.5)?.TotalSeconds));

    [Fact]
    public void A_wait_varies_by_a_tenth_either_way_and_what_the_receiver_asks_lengthens_it_up_to_an_hour()
    {
        var draws =
            from attempts in Gen.Choose(1, 5)
            from chance in Gen.Choose(0, 1_000)
            from asked in Gen.Choose(0, 10_000)
            select (attempts, chance / 1_000.0, TimeSpan.FromSeconds(asked));
        Check.QuickThrowOnFailure(Prop.ForAll(
            draws.ToArbitrary(),
            drawn =>
            {
                var (attempts, chance, asked) = drawn;
                var plain = RetryPlan.Next(Delays, attempts, null, chance)!.Value;
                var told = RetryPlan.Next(Delays, attempts, asked, chance)!.Value;
                var capped = asked < RetryPlan.LongestRetryAfter ? asked : RetryPlan.LongestRetryAfter;
                return plain >= Delays[attempts - 1] * 0.899 && plain <= Delays[attempts - 1] * 1.101
                    && told == (capped > plain ? capped : plain);
            }));
    }

    [Theory]
    [InlineData(200, "Delivered")]
    [InlineData(204, "Delivered")]
    [InlineData(301, "Never")]
    [InlineData(307, "Never")]
    [InlineData(400, "Never")]
    [InlineData(404, "Never")]
    [InlineData(408, "Later")]
    [InlineData(410, "Never")]
    [InlineData(429, "Later")]
    [InlineData(500, "Later")]
    [InlineData(503, "Later")]
    public void A_status_says_whether_it_was_taken_may_be_later_or_never(int status, string verdict) =>
        Assert.Equal(verdict, AttemptOutcome.Of(status, null).Verdict.ToString());
}
