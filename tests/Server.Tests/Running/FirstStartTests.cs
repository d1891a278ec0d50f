using Roomcast.TestKit;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Roomcast.Server.Tls;
using Roomcast.TestKit.Server;

namespace Roomcast.Server.Tests.Running;

public class FirstStartTests
{
    private const UnixFileMode OwnerOnlyFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task A_first_start_makes_everything_and_a_second_keeps_it()
    {
        using var folder = new TemporaryFolder();
        var data = folder.PathOf("deep", "data");
        RoomcastCredentials first;
        string authority, certificate;

        await using (var server = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data, WorkingFolder = folder.Path }))
        {
            Assert.Matches("^ready http://127\\.0\\.0\\.1:[1-9][0-9]* https://localhost:[1-9][0-9]* rtmp://127\\.0\\.0\\.1:[1-9][0-9]*$", server.ReadyLine);
            first = server.Credentials;
            (authority, certificate) = (ReadTls(data, "ca.pem"), ReadTls(data, "server.pem"));
            Assert.Matches("^[0-9a-f]{32}$", first.AccountId);
            Assert.True(Guid.TryParse(first.AppId, out _));
            Assert.NotEmpty(first.ApiToken);
            Assert.DoesNotContain(first.ApiToken, server.Errors + server.Output, StringComparison.Ordinal);
            Assert.Equal(0, (await server.StopAsync()).ExitCode);
        }

        Assert.Equal(OwnerOnlyFolder, File.GetUnixFileMode(data));
        Assert.Equal(OwnerOnlyFolder, File.GetUnixFileMode(Path.Combine(data, "tls")));
        Assert.Equal(OwnerOnlyFile, File.GetUnixFileMode(Path.Combine(data, "credentials.json")));
        Assert.All(Directory.EnumerateFiles(Path.Combine(data, "tls")), file => Assert.Equal(OwnerOnlyFile, File.GetUnixFileMode(file)));

        await using var again = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data, WorkingFolder = folder.Path });
        Assert.Equal(first, again.Credentials);
        Assert.Equal(authority, ReadTls(data, "ca.pem"));
        Assert.Equal(certificate, ReadTls(data, "server.pem"));
    }

    [Fact]
    public async Task A_first_start_that_was_cut_short_is_done_again()
    {
        using var folder = new TemporaryFolder();
        var data = folder.PathOf("data");
        await using (var server = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data }))
        {
            await server.StopAsync();
        }

        // What a crash between the account's row and the credentials' file leaves behind.
        File.Delete(Path.Combine(data, "credentials.json"));
        File.WriteAllText(Path.Combine(data, "credentials.json.unfinished"), "");

        await using var again = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data });
        Assert.NotEmpty(again.Credentials.ApiToken);
        Assert.False(File.Exists(Path.Combine(data, "credentials.json.unfinished")));
    }

    [Fact]
    public async Task Credentials_that_their_owner_deleted_are_not_made_anew()
    {
        using var folder = new TemporaryFolder();
        var data = folder.PathOf("data");
        await using (var server = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data }))
        {
            await server.StopAsync();
        }

        File.Delete(Path.Combine(data, "credentials.json"));
        await using var again = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data });
        Assert.False(File.Exists(Path.Combine(data, "credentials.json")));
    }

    [Fact]
    public async Task The_certificate_stands_for_every_name_and_both_http_versions_are_spoken()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--public-host", "live.example.org", "--public-ip", "192.0.2.7"] });
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(server.DataFolder, "tls", "server.pem"));

        string[] prefixes = ["", "api.", "socket-edge.", "api-silos.", "da-collector.", "location.", "location-legacy."];
        Assert.Equal(
            new HashSet<string>(
                [.. prefixes.Select(prefix => prefix + "localhost"), .. prefixes.Select(prefix => prefix + "live.example.org"), "127.0.0.1", "::1", "192.0.2.7"]),
            LocalAuthority.NamesOf(certificate));
        Assert.Equal("live.example.org", server.HttpsBase.Host);

        using var https = server.CreateHttpsClient();
        foreach (var host in new[] { "localhost", "api.localhost", "socket-edge.localhost", "127.0.0.1" })
        {
            foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(server.HttpsBase) { Host = host, Path = "/healthz" }.Uri)
                {
                    Version = version,
                    VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                };
                using var answer = await https.SendAsync(request);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.Equal(version, answer.Version);
            }
        }
    }

    private static string ReadTls(string data, string name) => File.ReadAllText(Path.Combine(data, "tls", name));
}
