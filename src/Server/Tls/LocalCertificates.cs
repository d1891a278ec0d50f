using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Roomcast.Server.FirstStart;
using Roomcast.Storage.Keys;

namespace Roomcast.Server.Tls;

/// <summary>The certificate of the local authority: made at first start, renewed in time, made anew when the names change.</summary>
/// <remarks>
/// Kept in <c>tls/</c> of the data folder as <c>ca.pem</c>, <c>ca.key</c>, <c>server.pem</c> and <c>server.key</c>, all of mode
/// 0600. An owner who installs <c>ca.pem</c> in their system once is not asked again.
/// </remarks>
internal sealed class LocalCertificates(string folder, IReadOnlyCollection<string> names) : CertificateSource
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _authorityFile = Path.Combine(folder, "ca.pem");
    private readonly string _authorityKeyFile = Path.Combine(folder, "ca.key");
    private readonly string _certificateFile = Path.Combine(folder, "server.pem");
    private readonly string _certificateKeyFile = Path.Combine(folder, "server.key");

    public override ServedCertificate Load(DateTimeOffset now)
    {
        try
        {
            Directory.CreateDirectory(folder, OwnerOnly);
            using var authority = LoadAuthority(now);
            return Serve(LoadCertificate(authority, now) ?? IssueCertificate(authority, now));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StartFailure($"The certificate in {folder} cannot be read or written: {fault.Message}", fault);
        }
    }

    public override ServedCertificate? Refresh(ServedCertificate current, DateTimeOffset now) =>
        IsDue(current.Certificate, now) ? Load(now) : null;

    private static bool IsDue(X509Certificate2 certificate, DateTimeOffset now) => certificate.NotAfter - LocalAuthority.RenewBefore <= now;

    private static ServedCertificate Serve(X509Certificate2 certificate) => new(certificate, [], certificate.Thumbprint);

    private X509Certificate2 LoadAuthority(DateTimeOffset now)
    {
        if (File.Exists(_authorityFile) && File.Exists(_authorityKeyFile))
        {
            var kept = ReadPair(_authorityFile, _authorityKeyFile);

            // An authority too old to sign a whole certificate is replaced: its owner has to trust a new one in any case.
            if (now + LocalAuthority.RenewBefore < kept.NotAfter)
            {
                return kept;
            }

            kept.Dispose();
        }

        var made = LocalAuthority.CreateAuthority(now);
        WritePair(made, _authorityFile, _authorityKeyFile);
        return made;
    }

    private X509Certificate2? LoadCertificate(X509Certificate2 authority, DateTimeOffset now)
    {
        if (!File.Exists(_certificateFile) || !File.Exists(_certificateKeyFile))
        {
            return null;
        }

        var kept = ReadPair(_certificateFile, _certificateKeyFile);
        if (!IsDue(kept, now) && LocalAuthority.NamesOf(kept).SetEquals(names) && LocalAuthority.IsIssuedBy(kept, authority, now))
        {
            return kept;
        }

        kept.Dispose();
        return null;
    }

    private X509Certificate2 IssueCertificate(X509Certificate2 authority, DateTimeOffset now)
    {
        var made = LocalAuthority.CreateCertificate(authority, names, now);
        WritePair(made, _certificateFile, _certificateKeyFile);
        return made;
    }

    private static X509Certificate2 ReadPair(string certificateFile, string keyFile)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new StartFailure(
                $"{certificateFile} and {keyFile} are not a certificate and its key. Restore them, or delete both to have new ones made.", fault);
        }
    }

    private static void WritePair(X509Certificate2 certificate, string certificateFile, string keyFile)
    {
        using var key = certificate.GetECDsaPrivateKey()!;

        // Without the old certificate beside it, a key that a crash leaves alone is never taken for a pair.
        File.Delete(certificateFile);
        SecretFile.Write(keyFile, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
        SecretFile.Write(certificateFile, Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"));
    }
}
