using Roomcast.Server.Configuration;
using Roomcast.Transports.Rtc;

namespace Roomcast.Server.Listening;

/// <summary>Runs the WebRTC port on the sockets that were bound at the start.</summary>
/// <remarks>Sessions are ended before this stops, so that every peer is told goodbye.</remarks>
internal sealed class RtcListeners(RtcHost host, ListenerSockets sockets, SettingValues settings) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        host.Start(sockets.Rtc, settings.Get(ServerSettings.PublicIp));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => host.StopAsync();
}
