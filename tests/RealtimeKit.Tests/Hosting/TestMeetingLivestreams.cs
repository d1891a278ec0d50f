using Roomcast.Accounts;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Meetings;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings;
using Roomcast.Meetings.Records;

namespace Roomcast.RealtimeKit.Tests.Hosting;

/// <summary>Livestreams of meetings as the records have them, without a picture: nothing is composed.</summary>
public sealed class TestMeetingLivestreams(LivestreamDirectory livestreams, IActiveSessions sessions) : IMeetingLivestreams
{
    /// <summary>What starting says instead, while it is set.</summary>
    public MeetingLivestreamException? Refusal { get; set; }

    /// <summary>What was wanted last.</summary>
    public MeetingLivestreamRequest? Wanted { get; private set; }

    public async Task<Livestream> StartAsync(
        AppId appId, Guid meetingId, MeetingLivestreamRequest request, CancellationToken cancellationToken)
    {
        Wanted = request;
        if (Refusal is { } refusal)
        {
            throw refusal;
        }

        if (sessions.Find(new MeetingId(meetingId)) is null)
        {
            throw new MeetingLivestreamException(MeetingLivestreamRefusal.NoSession, "none");
        }

        if (await FindActiveAsync(appId, meetingId, cancellationToken) is not null)
        {
            throw new MeetingLivestreamException(MeetingLivestreamRefusal.AlreadyActive, "active");
        }

        ArgumentNullException.ThrowIfNull(request);
        return await livestreams.CreateForMeetingAsync(appId, meetingId, request, cancellationToken);
    }

    public async Task<Livestream?> FindActiveAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken) =>
        await livestreams.FindOfMeetingAsync(appId, meetingId, cancellationToken) is { Status: LivestreamStatus.Invoked or LivestreamStatus.Live } livestream
            ? livestream
            : null;

    public async Task<bool> StopAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken) =>
        await FindActiveAsync(appId, meetingId, cancellationToken) is { } livestream
        && await livestreams.RetireAsync(appId, livestream.Id, cancellationToken);
}
