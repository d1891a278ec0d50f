using System.ComponentModel;
using System.Diagnostics;

namespace Roomcast.Media.Tests.Containers;

/// <summary>Runs ffmpeg and ffprobe, which must be installed.</summary>
internal static class Ffmpeg
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Runs ffmpeg; whatever it complains about fails the test.</summary>
    public static string Run(params string[] arguments) => Run("ffmpeg", ["-v", "error", "-nostdin", "-y", .. arguments]);

    /// <summary>Runs ffprobe.</summary>
    public static string Probe(params string[] arguments) => Run("ffprobe", ["-v", "error", .. arguments]);

    /// <summary>
    /// Decodes a file and tells each frame: stream, presentation time and hash. Edit lists are passed over, for they
    /// move presentation times and our fragments have none. Here even a warning fails the test.
    /// </summary>
    public static string[] DecodedFrames(string path) =>
    [
        .. Run(["-v", "warning", .. WithoutEditList(path), "-i", path, "-fps_mode", "passthrough", "-f", "framemd5", "-"])
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split(','))
            .Select(fields => $"{fields[0].Trim()} {fields[2].Trim()} {fields[5].Trim()}")
            .Order(StringComparer.Ordinal),
    ];

    private static string[] WithoutEditList(string path) => path.EndsWith(".mp4", StringComparison.Ordinal) ? ["-ignore_editlist", "1"] : [];

    private static string Run(string tool, string[] arguments)
    {
        var start = new ProcessStartInfo(tool) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["SVT_LOG"] = "1"; // SVT-AV1 greets on the error output unless told otherwise
        Process process;
        try
        {
            process = Process.Start(start) ?? throw new InvalidOperationException($"{tool} did not start.");
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException($"{tool} is missing: install it with 'apt-get install ffmpeg'.", missing);
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                throw new TimeoutException($"{tool} did not end within {Patience}.");
            }

            var complaint = errors.GetAwaiter().GetResult();
            Assert.True(
                process.ExitCode == 0 && complaint.Length == 0,
                $"{tool} {string.Join(' ', arguments)} ended with {process.ExitCode}: {complaint}");
            return output.GetAwaiter().GetResult();
        }
    }
}
