using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Roomcast.TestKit;
using Roomcast.TestKit.Server;

namespace Roomcast.Bench.Ingest;

/// <summary>A server that takes RTMP in and makes HLS of it.</summary>
internal abstract class MeasuredServer : IAsyncDisposable
{
    public abstract string Name { get; }

    public abstract int ProcessId { get; }

    /// <summary>One address with key for each publisher.</summary>
    public abstract Task<IReadOnlyList<string>> MakeAddressesAsync(int count);

    /// <summary>Fails unless every stream has become HLS by now.</summary>
    public abstract Task CheckAsync();

    public abstract ValueTask DisposeAsync();
}

/// <summary>Roomcast as its owner runs it.</summary>
internal sealed class RoomcastServer : MeasuredServer
{
    private readonly RoomcastProcess _process;
    private readonly List<Uri> _playbackUrls = [];

    private RoomcastServer(RoomcastProcess process) => _process = process;

    public override string Name => "Roomcast";

    public override int ProcessId => _process.ProcessId;

    public static async Task<RoomcastServer> StartAsync() => new(await RoomcastProcess.StartAsync());

    public override async Task<IReadOnlyList<string>> MakeAddressesAsync(int count)
    {
        using var api = _process.CreateApiClient();
        var addresses = new List<string>();
        for (var i = 0; i < count; i++)
        {
            using var response = await api.PostAsJsonAsync($"{_process.AppPath}/livestreams", new { name = $"bench {i}" });
            response.EnsureSuccessStatusCode();
            var livestream = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("data");
            addresses.Add($"{_process.RtmpBase.ToString().TrimEnd('/')}/live/{livestream.GetProperty("stream_key").GetString()}");
            _playbackUrls.Add(new Uri(_process.HttpBase, new Uri(livestream.GetProperty("playback_url").GetString()!).PathAndQuery));
        }

        return addresses;
    }

    public override async Task CheckAsync()
    {
        foreach (var url in _playbackUrls)
        {
            var playlist = await _process.Http.GetStringAsync(url);
            if (!playlist.StartsWith("#EXTM3U", StringComparison.Ordinal))
            {
                throw new InvalidOperationException("A stream has no playlist.");
            }
        }
    }

    public override ValueTask DisposeAsync() => _process.DisposeAsync();
}

/// <summary>nginx with libnginx-mod-rtmp, one worker, writing MPEG-TS segments of the same length for the same window.</summary>
internal sealed class NginxServer : MeasuredServer
{
    private const string Program = "/usr/sbin/nginx";
    private const string Module = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

    private readonly TemporaryFolder _folder = new();
    private readonly int _port = FreePort();
    private Process? _process;
    private int _count;

    private NginxServer()
    {
    }

    public override string Name => "nginx-rtmp";

    public override int ProcessId => _process!.Id;

    public static async Task<NginxServer> StartAsync()
    {
        if (!File.Exists(Program) || !File.Exists(Module))
        {
            throw new InvalidOperationException("nginx with its RTMP module is missing: install it with 'apt-get install nginx libnginx-mod-rtmp'.");
        }

        var server = new NginxServer();
        try
        {
            await server.RunAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public override Task<IReadOnlyList<string>> MakeAddressesAsync(int count)
    {
        _count = count;
        return Task.FromResult<IReadOnlyList<string>>(
            [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"rtmp://127.0.0.1:{_port}/live/stream{i}"))]);
    }

    public override Task CheckAsync()
    {
        for (var i = 0; i < _count; i++)
        {
            if (!File.Exists(_folder.PathOf("hls", $"stream{i}.m3u8")))
            {
                throw new InvalidOperationException($"nginx has written no playlist for stream {i}.");
            }
        }

        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
            }

            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        _folder.Dispose();
    }

    private async Task RunAsync()
    {
        Directory.CreateDirectory(_folder.PathOf("hls"));
        await File.WriteAllTextAsync(_folder.PathOf("nginx.conf"), $$"""
            load_module {{Module}};
            {{(Environment.UserName == "root" ? "user root;" : "")}}
            daemon off;
            worker_processes 1;
            pid {{_folder.PathOf("nginx.pid")}};
            error_log {{_folder.PathOf("error.log")}} warn;
            events { worker_connections 1024; }
            rtmp {
                access_log off;
                server {
                    listen 127.0.0.1:{{_port}};
                    chunk_size 4096;
                    application live {
                        live on;
                        hls on;
                        hls_path {{_folder.PathOf("hls")}};
                        hls_fragment 2s;
                        hls_playlist_length 60s;
                    }
                }
            }
            """);
        try
        {
            _process = Process.Start(new ProcessStartInfo(Program, ["-p", _folder.Path, "-c", _folder.PathOf("nginx.conf"), "-e", _folder.PathOf("start.log")]));
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException("nginx cannot be started.", missing);
        }

        for (var attempt = 0; attempt < 100; attempt++)
        {
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, _port);
                return;
            }
            catch (SocketException) when (!_process!.HasExited)
            {
                await Task.Delay(50);
            }
        }

        throw new InvalidOperationException("nginx did not start: " + await File.ReadAllTextAsync(_folder.PathOf("start.log")));
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
