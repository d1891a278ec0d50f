// Joins a meeting and plays an IVF file of VP8 and an Ogg file of Opus into it, once.
using Roomcast.Client;
using Roomcast.Client.Media;

if (args is not [var server, var token, var picture, var sound])
{
    Console.Error.WriteLine("usage: PlayBot SERVER PARTICIPANT-TOKEN PICTURE.ivf SOUND.ogg");
    return 2;
}

using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stopping.Cancel();
};

await using var meeting = await RealtimeKitClient.InitAsync(new()
{
    AuthToken = token,
    BaseUri = new Uri(server),
    Video = await IvfVideoSource.OpenAsync(picture),
    Audio = await OggAudioSource.OpenAsync(sound),
    IsSubscribing = false, // It only speaks.
});

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
await meeting.JoinAsync(stopping.Token);
Console.WriteLine($"Playing into {meeting.Meta.MeetingTitle} as {meeting.Self.Name}");
await isOver.Task.WaitAsync(stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
await meeting.LeaveAsync();
Console.WriteLine($"Played {meeting.Self.VideoFramesSent} pictures and {meeting.Self.AudioFramesSent} packets of sound");
return 0;
