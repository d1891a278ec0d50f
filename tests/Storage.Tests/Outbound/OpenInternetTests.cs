using System.Net;
using Roomcast.Storage.Outbound;

namespace Roomcast.Storage.Tests.Outbound;

public sealed class OpenInternetTests
{
    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("172.32.0.1", true)]
    [InlineData("2001:4860:4860::8888", true)]
    [InlineData("2600::1", true)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("2002:808:808::1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.0.1", false)]
    [InlineData("192.168.0.1", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("198.51.100.1", false)]
    [InlineData("203.0.113.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("100.100.100.200", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("192.0.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fd00::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fec0::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("100::1", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("2001::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("64:ff9b:1::808:808", false)]
    [InlineData("2002:a00:1::1", false)]
    [InlineData("::7f00:1", false)]
    [InlineData("::a00:1", false)]
    [InlineData("::ffff:0:10.0.0.1", false)]
    [InlineData("::ffff:0:8.8.8.8", true)]
    public void Addresses_of_private_networks_are_told_from_public_ones(string address, bool isPublic) =>
        Assert.Equal(isPublic, OpenInternet.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("64:ff9b::a01:203", true)]
    [InlineData("192.168.1.1", true)]
    [InlineData("::1", true)]
    [InlineData("fd00::1", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.100.100.200", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("::ffff:169.254.169.254", false)]
    public void Where_everything_is_allowed_link_local_and_metadata_and_multicast_are_not(string address, bool isOpen) =>
        Assert.Equal(isOpen, OpenInternet.IsOpen(IPAddress.Parse(address), [IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")]));

    [Fact]
    public void Only_what_is_allowed_is_open_besides()
    {
        IPNetwork[] allowed = [IPNetwork.Parse("10.0.0.0/8")];
        Assert.True(OpenInternet.IsOpen(IPAddress.Parse("10.255.0.1"), allowed));
        Assert.False(OpenInternet.IsOpen(IPAddress.Parse("192.168.1.1"), allowed));
        Assert.False(OpenInternet.IsOpen(IPAddress.IPv6Loopback, allowed));
        Assert.True(OpenInternet.IsOpen(IPAddress.Parse("8.8.8.8"), allowed));
    }
}
