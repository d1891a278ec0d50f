using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Roomcast.TestKit;

namespace Roomcast.Interop.Viewers;

/// <summary>nginx as a cache in front of the server: many requests for one address reach the server as one.</summary>
internal sealed class CollapsingCache : IAsyncDisposable
{
    private const string Executable = "/usr/sbin/nginx";

    private readonly TemporaryFolder _folder = new();
    private readonly Process _nginx;

    private CollapsingCache(Uri origin)
    {
        if (!File.Exists(Executable))
        {
            throw new FileNotFoundException($"{Executable} is missing. On Debian: apt-get install nginx.");
        }

        var port = FreePort();
        Address = new Uri($"http://127.0.0.1:{port}");
        var configuration = _folder.PathOf("nginx.conf");
        File.WriteAllText(configuration, $$"""
            daemon off;
            user {{Environment.UserName}};
            worker_processes 1;
            pid {{_folder.PathOf("nginx.pid")}};
            error_log {{_folder.PathOf("error.log")}} warn;
            events { worker_connections 2048; }
            http {
              access_log off;
              client_body_temp_path {{_folder.PathOf("body")}};
              proxy_temp_path {{_folder.PathOf("proxy")}};
              fastcgi_temp_path {{_folder.PathOf("fastcgi")}};
              uwsgi_temp_path {{_folder.PathOf("uwsgi")}};
              scgi_temp_path {{_folder.PathOf("scgi")}};
              proxy_cache_path {{_folder.PathOf("cache")}} keys_zone=live:1m;
              server {
                listen 127.0.0.1:{{port}};
                location / {
                  proxy_pass {{origin.GetLeftPart(UriPartial.Authority)}};
                  proxy_http_version 1.1;
                  proxy_set_header Connection "";
                  proxy_cache live;
                  proxy_cache_key $request_uri;
                  proxy_cache_lock on;
                  add_header X-Cache $upstream_cache_status always;
                }
              }
            }
            """);
        _nginx = new Process { StartInfo = new ProcessStartInfo(Executable, ["-c", configuration, "-e", _folder.PathOf("error.log")]) };
        _nginx.Start();
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts it in front of a server.</summary>
    public static async Task<CollapsingCache> StartAsync(Uri origin)
    {
        var cache = new CollapsingCache(origin);
        for (var attempt = 0; attempt < 100; attempt++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, cache.Address.Port);
                return cache;
            }
            catch (SocketException)
            {
                await Task.Delay(100);
            }
        }

        var log = File.Exists(cache._folder.PathOf("error.log")) ? await File.ReadAllTextAsync(cache._folder.PathOf("error.log")) : "";
        await cache.DisposeAsync();
        throw new TimeoutException($"nginx did not listen: {log}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_nginx.HasExited)
        {
            _nginx.Kill(entireProcessTree: true);
        }

        await _nginx.WaitForExitAsync();
        _nginx.Dispose();
        _folder.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
