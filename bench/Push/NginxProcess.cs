using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Roomcast.TestKit;

namespace Roomcast.Bench.Push;

/// <summary>nginx with its RTMP module and one worker: as the sink of every push, and as the one that pushes.</summary>
internal sealed class NginxProcess : IAsyncDisposable
{
    private const string Program = "/usr/sbin/nginx";
    private const string Module = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

    private readonly TemporaryFolder _folder = new();
    private Process? _process;

    private NginxProcess(int port) => Port = port;

    public int Port { get; }

    public int ProcessId => _process!.Id;

    /// <summary>Starts one.</summary>
    /// <param name="pushes">Addresses that its application <c>live</c> pushes to.</param>
    public static async Task<NginxProcess> StartAsync(IEnumerable<string>? pushes = null)
    {
        if (!File.Exists(Program) || !File.Exists(Module))
        {
            throw new InvalidOperationException("nginx with its RTMP module is missing: install it with 'apt-get install nginx libnginx-mod-rtmp'.");
        }

        var nginx = new NginxProcess(FreePort());
        var folder = nginx._folder;
        await File.WriteAllTextAsync(folder.PathOf("nginx.conf"), $$"""
            load_module {{Module}};
            {{(Environment.UserName == "root" ? "user root;" : "")}}
            daemon off;
            worker_processes 1;
            pid {{folder.PathOf("nginx.pid")}};
            error_log {{folder.PathOf("error.log")}} warn;
            events { worker_connections 1024; }
            rtmp {
                access_log off;
                server {
                    listen 127.0.0.1:{{nginx.Port.ToString(CultureInfo.InvariantCulture)}};
                    chunk_size 4096;
                    application live {
                        live on;
                        {{string.Join("\n            ", (pushes ?? []).Select(static address => $"push {address};"))}}
                    }
                }
            }
            """);
        nginx._process = Process.Start(new ProcessStartInfo(Program, ["-p", folder.Path, "-c", folder.PathOf("nginx.conf"), "-e", folder.PathOf("start.log")]));
        for (var attempt = 0; attempt < 200; attempt++)
        {
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, nginx.Port);
                return nginx;
            }
            catch (SocketException) when (!nginx._process!.HasExited)
            {
                await Task.Delay(50);
            }
        }

        throw new InvalidOperationException("nginx did not start: " + await File.ReadAllTextAsync(folder.PathOf("start.log")));
    }

    /// <summary>Connections that are open to a loopback port, as the kernel counts them (proc_net_tcp: state 1).</summary>
    public static int ConnectionsTo(int port)
    {
        var wanted = string.Create(CultureInfo.InvariantCulture, $"0100007F:{port:X4}");
        return File.ReadLines("/proc/net/tcp").Count(line =>
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, var remote, "01", ..] && remote == wanted);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        _folder.Dispose();
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
