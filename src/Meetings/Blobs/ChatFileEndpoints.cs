using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Roomcast.Meetings.Blobs;

/// <summary>The addresses at which browsers put and get chat files. They need no token: the address itself is the permission.</summary>
public static class ChatFileEndpoints
{
    /// <summary>What their paths begin with.</summary>
    internal const string Prefix = "/chat-files";

    private const string Pattern = Prefix + "/{shelf}/{name}/{fileName}";

    /// <summary>Maps them. Any page may use them, for meeting pages are served from anywhere.</summary>
    public static void MapChatFiles(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        routes.MapMethods(Pattern, [HttpMethods.Get, HttpMethods.Head], Get);
        routes.MapPut(Pattern, PutAsync);
        routes.MapMethods(Pattern, [HttpMethods.Options], AnswerPreflight);
    }

    private static IResult Get(
        string shelf, string name, string fileName, string? expires, string? signature, HttpContext context, ChatFiles files)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        if (ChatFileAddress.Read(shelf, name, fileName) is not { } address
            || !files.IsSigned(address, ChatFileUse.Get, expires, signature))
        {
            return TypedResults.StatusCode(StatusCodes.Status403Forbidden);
        }

        if (files.Find(address) is not { } file)
        {
            return TypedResults.NotFound();
        }

        // Somebody else's bytes on our own host: shown in place only as a picture, and never as a page or a script.
        var picture = ReadType(file);
        var disposition = new ContentDispositionHeaderValue(picture is null ? "attachment" : "inline");
        disposition.SetHttpFileName(address.FileName);
        headers.ContentDisposition = disposition.ToString();
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "private, max-age=86400, immutable";
        return TypedResults.PhysicalFile(file.FullName, picture ?? "application/octet-stream", enableRangeProcessing: true);
    }

    private static async Task<IResult> PutAsync(
        string shelf,
        string name,
        string fileName,
        string? expires,
        string? signature,
        HttpContext context,
        ChatFiles files,
        CancellationToken cancellationToken)
    {
        context.Response.Headers.AccessControlAllowOrigin = "*";
        if (ChatFileAddress.Read(shelf, name, fileName) is not { } address
            || !files.IsSigned(address, ChatFileUse.Put, expires, signature))
        {
            return TypedResults.StatusCode(StatusCodes.Status403Forbidden);
        }

        if (context.Request.ContentLength > files.MaxFileBytes)
        {
            return TypedResults.StatusCode(StatusCodes.Status413PayloadTooLarge);
        }

        // The server's own limit is made for other routes; this one counts for itself, one byte further to notice.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = files.MaxFileBytes + 1;
        }

        try
        {
            switch (await files.StoreAsync(address, context.Request.Body, cancellationToken))
            {
                case ChatFileUpload.Stored:
                    return TypedResults.Ok();
                case ChatFileUpload.TooLarge:
                    return TypedResults.StatusCode(StatusCodes.Status413PayloadTooLarge);
                case ChatFileUpload.NotThatPicture:
                    return TypedResults.StatusCode(StatusCodes.Status415UnsupportedMediaType);
                case ChatFileUpload.Taken:
                    return TypedResults.Conflict();
                default:
                    context.Response.Headers.RetryAfter = "60";
                    return TypedResults.StatusCode(StatusCodes.Status507InsufficientStorage);
            }
        }
        catch (BadHttpRequestException fault)
        {
            return TypedResults.StatusCode(fault.StatusCode);
        }
    }

    private static NoContent AnswerPreflight(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlAllowMethods = "GET, PUT";
        headers.AccessControlAllowHeaders = "Content-Type";
        headers.AccessControlMaxAge = "86400";
        return TypedResults.NoContent();
    }

    private static string? ReadType(FileInfo file)
    {
        Span<byte> head = stackalloc byte[PictureType.HeadLength];
        try
        {
            using var handle = File.OpenHandle(file.FullName);
            return PictureType.Of(head[..RandomAccess.Read(handle, head, 0)]);
        }
        catch (IOException)
        {
            return null; // Deleted at this moment; sending it fails just so.
        }
    }
}
