using System.Net;
using Roomcast.Rtc;
using Roomcast.Rtc.Ice;
using Roomcast.Server.Live;

namespace Roomcast.Server.Tests.Live;

public sealed class PageStagesTests
{
    private static readonly IceCandidate Outside = Candidate("198.51.100.7");
    private static readonly IceCandidate Inside = Candidate("10.1.2.3");

    [Fact]
    public void An_answer_names_the_ways_inside_the_machine_first_and_each_once()
    {
        var answer = $"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=candidate:{Outside}\r\na=end-of-candidates\r\n";
        Assert.Equal(
            $"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=candidate:{Inside}\r\na=candidate:{Outside}\r\na=end-of-candidates\r\n",
            PageStages.WithCandidates(answer, [Inside, Outside]));
        Assert.Equal(answer, PageStages.WithCandidates(answer, [Outside]));
        Assert.Equal("v=0\r\n", PageStages.WithCandidates("v=0\r\n", [Inside]));
    }

    private static IceCandidate Candidate(string host) => IceCandidate.HostOf(RtcAddress.From(IPAddress.Parse(host), 8_844, RtcProtocol.Udp), 0);
}
