using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Roomcast.Livestreams.Ingest;
using Roomcast.Server.Configuration;
using Roomcast.Server.FirstStart;
using Roomcast.Server.Tls;
using Roomcast.Transports.Tcp;

namespace Roomcast.Server.Listening;

/// <summary>Takes in RTMP and RTMPS on the sockets that were bound at the start.</summary>
/// <remarks>Livestreams are ended before this stops, so that every encoder is told why its connection ends.</remarks>
internal sealed class RtmpListeners(RtmpIngest ingest, ListenerSockets sockets, TlsCertificates certificates) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            Listen(sockets.Rtmp, "rtmp", ServerSettings.RtmpPort, tls: null);
            Listen(sockets.Rtmps, "rtmps", ServerSettings.RtmpsPort, _ => new SslServerAuthenticationOptions
            {
                ServerCertificateContext = certificates.Context,
            });
        }
        catch (ListenException fault)
        {
            throw new StartFailure(fault.Message, fault);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => ingest.StopAsync(cancellationToken);

    private void Listen(Socket socket, string protocol, Setting<int> setting, Func<string?, SslServerAuthenticationOptions>? tls) =>
        ingest.Listen(new ListenOptions
        {
            Address = (IPEndPoint)socket.LocalEndPoint!,
            Socket = socket,
            Setting = setting.EnvironmentVariable,
            Protocol = protocol,
            Tls = tls,
        });
}
