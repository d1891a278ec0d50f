using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Transports.Tcp;

namespace Roomcast.Transports.Tests.Tcp;

/// <summary>A listener on a free loopback port that serves as the test says.</summary>
internal sealed class TestListener : IAsyncDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public TestListener(
        Func<TcpConnection, Task> serve,
        ConnectionQuota? quota = null,
        TimeProvider? clock = null,
        Func<string?, SslServerAuthenticationOptions>? tls = null,
        TimeSpan? tlsHandshakeTimeout = null)
    {
        Quota = quota ?? new ConnectionQuota(100, 100, 100);
        Metrics = new TransportMetrics(Meters);
        Listener = ConnectionListener.Start(
            new ListenOptions
            {
                Address = new IPEndPoint(IPAddress.Loopback, 0),
                Setting = "test_port",
                Protocol = "test",
                Tls = tls,
                TlsHandshakeTimeout = tlsHandshakeTimeout ?? TimeSpan.FromMinutes(2),
            },
            serve,
            Quota,
            clock ?? TimeProvider.System,
            Metrics,
            NullLogger.Instance);
    }

    public ConnectionListener Listener { get; }

    public ConnectionQuota Quota { get; }

    public TransportMetrics Metrics { get; }

    public IMeterFactory Meters => _services.GetRequiredService<IMeterFactory>();

    public IPEndPoint EndPoint => Listener.LocalEndPoint;

    public static async Task EchoAsync(TcpConnection connection)
    {
        while (await connection.ReceiveAsync() is { IsEmpty: false } received)
        {
            await connection.SendAsync(received);
        }
    }

    public static X509Certificate2 MakeCertificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }

    public async Task<Socket> ConnectAsync(string from = "127.0.0.1")
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(EndPoint);
        return socket;
    }

    public async Task WaitForCountAsync(int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (Quota.Count != count || Listener.ConnectionCount != count)
        {
            Assert.False(limit.IsCancellationRequested, $"{Quota.Count} connections, not {count}.");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Listener.DisposeAsync();
        await _services.DisposeAsync();
    }
}
