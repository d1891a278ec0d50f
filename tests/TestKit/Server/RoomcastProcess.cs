using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Roomcast.TestKit.Server;

/// <summary>The real server as its owner runs it: the built program in a process of its own, on free loopback ports and a temporary data folder.</summary>
/// <remarks>A project that uses it references <c>src/Server</c>, so that the program is built first.</remarks>
public sealed class RoomcastProcess : IAsyncDisposable
{
    private const int SigKill = 9;
    private const int SigTerm = 15;

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly bool _ownsFolder;
    private readonly Lock _lock = new();
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpClient? _http;

    private RoomcastProcess(Process process, string dataFolder, bool ownsFolder)
    {
        _process = process;
        DataFolder = dataFolder;
        _ownsFolder = ownsFolder;
    }

    /// <summary>Its data folder.</summary>
    public string DataFolder { get; }

    /// <summary>Its process id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>The ready line as printed.</summary>
    public string ReadyLine { get; private set; } = "";

    /// <summary>For example <c>http://127.0.0.1:41234</c>.</summary>
    public Uri HttpBase { get; private set; } = null!;

    /// <summary>For example <c>https://localhost:41235</c>.</summary>
    public Uri HttpsBase { get; private set; } = null!;

    /// <summary>For example <c>rtmp://127.0.0.1:41236</c>.</summary>
    public Uri RtmpBase { get; private set; } = null!;

    /// <summary>For example <c>rtmps://127.0.0.1:41237</c>.</summary>
    public Uri RtmpsBase => ToldAddress("rtmps");

    /// <summary>The port of WebRTC, UDP and TCP.</summary>
    public int RtcPort => ToldAddress("rtc").Port;

    /// <summary>Arguments with which another listens where this one does, for those who come back to it.</summary>
    public IReadOnlyList<string> SamePorts
    {
        get
        {
            (string Option, int Port)[] ports =
                [("--http-port", HttpBase.Port), ("--https-port", HttpsBase.Port), ("--rtmp-port", RtmpBase.Port), ("--rtc-port", RtcPort)];
            return [.. ports.SelectMany(each => new[] { each.Option, each.Port.ToString(CultureInfo.InvariantCulture) })];
        }
    }

