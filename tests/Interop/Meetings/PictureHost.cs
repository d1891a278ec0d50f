using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Roomcast.Interop.Meetings;

/// <summary>A web server of a customer's, with pictures of one colour: <c>/0xRRGGBB.png</c>.</summary>
internal sealed class PictureHost : IAsyncDisposable
{
    private readonly WebApplication _server;
    private int _requests;

    private PictureHost()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.MapGet("/{name}.png", async (string name) =>
        {
            Interlocked.Increment(ref _requests);
            return Results.Bytes(await DrawAsync(name), "image/png");
        });
    }

    /// <summary>Requests so far.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public static async Task<PictureHost> StartAsync()
    {
        var host = new PictureHost();
        await host._server.StartAsync();
        return host;
    }

    /// <summary>The address of a picture.</summary>
    public string AddressOf(string colour) => $"{_server.Urls.Single()}/{colour}.png";

    /// <summary>A PNG of 200 by 200 pixels.</summary>
    public static async Task<byte[]> DrawAsync(string colour)
    {
        using var ffmpeg = Process.Start(new ProcessStartInfo(
            "ffmpeg", ["-v", "error", "-nostdin", "-f", "lavfi", "-i", $"color={colour}:s=200x200", "-frames:v", "1", "-pix_fmt", "rgb24", "-c:v", "png", "-f", "image2pipe", "pipe:1"])
        {
            RedirectStandardOutput = true,
        })!;
        using var png = new MemoryStream();
        await ffmpeg.StandardOutput.BaseStream.CopyToAsync(png);
        await ffmpeg.WaitForExitAsync();
        return png.ToArray();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
