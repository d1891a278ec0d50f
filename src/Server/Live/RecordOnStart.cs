using Roomcast.Egress.Recording;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.RealtimeKit.Rest.Recordings;
using Roomcast.Storage;

namespace Roomcast.Server.Live;

/// <summary>Records meetings that are to be recorded from their start.</summary>
internal sealed class RecordOnStart(Recordings recordings, TimeProvider time, ILogger<RecordOnStart> logger) : ISessionObserver
{
    // A machine that has too much to do just now may have less in a moment.
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);
    private const int Attempts = 6;

    public void Began(Meeting meeting, SessionId sessionId, DateTimeOffset startedAt)
    {
        if (meeting.Settings.RecordsOnStart)
        {
            _ = StartAsync(meeting);
        }
    }

    /// <summary>Nothing: what the first join started may have been stopped since.</summary>
    public void Continued(Meeting meeting, SessionId sessionId, DateTimeOffset startedAt)
    {
    }

    public void PeerJoined(MeetingId meetingId, SessionId sessionId, PeerView peer)
    {
    }

    public void CountChanged(MeetingId meetingId, SessionId sessionId, int count)
    {
    }

    public void StageChanged(MeetingId meetingId, SessionId sessionId, int onStage)
    {
    }

    public void Ended(MeetingId meetingId, SessionId sessionId, SessionEndReason reason)
    {
    }

    private async Task StartAsync(Meeting meeting)
    {
        await Task.Yield();
        try
        {
            var plan = RecordingPlans.OfMeeting(meeting.Settings.RecordingConfig, recordings, out var fault);
            var wish = new RecordingWish(
                meeting.AppId, meeting.Id.Value, RecordingKind.Composite, plan, AllowsOthers: false, RecordingStartReason.OnStart, Caller: null);
            if (fault is not null)
            {
                LiveLog.NotRecorded(logger, meeting.Id.ToString(), fault);
                await recordings.NoteFailureAsync(wish, $"recording_config: {fault}", CancellationToken.None);
                return;
            }

            for (var attempt = 1; await TryStartAsync(wish) is var (refusal, mayPass); attempt++)
            {
                LiveLog.NotRecorded(logger, meeting.Id.ToString(), refusal);
                if (!mayPass)
                {
                    return;
                }

                if (attempt == Attempts)
                {
                    await recordings.NoteFailureAsync(wish, refusal, CancellationToken.None);
                    return;
                }

                await Task.Delay(RetryAfter, time);
            }
        }
        catch (Exception thrown)
        {
            LiveLog.NewsFailed(logger, thrown, "Beginning", meeting.Id.ToString());
        }
    }

    /// <returns>Why it did not start, and whether that may pass; null when it did.</returns>
    private async Task<(string Refusal, bool MayPass)?> TryStartAsync(RecordingWish wish)
    {
        try
        {
            return await recordings.StartAsync(wish, CancellationToken.None) is { Message: { } refusal } refused
                ? (refusal, refused.Refusal is RecordingRefusal.Unavailable)
                : null;
        }
        catch (StorageException fault)
        {
            return (fault.Message, true);
        }
    }
}
