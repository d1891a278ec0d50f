using System.Net;
using Microsoft.Extensions.Options;

namespace Roomcast.Webhooks.Tests;

public sealed class WebhookTargetsTests
{
    [Theory]
    [InlineData("http://169.254.169.254/latest")]
    [InlineData("http://[::ffff:169.254.169.254]/latest")]
    [InlineData("http://100.100.100.200/")]
    [InlineData("http://[fe80::1]/")]
    [InlineData("http://[fec0::1]/")]
    [InlineData("http://[fd00:ec2::254]/")]
    [InlineData("http://0.0.0.0/")]
    [InlineData("http://[::]/")]
    [InlineData("http://224.0.0.1/")]
    [InlineData("http://[ff02::1]/")]
    public void Metadata_link_local_and_multicast_addresses_cannot_be_allowed(string url) =>
        Assert.False(With("0.0.0.0/0", "::/0").MayLead(new Uri(url)));

    [Fact]
    public void Site_local_addresses_are_not_public() => Assert.False(With().MayLead(new Uri("http://[fec0::1]/")));

    [Theory]
    [InlineData("http://127.0.0.1/")]
    [InlineData("http://localhost/")]
    [InlineData("http://10.1.2.3/")]
    [InlineData("http://[::1]/")]
    [InlineData("http://[fd12::1]/")]
    [InlineData("http://[::ffff:127.0.0.1]/")]
    [InlineData("http://[::ffff:a01:203]/")]
    [InlineData("http://[64:ff9b::7f00:1]/")]
    [InlineData("http://[2002:7f00:1::]/")]
    [InlineData("http://2130706433/")]
    [InlineData("http://0x7f.1/")]
    public void Other_private_networks_can_be_allowed(string url)
    {
        Assert.False(With().MayLead(new Uri(url)));
        Assert.True(With("0.0.0.0/0", "::/0").MayLead(new Uri(url)));
    }

    private static WebhookTargets With(params string[] networks) =>
        new(Options.Create(new WebhookOptions { PrivateNetworks = [.. networks.Select(network => IPNetwork.Parse(network))] }));
}
