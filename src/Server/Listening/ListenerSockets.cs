using System.Net;
using System.Net.Sockets;
using Roomcast.Livestreams;
using Roomcast.Server.Configuration;
using Roomcast.Server.FirstStart;
using Roomcast.Server.Pages;
using Roomcast.Transports.Rtc;

namespace Roomcast.Server.Listening;

/// <summary>
/// The sockets of every listener, bound before anything else is touched: a busy port is found first, and port 0 has become a
/// real one before any address is told. They refuse connections until their listener starts.
/// </summary>
internal sealed class ListenerSockets : IDisposable
{
    private readonly ServerNames _names;
    private readonly List<IDisposable> _all = [];

    private ListenerSockets(ServerNames names) => _names = names;

    /// <summary>For HTTP.</summary>
    public Socket Http { get; private set; } = null!;

    /// <summary>For HTTPS.</summary>
    public Socket Https { get; private set; } = null!;

    /// <summary>For RTMP.</summary>
    public Socket Rtmp { get; private set; } = null!;

    /// <summary>For RTMP over TLS.</summary>
    public Socket Rtmps { get; private set; } = null!;

    /// <summary>For WebRTC, UDP and TCP.</summary>
    public RtcSockets Rtc { get; private set; } = null!;

    /// <summary>The line that tells people and programs that every listener accepts.</summary>
    public string ReadyLine =>
        $"ready {Local("http", Http)} {ServerNames.Url("https", _names.Host, PortOf(Https))} {Local("rtmp", Rtmp)}";

    /// <summary>Every listener's address.</summary>
    public IEnumerable<string> Addresses => [Local("http", Http), Local("https", Https), Local("rtmp", Rtmp), Local("rtmps", Rtmps), Local("rtc", Rtc.LocalEndPoint.Port)];

    /// <summary>Binds them all.</summary>
    /// <exception cref="StartFailure">One cannot be bound. The message names port and setting.</exception>
    public static ListenerSockets Bind(SettingValues settings, ServerNames names)
    {
        var sockets = new ListenerSockets(names);
        try
        {
            sockets.Http = sockets.Bind(settings, ServerSettings.HttpPort);
            sockets.Https = sockets.Bind(settings, ServerSettings.HttpsPort);
            sockets.Rtmp = sockets.Bind(settings, ServerSettings.RtmpPort);
            sockets.Rtmps = sockets.Bind(settings, ServerSettings.RtmpsPort);
            sockets.Rtc = sockets.BindRtc(settings);
            return sockets;
        }
        catch
        {
            sockets.Dispose();
            throw;
        }
    }

    /// <summary>The port a socket is bound to.</summary>
    public static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    /// <summary>The addresses that answers, events and pages tell.</summary>
    public PublicAddresses PublicAddresses(SettingValues settings) => new()
    {
        RtmpBase = ServerNames.Url("rtmp", _names.Host, PortOf(Rtmp)),
        RtmpsBase = ServerNames.Url("rtmps", _names.Host, PortOf(Rtmps)),
        HttpBase = settings.Get(ServerSettings.PublicUrl)?.OriginalString ?? PlaybackBase(settings),
    };

    /// <summary>The addresses that pages tell.</summary>
    public PageAddresses PageAddresses(SettingValues settings) =>
        new(settings.Get(ServerSettings.PublicUrl) is { Scheme: "https" } url
            ? url.GetLeftPart(UriPartial.Authority)
            : ServerNames.Url("https", _names.Host, PortOf(Https)));

    /// <summary>Says why a port cannot be listened on, and which setting to change.</summary>
    public static string Explain(IPEndPoint endPoint, Setting<int> setting, SocketError error) => error switch
    {
        SocketError.AddressAlreadyInUse =>
            $"Port {endPoint.Port} on {endPoint.Address} is in use by another program. Stop that one, or choose another port with {setting.Option} or {setting.EnvironmentVariable}.",
        SocketError.AccessDenied =>
            $"Port {endPoint.Port} may not be opened by this user. Choose a port above 1023 with {setting.Option} or {setting.EnvironmentVariable}, or grant CAP_NET_BIND_SERVICE.",
        SocketError.AddressNotAvailable =>
            $"This machine has no address {endPoint.Address}. Name one of its own, or 0.0.0.0, with {ServerSettings.Bind.Option} or {ServerSettings.Bind.EnvironmentVariable}.",
        _ => $"Port {endPoint.Port} on {endPoint.Address} ({setting.Key}) cannot be opened: {error}.",
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in _all)
        {
            socket.Dispose();
        }
    }

    private Socket Bind(SettingValues settings, Setting<int> setting)
    {
        var endPoint = new IPEndPoint(settings.Get(ServerSettings.Bind), settings.Get(setting));
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _all.Add(socket);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(endPoint);
            return socket;
        }
        catch (SocketException fault)
        {
            throw new StartFailure(Explain(endPoint, setting, fault.SocketErrorCode), fault);
        }
    }

    private RtcSockets BindRtc(SettingValues settings)
    {
        var endPoint = new IPEndPoint(settings.Get(ServerSettings.Bind), settings.Get(ServerSettings.RtcPort));
        var options = new RtcHostOptions
        {
            Threads = settings.Get(FeatureSettings.RtcThreads),
            Udp = settings.Get(FeatureSettings.RtcUdp),
            SocketBufferBytes = settings.Get(FeatureSettings.RtcSocketBuffer),
        };
        try
        {
            var rtc = RtcSockets.Bind(endPoint, options);
            _all.Add(rtc);
            return rtc;
        }
        catch (SocketException fault)
        {
            throw new StartFailure(Explain(endPoint, ServerSettings.RtcPort, fault.SocketErrorCode), fault);
        }
    }

    private string PlaybackBase(SettingValues settings)
    {
        var isHttps = settings.Get(ServerSettings.PlaybackScheme) switch
        {
            PlaybackScheme.Http => false,
            PlaybackScheme.Https => true,
            _ => settings.Get(ServerSettings.TlsCertificate) is not null,
        };
        return isHttps ? ServerNames.Url("https", _names.Host, PortOf(Https)) : ServerNames.Url("http", _names.Host, PortOf(Http));
    }

    private string Local(string scheme, Socket socket) => Local(scheme, PortOf(socket));

    private string Local(string scheme, int port) => ServerNames.Url(scheme, _names.Reachable.ToString(), port);
}