    /// <summary>What it has written to standard error so far: its log.</summary>
    public string Errors
    {
        get
        {
            lock (_lock)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>What it has written to standard output so far.</summary>
    public string Output
    {
        get
        {
            lock (_lock)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What first start wrote.</summary>
    public RoomcastCredentials Credentials
    {
        get
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(DataFolder, "credentials.json")));
            string Read(string name) => json.RootElement.GetProperty(name).GetString()!;
            return new RoomcastCredentials(Read("account_id"), Read("app_id"), Read("api_token"));
        }
    }

    /// <summary>A client for <see cref="HttpBase"/> that sends no credentials.</summary>
    public HttpClient Http => _http ??= new HttpClient { BaseAddress = HttpBase };

    /// <summary>The path in front of every REST route of the app that first start made.</summary>
    public string AppPath => $"/client/v4/accounts/{Credentials.AccountId}/realtime/kit/{Credentials.AppId}";

    /// <summary>The built program.</summary>
    public static string ServerAssembly
    {
        get
        {
            // Tests and server are built in the same configuration, whose name is in the test's own path.
            var configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";
            var path = RepositoryFiles.PathOf("src", "Server", "bin", configuration, "net10.0", "Roomcast.Server.dll");
            return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: build src/Server first.");
        }
    }

    /// <summary>Starts a server and waits until it is ready.</summary>
    /// <exception cref="InvalidOperationException">It ended or took too long; the message holds its log.</exception>
    public static async Task<RoomcastProcess> StartAsync(RoomcastStart? how = null)
    {
        var server = Launch(how ?? new RoomcastStart());
        try
        {
            var exited = server._process.WaitForExitAsync();
            var first = await Task.WhenAny(server._ready.Task, exited, Task.Delay(StartPatience));
            if (first != server._ready.Task)
            {
                throw new InvalidOperationException(
                    $"The server {(first == exited ? $"ended with code {server._process.ExitCode}" : "was not ready in time")}:\n{server.Errors}");
            }

            server.ReadReadyLine(await server._ready.Task);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a server that is expected to end by itself, and waits for that.</summary>
    public static async Task<RoomcastExit> RunToExitAsync(RoomcastStart how)
    {
        await using var server = Launch(how);
        return await server.WaitForExitAsync();
    }

    /// <summary>Sends SIGTERM and waits until the server has drained.</summary>
    public Task<RoomcastExit> StopAsync()
    {
        Signal(SigTerm);
        return WaitForExitAsync();
    }

    /// <summary>Sends SIGKILL, as a crash would, and waits.</summary>
    public Task<RoomcastExit> KillAsync()
    {
        Signal(SigKill);
        return WaitForExitAsync();
    }

    /// <summary>Sends SIGTERM and returns at once.</summary>
    public void Terminate() => Signal(SigTerm);

    /// <summary>Waits until the process has ended by itself.</summary>
    public async Task<RoomcastExit> WaitForExitAsync()
    {
        using var patience = new CancellationTokenSource(StopPatience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The server did not end in time:\n{Errors}");
        }

        return new RoomcastExit(_process.ExitCode, Output, Errors);
    }

    /// <summary>A client for <see cref="HttpBase"/> that sends the API token.</summary>
    public HttpClient CreateApiClient()
    {
        var client = new HttpClient { BaseAddress = HttpBase };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Credentials.ApiToken);
        return client;
    }

    /// <summary>A client for <see cref="HttpsBase"/> that trusts the server's local authority and nothing else.</summary>
    public HttpClient CreateHttpsClient()
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(DataFolder, "tls", "ca.pem"));
        var handler = new SocketsHttpHandler
        {
            // Browsers take every name below localhost for this machine; the system's resolver need not.
            ConnectCallback = static async (context, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { authority },
        };
        return new HttpClient(handler) { BaseAddress = HttpsBase };
    }

    /// <summary>Waits until the log holds a text; fails when that takes longer than 30 s.</summary>
    public async Task WaitForLogAsync(string text)
    {
        for (var attempt = 0; attempt < 300 && !HasExited; attempt++)
        {
            if (Errors.Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            await Task.Delay(100);
        }

        if (!Errors.Contains(text, StringComparison.Ordinal))
        {
            throw new TimeoutException($"The log does not say '{text}':\n{Errors}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
        _http?.Dispose();
        if (_ownsFolder)
        {
            Directory.Delete(Path.GetDirectoryName(DataFolder)!, recursive: true);
        }
    }

    private static RoomcastProcess Launch(RoomcastStart how)
    {
        var ownFolder = how.DataFolder is null ? Directory.CreateTempSubdirectory("roomcast-test-").FullName : null;
        var dataFolder = how.DataFolder ?? Path.Combine(ownFolder!, "data");
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = how.WorkingFolder ?? Path.GetDirectoryName(dataFolder),
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("ROOMCAST_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in how.Environment)
        {
            start.Environment[name] = value;
        }

        start.ArgumentList.Add(ServerAssembly);
        foreach (var argument in WithDefaults(how, dataFolder).Concat(how.Arguments))
        {
            start.ArgumentList.Add(argument);
        }

        var server = new RoomcastProcess(new Process { StartInfo = start }, dataFolder, ownFolder is not null);
        server._process.OutputDataReceived += (_, line) => server.Take(server._output, line.Data);
        server._process.ErrorDataReceived += (_, line) => server.Take(server._errors, line.Data);
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    private static IEnumerable<string> WithDefaults(RoomcastStart how, string dataFolder)
    {
        (string Option, string Value)[] defaults = how.WithDefaults
            ? [("--data", dataFolder), ("--http-port", "0"), ("--https-port", "0"), ("--rtmp-port", "0"), ("--rtmps-port", "0"), ("--rtc-port", "0")]
            : [];
        return defaults
            .Where(pair => !how.Arguments.Any(argument => argument == pair.Option || argument.StartsWith(pair.Option + "=", StringComparison.Ordinal)))
            .SelectMany(pair => new[] { pair.Option, pair.Value });
    }

    private void Take(StringBuilder text, string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lock)
        {
            text.AppendLine(line);
        }

        if (text == _output && line.StartsWith("ready ", StringComparison.Ordinal))
        {
            _ready.TrySetResult(line);
        }
    }

    private void ReadReadyLine(string line)
    {
        var addresses = line.Split(' ');
        ReadyLine = line;
        HttpBase = new Uri(addresses[1]);
        HttpsBase = new Uri(addresses[2]);
        RtmpBase = new Uri(addresses[3]);
    }

    private void Signal(int signal)
    {
        if (!_process.HasExited && Kill(_process.Id, signal) != 0)
        {
            throw new InvalidOperationException(
                string.Create(CultureInfo.InvariantCulture, $"Signal {signal} could not be sent: error {Marshal.GetLastPInvokeError()}."));
        }
    }

    /// <summary>An address that the log alone tells. The log may come behind the ready line, which is written elsewhere.</summary>
    private Uri ToldAddress(string scheme)
    {
        var line = new Regex($"Listening on ({scheme}://[^/]+?:[0-9]+)");
        SpinWait.SpinUntil(() => line.IsMatch(Errors) || HasExited, StartPatience);
        var told = line.Match(Errors);
        return told.Success ? new Uri(told.Groups[1].Value) : throw new InvalidOperationException($"The server does not say where {scheme} is:\n{Errors}");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
