using System.Net.Sockets;
using Roomcast.Server.Configuration;
using Roomcast.Server.FirstStart;
using Roomcast.Transports.Rtc;

namespace Roomcast.Server.Listening;

/// <summary>Runs the WebRTC port on the sockets that were bound at the start.</summary>
/// <remarks>Sessions are ended before this stops, so that every peer is told goodbye.</remarks>
internal sealed class RtcListeners(RtcHost host, ListenerSockets sockets, SettingValues settings) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            host.Start(sockets.Rtc, settings.Get(ServerSettings.PublicIp));
        }
        catch (SocketException fault)
        {
            throw new StartFailure(ListenerSockets.Explain(sockets.Rtc.LocalEndPoint, ServerSettings.RtcPort, fault.SocketErrorCode), fault);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => host.StopAsync();
}
