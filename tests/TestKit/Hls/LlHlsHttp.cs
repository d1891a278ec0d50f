using System.IO.Compression;
using System.Net;
using System.Text;

namespace Roomcast.TestKit.Hls;

/// <summary>An answer as it came.</summary>
internal sealed record HttpAnswer(Uri Uri, HttpResponseMessage Message, byte[] Body)
{
    public HttpStatusCode Status => Message.StatusCode;

    public bool IsOk => Status is HttpStatusCode.OK;

    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>Fetches, and checks what holds for every answer of its kind.</summary>
internal sealed class LlHlsHttp(HttpClient client, LlHlsReport report)
{
    public const string PlaylistType = "application/vnd.apple.mpegurl";

    public async Task<HttpAnswer> FetchAsync(
        Uri uri, CancellationToken cancellationToken, bool compressed = false, HttpMethod? method = null, string? origin = "https://page.example")
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, uri)
        {
            Version = client.DefaultRequestVersion,
            VersionPolicy = client.DefaultVersionPolicy,
        };
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        if (compressed)
        {
            request.Headers.AcceptEncoding.ParseAdd("gzip");
        }

        var message = await client.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        var body = await message.Content.ReadAsByteArrayAsync(cancellationToken);
        var answer = new HttpAnswer(uri, message, body);
        CheckCors(answer);
        if (method != HttpMethod.Head && method != HttpMethod.Options)
        {
            report.Require(
                message.Content.Headers.ContentLength == body.Length && message.Headers.TransferEncodingChunked != true,
                LlHlsRules.ContentLength,
                $"{uri} has {message.Content.Headers.ContentLength?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "no length"} and {body.Length} bytes.");
        }

        if (!answer.IsOk && (int)answer.Status >= 400)
        {
            CheckErrorCaching(answer);
        }

        return answer;
    }

    /// <summary>Fetches a media playlist; null when that fails.</summary>
    public async Task<MediaPlaylist?> FetchPlaylistAsync(Uri uri, CancellationToken cancellationToken, bool compressed = false)
    {
        var answer = await FetchAsync(uri, cancellationToken, compressed);
        if (!answer.IsOk)
        {
            report.Add(LlHlsRules.Available, $"{uri} answers {(int)answer.Status}.");
            return null;
        }

        CheckPlaylist(answer);
        var isCompressed = answer.Message.Content.Headers.ContentEncoding.Contains("gzip");
        report.Require(isCompressed == compressed, LlHlsRules.Compression, $"{uri} is {(isCompressed ? "" : "not ")}compressed.");
        var text = isCompressed ? Decompress(answer.Body) : answer.Text;
        var playlist = MediaPlaylist.Read(text);
        report.CountPlaylist();
        return playlist;
    }

    public async Task<byte[]?> FetchMediaAsync(Uri uri, CancellationToken cancellationToken)
    {
        var answer = await FetchAsync(uri, cancellationToken, compressed: true);
        if (!answer.IsOk)
        {
            report.Add(LlHlsRules.Available, $"{uri} answers {(int)answer.Status}.");
            return null;
        }

        var headers = answer.Message.Content.Headers;
        report.Require(
            headers.ContentType?.MediaType is "video/mp4" or "audio/mp4" or "video/iso.segment",
            LlHlsRules.ContentType,
            $"{uri} is {headers.ContentType}.");
        report.Require(headers.ContentEncoding.Count == 0, LlHlsRules.Compression, $"{uri} is compressed.");
        var cache = answer.Message.Headers.CacheControl;
        report.Require(
            cache is { MaxAge.TotalSeconds: >= 31_536_000, NoStore: false, Private: false } && cache.Extensions.Any(extension => extension.Name == "immutable"),
            LlHlsRules.Caching,
            $"{uri} has Cache-Control {cache}.");
        return answer.Body;
    }

    public static string Decompress(byte[] bytes)
    {
        using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
        using var reader = new StreamReader(gzip, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    public void CheckPlaylistType(HttpAnswer answer) => report.Require(
        answer.Message.Content.Headers.ContentType?.MediaType == PlaylistType,
        LlHlsRules.ContentType,
        $"{answer.Uri} is {answer.Message.Content.Headers.ContentType}.");

    private void CheckPlaylist(HttpAnswer answer)
    {
        CheckPlaylistType(answer);
        var cache = answer.Message.Headers.CacheControl;
        var hasDirectives = answer.Uri.Query.Contains("_HLS_", StringComparison.Ordinal);
        var isRight = hasDirectives
            ? cache is { NoStore: false, MaxAge.TotalSeconds: >= 1 and <= 12 }
            : cache is { NoStore: true } or { MaxAge.TotalSeconds: <= 1 };
        report.Require(isRight, LlHlsRules.Caching, $"{answer.Uri} has Cache-Control {cache}.");
        report.Require(answer.Message.Headers.Vary.Contains("Accept-Encoding"), LlHlsRules.Caching, $"{answer.Uri} does not vary by Accept-Encoding.");
    }

    private void CheckErrorCaching(HttpAnswer answer)
    {
        var cache = answer.Message.Headers.CacheControl;
        report.Require(
            cache is { NoStore: true } or { MaxAge.TotalSeconds: <= 1 },
            LlHlsRules.Caching,
            $"{answer.Uri} answers {(int)answer.Status} with Cache-Control {cache}.");
    }

    private void CheckCors(HttpAnswer answer)
    {
        var headers = answer.Message.Headers;
        report.Require(
            headers.TryGetValues("Access-Control-Allow-Origin", out var origins) && origins.Single() == "*",
            LlHlsRules.Cors,
            $"{answer.Uri} ({(int)answer.Status}) may not be read by other pages.");
        var exposed = headers.TryGetValues("Access-Control-Expose-Headers", out var values)
            ? values.SelectMany(value => value.Split(',')).Select(value => value.Trim()).ToList()
            : [];
        report.Require(
            new[] { "Date", "Age", "Content-Length" }.All(name => exposed.Contains(name, StringComparer.OrdinalIgnoreCase)),
            LlHlsRules.Cors,
            $"{answer.Uri} ({(int)answer.Status}) exposes only {string.Join(", ", exposed)}.");
    }
}
