using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Roomcast.Storage.Blobs;

/// <summary>The addresses of blobs on the disk of this server. They need no token: the address itself is the permission.</summary>
public static class BlobEndpoints
{
    /// <summary>What their paths begin with.</summary>
    internal const string Prefix = "/blobs";

    private const string Pattern = Prefix + "/{shelf}/{fileName}";

    /// <summary>Maps them, with range requests. Any page may read them, for dashboards are served from anywhere.</summary>
    /// <param name="routes">Where.</param>
    /// <param name="refuse">Words a refusal, of a status and what to tell a person; without it, it is the status alone.</param>
    public static void MapBlobs(this IEndpointRouteBuilder routes, Func<int, string, IResult>? refuse = null)
    {
        ArgumentNullException.ThrowIfNull(routes);
        refuse ??= static (status, _) => TypedResults.StatusCode(status);
        routes.MapMethods(
            Pattern,
            [HttpMethods.Get, HttpMethods.Head],
            (string shelf, string fileName, string? expires, string? signature, HttpContext context, IBlobStore blobs) =>
                Get(shelf, fileName, expires, signature, context, blobs, refuse));
    }

    private static IResult Get(
        string shelf,
        string fileName,
        string? expires,
        string? signature,
        HttpContext context,
        IBlobStore blobs,
        Func<int, string, IResult> refuse)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlExposeHeaders = "Content-Length, Content-Range, Accept-Ranges";
        if (blobs is not DiskBlobStore disk
            || BlobName.Read(shelf, fileName) is not { } name
            || !disk.IsSigned(name, expires, signature))
        {
            return refuse(StatusCodes.Status403Forbidden, "the address is not signed by this server, or its time is over");
        }

        if (disk.Find(name) is not { } file)
        {
            return refuse(StatusCodes.Status404NotFound, "the file is no longer kept");
        }

        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(name.FileName);
        headers.ContentDisposition = disposition.ToString();
        headers.XContentTypeOptions = "nosniff";
        headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "private, max-age=3600";
        return TypedResults.PhysicalFile(file.FullName, TypeOf(name.FileName), enableRangeProcessing: true);
    }

    private static string TypeOf(string fileName) => Path.GetExtension(fileName) switch
    {
        ".mp4" => "video/mp4",
        ".m4a" => "audio/mp4",
        ".mp3" => "audio/mpeg",
        ".webm" => "video/webm",
        ".tar" => "application/x-tar",
        ".zip" => "application/zip",
        ".csv" => "text/csv; charset=utf-8",
        ".json" => "application/json",
        ".srt" => "application/x-subrip; charset=utf-8",
        ".vtt" => "text/vtt; charset=utf-8",
        ".txt" => "text/plain; charset=utf-8",
        ".md" => "text/markdown; charset=utf-8",
        _ => "application/octet-stream",
    };
}
