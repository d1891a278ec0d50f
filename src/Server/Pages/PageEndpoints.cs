using System.Net;
using System.Text;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Storage;

namespace Roomcast.Server.Pages;

/// <summary>Serves the web pages: <c>/watch/…</c>, <c>/meet</c>, <c>/studio</c>, <c>/docs</c>, and what they load from <c>/assets/</c>.</summary>
internal static class PageEndpoints
{
    // The page loads and asks only where it came from. It may be shown inside other pages: sharing it is what it is for.
    private const string WatchPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'";

    // It works with the REST API of its own host, and with the API token that is typed into it: no other page may hold it.
    private const string StudioPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // The viewer writes the sizes of its pictures into its markup. It can call the API with a token that is typed into it.
    private const string DocsPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly string[] MeetingPrefixes = ["api.", "socket-edge."];

    private const string NotBuilt = """
        <!doctype html>
        <html lang="en">
          <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Roomcast</title></head>
          <body>
            <h1>The web pages were not built</h1>
            <p>This server was built on a machine without Node. Install Node 18.18 or newer with npm
            (on Debian and Ubuntu: <code>apt-get install nodejs npm</code>), then build and start the server again:
            <code>./start</code>.</p>
            <p>Everything else works: the playback address of a livestream can be opened in any HLS player, and meetings by any
            page over the RealtimeKit web SDK.</p>
          </body>
        </html>
        """;

    private const string Unavailable = """
        <!doctype html>
        <html lang="en">
          <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Roomcast</title></head>
          <body>
            <h1>Not available at the moment</h1>
            <p>The server cannot look this livestream up. Please load the page again in some seconds.</p>
          </body>
        </html>
        """;

    /// <summary>Adds the files of the pages. The host adds an <see cref="ILiveAudience"/>.</summary>
    public static void AddPages(this IServiceCollection services) => services.AddSingleton(_ => WebFiles.OfThisProgram());

    /// <summary>Maps the pages and their assets.</summary>
    public static void MapPages(this IEndpointRouteBuilder routes)
    {
        string[] reads = [HttpMethods.Get, HttpMethods.Head];
        routes.MapMethods("/assets/{name}", reads, ServeAssetAsync);
        routes.MapMethods("/watch/{livestreamId}", reads, ServeWatchPageAsync);
        routes.MapMethods("/watch/t/{playbackToken}/{livestreamId}", reads, ServeWatchPageAsync);
        routes.MapMethods("/meet", reads, (HttpContext context, WebFiles files, PageAddresses addresses) =>
            ServePageAsync(context, files.MeetPage, MeetPolicy(context.Request), addresses));
        routes.MapMethods("/studio", reads, (HttpContext context, WebFiles files, PageAddresses addresses) =>
            ServePageAsync(context, files.StudioPage, StudioPolicy, addresses));
        routes.MapMethods("/docs", reads, (HttpContext context, WebFiles files, PageAddresses addresses) =>
            ServePageAsync(context, files.DocsPage, DocsPolicy, addresses));
    }

    /// <summary>
    /// What the meeting page may load and ask: the meeting client puts <c>api.</c> and <c>socket-edge.</c> before the host of the
    /// page, and the files of a chat lie at either form of it. Its timers run in a worker made from a blob.
    /// </summary>
    internal static string MeetPolicy(HttpRequest request)
    {
        var host = MeetingHost(request.Host);
        string Names(string scheme, params string[] prefixes) => string.Join(' ', prefixes.Select(prefix => $"{scheme}://{prefix}{host}"));
        var (files, asked, sockets) = host is null
            ? ("", "", "")
            : (" " + Names("https", "", "api."), " " + Names("https", "", "api.", "api-silos.", "da-collector.", "location.", "location-legacy."), " " + Names("wss", "socket-edge."));
        return "default-src 'none'; script-src 'self'; style-src 'self'; worker-src blob:; media-src 'self' blob:; "
            + $"img-src 'self' data: blob:{files}; connect-src 'self'{asked}{sockets}; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
    }

