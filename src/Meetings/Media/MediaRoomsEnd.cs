using Microsoft.Extensions.Hosting;

namespace Roomcast.Meetings.Media;

/// <summary>Closes all rooms when the process ends, before the WebRTC port does.</summary>
internal sealed class MediaRoomsEnd(MediaRooms rooms) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => rooms.CloseAllAsync().WaitAsync(cancellationToken);
}
