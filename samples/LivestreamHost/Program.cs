// Joins a meeting, takes it live, and says where it can be watched and by how many it is, until Ctrl+C is pressed.
using Roomcast.Client;
using Roomcast.Client.Media;
using Roomcast.Client.Meeting;

if (args is not [var server, var token])
{
    Console.Error.WriteLine("usage: LivestreamHost SERVER PARTICIPANT-TOKEN");
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
    Video = new TestPatternSource(),
    Audio = new TestToneSource(),
});
var livestream = meeting.Livestream;
var isIdle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
livestream.Updated += state =>
{
    Console.WriteLine(state is LivestreamState.Livestreaming ? $"On air: {livestream.PlaybackUrl}" : $"Livestream: {state}");
    if (state is LivestreamState.Idle)
    {
        isIdle.TrySetResult();
    }
};
livestream.ViewerCountUpdated += count => Console.WriteLine($"Viewers: {count}");

await meeting.JoinAsync(stopping.Token);
if (livestream.State is LivestreamState.Idle)
{
    await livestream.StartAsync(cancellationToken: stopping.Token);
}

await Task.WhenAny(isIdle.Task, Task.Delay(Timeout.Infinite, stopping.Token));
if (livestream.State is not LivestreamState.Idle)
{
    await livestream.StopAsync();
    await isIdle.Task.WaitAsync(TimeSpan.FromSeconds(30));
}

return 0;
