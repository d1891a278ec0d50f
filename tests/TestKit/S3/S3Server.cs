using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Roomcast.TestKit.S3;

/// <summary>s3rver from npm: an S3-compatible server on a folder and a port that stay the same when it stops and starts again.</summary>
public sealed class S3Server : IAsyncDisposable
{
    /// <summary>The access key it knows, and its secret.</summary>
    public const string Key = "S3RVER";

    private static readonly string Package = RepositoryFiles.PathOf("tests", "Storage.Tests", "S3");
    private static readonly SemaphoreSlim Installing = new(1, 1);

    private readonly TemporaryFolder _folder = new();
    private readonly int _port;
    private Process? _process;

    private S3Server(int port) => _port = port;

    /// <summary>Its bucket.</summary>
    public string Bucket { get; } = "recordings";

    /// <summary>Where it is.</summary>
    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}");

    /// <summary>The objects in it: name and file.</summary>
    public IReadOnlyDictionary<string, string> Objects => Directory
        .EnumerateFiles(Path.Combine(_folder.Path, Bucket), "*._S3rver_object", SearchOption.AllDirectories)
        .ToDictionary(
            file => Path.GetRelativePath(Path.Combine(_folder.Path, Bucket), file)[..^"._S3rver_object".Length], file => file);

    /// <summary>Starts one.</summary>
    public static async Task<S3Server> StartAsync()
    {
        await InstallAsync();
        var server = new S3Server(FindPort());
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts after a stop, with everything it had.</summary>
    public async Task StartAgainAsync()
    {
        _process = Process.Start(new ProcessStartInfo("node",
        [
            Path.Combine(Package, "node_modules", "s3rver", "bin", "s3rver.js"), "-d", _folder.Path, "-a", "127.0.0.1",
            "-p", _port.ToString(CultureInfo.InvariantCulture), "-s", "--no-vhost-buckets", "--configure-bucket", Bucket,
        ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var errors = _process.StandardError.ReadToEndAsync();
        _ = _process.StandardOutput.ReadToEndAsync();
        var since = TimeProvider.System.GetTimestamp();
        while (!await AcceptsAsync())
        {
            if (_process.HasExited || TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromMinutes(1))
            {
                throw new InvalidOperationException($"s3rver did not start: {(_process.HasExited ? await errors : "")}");
            }

            await Task.Delay(50);
        }
    }

    /// <summary>Stops as if the machine had gone.</summary>
    public void Kill()
    {
        if (_process is { HasExited: false } process)
        {
            process.Kill();
            process.WaitForExit();
        }

        _process?.Dispose();
        _process = null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Kill();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private static int FindPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task InstallAsync()
    {
        await Installing.WaitAsync();
        try
        {
            if (File.Exists(Path.Combine(Package, "node_modules", ".package-lock.json")))
            {
                return;
            }

            using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            {
                WorkingDirectory = Package,
                RedirectStandardError = true,
            })!;
            var errors = await npm.StandardError.ReadToEndAsync();
            await npm.WaitForExitAsync();
            if (npm.ExitCode != 0)
            {
                throw new InvalidOperationException($"npm ci failed in {Package}: {errors}");
            }
        }
        finally
        {
            Installing.Release();
        }
    }

    private async Task<bool> AcceptsAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, _port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
