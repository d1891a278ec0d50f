using System.Net;
using System.Net.Sockets;
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
    private readonly Socket _trap = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private int _trapped;

    public MediaHost()
    {
        _trap.Bind(new IPEndPoint(IPAddress.Any, 0));
        _trap.Listen();
        _ = CountAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.MapGet("/media/{**name}", (string name) => Results.File(_folder.PathOf(name), "application/octet-stream", enableRangeProcessing: true));
        _app.MapGet("/elsewhere", () => Results.Redirect($"{Address("localhost")}media/clip.mp4"));
        _app.MapGet("/metadata", () => Results.Redirect("http://169.254.169.254/latest/meta-data/clip.mp4"));
        _app.MapGet("/file", () => Results.Redirect("file:///etc/passwd"));
        _app.MapGet("/private", (string host) => Results.Redirect(TrapUrl("http", host)));
        _app.MapGet("/lead.m3u8", (string place, string to) => Results.Text(Playlist(place, to), "application/vnd.apple.mpegurl"));
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

    /// <summary>How many connections came to where nothing may connect to.</summary>
    public int Trapped => Volatile.Read(ref _trapped);

    public Uri Base => new(_app.Urls.Single() + "/");

    public string UrlOf(string path) => new Uri(Base, path).AbsoluteUri;

    /// <summary>An address of where nothing may connect to. It looks like a segment's.</summary>
    public string TrapUrl(string scheme, string host = "127.0.0.1") => $"{scheme}://{host}:{((IPEndPoint)_trap.LocalEndPoint!).Port}/a/x.ts";

    /// <summary>A file that ffmpeg made.</summary>
    public string PathOf(string name) => _folder.PathOf(name);

    /// <summary>A playlist that leads elsewhere, and is good otherwise.</summary>
    /// <param name="place">In which of its parts.</param>
    /// <param name="to">Where to.</param>
    public string LeadUrl(string place, string to) => UrlOf($"lead.m3u8?place={place}&to={Uri.EscapeDataString(to)}");

    private static string Playlist(string place, string to)
    {
        const string Segments = "#EXT-X-TARGETDURATION:6\n#EXT-X-VERSION:6\n#EXT-X-MEDIA-SEQUENCE:0\n";
        return "#EXTM3U\n" + place switch
        {
            "variant" => $"#EXT-X-STREAM-INF:BANDWIDTH=100000\n{to}\n",
            "second" => $"#EXT-X-STREAM-INF:BANDWIDTH=100000\nmedia/clip.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=200000\n{to}\n",
            "rendition" => $"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",DEFAULT=YES,URI=\"{to}\"\n#EXT-X-STREAM-INF:BANDWIDTH=100000,AUDIO=\"a\"\nmedia/clip.m3u8\n",
            "segment" => $"{Segments}#EXTINF:6,\n{to}\n#EXT-X-ENDLIST\n",
            "later" => $"{Segments}#EXTINF:6,\nmedia/clip.ts\n#EXTINF:6,\n{to}\n#EXT-X-ENDLIST\n",
            "key" => $"{Segments}#EXT-X-KEY:METHOD=AES-128,URI=\"{to}\"\n#EXTINF:6,\nmedia/clip.ts\n#EXT-X-ENDLIST\n",
            "map" => $"{Segments}#EXT-X-MAP:URI=\"{to}\"\n#EXTINF:6,\nmedia/clip.ts\n#EXT-X-ENDLIST\n",
            _ => throw new ArgumentOutOfRangeException(nameof(place), place, "There is no such part of a playlist."),
        };
    }

    private async Task CountAsync()
    {
        try
        {
            while (true)
            {
                using var caught = await _trap.AcceptAsync();
                Interlocked.Increment(ref _trapped);
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The host is closed.
        }
    }

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

        // As of senders that began anew: the clock of the second part is a quarter of an hour ahead of the first's, or behind it.
        await FfmpegProgram.RunAsync("-i", _folder.PathOf("clip.mp4"), "-c", "copy", "-output_ts_offset", "900", "-f", "mpegts", _folder.PathOf("late.ts"));
        var (early, late) = (await File.ReadAllBytesAsync(_folder.PathOf("clip.ts")), await File.ReadAllBytesAsync(_folder.PathOf("late.ts")));
        await File.WriteAllBytesAsync(_folder.PathOf("ahead.ts"), [.. early, .. late]);
        await File.WriteAllBytesAsync(_folder.PathOf("back.ts"), [.. late, .. early]);
        await _app.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    public void Dispose()
    {
        _trap.Dispose();
        _folder.Dispose();
    }

    private string Address(string host) => new UriBuilder(Base) { Host = host }.Uri.AbsoluteUri;
}
