using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Roomcast.Server.Tls;

/// <summary>Where the certificate comes from.</summary>
internal abstract class CertificateSource
{
    /// <summary>The certificate to start with.</summary>
    /// <exception cref="FirstStart.StartFailure">There is none that a client could accept.</exception>
    public abstract ServedCertificate Load(DateTimeOffset now);

    /// <summary>Looks whether there is a newer one.</summary>
    /// <returns>The newer one, or null when <paramref name="current"/> is to stay.</returns>
    /// <exception cref="FirstStart.StartFailure">There is a newer one, but no client could accept it.</exception>
    public abstract ServedCertificate? Refresh(ServedCertificate current, DateTimeOffset now);
}

/// <summary>A certificate as it is handed to TLS: with its chain, and ready to resume sessions.</summary>
/// <param name="Certificate">The server's own, with its key.</param>
/// <param name="Chain">What is sent after it.</param>
/// <param name="Fingerprint">Changes whenever the source's files do.</param>
internal sealed record ServedCertificate(X509Certificate2 Certificate, X509Certificate2Collection Chain, string Fingerprint)
{
    /// <summary>Kept for the life of the certificate, since sessions are resumed only within one context.</summary>
    public SslStreamCertificateContext Context { get; } = SslStreamCertificateContext.Create(Certificate, Chain, offline: true);

    /// <summary>Says which certificate it is.</summary>
    public override string ToString() => Certificate.Thumbprint;
}
