using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Roomcast.Bench.Delivery;

/// <summary>Fetches one address after another over a connection of its own.</summary>
internal abstract class Fetcher : IAsyncDisposable
{
    /// <summary>Fetches, reads the whole body and throws it away.</summary>
    /// <returns>Bytes of body.</returns>
    /// <exception cref="InvalidOperationException">The answer is not 200.</exception>
    public abstract Task<long> FetchAsync(string path);

    public abstract ValueTask DisposeAsync();

    public static async Task<Fetcher> ConnectAsync(CrowdPlan plan, X509Certificate2 certificate) => plan.IsHttp2
        ? new Http2Fetcher(plan.Port, certificate)
        : await TlsFetcher.OpenAsync(plan.Port, certificate);

    protected static SslClientAuthenticationOptions Options(X509Certificate2 certificate) => new()
    {
        TargetHost = "localhost",
        RemoteCertificateValidationCallback = (_, theirs, _, _) => certificate.RawDataMemory.Span.SequenceEqual(theirs?.GetRawCertData()),
    };
}

/// <summary>HTTP/1.1 with as little work as can be, since the crowd shares the machine with the server.</summary>
internal sealed class TlsFetcher : Fetcher
{
    private readonly SslStream _stream;
    private readonly byte[] _buffer = new byte[32 * 1024];

    private TlsFetcher(SslStream stream) => _stream = stream;

    public static async Task<TlsFetcher> OpenAsync(int port, X509Certificate2 certificate)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(Options(certificate));
        return new TlsFetcher(stream);
    }

    public override async Task<long> FetchAsync(string path)
    {
        var request = $"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {StreamShape.UserAgent}\r\nAccept: */*\r\n"
            + "Accept-Encoding: gzip, deflate, br\r\nOrigin: https://page.example\r\nReferer: https://page.example/\r\n\r\n";
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        var filled = 0;
        int end;
        while ((end = _buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
        {
            var read = await _stream.ReadAsync(_buffer.AsMemory(filled));
            if (read == 0)
            {
                throw new InvalidOperationException($"The connection was closed in front of the answer to {path}.");
            }

            filled += read;
        }

        var head = Encoding.ASCII.GetString(_buffer, 0, end);
        if (!head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{path} is answered by {head.Split('\r')[0]}.");
        }

        const string Length = "\r\nContent-Length: ";
        var at = head.IndexOf(Length, StringComparison.OrdinalIgnoreCase) + Length.Length;
        var lineEnd = head.IndexOf('\r', at);
        var length = long.Parse(head.AsSpan(at, (lineEnd < 0 ? head.Length : lineEnd) - at), CultureInfo.InvariantCulture);
        for (var rest = length - (filled - end - 4); rest > 0;)
        {
            var read = await _stream.ReadAsync(_buffer.AsMemory(0, (int)Math.Min(_buffer.Length, rest)));
            if (read == 0)
            {
                throw new InvalidOperationException($"The connection was closed within the answer to {path}.");
            }

            rest -= read;
        }

        return length;
    }

    public override ValueTask DisposeAsync() => _stream.DisposeAsync();
}

/// <summary>HTTP/2 by the framework's client.</summary>
internal sealed class Http2Fetcher : Fetcher
{
    private readonly HttpClient _client;
    private readonly byte[] _buffer = new byte[32 * 1024];

    public Http2Fetcher(int port, X509Certificate2 certificate)
    {
        // Browsers open windows of several megabytes.
        _client = new HttpClient(new SocketsHttpHandler { SslOptions = Options(certificate), InitialHttp2StreamWindowSize = 6 << 20 })
        {
            BaseAddress = new Uri($"https://localhost:{port.ToString(CultureInfo.InvariantCulture)}"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromMinutes(5),
        };
        _client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", StreamShape.UserAgent);
        _client.DefaultRequestHeaders.TryAddWithoutValidation("Accept-Encoding", "gzip, deflate, br");
        _client.DefaultRequestHeaders.TryAddWithoutValidation("Origin", "https://page.example");
        _client.DefaultRequestHeaders.TryAddWithoutValidation("Referer", "https://page.example/");
    }

    public override async Task<long> FetchAsync(string path)
    {
        using var answer = await _client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        if (answer.StatusCode is not HttpStatusCode.OK)
        {
            throw new InvalidOperationException($"{path} is answered by {(int)answer.StatusCode}.");
        }

        await using var body = await answer.Content.ReadAsStreamAsync();
        var length = 0L;
        for (int read; (read = await body.ReadAsync(_buffer)) > 0;)
        {
            length += read;
        }

        return length;
    }

    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