    /// <summary>The host, with its port, that the meeting client is given; null when it cannot be one.</summary>
    private static string? MeetingHost(HostString host)
    {
        // What a caller sends as its host stands in a header of the answer, so it must look like one.
        if (Uri.CheckHostName(host.Host) != UriHostNameType.Dns)
        {
            return null;
        }

        var prefix = MeetingPrefixes.FirstOrDefault(each => host.Host.StartsWith(each, StringComparison.OrdinalIgnoreCase)) ?? "";
        var name = host.Host[prefix.Length..];
        return host.Port is { } port ? $"{name}:{port}" : name;
    }

    private static Task ServeAssetAsync(HttpContext context, string name, WebFiles files)
    {
        if (files.FindAsset(name) is { } file)
        {
            return file.AnswerAsync(context);
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        context.Response.Headers.CacheControl = "no-store";
        return Task.CompletedTask;
    }

    private static Task ServePageAsync(HttpContext context, string? page, string policy, PageAddresses addresses)
    {
        SetHeaders(context.Response, policy);
        if (page is null)
        {
            return SendNotBuiltAsync(context);
        }

        return SendAsync(context, new StringBuilder(page)
            .Replace("{{base}}", WebUtility.HtmlEncode(context.Request.PathBase.ToUriComponent()))
            .Replace("{{secure}}", WebUtility.HtmlEncode(addresses.SecureBase))
            .ToString());
    }

    private static void SetHeaders(HttpResponse response, string policy)
    {
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = policy;
        // A signed address, or one with a participant's token, is a secret of its own kind, so it is not told to where links lead.
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.CacheControl = "no-cache";
    }

    private static Task SendNotBuiltAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.CacheControl = "no-store";
        return SendAsync(context, NotBuilt);
    }

    private static async Task ServeWatchPageAsync(HttpContext context, string livestreamId, WebFiles files, ILiveAudience audience)
    {
        var response = context.Response;
        SetHeaders(response, WatchPolicy);
        if (files.WatchPage is null)
        {
            await SendNotBuiltAsync(context);
            return;
        }

        var token = context.Request.RouteValues["playbackToken"] as string;
        AudienceAnswer answer;
        try
        {
            answer = LivestreamId.TryParse(livestreamId, out var id)
                ? await audience.FindAsync(id, token, context.RequestAborted)
                : new AudienceAnswer(AudienceAdmission.NotFound);
        }
        catch (StorageException)
        {
            // The storage has logged it and counts it.
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            response.Headers.CacheControl = "no-store";
            response.Headers.RetryAfter = "2";
            await SendAsync(context, Unavailable);
            return;
        }

        response.StatusCode = answer.Admission switch
        {
            AudienceAdmission.NotFound => StatusCodes.Status404NotFound,
            AudienceAdmission.NotAllowed => StatusCodes.Status403Forbidden,
            _ => StatusCodes.Status200OK,
        };
        await SendAsync(context, Fill(files.WatchPage, context.Request.PathBase, answer));
    }

    private static string Fill(string page, PathString pathBase, AudienceAnswer answer)
    {
        var title = answer.Admission == AudienceAdmission.Allowed && !string.IsNullOrWhiteSpace(answer.Name) ? answer.Name : "Livestream";
        var description = answer.Admission != AudienceAdmission.Allowed
            ? "A livestream."
            : answer.State switch
            {
                AudienceState.Live or AudienceState.Interrupted => "Live now.",
                AudienceState.Ended => "This livestream has ended.",
                _ => "This livestream has not started yet.",
            };
        return new StringBuilder(page)
            .Replace("{{base}}", WebUtility.HtmlEncode(pathBase.ToUriComponent()))
            .Replace("{{description}}", description)
            .Replace("{{heading}}", WebUtility.HtmlEncode(title))
            .Replace("{{title}}", WebUtility.HtmlEncode(title))
            .ToString();
    }

    private static Task SendAsync(HttpContext context, string html)
    {
        var body = Encoding.UTF8.GetBytes(html);
        return WebFile.SendAsync(context, body, WebFile.TagOf(body), encoding: null);
    }
}
