using System.ComponentModel;
using System.Diagnostics;

namespace Roomcast.TestKit.Rtmp;

/// <summary>Runs ffmpeg and ffprobe, which must be installed.</summary>
public static class FfmpegTool
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Runs ffmpeg to its end.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>What it wrote to standard error.</returns>
    /// <exception cref="InvalidOperationException">It is missing, or ended with an error.</exception>
    public static async Task<string> RunAsync(params string[] arguments)
    {
        var (exitCode, _, errors) = await RunToEndAsync("ffmpeg", ["-hide_banner", "-nostdin", "-y", .. arguments]);
        return exitCode == 0 ? errors : throw new InvalidOperationException($"ffmpeg ended with {exitCode}: {errors}");
    }

    /// <summary>Runs ffmpeg to its end, whatever that is.</summary>
    /// <param name="arguments">Its arguments.</param>
    public static async Task<(int ExitCode, string Errors)> TryRunAsync(params string[] arguments)
    {
        var (exitCode, _, errors) = await RunToEndAsync("ffmpeg", ["-hide_banner", "-nostdin", "-y", .. arguments]);
        return (exitCode, errors);
    }

    /// <summary>Runs ffprobe to its end.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>What it wrote to standard output.</returns>
    public static async Task<string> ProbeAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await RunToEndAsync("ffprobe", ["-hide_banner", "-v", "error", .. arguments]);
        return exitCode == 0 ? output : throw new InvalidOperationException($"ffprobe ended with {exitCode}: {errors}");
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunToEndAsync(string tool, string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        process.StartInfo.Environment["SVT_LOG"] = "1"; // SVT-AV1 greets on the error output unless told otherwise.
        try
        {
            process.Start();
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException($"{tool} is missing: install it with 'apt-get install ffmpeg'.", missing);
        }

        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"{tool} did not end within {Patience}.");
        }

        return (process.ExitCode, await output, await errors);
    }
}
