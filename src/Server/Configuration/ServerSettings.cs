using System.Net;
using Microsoft.Extensions.Logging;
using Roomcast.Storage;

namespace Roomcast.Server.Configuration;

/// <summary>Which scheme playback addresses are told with.</summary>
internal enum PlaybackScheme
{
    /// <summary>https when the owner brought a certificate, http with the local one, which players do not trust.</summary>
    Auto,

    /// <summary>Always http.</summary>
    Http,

    /// <summary>Always https.</summary>
    Https,
}

/// <summary>How log lines are written.</summary>
internal enum LogFormat
{
    /// <summary>One readable line each.</summary>
    Console,

    /// <summary>One JSON object each.</summary>
    Json,
}

/// <summary>How telemetry is sent to an OpenTelemetry collector.</summary>
internal enum OtlpProtocol
{
    /// <summary>gRPC, usually port 4317.</summary>
    Grpc,

    /// <summary>Protobuf over HTTP, usually port 4318.</summary>
    Http,
}

/// <summary>The settings that the host itself reads, and the registry of all settings.</summary>
internal static class ServerSettings
{
    /// <summary>All settings: the host's, in this file, and the features', in <see cref="FeatureSettings"/>.</summary>
    public static SettingsRegistry Registry { get; } = new();

    public static Setting<string> Config { get; } = Registry.Group("Server").Add<string>(
        "config", SettingTypes.Path, "", "The settings file. Without it, roomcast.json in the working directory is read when it exists.", isAllowedInFile: false);

    public static Setting<string> Data { get; } = Registry.Bind(
        "data", (StorageOptions o) => o.DataFolder, SettingTypes.Path, "The folder for everything that is kept: database, certificates, credentials, segments.");

