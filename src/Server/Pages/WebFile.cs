using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Roomcast.Server.Pages;

/// <summary>One file of the web pages, with its compressed twins.</summary>
internal sealed class WebFile
{
    private const string Immutable = "public, max-age=31536000, immutable";

    private readonly byte[] _bytes;
    private readonly byte[]? _gzip;
    private readonly byte[]? _brotli;
    private readonly EntityTagHeaderValue _tag;

    public WebFile(string name, byte[] bytes, byte[]? gzip, byte[]? brotli)
    {
        ContentType = ContentTypeOf(name);
        _bytes = bytes;
        _gzip = gzip;
        _brotli = brotli;
        _tag = TagOf(bytes);
    }

    public string ContentType { get; }

    /// <summary>Answers a request for it. Its name carries its hash, so it never changes under that name.</summary>
    public Task AnswerAsync(HttpContext context)
    {
        var response = context.Response;
        var (body, encoding) = Choose(context.Request);
        response.ContentType = ContentType;
        response.Headers.CacheControl = Immutable;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        // One tag for each form, for they are different bytes.
        var tag = encoding is null ? _tag : new EntityTagHeaderValue(_tag.Tag.ToString().Insert(_tag.Tag.Length - 1, $"-{encoding}"));
        return SendAsync(context, body, tag, encoding);
    }

    /// <summary>A tag for a body.</summary>
    public static EntityTagHeaderValue TagOf(ReadOnlySpan<byte> body) =>
        new($"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 12))}\"");

    /// <summary>Sends a body, or 304 when the caller has it.</summary>
    public static async Task SendAsync(HttpContext context, byte[] body, EntityTagHeaderValue tag, string? encoding)
    {
        var response = context.Response;
        response.GetTypedHeaders().ETag = tag;
        if (response.StatusCode == StatusCodes.Status200OK
            && context.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        if (encoding is not null)
        {
            response.Headers.ContentEncoding = encoding;
        }

        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    private (byte[] Body, string? Encoding) Choose(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().AcceptEncoding;
        bool Accepts(string encoding) => accepted.Any(each => each.Quality is not 0 && each.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase));
        return _brotli is not null && Accepts("br") ? (_brotli, "br")
            : _gzip is not null && Accepts("gzip") ? (_gzip, "gzip")
            : (_bytes, null);
    }

    private static string ContentTypeOf(string name) => Path.GetExtension(name) switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".html" => "text/html; charset=utf-8",
        ".txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
}
