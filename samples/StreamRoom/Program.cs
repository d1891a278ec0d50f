// Waits for rooms that begin, and streams each to an RTMP server for ten seconds.
using Roomcast.Client.Relay;

if (args is not [var host, var project, var token, var url])
{
    Console.Error.WriteLine("usage: StreamRoom HOST PROJECT TOKEN RTMP-ADDRESS");
    return 2;
}

using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stopping.Cancel();
};

await using var client = await RealtimeClient.ConnectAsync(new() { Host = host, Project = project, Token = token });
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
    await room.StartStreamAsync(url);
};
client.Video.RoomEnded += room => Console.WriteLine($"Room ended: {room.DisplayName}");

await client.Video.ListenAsync();
Console.WriteLine("Waiting for rooms");
await Task.Delay(Timeout.Infinite, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
return 0;
