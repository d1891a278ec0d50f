// Waits for rooms that begin, and streams each to an RTMP server for ten seconds.
using Roomcast.Client.Relay;

// Arguments can be read by everybody on the machine, and a token is a secret; so is a stream key.
if (args is not [var host, var project, var address]
    || Environment.GetEnvironmentVariable("ROOMCAST_TOKEN") is not { Length: > 0 } token
    || Environment.GetEnvironmentVariable("ROOMCAST_STREAM_KEY") is not { Length: > 0 } key)
{
    Console.Error.WriteLine("usage: ROOMCAST_TOKEN=… ROOMCAST_STREAM_KEY=… StreamRoom HOST PROJECT RTMP-ADDRESS");
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
    await using var client = await RealtimeClient.ConnectAsync(new() { Host = host, Project = project, Token = token }, stopping.Token);
    client.HandlerFailed += fault => Console.Error.WriteLine(fault.Message);

    client.Video.RoomStarted += async room =>
    {
        Console.WriteLine($"Room started: {room.DisplayName}");
        room.StreamStarted += async stream =>
        {
            Console.WriteLine($"Stream started: {stream.State}");
            await Task.Delay(TimeSpan.FromSeconds(10));
            Console.WriteLine("Stopping stream");
            await stream.StopAsync();
        };
        room.StreamEnded += stream => Console.WriteLine($"Stream ended: {stream.Id} {stream.State} after {stream.Duration}");
        await room.ListenAsync(RoomSessionEvents.Streams);
        await room.StartStreamAsync($"{address.TrimEnd('/')}/{key}");
    };
    client.Video.RoomEnded += room => Console.WriteLine($"Room ended: {room.DisplayName}");

    await client.Video.ListenAsync(stopping.Token);
    Console.WriteLine("Waiting for rooms");
    await Task.Delay(Timeout.Infinite, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    Console.WriteLine("Ended before it was connected");
}

return 0;
