using System.Net;
using Roomcast.Egress.Push;

namespace Roomcast.Egress.Tests.Push;

public sealed class PushAddressTests
{
    [Theory]
    [InlineData("rtmp://live.example/app/secret", null, "rtmp://live.example/app/***")]
    [InlineData("rtmps://live.example:443/app/instance/secret?token=secret", null, "rtmps://live.example:443/app/instance/***")]
    [InlineData("rtmp://live.example/secret", null, "rtmp://live.example/***")]
    [InlineData("rtmps://live.example:443/rtmp/", "secret?s_bl=secret", "rtmps://live.example:443/rtmp/***")]
    [InlineData("rtmp://live.example/app?token=secret", "secret", "rtmp://live.example/app/***")]
    [InlineData("rtmp://live.example", "secret", "rtmp://live.example/***")]
    [InlineData("rtmp://live.example/app?token=secret/secret", null, "rtmp://live.example/***")]
    [InlineData("rtmp://[2001:db8::1]:1936/app/secret", null, "rtmp://[2001:db8::1]:1936/app/***")]
    public void An_address_shows_itself_without_its_key(string url, string? key, string shown)
    {
        var address = PushRun.Address(url, key);
        Assert.Equal(shown, address.Covered);
        Assert.Equal(shown, $"{address}");
        Assert.DoesNotContain("secret", $"{address.Target}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rtmps://host:443/rtmp/", "FB-1?a=b", "rtmp", "FB-1?a=b", "rtmps://host:443/rtmp")]
    [InlineData("rtmp://host/app?token=x", "key", "app?token=x", "key", "rtmp://host/app?token=x")]
    [InlineData("rtmp://host/app/name?sig=1", null, "app", "name?sig=1", "rtmp://host/app")]
    public void The_key_beside_an_address_is_the_stream_name(string url, string? key, string app, string name, string tcUrl)
    {
        var target = PushRun.Address(url, key).Target;
        Assert.Equal((app, name, tcUrl), (target.App, target.StreamName, target.TcUrl));
    }

    [Theory]
    [InlineData("", null, PushAddressFault.NotRtmp)]
    [InlineData(null, null, PushAddressFault.NotRtmp)]
    [InlineData("http://host/app/key", null, PushAddressFault.NotRtmp)]
    [InlineData("rtmp:///app/key", null, PushAddressFault.NotRtmp)]
    [InlineData("rtmp://host:0/app/key", null, PushAddressFault.NotRtmp)]
    [InlineData("rtmp://host:70000/app/key", null, PushAddressFault.NotRtmp)]
    [InlineData("host/app/key", null, PushAddressFault.NotRtmp)]
    [InlineData("rtmp://host/app/", null, PushAddressFault.NoStreamName)]
    [InlineData("rtmp://user:password@host/app/key", null, PushAddressFault.NamesUser)]
    [InlineData("rtmp://user@host/app", "key", PushAddressFault.NamesUser)]
    [InlineData("rtmp://host/app/a key", null, PushAddressFault.NotPrintable)]
    [InlineData("rtmp://host/app", "a\nkey", PushAddressFault.NotPrintable)]
    public void What_is_wrong_with_an_address_is_told(string? url, string? key, PushAddressFault expected)
    {
        Assert.False(PushAddress.TryParse(url, key, out _, out var fault));
        Assert.Equal(expected, fault);
    }

    [Fact]
    public void An_address_has_a_longest_length()
    {
        Assert.False(PushAddress.TryParse("rtmp://host/app/" + new string('k', PushAddress.MaxLength), null, out _, out var fault));
        Assert.Equal(PushAddressFault.TooLong, fault);
        Assert.False(PushAddress.TryParse("rtmp://host/app", new string('k', PushAddress.MaxLength + 1), out _, out fault));
        Assert.Equal(PushAddressFault.TooLong, fault);
    }

    [Theory]
    [InlineData("rtmp://h/app/abcd-efgh", "Stream ABCD-EFGH is taken", "Stream *** is taken")]
    [InlineData("rtmp://h/app/name?key=s3cr3t&x=1", "no such s3cr3t", "no such ***")]
    [InlineData("rtmp://h/app/a%2Fbcd", "no a/bcd here", "no *** here")]
    [InlineData("rtmp://h/app/key", "the key is wrong", "***")]
    [InlineData("rtmp://h/app/abcd", "line\r\nbreak\u001b[31m", "line  break [31m")]
    [InlineData("rtmp://h/app/abcd", "  ", null)]
    public void What_a_target_says_is_cleansed_of_the_key(string url, string said, string? expected) =>
        Assert.Equal(expected, PushRun.Address(url).Cleanse(said));

    [Fact]
    public void What_a_target_says_is_cut() => Assert.Equal(200, PushRun.Address().Cleanse(new string('x', 10_000))!.Length);

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2600::1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.100.100.200", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("2002:0a00:0001::1", false)]
    public void Private_addresses_are_not_pushed_to(string address, bool isAllowed)
    {
        Assert.Equal(isAllowed, new PushAddressGuard([]).Allows(IPAddress.Parse(address)));
        Assert.Equal(isAllowed, new PushAddressGuard([]).MayAllow(address));
    }

    [Fact]
    public void Private_networks_are_allowed_one_by_one_and_metadata_never()
    {
        var guard = new PushAddressGuard([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("::/0")]);
        Assert.True(guard.Allows(IPAddress.Parse("10.1.2.3")));
        Assert.True(guard.Allows(IPAddress.IPv6Loopback));
        Assert.True(guard.Allows(IPAddress.Parse("::ffff:10.1.2.3")));
        Assert.False(guard.Allows(IPAddress.Parse("169.254.169.254")));
        Assert.False(guard.Allows(IPAddress.Parse("fe80::1")));
        Assert.False(guard.Allows(IPAddress.Parse("fd00:ec2::254")));
    }
}
