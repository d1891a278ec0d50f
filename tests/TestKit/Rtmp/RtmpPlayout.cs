using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Roomcast.TestKit.Rtmp;

/// <summary>An RTMP server on loopback, made of ffmpeg, that one client plays a file from, over and over, as it would a live stream.</summary>
public sealed class RtmpPlayout : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private RtmpPlayout(Process process, string address)
    {
        (_process, Address) = (process, address);
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
    }

    /// <summary>What is played from it.</summary>
    public string Address { get; }

    /// <summary>Starts one, and waits until it can be connected to.</summary>
    /// <param name="file">A file with H.264 and AAC.</param>
    /// <exception cref="InvalidOperationException">ffmpeg is missing, or does not listen.</exception>
    public static async Task<RtmpPlayout> StartAsync(string file)
    {
        var port = FreePort();
        var address = $"rtmp://127.0.0.1:{port}/live/played";
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(
                "ffmpeg",
                ["-hide_banner", "-nostdin", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", file, "-c", "copy", "-f", "flv", "-listen", "1", address])
            {
                RedirectStandardError = true,
            },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException("ffmpeg is missing: install it with 'apt-get install ffmpeg'.", missing);
        }

        var playout = new RtmpPlayout(process, address);
        process.BeginErrorReadLine();
        var began = TimeProvider.System.GetTimestamp();

        // It serves whoever connects first, so nobody knocks to see whether it is there.
        while (!await IsListeningAsync(port))
        {
            if (process.HasExited || TimeProvider.System.GetElapsedTime(began) > Patience)
            {
                var said = playout.ToString();
                await playout.DisposeAsync();
                throw new InvalidOperationException($"ffmpeg does not listen at {address}: {said}");
            }

            await Task.Delay(20);
        }

        return playout;
    }

    /// <summary>What it has written to its standard error.</summary>
    public override string ToString()
    {
        lock (_errors)
        {
            return _errors.ToString();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    // The kernel's list of sockets: the second column is the local address, the fourth the state, of which 0A is listening.
    private static async Task<bool> IsListeningAsync(int port)
    {
        var end = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        foreach (var line in await File.ReadAllLinesAsync("/proc/net/tcp"))
        {
            var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (columns.Length > 3 && columns[3] == "0A" && columns[1].EndsWith(end, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
