using Roomcast.Storage.Outbound;

namespace Roomcast.Storage.Blobs;

/// <summary>
/// How storages are spoken to over HTTP: no redirects are followed, answers are of a bounded length, and those that strangers name
/// are connected to at public addresses alone.
/// </summary>
internal static class StorageHttp
{
    /// <summary>Longest wait for one request with its answer.</summary>
    public static readonly TimeSpan RequestPatience = TimeSpan.FromMinutes(2);

    /// <summary>Longest answer, 16 MiB: twice what a list of the blocks of the largest file takes.</summary>
    public const long MaxAnswerLength = 16L << 20;

    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);

    /// <summary>Makes what a client sends with.</summary>
    /// <param name="isPublicOnly">Whether only public addresses may be connected to.</param>
    public static HttpMessageHandler CreateHandler(bool isPublicOnly)
    {
        var sockets = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = ConnectPatience,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (isPublicOnly)
        {
            sockets.ConnectCallback = OpenInternet.ConnectAsync;
            sockets.UseProxy = false; // A proxy would connect on its own, to whatever it is asked for.
        }

        return new ShortAnswers(sockets);
    }

    /// <summary>Makes a client with a time limit for each request.</summary>
    /// <param name="isPublicOnly">Whether only public addresses may be connected to.</param>
    public static HttpClient Create(bool isPublicOnly) => new(CreateHandler(isPublicOnly))
    {
        Timeout = RequestPatience,
        MaxResponseContentBufferSize = MaxAnswerLength,
    };

    // Also for those who read an answer, or follow it, on their own.
    private sealed class ShortAnswers(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if ((int)answer.StatusCode is >= 300 and < 400)
            {
                answer.Headers.Location = null; // Libraries follow it by themselves, and with the keys.
            }

            var content = new StreamContent(new ShortStream(await answer.Content.ReadAsStreamAsync(cancellationToken)));
            foreach (var (name, values) in answer.Content.Headers)
            {
                content.Headers.TryAddWithoutValidation(name, values);
            }

            answer.Content = content;
            return answer;
        }
    }

    private sealed class ShortStream(Stream inner) : Stream
    {
        private long _left = MaxAnswerLength;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Count(await inner.ReadAsync(buffer, cancellationToken));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }

        private int Count(int read) => (_left -= read) >= 0 ? read : throw new IOException("The answer is too long.");
    }
}
