using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Roomcast.Server.Configuration;
using Roomcast.Server.Tls;

namespace Roomcast.Server.Listening;

/// <summary>The HTTP and HTTPS listeners, and what a peer may ask of them.</summary>
internal static class HttpListeners
{
    private const int MaxRequestLine = 8 << 10;
    private const int MaxHeaders = 32 << 10;
    private const int MaxHeaderCount = 100;
    // The most that any route allows; each has a limit of its own below it.
    private const long MaxBody = 16 << 20;
    private const int MaxHttp2Streams = 100;

    /// <summary>Adds both listeners.</summary>
    public static void AddHttpListeners(this WebApplicationBuilder builder, SettingValues settings, ListenerSockets sockets)
    {
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.Services.AddRouting();

        var (http, https) = ((IPEndPoint)sockets.Http.LocalEndPoint!, (IPEndPoint)sockets.Https.LocalEndPoint!);
        builder.Services.Configure<SocketTransportOptions>(transport =>
            transport.CreateBoundListenSocket = endPoint => endPoint.Equals(https) ? sockets.Https : sockets.Http);
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IServiceProvider>((kestrel, services) =>
        {
            // These options are read while the host is built, before the data folder is open, so the certificate is asked for later.
            SslStreamCertificateContext Certificate() => services.GetRequiredService<TlsCertificates>().Context;
            kestrel.AddServerHeader = false;
            SetLimits(kestrel.Limits, settings);
            kestrel.Listen(http, listener => listener.Protocols = HttpProtocols.Http1);
            kestrel.Listen(https, listener =>
            {
                listener.Protocols = HttpProtocols.Http1AndHttp2;
                listener.UseHttps(new TlsHandshakeCallbackOptions
                {
                    HandshakeTimeout = settings.Get(ServerSettings.HttpHeaderTimeout),
                    OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = Certificate() }),
                });
            });
        });
    }

    private static void SetLimits(KestrelServerLimits limits, SettingValues settings)
    {
        limits.MaxConcurrentConnections = settings.Get(ServerSettings.HttpMaxConnections);
        limits.MaxRequestBodySize = MaxBody;
        limits.MaxRequestLineSize = MaxRequestLine;
        limits.MaxRequestHeadersTotalSize = MaxHeaders;
        limits.MaxRequestHeaderCount = MaxHeaderCount;
        limits.RequestHeadersTimeout = settings.Get(ServerSettings.HttpHeaderTimeout);
        limits.KeepAliveTimeout = settings.Get(ServerSettings.HttpKeepAliveTimeout);
        limits.Http2.MaxStreamsPerConnection = MaxHttp2Streams;

        // Kestrel's lowest response rate (240 bytes/s after 5 s) stays on: it is measured only while bytes wait to be taken,
        // so a held playlist or part, which has written nothing yet, is not judged by it, and a peer that asks for media
        // and takes none does not keep buffers for ever.
    }
}
