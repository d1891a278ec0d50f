using System.Net;
using System.Net.Sockets;
using Roomcast.Transports.Rtc;

namespace Roomcast.Transports.Tests.Rtc;

public sealed class RtcSocketsTests
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    [Fact]
    public void All_sockets_have_one_port()
    {
        using var sockets = RtcSockets.Bind(AnyPort, new RtcHostOptions { Threads = 3 });

        Assert.NotEqual(0, sockets.LocalEndPoint.Port);
        Assert.Equal(3, sockets.Udp.Count);
        Assert.All(sockets.Udp, udp => Assert.Equal(sockets.LocalEndPoint, udp.LocalEndPoint));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_port_that_another_has_for_UDP_is_refused(int threads)
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        other.Bind(AnyPort);

        AssertInUse(() => RtcSockets.Bind((IPEndPoint)other.LocalEndPoint!, new RtcHostOptions { Threads = threads }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Two_hosts_do_not_share_a_port(int threads)
    {
        var options = new RtcHostOptions { Threads = threads };
        using var first = RtcSockets.Bind(AnyPort, options);

        AssertInUse(() => RtcSockets.Bind(first.LocalEndPoint, options));
    }

    private static void AssertInUse(Func<RtcSockets> bind)
    {
        var fault = Assert.Throws<SocketException>(() => bind().Dispose());
        Assert.Equal(SocketError.AddressAlreadyInUse, fault.SocketErrorCode);
    }
}
