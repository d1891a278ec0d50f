using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using Roomcast.Hls;
using Roomcast.Hls.Playlists;

namespace Roomcast.Bench.Delivery;

/// <summary>A server under measurement, in a process of its own.</summary>
internal abstract class BenchServer : IAsyncDisposable
{
    public abstract string Name { get; }

    public abstract bool IsStatic { get; }

    public abstract int Port { get; }

    public abstract Process Process { get; }

    public abstract ValueTask DisposeAsync();
}

/// <summary>Our delivery.</summary>
internal sealed class RoomcastDelivery : BenchServer
{
    private RoomcastDelivery(Process process, int port)
    {
        Process = process;
        Port = port;
    }

    public override string Name => "Roomcast";

    public override bool IsStatic => false;

    public override int Port { get; }

    public override Process Process { get; }

    public static async Task<RoomcastDelivery> StartAsync(string folder)
    {
        var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, SelfArguments("serve", folder))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var line = await process.StandardOutput.ReadLineAsync();
        return line?.Split(' ') is ["ready", var port]
            ? new RoomcastDelivery(process, int.Parse(port, CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"The server did not start: {line}");
    }

    /// <summary>The arguments with which this program starts itself again.</summary>
    public static string[] SelfArguments(params string[] arguments)
    {
        // Started by its own executable, or by dotnet with the assembly as the first argument.
        var isHosted = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet";
        return isHosted ? [typeof(RoomcastDelivery).Assembly.Location, .. arguments] : arguments;
    }

    public override async ValueTask DisposeAsync()
    {
        Process.StandardInput.Close();
        await Process.WaitForExitAsync();
        Process.Dispose();
    }
}

/// <summary>nginx, one worker, with the same playlist and parts as files.</summary>
internal sealed class NginxFiles : BenchServer
{
    private const string Program = "/usr/sbin/nginx";

    private NginxFiles(Process process, int port)
    {
        Process = process;
        Port = port;
    }

    public override string Name => "nginx";

    public override bool IsStatic => true;

    public override int Port { get; }

    public override Process Process { get; }

    public static async Task<NginxFiles> StartAsync(string folder)
    {
        if (!File.Exists(Program))
        {
            throw new InvalidOperationException("nginx is missing: install it with 'apt-get install nginx-light'.");
        }

        var files = Directory.CreateDirectory(Path.Combine(folder, "files")).FullName;
        WriteFiles(files);

        // Its worker is another user when the master is root.
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        var port = FreePort();
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            daemon off;
            worker_processes 1;
            pid {{folder}}/nginx.pid;
            error_log {{folder}}/error.log;
            events { worker_connections 8192; }
            http {
              access_log off;
              sendfile on;
              tcp_nopush on;
              keepalive_requests 1000000;
              client_body_temp_path {{folder}}/body;
              proxy_temp_path {{folder}}/proxy;
              fastcgi_temp_path {{folder}}/fastcgi;
              uwsgi_temp_path {{folder}}/uwsgi;
              scgi_temp_path {{folder}}/scgi;
              types { application/vnd.apple.mpegurl m3u8; video/mp4 m4s; }
              server {
                listen 127.0.0.1:{{port.ToString(CultureInfo.InvariantCulture)}} ssl http2;
                ssl_certificate {{BenchCertificate.CertificatePath(folder)}};
                ssl_certificate_key {{BenchCertificate.KeyPath(folder)}};
                http2_max_requests 1000000;
                gzip_static on;
                add_header Access-Control-Allow-Origin *;
                root {{files}};
              }
            }
            """);
        var process = Process.Start(new ProcessStartInfo(Program, ["-p", folder, "-c", configuration]) { RedirectStandardError = true })!;
        for (var attempt = 0; attempt < 100; attempt++)
        {
            try
            {
                using var socket = new TcpClient();
                await socket.ConnectAsync(IPAddress.Loopback, port);
                return new NginxFiles(process, port);
            }
            catch (SocketException) when (!process.HasExited)
            {
                await Task.Delay(50);
            }
        }

        throw new InvalidOperationException($"nginx did not start: {await process.StandardError.ReadToEndAsync()}");
    }

    public override async ValueTask DisposeAsync()
    {
        using (var quit = Process.Start("kill", ["-QUIT", Process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await quit.WaitForExitAsync();
        }

        await Process.WaitForExitAsync();
        Process.Dispose();
    }

    // What our delivery would send: a delta update with its compressed twin, and the parts of a segment.
    private static void WriteFiles(string folder)
    {
        using var stream = new HlsStream(new HlsOptions(), DeliveryServer.RunTag, DateTimeOffset.UnixEpoch);
        stream.SetTracks(StreamShape.Source.Tracks);
        foreach (var frame in StreamShape.Source.Frames(TimeSpan.FromSeconds(61.2)))
        {
            stream.Push(frame, TimeSpan.Zero);
            frame.Release();
        }

        var rendition = stream.Renditions[0];
        var playlist = rendition.GetPlaylist(new PlaylistQuery(null, null, WantsDelta: true)).Value!;
        File.WriteAllBytes(Path.Combine(folder, "media.m3u8"), playlist.Bytes);
        using (var gzip = new GZipStream(File.Create(Path.Combine(folder, "media.m3u8.gz")), CompressionLevel.Fastest))
        {
            gzip.Write(playlist.Bytes);
        }

        for (var i = 0; i < StreamShape.PartsPerSegment; i++)
        {
            var part = rendition.GetMedia($"{DeliveryServer.RunTag}-20.{i.ToString(CultureInfo.InvariantCulture)}.m4s").Value!;
            using var file = File.Create(Path.Combine(folder, $"part{i.ToString(CultureInfo.InvariantCulture)}.m4s"));
            foreach (var piece in part.Pieces)
            {
                file.Write(piece.Span);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
