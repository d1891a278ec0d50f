using Roomcast.Egress.Recording;
using Roomcast.Meetings;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;

namespace Roomcast.Server.Live;

/// <summary>Tells the peers of a session how its recordings stand.</summary>
internal sealed class RecordingNews(IActiveSessions sessions, ILogger<RecordingNews> logger) : IRecordingListener
{
    private readonly Lock _lock = new();
    private Task _told = Task.CompletedTask;

    public void Changed(RecordingRecord recording)
    {
        SessionRecordingState? state = recording.Status switch
        {
            RecordingStatus.Invoked => SessionRecordingState.Starting,
            RecordingStatus.Recording => SessionRecordingState.Recording,
            RecordingStatus.Paused => SessionRecordingState.Paused,
            RecordingStatus.Uploading or RecordingStatus.Errored => SessionRecordingState.Over,
            _ => null, // That its file is stored is no matter of the session's.
        };
        if (state is not { } told)
        {
            return;
        }

        var happened = new RecordingChanged(
            recording.Id.Value, recording.Kind is RecordingKind.Tracks, told, recording.Status is RecordingStatus.Errored ? "the recording failed" : "");
        lock (_lock)
        {
            // One after the other: what is told last must be how it stands.
            _told = TellAsync(_told, new MeetingId(recording.MeetingId), happened);
        }
    }

    private async Task TellAsync(Task before, MeetingId meetingId, RecordingChanged happened)
    {
        await before;
        try
        {
            await sessions.TellAsync(meetingId, happened, CancellationToken.None);
        }
        catch (Exception fault)
        {
            LiveLog.NewsFailed(logger, fault, nameof(RecordingChanged), meetingId.ToString());
        }
    }
}
