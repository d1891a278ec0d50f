using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.TestKit.Speech;

/// <summary>A service in the form of OpenAI's API that answers by what it hears: it decodes the sound and names its tone.</summary>
public sealed class HearingEndpoint : IAsyncDisposable
{
    private const int SampleRateHz = 16_000;

    private readonly TemporaryFolder _folder = new();
    private readonly WebApplication _app;

    private HearingEndpoint()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Use(AnswerAsToldAsync);
        _app.MapPost("/v1/audio/transcriptions", TranscribeAsync);
        _app.MapPost("/v1/chat/completions", SummariseAsync);
    }

    /// <summary>Where it is.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Statuses to answer with first, before anything is heard.</summary>
    public ConcurrentQueue<int> Refusals { get; } = new();

    /// <summary>Bodies to answer with first, as they are, whatever is asked.</summary>
    public ConcurrentQueue<byte[]> Answers { get; } = new();

    /// <summary>Paths and queries that were asked for.</summary>
    public ConcurrentQueue<string> Targets { get; } = new();

    /// <summary>Fields of the forms and bodies that came, and the bearer tokens.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>What it hears besides, behind every tone.</summary>
    public string Besides { get; set; } = "";

    /// <summary>Starts one.</summary>
    public static async Task<HearingEndpoint> StartAsync()
    {
        var endpoint = new HearingEndpoint();
        await endpoint._app.StartAsync();
        endpoint.Address = new Uri(endpoint._app.Urls.Single() + "/v1");
        return endpoint;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private async Task AnswerAsToldAsync(HttpContext context, RequestDelegate next)
    {
        Targets.Enqueue($"{context.Request.Path}{context.Request.QueryString}");
        if (Answers.TryDequeue(out var answer))
        {
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(answer);
            return;
        }

        await next(context);
    }

    private async Task TranscribeAsync(HttpContext context)
    {
        if (Refusals.TryDequeue(out var status))
        {
            context.Response.StatusCode = status;
            return;
        }

        var form = await context.Request.ReadFormAsync();
        Asked.Enqueue($"{context.Request.Headers.Authorization} {form["model"]} {form["language"]} {form["prompt"]}");
        var (ogg, pcm) = (_folder.PathOf($"{Guid.NewGuid():N}.ogg"), _folder.PathOf($"{Guid.NewGuid():N}.pcm"));
        await using (var file = File.Create(ogg))
        {
            await form.Files["file"]!.CopyToAsync(file);
        }

        await FfmpegTool.RunAsync(
            ["-v", "error", "-i", ogg, "-f", "s16le", "-ac", "1", "-ar", SampleRateHz.ToString(CultureInfo.InvariantCulture), pcm]);
        await context.Response.WriteAsJsonAsync(new { text = $"tone {ToneOf(await File.ReadAllBytesAsync(pcm))}{Besides}" });
    }

    private async Task SummariseAsync(HttpContext context)
    {
        var body = (await JsonNode.ParseAsync(context.Request.Body))!;
        var lines = ((string)body["messages"]![1]!["content"]!).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Asked.Enqueue((string)body["messages"]![0]!["content"]!);
        await context.Response.WriteAsJsonAsync(new { choices = new[] { new { message = new { content = $"# {lines.Length} lines, first: {lines[0]}" } } } });
    }

    // By the time between its zero crossings, to the nearest 20 Hz. Silence in between, as where packets were lost, changes nothing.
    private static int ToneOf(byte[] pcm)
    {
        var (distances, lastSign, lastAt) = (new List<int>(), 0, 0);
        for (var at = 0; at < pcm.Length / 2; at++)
        {
            var sign = Math.Sign((int)BitConverter.ToInt16(pcm, at * 2));
            if (sign != 0 && sign != lastSign)
            {
                if (lastSign != 0)
                {
                    distances.Add(at - lastAt);
                }

                (lastSign, lastAt) = (sign, at);
            }
        }

        if (distances.Count == 0)
        {
            return 0;
        }

        distances.Sort();
        var usual = distances[distances.Count / 2];
        var halfPeriod = distances.Where(distance => Math.Abs(distance - usual) <= 1 + (usual / 4)).Average();
        return (int)(Math.Round(SampleRateHz / 2.0 / halfPeriod / 20) * 20);
    }
}
