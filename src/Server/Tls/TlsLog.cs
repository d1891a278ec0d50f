namespace Roomcast.Server.Tls;

internal static partial class TlsLog
{
    [LoggerMessage(4020, LogLevel.Information, "TLS serves a new certificate, {Subject}, good until {NotAfter:u}.")]
    public static partial void CertificateReplaced(ILogger logger, string subject, DateTime notAfter);

    [LoggerMessage(4021, LogLevel.Error, "The TLS certificate stays as it is, because the new one cannot be used: {Reason}")]
    public static partial void CertificateKept(ILogger logger, string reason);
}
