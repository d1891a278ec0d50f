// Joins a meeting, takes it live, and says where it can be watched and by how many it is, until Ctrl+C is pressed.
using Roomcast.Client;
using Roomcast.Client.Media;
using Roomcast.Client.Meeting;

// Arguments can be read by everybody on the machine, and a token is a secret.
if (args is not [var server] || Environment.GetEnvironmentVariable("ROOMCAST_PARTICIPANT_TOKEN") is not { Length: > 0 } token)
{
    Console.Error.WriteLine("usage: ROOMCAST_PARTICIPANT_TOKEN=… LivestreamHost SERVER");
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
            Video = new TestPatternSource(),
            Audio = new TestToneSource(),
        },
        stopping.Token);
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
    meeting.Self.Waitlisted += () => Console.WriteLine("Waiting to be let in");

    await meeting.JoinAsync(stopping.Token);
    if (livestream.State is LivestreamState.Idle)
    {
        await livestream.StartAsync();
    }

    await isIdle.Task.WaitAsync(stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    if (livestream.State is not LivestreamState.Idle)
    {
        await livestream.StopAsync();
        await isIdle.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    Console.WriteLine("Ended before it had joined");
}

return 0;
