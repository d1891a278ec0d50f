using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Roomcast.Server.Configuration;
using Roomcast.Server.FirstStart;

namespace Roomcast.Server.Tls;

/// <summary>The certificate an owner brings, as PEM files: first the server's own, then the rest of its chain.</summary>
internal sealed class FileCertificates(string certificateFile, string keyFile) : CertificateSource
{
    private string? _refusedFingerprint;

    public override ServedCertificate Load(DateTimeOffset now)
    {
        var (certificateText, keyText) = (ReadText(certificateFile, ServerSettings.TlsCertificate), ReadText(keyFile, ServerSettings.TlsKey));
        return Load(certificateText, keyText, now);
    }

    public override ServedCertificate? Refresh(ServedCertificate current, DateTimeOffset now)
    {
        var (certificateText, keyText) = (ReadText(certificateFile, ServerSettings.TlsCertificate), ReadText(keyFile, ServerSettings.TlsKey));
        var fingerprint = Fingerprint(certificateText, keyText);

        // A pair that was refused is not looked at again until it changes, so that its fault is told once.
        if (fingerprint == current.Fingerprint || fingerprint == _refusedFingerprint)
        {
            return null;
        }

        _refusedFingerprint = fingerprint;
        var fresh = Load(certificateText, keyText, now);
        _refusedFingerprint = null;
        return fresh;
    }

    private ServedCertificate Load(string certificateText, string keyText, DateTimeOffset now)
    {
        var chain = new X509Certificate2Collection();
        try
        {
            chain.ImportFromPem(certificateText);
        }
        catch (CryptographicException fault)
        {
            throw Failure(ServerSettings.TlsCertificate, certificateFile, "holds a damaged certificate", fault);
        }

        if (chain.Count == 0)
        {
            throw Failure(ServerSettings.TlsCertificate, certificateFile, "holds no PEM certificate");
        }

        X509Certificate2 certificate;
        try
        {
            certificate = X509Certificate2.CreateFromPem(certificateText, keyText);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw Failure(ServerSettings.TlsKey, keyFile, $"does not hold the unencrypted PEM key of the first certificate in {certificateFile}", fault);
        }

        if (now >= certificate.NotAfter)
        {
            throw Failure(ServerSettings.TlsCertificate, certificateFile, $"expired on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC");
        }

        if (now < certificate.NotBefore)
        {
            throw Failure(ServerSettings.TlsCertificate, certificateFile, $"is good only from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} UTC");
        }

        chain[0].Dispose();
        chain.RemoveAt(0);
        return new ServedCertificate(certificate, chain, Fingerprint(certificateText, keyText));
    }

    private static string ReadText(string path, Setting setting)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Failure(setting, path, $"cannot be read ({fault.Message.TrimEnd('.')})", fault);
        }
    }

    private static string Fingerprint(string certificateText, string keyText) =>
        Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(certificateText + "\0" + keyText)));

    private static StartFailure Failure(Setting setting, string path, string what, Exception? cause = null) =>
        new($"{path} ({setting.Key}) {what}. {setting.Key} and its partner are PEM files; {ServerSettings.TlsCertificate.Key} must not be expired, and {ServerSettings.TlsKey.Key} must match it.", cause);
}
