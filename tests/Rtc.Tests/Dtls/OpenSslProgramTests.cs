using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Srtp;

namespace Roomcast.Rtc.Tests.Dtls;

/// <summary>The handshake against OpenSSL's own programs, over real sockets on loopback.</summary>
public sealed class OpenSslProgramTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("roomcast-dtls-");
    private readonly DtlsIdentity _identity = DtlsIdentity.Create(TimeProvider.System.GetUtcNow());
    private readonly DtlsFingerprint _programFingerprint;

    public OpenSslProgramTests()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=program", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(PathOf("cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf("key.pem"), key.ExportPkcs8PrivateKeyPem());
        _programFingerprint = DtlsFingerprint.Of(certificate.RawData, HashAlgorithmName.SHA256);
    }

    [Theory]
    [InlineData("SRTP_AEAD_AES_128_GCM", SrtpProfile.AeadAes128Gcm, 56, 1_400)]
    [InlineData("SRTP_AES128_CM_SHA1_80", SrtpProfile.Aes128CmHmacSha1Tag80, 60, 1_400)]
    [InlineData("SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM", SrtpProfile.AeadAes128Gcm, 56, 300)]
    public async Task S_client_and_our_server_export_the_same_keys(string profiles, SrtpProfile expected, int length, int mtu)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        using var program = Start(
            $"s_client -dtls1_2 -connect 127.0.0.1:{port} -mtu {mtu} -use_srtp {profiles} "
            + $"-keymatexport EXTRACTOR-dtls_srtp -keymatexportlen {length} -cert {PathOf("cert.pem")} -key {PathOf("key.pem")}");

        using var keys = await HandshakeAsync(socket, null, DtlsRole.Server);

        Assert.Equal(expected, keys.Profile);
        Assert.Equal(Convert.ToHexString(keys.Exported), await KeysOfAsync(program));
    }

    [Theory]
    [InlineData("SRTP_AEAD_AES_128_GCM", SrtpProfile.AeadAes128Gcm, 56)]
    [InlineData("SRTP_AES128_CM_SHA1_80", SrtpProfile.Aes128CmHmacSha1Tag80, 60)]
    public async Task Our_client_and_s_server_export_the_same_keys(string profiles, SrtpProfile expected, int length)
    {
        var port = FreePort();
        using var program = Start(
            $"s_server -dtls1_2 -accept 127.0.0.1:{port} -Verify 1 -use_srtp {profiles} "
            + $"-keymatexport EXTRACTOR-dtls_srtp -keymatexportlen {length} -cert {PathOf("cert.pem")} -key {PathOf("key.pem")}");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        using var keys = await HandshakeAsync(socket, new IPEndPoint(IPAddress.Loopback, port), DtlsRole.Client);

        Assert.Equal(expected, keys.Profile);
        Assert.Equal(Convert.ToHexString(keys.Exported), await KeysOfAsync(program));
    }

    public void Dispose()
    {
        _identity.Dispose();
        _folder.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static Process Start(string arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("openssl", arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new InvalidOperationException("The openssl program is missing: apt-get install openssl.", missing);
        }
    }

    private static async Task<string> KeysOfAsync(Process program)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            while (await program.StandardOutput.ReadLineAsync(patience.Token) is { } line)
            {
                const string mark = "Keying material: ";
                if (line.Contains(mark, StringComparison.Ordinal))
                {
                    return line[(line.IndexOf(mark, StringComparison.Ordinal) + mark.Length)..].Trim();
                }
            }

            throw new InvalidOperationException("The program printed no keying material.");
        }
        finally
        {
            program.Kill();
            await program.WaitForExitAsync(CancellationToken.None);
        }
    }

    private string PathOf(string file) => Path.Combine(_folder.FullName, file);

    private async Task<SrtpKeyingMaterial> HandshakeAsync(Socket socket, IPEndPoint? server, DtlsRole role)
    {
        using var patience = new CancellationTokenSource(Patience);
        var outgoing = new DatagramQueue();
        using var dtls = new DtlsConnection(_identity, role, _programFingerprint, outgoing, TimeSpan.FromMilliseconds(100));
        var clock = Stopwatch.StartNew();
        var peer = server ?? new IPEndPoint(IPAddress.Any, 0);
        var address = RtcAddress.From(peer.Address, peer.Port);
        if (role is DtlsRole.Client)
        {
            dtls.Start(address, clock.Elapsed);
        }

        var buffer = new byte[4096];
        while (true)
        {
            while (outgoing.TryTake(out _, out var datagram))
            {
                socket.SendTo(datagram, peer);
            }

            if (dtls.State is not DtlsState.Handshaking)
            {
                break;
            }

            // A retransmission may come due while nothing arrives.
            using var wait = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
            wait.CancelAfter(dtls.NextDeadline is { } deadline && deadline > clock.Elapsed ? deadline - clock.Elapsed : TimeSpan.FromMilliseconds(200));
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, peer, wait.Token);
                peer = (IPEndPoint)received.RemoteEndPoint;
                dtls.Handle(buffer.AsSpan(0, received.ReceivedBytes), address, clock.Elapsed);
            }
            catch (OperationCanceledException) when (!patience.IsCancellationRequested)
            {
                dtls.HandleDeadline(address, clock.Elapsed);
            }
            catch (SocketException)
            {
                // s_server is not up yet: the port is closed. The first flight is sent again.
            }
        }

        Assert.True(dtls.State is DtlsState.Connected, string.Create(CultureInfo.InvariantCulture, $"{dtls.Failure}"));
        return dtls.TakeKeys()!;
    }
}
