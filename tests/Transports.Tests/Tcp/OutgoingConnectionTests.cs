using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Roomcast.Transports.Tcp;

namespace Roomcast.Transports.Tests.Tcp;

public sealed class OutgoingConnectionTests
{
    [Fact]
    public async Task Bytes_go_both_ways_until_each_side_ends()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var accepting = server.AcceptTcpClientAsync();
        await using var connection = await ConnectAsync(PortOf(server));
        using var client = await accepting;
        await connection.SendAsync(new byte[] { 1, 2, 3 });
        var buffer = new byte[16];
        Assert.Equal(3, await client.GetStream().ReadAtLeastAsync(buffer, 3));
        await client.GetStream().WriteAsync(new byte[] { 4, 5 });
        Assert.Equal(2, await ReceiveAsync(connection, buffer, 2));
        await connection.ShutdownAsync();
        Assert.Equal(0, await client.GetStream().ReadAsync(buffer));
        client.Close();
        Assert.Equal(0, await connection.ReceiveAsync(buffer));
        Assert.Equal(PortOf(server), connection.RemoteEndPoint.Port);
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_told()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var port = PortOf(server);
        server.Stop();
        await FailsAsync(OutgoingFailure.Refused, ConnectAsync(port));
    }

    [Fact]
    public Task A_name_without_address_is_told() => FailsAsync(OutgoingFailure.NameNotFound, ConnectAsync(80, "nowhere.invalid"));

    [Fact]
    public async Task Only_addresses_that_are_allowed_are_connected_to()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var asked = new List<IPAddress>();
        await FailsAsync(OutgoingFailure.AddressForbidden, ConnectAsync(PortOf(server), "localhost", address =>
        {
            asked.Add(address);
            return false;
        }));
        Assert.Contains(IPAddress.Loopback, asked);
        Assert.False(server.Pending());
    }

    [Fact]
    public async Task Where_one_address_refuses_the_next_is_taken()
    {
        // localhost has an address of each family on most machines; only that of IPv4 is listened on.
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var connection = await ConnectAsync(PortOf(server), "localhost");
        Assert.Equal(IPAddress.Loopback, connection.RemoteEndPoint.Address);
    }

    [Fact]
    public async Task An_abort_ends_what_waits()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var connection = await ConnectAsync(PortOf(server));
        var receiving = connection.ReceiveAsync(new byte[16]).AsTask();
        connection.Abort();
        await Assert.ThrowsAsync<IOException>(() => receiving);
        await Assert.ThrowsAsync<IOException>(() => connection.SendAsync(new byte[16]).AsTask());
    }

    [Fact]
    public async Task A_server_that_never_finishes_the_handshake_is_left_in_time()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var options = new OutgoingOptions { Host = "127.0.0.1", Port = PortOf(server), IsEncrypted = true, Timeout = TimeSpan.FromMilliseconds(200) };
        await FailsAsync(OutgoingFailure.TimedOut, OutgoingConnection.ConnectAsync(options, TimeProvider.System, CancellationToken.None));
    }

    [Fact]
    public async Task Who_gives_up_is_told_so()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        using var givingUp = new CancellationTokenSource();
        var connecting = OutgoingConnection.ConnectAsync(
            new OutgoingOptions { Host = "127.0.0.1", Port = PortOf(server), IsEncrypted = true }, TimeProvider.System, givingUp.Token);
        await givingUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
    }

    [Theory]
    [InlineData("localhost", true, null)]
    [InlineData("localhost", false, OutgoingFailure.CertificateRejected)]
    [InlineData("elsewhere.example", true, OutgoingFailure.CertificateRejected)]
    public async Task Over_TLS_the_name_is_told_and_the_certificate_checked(string certified, bool isTrusted, OutgoingFailure? failure)
    {
        using var certificate = MakeCertificate(certified);
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        string? named = null;
        var serving = Task.Run(async () =>
        {
            using var client = await server.AcceptTcpClientAsync();
            await using var stream = new SslStream(client.GetStream());
            try
            {
                await stream.AuthenticateAsServerAsync((_, hello, _, _) =>
                {
                    named = hello.ServerName;
                    return ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificate = certificate });
                }, null);
                await stream.WriteAsync(new byte[] { 7 });
                _ = await stream.ReadAsync(new byte[1]);
            }
            catch (Exception fault) when (fault is IOException or AuthenticationException)
            {
                // The client has left.
            }
        });
        var options = new OutgoingOptions
        {
            Host = "localhost",
            Port = PortOf(server),
            IsEncrypted = true,
            TrustedAuthorities = isTrusted ? [certificate] : null,
        };
        if (failure is { } expected)
        {
            await FailsAsync(expected, OutgoingConnection.ConnectAsync(options, TimeProvider.System, CancellationToken.None));
        }
        else
        {
            await using var connection = await OutgoingConnection.ConnectAsync(options, TimeProvider.System, CancellationToken.None);
            var buffer = new byte[1];
            Assert.Equal(1, await connection.ReceiveAsync(buffer));
            Assert.Equal(7, buffer[0]);
            await connection.ShutdownAsync();
        }

        await serving;
        Assert.Equal("localhost", named);
    }

    private static Task<OutgoingConnection> ConnectAsync(int port, string host = "127.0.0.1", Func<IPAddress, bool>? allows = null) =>
        OutgoingConnection.ConnectAsync(new OutgoingOptions { Host = host, Port = port, Allows = allows }, TimeProvider.System, CancellationToken.None);

    private static async Task FailsAsync(OutgoingFailure expected, Task<OutgoingConnection> connecting)
    {
        var fault = await Assert.ThrowsAsync<OutgoingException>(() => connecting);
        Assert.Equal(expected, fault.Failure);
    }

    private static async Task<int> ReceiveAsync(OutgoingConnection connection, Memory<byte> buffer, int wanted)
    {
        var have = 0;
        while (have < wanted && await connection.ReceiveAsync(buffer[have..]) is > 0 and var count)
        {
            have += count;
        }

        return have;
    }

    private static int PortOf(TcpListener server) => ((IPEndPoint)server.LocalEndpoint).Port;

    private static X509Certificate2 MakeCertificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
