using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Roomcast.TestKit;

namespace Roomcast.Interop.Browser;

/// <summary>
/// A server that tells the watch page whatever a test wants, so that every state of the page can be seen: it serves the built
/// page, a status as set, and the HLS files of a folder.
/// </summary>
internal sealed class PretendServer : IAsyncDisposable
{
    public const string Livestream = "6f1a2f5e-8a51-4a57-9d7b-0f4b9c0c2a11";

    private readonly WebApplication _server;
    private readonly TemporaryFolder _media = new();

    private PretendServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.MapGet("/watch/{id}", () => Results.Content(Page(), "text/html", Encoding.UTF8));
        _server.MapGet("/assets/{name}", (string name) => Results.File(RepositoryFiles.PathOf("web", "dist", "assets", name), TypeOf(name)));
        _server.MapGet("/live/{id}/status", () => StatusCode == 200
            ? Results.Json(new { state = State, name = Name, viewers = Viewers, started_at = StartedAt })
            : Results.StatusCode(StatusCode));
        _server.MapPost("/live/{id}/viewers", () => Results.Json(new { viewer = "v", token = "t", interval_seconds = 4 }, statusCode: 201));
        _server.MapPost("/live/{id}/viewers/{viewer}/{act}", async (HttpContext context, string act) =>
        {
            using var reader = new StreamReader(context.Request.Body);
            Calls.Enqueue((act, JsonNode.Parse(await reader.ReadToEndAsync())!));
            return Results.Json(new { interval_seconds = 4, state = State, viewers = Viewers });
        });
        _server.MapGet("/live/{id}/{**file}", (HttpContext context, string file) =>
        {
            // A file that is written twice within a second has the same date: who asks whether it has changed would be told no.
            context.Response.Headers.CacheControl = "no-store";
            var path = _media.PathOf(file);
            return File.Exists(path) ? Results.File(path, TypeOf(file)) : Results.NotFound();
        });
    }

    public int StatusCode { get; set; } = 200;

    public string State { get; set; } = "waiting";

    public string? Name { get; set; } = "Harbour lights: the evening ferry, live from the pier";

    public int Viewers { get; set; } = 1_284;

    public DateTimeOffset? StartedAt { get; set; }

    /// <summary>Heartbeats and leaves, in order.</summary>
    public ConcurrentQueue<(string Act, JsonNode Body)> Calls { get; } = new();

    public string MediaFolder => _media.Path;

    public Uri WatchPage => new($"{_server.Urls.Single()}/watch/{Livestream}");

    public static async Task<PretendServer> StartAsync()
    {
        var server = new PretendServer();
        await server._server.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _media.Dispose();
    }

    private static string Page() => File.ReadAllText(RepositoryFiles.PathOf("web", "dist", "watch.html"))
        .Replace("{{base}}", "", StringComparison.Ordinal)
        .Replace("{{title}}", "Livestream", StringComparison.Ordinal)
        .Replace("{{heading}}", "Livestream", StringComparison.Ordinal)
        .Replace("{{description}}", "A livestream.", StringComparison.Ordinal);

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".js" => "text/javascript",
        ".css" => "text/css",
        ".svg" => "image/svg+xml",
        ".m3u8" => "application/vnd.apple.mpegurl",
        ".vtt" => "text/vtt",
        _ => "video/mp4",
    };
}
