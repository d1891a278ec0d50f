// Joins a meeting and plays an IVF file of VP8 and an Ogg file of Opus into it, once.
using Roomcast.Client;
using Roomcast.Client.Media;

// Arguments can be read by everybody on the machine, and a token is a secret.
if (args is not [var server, var picture, var sound] || Environment.GetEnvironmentVariable("ROOMCAST_PARTICIPANT_TOKEN") is not { Length: > 0 } token)
{
    Console.Error.WriteLine("usage: ROOMCAST_PARTICIPANT_TOKEN=… PlayBot SERVER PICTURE.ivf SOUND.ogg");
    return 2;
}

using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stopping.Cancel();
};

try
{
    await using var meeting = await RealtimeKitClient.InitAsync(
        new()
        {
            AuthToken = token,
            BaseUri = new Uri(server),
            Video = await IvfVideoSource.OpenAsync(picture, cancellationToken: stopping.Token),
            Audio = await OggAudioSource.OpenAsync(sound, cancellationToken: stopping.Token),
            IsSubscribing = false, // It only speaks.
        },
        stopping.Token);

    // A source that has no more frames switches its track off.
    var isOver = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    void OnUpdated(bool _)
    {
        if (meeting.Self is { VideoEnabled: false, AudioEnabled: false })
        {
            isOver.TrySetResult();
        }
    }

    meeting.Self.VideoUpdated += OnUpdated;
    meeting.Self.AudioUpdated += OnUpdated;
    meeting.Self.Waitlisted += () => Console.WriteLine("Waiting to be let in");
    await meeting.JoinAsync(stopping.Token);
    Console.WriteLine($"Playing into {meeting.Meta.MeetingTitle} as {meeting.Self.Name}");
    await isOver.Task.WaitAsync(stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    await meeting.LeaveAsync();
    Console.WriteLine($"Played {meeting.Self.VideoFramesSent} pictures and {meeting.Self.AudioFramesSent} packets of sound");
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    Console.WriteLine("Ended before it had joined");
}

return 0;
