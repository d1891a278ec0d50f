using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Roomcast.TestKit;

namespace Roomcast.Interop.Push;

/// <summary>A certificate authority of the test's own, and a certificate for one name that it has signed, as PEM files.</summary>
internal sealed class PushCertificate : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Makes both.</summary>
    /// <param name="name">The name the certificate is for.</param>
    public PushCertificate(string name)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leafRequest = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        leafRequest.CertificateExtensions.Add(names.Build());
        using var leaf = leafRequest.Create(authority, now.AddDays(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));

        File.WriteAllText(Authority, authority.ExportCertificatePem());
        File.WriteAllText(Certificate, leaf.ExportCertificatePem());
        File.WriteAllText(Key, key.ExportPkcs8PrivateKeyPem());
    }

    public string Authority => _folder.PathOf("authority.pem");

    public string Certificate => _folder.PathOf("certificate.pem");

    public string Key => _folder.PathOf("key.pem");

    public void Dispose() => _folder.Dispose();
}
