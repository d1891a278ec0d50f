using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Roomcast.Egress.Worker.Tests.Media;
using Roomcast.TestKit;

namespace Roomcast.Egress.Worker.Tests.Playing;

/// <summary>A web server on loopback with media that ffmpeg made: three colours of two seconds each, and a tone.</summary>
public sealed class MediaHost : IAsyncLifetime, IDisposable
{
    /// <summary>The colours, one after the other.</summary>
    public static readonly IReadOnlyList<int> Colours = [0xC00000, 0x00A000, 0x0000C0];

    /// <summary>Length of each colour, in seconds.</summary>
    public const int Each = 2;

    public const int ToneHz = 1_000;

    private readonly TemporaryFolder _folder = new();
    private readonly WebApplication _app;

    public MediaHost()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.MapGet("/media/{**name}", (string name) => Results.File(_folder.PathOf(name), "application/octet-stream", enableRangeProcessing: true));
        _app.MapGet("/elsewhere", () => Results.Redirect($"{Address("localhost")}media/clip.mp4"));
        _app.MapGet("/metadata", () => Results.Redirect("http://169.254.169.254/latest/meta-data/clip.mp4"));
        _app.MapGet("/file", () => Results.Redirect("file:///etc/passwd"));
        _app.MapGet("/files.m3u8", () => Results.Text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/hostname.ts\n#EXT-X-ENDLIST\n", "application/vnd.apple.mpegurl"));
        _app.MapGet("/inside.m3u8", () => Results.Text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://10.0.0.1/a.ts\n#EXT-X-ENDLIST\n", "application/vnd.apple.mpegurl"));
        _app.MapGet("/text.mp4", () => Results.Text(string.Concat(Enumerable.Repeat("this is no media. ", 2_000))));
        _app.MapGet("/stuck.mp4", async context =>
        {
            // The first part of a file, and then nothing more for as long as somebody waits.
            var bytes = await File.ReadAllBytesAsync(_folder.PathOf("clip.ts"));
            await context.Response.Body.WriteAsync(bytes.AsMemory(0, bytes.Length * 2 / 3));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        });
    }

    /// <summary>Requests for media that came from elsewhere than the player's own door would not be seen here; all that came are.</summary>
    public Uri Base => new(_app.Urls.Single() + "/");

    public string UrlOf(string path) => new Uri(Base, path).AbsoluteUri;

    public async Task InitializeAsync()
    {
        string[] pictures =
        [
            .. Colours.SelectMany(colour => (string[])["-f", "lavfi", "-i", $"color=0x{colour:X6}:s=320x180:r=30:d={Each}"]),
            "-f", "lavfi", "-i", $"sine=frequency={ToneHz}:sample_rate=44100:duration={Each * Colours.Count}",
            "-filter_complex", "[0:v][1:v][2:v]concat=n=3:v=1:a=0,format=yuv420p[v]", "-map", "[v]", "-map", "3:a", "-ac", "1",
        ];
        await FfmpegProgram.RunAsync([.. pictures, "-c:v", "libx264", "-g", "30", "-bf", "2", "-c:a", "aac", "-movflags", "+faststart", _folder.PathOf("clip.mp4")]);
        await FfmpegProgram.RunAsync("-i", _folder.PathOf("clip.mp4"), "-c", "copy", "-f", "mpegts", _folder.PathOf("clip.ts"));
        await FfmpegProgram.RunAsync(
            "-i", _folder.PathOf("clip.mp4"), "-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod", _folder.PathOf("clip.m3u8"));
        await FfmpegProgram.RunAsync("-i", _folder.PathOf("clip.mp4"), "-vn", "-c:a", "copy", _folder.PathOf("sound.m4a"));
        await FfmpegProgram.RunAsync("-i", _folder.PathOf("clip.mp4"), "-an", "-c:v", "copy", _folder.PathOf("picture.mp4"));
        await _app.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    private string Address(string host) => new UriBuilder(Base) { Host = host }.Uri.AbsoluteUri;
}
