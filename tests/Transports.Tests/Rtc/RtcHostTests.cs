using System.Net;
using Roomcast.Transports.Rtc;

namespace Roomcast.Transports.Tests.Rtc;

public abstract class RtcHostTests(UdpForm form)
{
    private protected RtcHostOptions One => new() { Udp = form, Threads = 1 };

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("::", "::1")]
    [InlineData("::", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    public async Task A_check_for_a_known_ufrag_opens_the_way_for_what_follows(string bound, string from)
    {
        await using var test = new TestRtcHost(One, IPAddress.Parse(bound));
        test.Worker.AddUfrag("abcd");
        using var client = test.Client(IPAddress.Parse(from));

        client.Send(TestRtcHost.Check("abcd"));
        Assert.Equal(TestRtcHost.Check("abcd"), await TestRtcHost.ReceiveAsync(client));
        client.Send(TestRtcHost.Packet(1200, 7));
        Assert.Equal(TestRtcHost.Packet(1200, 7), await TestRtcHost.ReceiveAsync(client));
    }
}

public sealed class PortableRtcHostTests() : RtcHostTests(UdpForm.Portable);

public sealed class BatchedRtcHostTests() : RtcHostTests(UdpForm.Batched);