    public static Setting<TimeSpan> DrainTimeout { get; } = Registry.Add(
        "drain_timeout", SettingTypes.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), TimeSpan.FromSeconds(20),
        "Longest time that SIGTERM waits for livestreams to end and answers to be sent.");

    public static Setting<long> MinFreeDisk { get; } = Registry.Add(
        "min_free_disk", SettingTypes.Size(0, 1L << 50), 256L << 20,
        "Below this much free space in the data folder, /readyz says no, and chat files, recordings and older segments are not written.");

    public static Setting<IPAddress> Bind { get; } = Registry.Group("Addresses").Add(
        "bind", SettingTypes.Address, IPAddress.Loopback, "The address every listener binds to.");

    public static Setting<int> HttpPort { get; } = Registry.Add(
        "http_port", SettingTypes.Port, 8080, "HTTP: REST, playback and pages.");

    public static Setting<int> HttpsPort { get; } = Registry.Add(
        "https_port", SettingTypes.Port, 8443, "HTTPS: the same over TLS, HTTP/1.1 and HTTP/2.");

    public static Setting<int> RtmpPort { get; } = Registry.Add(
        "rtmp_port", SettingTypes.Port, 1935, "RTMP ingest.");

    public static Setting<int> RtmpsPort { get; } = Registry.Add(
        "rtmps_port", SettingTypes.Port, 1936, "RTMP ingest over TLS.");

    public static Setting<int> RtcPort { get; } = Registry.Add(
        "rtc_port", SettingTypes.Port, 8844, "WebRTC, UDP and TCP.");

    public static Setting<string?> PublicHost { get; } = Registry.Add(
        "public_host", SettingTypes.Host.Optional(), null,
        "The host name in addresses told to others. Without it: localhost, or the bind address when that is not a loopback one.");

    public static Setting<IPAddress?> PublicIp { get; } = Registry.Add(
        "public_ip", SettingTypes.Address.Optional(), null, "The IP address others reach this machine at, when it is not the bind address. Meetings tell it to browsers.");

    public static Setting<Uri?> PublicUrl { get; } = Registry.Add(
        "public_url", SettingTypes.HttpUrl.Optional(), null,
        "The start of playback, download and page addresses when a proxy stands in front, for example https://live.example.org. Overrides playback_scheme.");

    public static Setting<IReadOnlyList<IPNetwork>> TrustedProxies { get; } = Registry.Add(
        "trusted_proxies", SettingTypes.Networks, [],
        "Proxies in front of this server whose X-Forwarded-For and X-Forwarded-Proto are believed. Without it, all viewers behind a proxy count as one address.");

    public static Setting<PlaybackScheme> PlaybackScheme { get; } = Registry.Add(
        "playback_scheme", SettingTypes.Choice<PlaybackScheme>(), Configuration.PlaybackScheme.Auto,
        "The scheme of playback and download addresses. auto: https when tls_cert is set, otherwise http.");

    public static Setting<string?> TlsCertificate { get; } = Registry.Group("TLS").Add(
        "tls_cert", SettingTypes.Path.Optional(), null, "PEM file with the certificate and its chain. Without it, a local authority makes one. Reloaded when it changes.");

    public static Setting<string?> TlsKey { get; } = Registry.Add(
        "tls_key", SettingTypes.Path.Optional(), null, "PEM file with the key of tls_cert, not encrypted.");

    public static Setting<int> HttpMaxConnections { get; } = Registry.Group("HTTP limits").Add(
        "http_max_connections", SettingTypes.Whole(1, 1_000_000), 20_000, "Most connections to the HTTP listener, and as many to the HTTPS one; more are closed.");

    public static Setting<TimeSpan> HttpHeaderTimeout { get; } = Registry.Add(
        "http_header_timeout", SettingTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5)), TimeSpan.FromSeconds(15),
        "Longest time a request's headers, or a TLS handshake, may take.");

    public static Setting<TimeSpan> HttpKeepAliveTimeout { get; } = Registry.Add(
        "http_keep_alive_timeout", SettingTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)), TimeSpan.FromSeconds(130),
        "How long an idle connection is kept.");

    public static Setting<LogLevel> LogLevel { get; } = Registry.Group("Observability").Add(
        "log_level", SettingTypes.Choice<LogLevel>(), Microsoft.Extensions.Logging.LogLevel.Information, "The least serious log lines that are written.");

    public static Setting<LogFormat> LogFormat { get; } = Registry.Add(
        "log_format", SettingTypes.Choice<LogFormat>(), Configuration.LogFormat.Console, "How log lines are written, on the standard error stream.");

    public static Setting<string?> MetricsToken { get; } = Registry.Add(
        "metrics_token", SettingTypes.Text(16, 512).Optional(), null, "When set, /metrics wants it as a bearer token.", isSecret: true);

    public static Setting<Uri?> OtlpEndpoint { get; } = Registry.Add(
        "otlp_endpoint", SettingTypes.HttpUrl.Optional(), null, "An OpenTelemetry collector that metrics and traces are sent to.");

    public static Setting<OtlpProtocol> OtlpProtocol { get; } = Registry.Add(
        "otlp_protocol", SettingTypes.Choice<OtlpProtocol>(), Configuration.OtlpProtocol.Grpc, "How metrics and traces are sent to the collector.");

    static ServerSettings()
    {
        FeatureSettings.AddTo(Registry);
        Registry.AddRule(PortsDiffer);
        Registry.AddRule(CertificateAndKeyComeTogether);
    }

    private static IEnumerable<SettingFault> PortsDiffer(SettingValues values) =>
        new[] { HttpPort, HttpsPort, RtmpPort, RtmpsPort, RtcPort }
            .Where(setting => values.Get(setting) != 0)
            .GroupBy(values.Get)
            .Where(clash => clash.Count() > 1)
            .Select(clash => new SettingFault(
                string.Join(", ", clash.Select(setting => setting.Key)),
                string.Join(", ", clash.Select(values.OriginOf)),
                $"port {clash.Key} can serve only one of them; allowed are different ports."));

    private static IEnumerable<SettingFault> CertificateAndKeyComeTogether(SettingValues values)
    {
        var (certificate, key) = (values.Get(TlsCertificate), values.Get(TlsKey));
        if (certificate is null != key is null)
        {
            var (missing, present) = certificate is null ? (TlsCertificate, TlsKey) : (TlsKey, TlsCertificate);
            yield return new SettingFault(
                missing.Key, SettingValues.DefaultOrigin, $"it is not set although {present.Key} is ({values.OriginOf(present)}); allowed is both or neither.");
        }
    }
}
