using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Roomcast.TestKit.Storages;

/// <summary>Somebody else's server as a process, on a port of loopback that stays the same when it stops and starts again.</summary>
public sealed class LoopbackServer : IAsyncDisposable
{
    private static readonly SemaphoreSlim Installing = new(1, 1);

    private readonly Func<int, ProcessStartInfo> _startOn;
    private Process? _process;

    private LoopbackServer(int port, Func<int, ProcessStartInfo> startOn) => (Port, _startOn) = (port, startOn);

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>Starts one.</summary>
    /// <param name="startOn">How it is started on a port.</param>
    public static async Task<LoopbackServer> StartAsync(Func<int, ProcessStartInfo> startOn)
    {
        var server = new LoopbackServer(FindPort(), startOn);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Installs what the lock file of a folder says, unless that was done.</summary>
    public static async Task InstallFromNpmAsync(string folder)
    {
        await Installing.WaitAsync();
        try
        {
            if (File.Exists(Path.Combine(folder, "node_modules", ".package-lock.json")))
            {
                return;
            }

            using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            {
                WorkingDirectory = folder,
                RedirectStandardError = true,
            })!;
            var errors = await npm.StandardError.ReadToEndAsync();
            await npm.WaitForExitAsync();
            if (npm.ExitCode != 0)
            {
                throw new InvalidOperationException($"npm ci failed in {folder}: {errors}");
            }
        }
        finally
        {
            Installing.Release();
        }
    }

    /// <summary>Starts after a stop.</summary>
    public async Task StartAgainAsync()
    {
        var start = _startOn(Port);
        start.RedirectStandardError = true;
        start.RedirectStandardOutput = true;
        _process = Process.Start(start)!;
        var errors = _process.StandardError.ReadToEndAsync();
        _ = _process.StandardOutput.ReadToEndAsync();
        var since = TimeProvider.System.GetTimestamp();
        while (!await AcceptsAsync())
        {
            if (_process.HasExited || TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromMinutes(1))
            {
                var reason = _process.HasExited ? await errors : "it does not listen";
                throw new InvalidOperationException($"{start.FileName} {string.Join(' ', start.ArgumentList)} did not start: {reason}");
            }

            await Task.Delay(50);
        }
    }

    /// <summary>Stops as if the machine had gone.</summary>
    public void Kill()
    {
        if (_process is { HasExited: false } process)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        _process?.Dispose();
        _process = null;
    }

    /// <summary>Asks it to stop, for one that writes down what it has only now and then; its connections end all the same.</summary>
    public async Task StopAsync()
    {
        using var ask = Process.Start("kill", ["-TERM", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await ask.WaitForExitAsync();
        await _process.WaitForExitAsync();
        Kill();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Kill();
        return ValueTask.CompletedTask;
    }

    private static int FindPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> AcceptsAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
