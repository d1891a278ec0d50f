using System.Net;
using Roomcast.Rtc;
using Roomcast.Transports.Rtc;

namespace Roomcast.Transports.Tests.Rtc;

public sealed class CheckLimiterTests
{
    private static readonly TimeSpan Start = TimeSpan.FromHours(1);

    [Fact]
    public void A_source_may_make_its_checks_of_a_second_at_once_and_then_as_many_as_time_gives_back()
    {
        var limiter = new CheckLimiter(perSource: 10, perWorker: 1_000);
        var from = RtcAddress.FromIPv4(0xC0000201, 5_000);

        Assert.Equal(10, TakenOf(limiter, from, 50, Start));
        Assert.Equal(0, TakenOf(limiter, from, 50, Start));
        Assert.Equal(5, TakenOf(limiter, from, 50, Start + TimeSpan.FromMilliseconds(501)));
        Assert.Equal(10, TakenOf(limiter, from, 50, Start + TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Another_port_is_the_same_source_and_another_address_is_not()
    {
        var limiter = new CheckLimiter(perSource: 10, perWorker: 1_000);

        Assert.Equal(10, TakenOf(limiter, RtcAddress.FromIPv4(0xC0000201, 5_000), 20, Start));
        Assert.Equal(0, TakenOf(limiter, RtcAddress.FromIPv4(0xC0000201, 5_001), 20, Start));

        // Buckets are few, so one other address may share the one of the first; hardly all of these.
        var taken = Enumerable.Range(0, 8).Sum(i => TakenOf(limiter, RtcAddress.FromIPv4(0xC0000301 + (uint)i, 5_000), 20, Start));
        Assert.InRange(taken, 60, 80);
    }

    [Fact]
    public void The_addresses_of_one_IPv6_network_are_one_source()
    {
        var limiter = new CheckLimiter(perSource: 10, perWorker: 1_000);

        var taken = Enumerable.Range(1, 30).Sum(i => TakenOf(limiter, RtcAddress.From(IPAddress.Parse($"2001:db8:1:2::{i:x}"), 5_000), 1, Start));

        Assert.Equal(10, taken);
    }

    [Fact]
    public void All_sources_together_have_a_limit_too()
    {
        var limiter = new CheckLimiter(perSource: 10, perWorker: 100);

        Assert.Equal(100, Enumerable.Range(0, 1_000).Sum(i => TakenOf(limiter, RtcAddress.FromIPv4(0x0A000000 + (uint)i, 1), 1, Start)));
        Assert.Equal(50, Enumerable.Range(1_000, 1_000).Sum(
            i => TakenOf(limiter, RtcAddress.FromIPv4(0x0A000000 + (uint)i, 1), 1, Start + TimeSpan.FromMilliseconds(500))));
    }

    private static int TakenOf(CheckLimiter limiter, RtcAddress from, int count, TimeSpan now) =>
        Enumerable.Range(0, count).Count(_ => limiter.TryTake(from, now));
}
