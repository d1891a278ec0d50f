using System.Diagnostics;
using System.Text;

namespace Roomcast.Conformance.Running;

/// <summary>FFmpeg as an encoder that publishes a picture and a tone in real time until it is told otherwise.</summary>
public sealed class FfmpegPush : IAsyncDisposable
{
    private static readonly string[] Arguments =
    [
        "-hide_banner", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=15", "-re", "-f", "lavfi", "-i", "sine=frequency=440",
        "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "15", "-c:a", "aac", "-ar", "44100",
    ];

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private FfmpegPush(Process process) => _process = process;

    /// <summary>Begins to publish.</summary>
    /// <param name="address">Server and key in one.</param>
    /// <param name="seconds">How long it has something to send; null for without end.</param>
    public static FfmpegPush Start(string address, int? seconds = null)
    {
        var start = new ProcessStartInfo("ffmpeg") { RedirectStandardInput = true, RedirectStandardError = true };
        foreach (var argument in Arguments.Concat(seconds is { } length ? ["-t", $"{length}"] : []).Concat(["-f", "flv", address]))
        {
            start.ArgumentList.Add(argument);
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new InvalidOperationException("ffmpeg is missing: install it with 'apt-get install ffmpeg'.", missing);
        }

        var push = new FfmpegPush(process);
        process.ErrorDataReceived += (_, line) => push._errors.AppendLine(line.Data);
        process.BeginErrorReadLine();
        return push;
    }

    /// <summary>Ends it as a crash does: no goodbye is said.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits until it has sent what it had and said goodbye.</summary>
    public async Task FinishAsync()
    {
        using var patience = new CancellationTokenSource(RunningServer.Patience);
        await _process.WaitForExitAsync(patience.Token);
        Assert.True(_process.ExitCode == 0, _errors.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }
}
