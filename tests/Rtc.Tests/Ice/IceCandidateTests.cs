using System.Buffers;
using System.Net;
using Roomcast.Rtc.Ice;
using Roomcast.TestKit;

namespace Roomcast.Rtc.Tests.Ice;

public sealed class IceCandidateTests
{
    [Theory]
    [InlineData("1 1 udp 2130706431 192.0.2.1 8844 typ host")]
    [InlineData("842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 10.0.1.1 rport 8998 generation 0 network-cost 999")]
    [InlineData("1 1 tcp 1671430143 2001:db8::1 8844 typ host tcptype passive")]
    [InlineData("0 1 UDP 2122252543 b7d1a3e2-7a3c-4d0f-a9cb-6f2d0f3c2a11.local 51312 typ host")]
    [InlineData("2 1 tcp 1518280447 10.0.0.1 9 typ host tcptype active")]
    public void Candidates_of_browsers_are_read_and_written(string value)
    {
        Assert.True(IceCandidate.TryParse(value, out var candidate));
        Assert.True(IceCandidate.TryParse(candidate.ToString(), out var again));
        Assert.Equal(candidate, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1 1 udp 1 1.2.3.4 1 typ")]
    [InlineData("1 0 udp 1 1.2.3.4 1 typ host")]
    [InlineData("1 1 sctp 1 1.2.3.4 1 typ host")]
    [InlineData("1 1 udp -1 1.2.3.4 1 typ host")]
    [InlineData("1 1 udp 1 1.2.3.4 70000 typ host")]
    [InlineData("1 1 tcp 1 1.2.3.4 1 typ host")]
    [InlineData("1 1 udp 1 1.2.3.4 1 typ guest")]
    public void Malformed_candidates_are_refused(string value) => Assert.False(IceCandidate.TryParse(value, out _));

    [Fact]
    public void Our_candidates_prefer_udp_and_the_first_address()
    {
        var first = IceCandidate.HostOf(RtcAddress.From(IPAddress.Parse("192.0.2.1"), 8844), 0);
        var second = IceCandidate.HostOf(RtcAddress.From(IPAddress.Parse("2001:db8::1"), 8844), 1);
        var tcp = IceCandidate.HostOf(RtcAddress.From(IPAddress.Parse("192.0.2.1"), 8844, RtcProtocol.Tcp), 0);

        Assert.Equal("1 1 udp 2130706431 192.0.2.1 8844 typ host", first.ToString());
        Assert.True(first.Priority > second.Priority);
        Assert.True(second.Priority > tcp.Priority);
        Assert.Equal(3, new[] { first.Foundation, second.Foundation, tcp.Foundation }.Distinct().Count());
        Assert.EndsWith("typ host tcptype passive", tcp.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Credentials_are_of_the_demanded_length_and_hide_the_password()
    {
        var credentials = IceCredentials.Create();

        Assert.True(IceCredentials.TryCreate(credentials.Ufrag, credentials.Password, out _));
        Assert.DoesNotContain(credentials.Password, credentials.ToString(), StringComparison.Ordinal);
        Assert.False(IceCredentials.TryCreate("abc", credentials.Password, out _));
        Assert.False(IceCredentials.TryCreate("abcd", "0123456789012345678901 ", out _));
        Assert.False(IceCredentials.TryCreate("ab:d", credentials.Password, out _));
        Assert.False(IceCredentials.TryCreate(new string('a', 257), credentials.Password, out _));
        Assert.False(IceCredentials.TryCreate(null, null, out _));
    }

    [Fact]
    public void Framed_datagrams_read_the_same_however_the_network_cuts_them()
    {
        byte[] framed = [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 2, 4, 5];
        foreach (var cut in ByteCuts.Of(framed))
        {
            var input = new SequenceReader<byte>(cut);

            Assert.Equal(OperationStatus.Done, TcpFraming.TryRead(ref input, out var first));
            Assert.Equal([1, 2, 3], first.ToArray());
            Assert.Equal(OperationStatus.Done, TcpFraming.TryRead(ref input, out var second));
            Assert.Equal([4, 5], second.ToArray());
            Assert.Equal(OperationStatus.NeedMoreData, TcpFraming.TryRead(ref input, out _));
            Assert.True(input.End);
        }
    }

    [Fact]
    public void A_cut_frame_waits_and_an_oversized_one_ends_the_connection()
    {
        byte[] framed = [0, 5, 1, 2, 3, 4, 5];
        for (var length = 0; length < framed.Length; length++)
        {
            var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(framed, 0, length));
            Assert.Equal(OperationStatus.NeedMoreData, TcpFraming.TryRead(ref input, out _));
            Assert.Equal(0, input.Consumed);
        }

        var oversized = new SequenceReader<byte>(new ReadOnlySequence<byte>([0xFF, 0xFF]));
        Assert.Equal(OperationStatus.InvalidData, TcpFraming.TryRead(ref oversized, out _));
    }

    [Fact]
    public void An_address_is_the_same_mapped_or_not()
    {
        var plain = RtcAddress.From(IPAddress.Parse("192.0.2.1"), 5);
        var mapped = RtcAddress.From(IPAddress.Parse("::ffff:192.0.2.1"), 5);

        Assert.Equal(plain, mapped);
        Assert.True(mapped.IsIPv4);
        Assert.Equal("192.0.2.1:5", mapped.ToString());
        Assert.Equal(new IPEndPoint(IPAddress.Parse("2001:db8::1"), 7), RtcAddress.From(IPAddress.Parse("2001:db8::1"), 7).ToEndPoint());
    }
}
