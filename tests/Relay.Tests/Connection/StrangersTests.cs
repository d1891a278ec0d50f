using System.Net;
using Roomcast.Relay.Connection;

namespace Roomcast.Relay.Tests.Connection;

public sealed class StrangersTests
{
    [Theory]
    [InlineData("192.0.2.7", "::ffff:192.0.2.7", "192.0.2.8")]
    [InlineData("2001:db8:0:1::7", "2001:db8:0:1:ffff::9", "2001:db8:0:2::7")]
    public void Each_network_has_its_own_count_and_whoever_leaves_twice_left_once(string address, string same, string other)
    {
        var strangers = new Strangers(maxConnections: 4);
        using var first = strangers.TryEnter(IPAddress.Parse(address));
        var second = strangers.TryEnter(IPAddress.Parse(same));
        Assert.NotNull(second);
        Assert.Null(strangers.TryEnter(IPAddress.Parse(address)));
        using var elsewhere = strangers.TryEnter(IPAddress.Parse(other));
        Assert.NotNull(elsewhere);
        second.Dispose();
        second.Dispose();
        using var third = strangers.TryEnter(IPAddress.Parse(address));
        Assert.NotNull(third);
        Assert.Null(strangers.TryEnter(IPAddress.Parse(same)));
    }

    [Fact]
    public void One_address_has_no_more_than_the_bound_however_many_the_server_takes()
    {
        var strangers = new Strangers(maxConnections: 100_000);
        for (var count = 0; count < Strangers.MaxOfAddress; count++)
        {
            Assert.NotNull(strangers.TryEnter(IPAddress.Loopback));
        }

        Assert.Null(strangers.TryEnter(IPAddress.Loopback));
    }
}
