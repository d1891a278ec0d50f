using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Client;
using Roomcast.TestKit;

namespace Roomcast.RealtimeKit.Tests.Socket;

public sealed class ReportPaceTests
{
    [Fact]
    public void Each_participant_may_report_so_often_at_once_and_then_once_a_second()
    {
        var clock = new ManualClock();
        var pace = new ReportPace(clock);
        var (one, other) = (new ParticipantId(Guid.NewGuid()), new ParticipantId(Guid.NewGuid()));
        for (var taken = 0; taken < ReportPace.AtOnce; taken++)
        {
            Assert.True(pace.TryTake(one));
        }

        Assert.False(pace.TryTake(one));
        Assert.True(pace.TryTake(other));
        clock.Advance(TimeSpan.FromSeconds(1.01));
        Assert.True(pace.TryTake(one));
        Assert.False(pace.TryTake(one));

        // And all of it again once nothing came for as long.
        clock.Advance(TimeSpan.FromSeconds(ReportPace.AtOnce + 1));
        Assert.Equal(ReportPace.AtOnce, Enumerable.Range(0, ReportPace.AtOnce + 5).Count(_ => pace.TryTake(one)));
    }

    [Fact]
    public void More_participants_than_are_counted_wait_until_others_are_forgotten()
    {
        var clock = new ManualClock();
        var pace = new ReportPace(clock);
        for (var i = 0; i < ParticipantPace.MaxCounted; i++)
        {
            Assert.True(pace.TryTake(new ParticipantId(Guid.NewGuid())));
        }

        var late = new ParticipantId(Guid.NewGuid());
        Assert.False(pace.TryTake(late));
        clock.Advance(TimeSpan.FromSeconds(ReportPace.AtOnce + 1));
        Assert.True(pace.TryTake(late));
    }
}
