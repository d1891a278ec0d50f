using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Roomcast.TestKit;

namespace Roomcast.Interop.Push;

/// <summary>An RTMP server that somebody else wrote, on a free loopback port, that records what it is sent.</summary>
internal sealed class RecordingSink : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly StringBuilder _log = new();
    private readonly Process _process;

    private RecordingSink(Func<TemporaryFolder, int, int, ProcessStartInfo> how)
    {
        Directory.CreateDirectory(Recordings);
        _process = new Process { StartInfo = how(_folder, Port, TlsPort) };
        _process.StartInfo.RedirectStandardOutput = true;
        _process.StartInfo.RedirectStandardError = true;
        _process.OutputDataReceived += Note;
        _process.ErrorDataReceived += Note;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Port { get; } = FreePort();

    public int TlsPort { get; } = FreePort();

    /// <summary>Where to push to; the stream name follows.</summary>
    public string Address => $"rtmp://127.0.0.1:{Port}/live";

    /// <summary>Where to push to over TLS.</summary>
    public string TlsAddress => $"rtmps://localhost:{TlsPort}/live";

    /// <summary>The file with media that was begun last; it may grow. Null while there is none.</summary>
    public string? Newest => Directory.Exists(Recordings)
        ? Directory.GetFiles(Recordings, "*.flv", SearchOption.AllDirectories).Where(file => new FileInfo(file).Length > 16_384).MaxBy(File.GetCreationTimeUtc)
        : null;

    private string Recordings => _folder.PathOf("recordings");

    /// <summary>nginx with its RTMP module, which also has an application <c>closed</c> that nobody may publish to.</summary>
    public static async Task<RecordingSink> StartNginxAsync()
    {
        var sink = new RecordingSink((folder, port, _) =>
        {
            File.WriteAllText(folder.PathOf("nginx.conf"), $$"""
                load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
                {{(Environment.UserName == "root" ? "user root;" : "")}}
                daemon off;
                worker_processes 1;
                pid {{folder.PathOf("nginx.pid")}};
                error_log {{folder.PathOf("error.log")}} warn;
                events { worker_connections 256; }
                rtmp {
                    access_log off;
                    server {
                        listen 127.0.0.1:{{port}};
                        application live {
                            live on;
                            record all;
                            record_path {{folder.PathOf("recordings")}};
                            record_unique on;
                        }
                        application closed {
                            live on;
                            deny publish all;
                        }
                    }
                }
                """);
            return new ProcessStartInfo("/usr/sbin/nginx", ["-p", folder.Path, "-c", folder.PathOf("nginx.conf"), "-e", folder.PathOf("start.log")]);
        });
        await sink.WaitAsync(sink.Port);
        return sink;
    }

    /// <summary>Node-Media-Server, also over TLS when it is given a certificate.</summary>
    /// <param name="certificate">PEM files of certificate and key; null for none.</param>
    public static async Task<RecordingSink> StartNodeMediaServerAsync((string Certificate, string Key)? certificate = null)
    {
        var sink = new RecordingSink((folder, port, tlsPort) => new ProcessStartInfo(
            "node",
            [
                RepositoryFiles.PathOf("tests", "Interop", "Push", "node-media-server", "sink.cjs"),
                JsonSerializer.Serialize(new
                {
                    port,
                    tlsPort = certificate is null ? 0 : tlsPort,
                    key = certificate?.Key,
                    cert = certificate?.Certificate,
                    folder = folder.PathOf("recordings"),
                }),
            ]));
        await sink.WaitAsync(sink.Port);
        if (certificate is not null)
        {
            await sink.WaitAsync(sink.TlsPort);
        }

        return sink;
    }

    /// <summary>Waits for as many recordings, and until they grow no more; in the order they were begun.</summary>
    public async Task<IReadOnlyList<string>> RecordingsAsync(int count)
    {
        var began = TimeProvider.System.GetTimestamp();
        var sizes = "";
        while (true)
        {
            var files = Directory.Exists(Recordings) ? Directory.GetFiles(Recordings, "*.flv", SearchOption.AllDirectories) : [];
            var now = string.Join(' ', files.Select(file => $"{file} {new FileInfo(file).Length}"));
            if (files.Length == count && now == sizes && files.All(file => new FileInfo(file).Length > 0))
            {
                return [.. files.OrderBy(File.GetCreationTimeUtc)];
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"There are {files.Length} recordings: {now}\n{this}");
            sizes = now;
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>What it has written.</summary>
    public override string ToString()
    {
        lock (_log)
        {
            return _log.ToString();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Dispose();
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private async Task WaitAsync(int port)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException) when (!_process.HasExited && TimeProvider.System.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(50);
            }
            catch (SocketException fault)
            {
                throw new InvalidOperationException($"The sink did not start: {this}", fault);
            }
        }
    }

    private void Note(object sender, DataReceivedEventArgs line)
    {
        lock (_log)
        {
            _log.AppendLine(line.Data);
        }
    }
}
