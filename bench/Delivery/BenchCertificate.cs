using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Roomcast.Bench.Delivery;

/// <summary>One certificate for all servers of a run, as two PEM files.</summary>
internal static class BenchCertificate
{
    public static string CertificatePath(string folder) => Path.Combine(folder, "certificate.pem");

    public static string KeyPath(string folder) => Path.Combine(folder, "key.pem");

    public static void Write(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        File.WriteAllText(CertificatePath(folder), made.ExportCertificatePem());
        File.WriteAllText(KeyPath(folder), key.ExportPkcs8PrivateKeyPem());
    }

    public static X509Certificate2 Read(string folder)
    {
        using var read = X509Certificate2.CreateFromPemFile(CertificatePath(folder), KeyPath(folder));
        return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pfx), null);
    }
}
