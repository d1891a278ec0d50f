using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Roomcast.Server.Tls;

/// <summary>A certificate authority of this server's own, for those who bring no certificate. ECDSA P-256.</summary>
internal static class LocalAuthority
{
    /// <summary>How long the authority is good for.</summary>
    public static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3_650);

    /// <summary>How long a server certificate is good for. Apple's clients refuse more than 825 days from a private authority.</summary>
    public static readonly TimeSpan CertificateLifetime = TimeSpan.FromDays(90);

    /// <summary>A certificate is made anew when less than this is left of it.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    // Clocks of clients may be behind.
    private static readonly TimeSpan Backdate = TimeSpan.FromDays(1);

    /// <summary>Makes an authority.</summary>
    public static X509Certificate2 CreateAuthority(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = $"CN=Roomcast local authority {RandomNumberGenerator.GetHexString(6, lowercase: true)}";
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(now - Backdate, now + AuthorityLifetime);
    }

    /// <summary>Makes a server certificate.</summary>
    /// <param name="authority">The authority, with its key.</param>
    /// <param name="names">DNS names and IP addresses it stands for.</param>
    /// <param name="now">The present.</param>
    public static X509Certificate2 CreateCertificate(X509Certificate2 authority, IReadOnlyCollection<string> names, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Roomcast", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(AlternativeNames(names));

        // A certificate lies within the life of its authority.
        var (start, end) = (now - Backdate, now + CertificateLifetime);
        start = start > authority.NotBefore ? start : authority.NotBefore;
        end = end < authority.NotAfter ? end : authority.NotAfter;
        using var issued = request.Create(authority, start, end, SerialNumber());
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>The names a certificate stands for, in lower case.</summary>
    public static HashSet<string> NamesOf(X509Certificate2 certificate)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var extension in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            names.UnionWith(extension.EnumerateDnsNames());
            names.UnionWith(extension.EnumerateIPAddresses().Select(address => address.ToString()));
        }

        return names;
    }

    /// <summary>Whether one certificate was signed by the other's key.</summary>
    public static bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2 authority, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = now.LocalDateTime;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }

    private static X509Extension AlternativeNames(IReadOnlyCollection<string> names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                builder.AddIpAddress(address);
            }
            else
            {
                builder.AddDnsName(name);
            }
        }

        return builder.Build();
    }

    // RFC 5280, 4.1.2.2: positive, at most 20 octets, unique; 64 random bits or more are the rule of public authorities.
    private static byte[] SerialNumber()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }
}
