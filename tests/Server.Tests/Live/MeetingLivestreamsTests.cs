using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;

namespace Roomcast.Server.Tests.Live;

/// <summary>When livestreams of meetings begin and end by themselves.</summary>
public sealed class MeetingLivestreamsTests
{
    [Fact]
    public async Task A_meeting_goes_live_with_the_first_join_and_not_again_after_a_restart()
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, first) = await host.MeetAsync(new MeetingSettings { GoesLiveOnStart = true });
        host.News.Began(meeting, first, host.Clock.GetUtcNow());
        await host.PassUntilAsync(async () => await host.FindActiveAsync(meeting) is not null);
        Assert.True(await host.Livestreams.StopAsync(meeting.AppId, meeting.Id.Value, CancellationToken.None));

        // The host has stopped it, and the server starts anew. What comes after it in the session's news tells that it was heard.
        host.News.Continued(meeting, first, host.Clock.GetUtcNow());
        host.News.Ended(meeting.Id, first, SessionEndReason.EverybodyLeft);
        var next = host.Sessions.Begin(meeting.Id, new SessionId(Guid.NewGuid()));
        host.News.Began(meeting, next, host.Clock.GetUtcNow());
        await host.PassUntilAsync(async () => await host.FindActiveAsync(meeting) is not null);
        Assert.Equal(2, host.Sessions.Told.Count(told => told.Happened is LivestreamInvoked));
    }
}
