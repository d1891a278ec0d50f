using Roomcast.TestKit;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Roomcast.Server.Tls;
using Roomcast.TestKit.Server;

namespace Roomcast.Server.Tests.Running;

public class CertificateTests
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task A_local_certificate_near_its_end_is_renewed_by_the_same_authority_at_start()
    {
        using var folder = new TemporaryFolder();
        var data = folder.PathOf("data");
        await using (var server = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data }))
        {
            await server.StopAsync();
        }

        var tls = Path.Combine(data, "tls");
        var authorityPem = File.ReadAllText(Path.Combine(tls, "ca.pem"));
        using var authority = X509Certificate2.CreateFromPemFile(Path.Combine(tls, "ca.pem"), Path.Combine(tls, "ca.key"));
        using var old = LocalAuthority.CreateCertificate(authority, ["localhost"], Now - TimeSpan.FromDays(80));
        WritePair(old, Path.Combine(tls, "server.pem"), Path.Combine(tls, "server.key"));

        await using var again = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data });
        using var served = await ServedAsync(again);
        Assert.NotEqual(old.Thumbprint, served.Thumbprint);
        Assert.True(served.NotAfter > Now.UtcDateTime.AddDays(80));
        Assert.Equal(authorityPem, File.ReadAllText(Path.Combine(tls, "ca.pem")));
        Assert.True(LocalAuthority.IsIssuedBy(served, authority, Now));
    }

    [Fact]
    public async Task Another_public_host_gets_a_certificate_of_its_own_from_the_same_authority()
    {
        using var folder = new TemporaryFolder();
        var data = folder.PathOf("data");
        await using (var server = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data }))
        {
            await server.StopAsync();
        }

        using var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(data, "tls", "ca.pem"));
        await using var again = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data, Arguments = ["--public-host", "live.example.org"] });
        using var served = await ServedAsync(again);
        Assert.Contains("live.example.org", LocalAuthority.NamesOf(served));
        Assert.True(LocalAuthority.IsIssuedBy(served, authority, Now));
    }

    [Fact]
    public async Task An_owners_certificate_is_served_and_a_changed_one_is_taken_up_without_a_restart()
    {
        using var files = new OwnCertificate();
        using var first = files.Write(Now);
        await using var server = await RoomcastProcess.StartAsync(files.Start);
        Assert.Equal(first.Thumbprint, (await ServedAsync(server)).Thumbprint);

        // A pair that does not match, as it stands for a moment while both files are replaced, changes nothing.
        File.WriteAllText(files.KeyFile, OwnCertificate.Make(Now).GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        await server.WaitForLogAsync("stays as it is");
        Assert.Equal(first.Thumbprint, (await ServedAsync(server)).Thumbprint);

        using var second = files.Write(Now);
        await server.WaitForLogAsync("TLS serves a new certificate");
        Assert.Equal(second.Thumbprint, (await ServedAsync(server)).Thumbprint);
        Assert.Equal(0, (await server.StopAsync()).ExitCode);
    }

    [Fact]
    public async Task An_expired_certificate_is_one_message()
    {
        using var files = new OwnCertificate();
        using var expired = files.Write(Now - TimeSpan.FromDays(100));

        RefusedStartTests.AssertOneMessage(await RoomcastProcess.RunToExitAsync(files.Start), "expired on", "tls_cert");
    }

    [Fact]
    public async Task A_certificate_of_the_future_is_one_message()
    {
        using var files = new OwnCertificate();
        using var early = files.Write(Now + TimeSpan.FromDays(10));

        RefusedStartTests.AssertOneMessage(await RoomcastProcess.RunToExitAsync(files.Start), "good only from", "tls_cert");
    }

    [Fact]
    public async Task A_key_of_another_certificate_is_one_message()
    {
        using var files = new OwnCertificate();
        using var certificate = files.Write(Now);
        File.WriteAllText(files.KeyFile, OwnCertificate.Make(Now).GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());

        RefusedStartTests.AssertOneMessage(await RoomcastProcess.RunToExitAsync(files.Start), "tls_key");
    }

    [Theory]
    [InlineData("nothing of the kind")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public async Task A_file_without_a_certificate_is_one_message(string content)
    {
        using var files = new OwnCertificate();
        using var certificate = files.Write(Now);
        File.WriteAllText(files.CertificateFile, content);

        RefusedStartTests.AssertOneMessage(await RoomcastProcess.RunToExitAsync(files.Start), "tls_cert", files.CertificateFile);
    }

    [Fact]
    public async Task A_missing_file_is_one_message()
    {
        using var files = new OwnCertificate();

        RefusedStartTests.AssertOneMessage(await RoomcastProcess.RunToExitAsync(files.Start), "cannot be read", files.CertificateFile);
    }

    private static async Task<X509Certificate2> ServedAsync(RoomcastProcess server)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", server.HttpsBase.Port);
        await using var tls = new SslStream(socket.GetStream());
#pragma warning disable CA5359 // What is served is judged by the test itself.
        var options = new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = static (_, _, _, _) => true };
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(options);
        return X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.Export(X509ContentType.Cert));
    }

    private static void WritePair(X509Certificate2 certificate, string certificateFile, string keyFile)
    {
        File.WriteAllText(keyFile, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
    }

    private sealed class OwnCertificate : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public string CertificateFile => _folder.PathOf("own.pem");

        public string KeyFile => _folder.PathOf("own.key");

        public RoomcastStart Start => new() { Arguments = ["--tls-cert", CertificateFile, "--tls-key", KeyFile] };

        public static X509Certificate2 Make(DateTimeOffset madeAt)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return new CertificateRequest("CN=own.example", key, HashAlgorithmName.SHA256).CreateSelfSigned(madeAt - TimeSpan.FromDays(1), madeAt + TimeSpan.FromDays(30));
        }

        public X509Certificate2 Write(DateTimeOffset madeAt)
        {
            var certificate = Make(madeAt);
            WritePair(certificate, CertificateFile, KeyFile);
            return certificate;
        }

        public void Dispose() => _folder.Dispose();
    }
}
