// Joins a meeting and records every track to a WebM file, until the meeting ends or Ctrl+C is pressed.
using Roomcast.Client;
using Roomcast.Client.Media;
using Roomcast.Client.Meeting;

// Arguments can be read by everybody on the machine, and a token is a secret.
if (args is not [var server, var folder] || Environment.GetEnvironmentVariable("ROOMCAST_PARTICIPANT_TOKEN") is not { Length: > 0 } token)
{
    Console.Error.WriteLine("usage: ROOMCAST_PARTICIPANT_TOKEN=… RecordBot SERVER FOLDER");
    return 2;
}

using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stopping.Cancel();
};

Directory.CreateDirectory(folder);
var recorders = new Dictionary<RemoteTrack, WebMRecorder>();
try
{
    await using var meeting = await RealtimeKitClient.InitAsync(new() { AuthToken = token, BaseUri = new Uri(server) }, stopping.Token);
    meeting.Participants.Joined.ParticipantJoined += participant =>
    {
        participant.AudioUpdated += Record;
        participant.VideoUpdated += Record;
        participant.ScreenShareUpdated += Record;
        Record(participant);
    };
    var hasLeft = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    meeting.Self.RoomLeft += state =>
    {
        if (state is not RoomState.Disconnected) // From there it comes back.
        {
            hasLeft.TrySetResult();
        }
    };
    meeting.Self.Waitlisted += () => Console.WriteLine("Waiting to be let in");
    await meeting.JoinAsync(stopping.Token);
    Console.WriteLine($"Recording {meeting.Meta.MeetingTitle} into {folder}");
    await hasLeft.Task.WaitAsync(stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    Console.WriteLine("Ended before it had joined");
}

foreach (var recorder in recorders.Values)
{
    await recorder.DisposeAsync();
    Console.WriteLine($"Recorded {recorder.Frames} frames, {recorder.Duration}");
}

return 0;

// Events come one after another, so that nothing here needs a lock.
void Record(Participant participant)
{
    foreach (var track in (RemoteTrack?[])[participant.AudioTrack, participant.VideoTrack, .. participant.ScreenShareTracks])
    {
        if (track is not null && !recorders.ContainsKey(track))
        {
            var name = string.Concat(participant.Name.Select(letter => char.IsLetterOrDigit(letter) ? letter : '_'));
            var path = Path.Combine(folder, $"{recorders.Count + 1:00}-{name}-{(track.IsScreenShare ? "Screen" : "")}{track.Kind}.webm");
            track.AddSink(recorders[track] = new WebMRecorder(path, track.Kind));
            Console.WriteLine($"Began {path}");
        }
    }
}
