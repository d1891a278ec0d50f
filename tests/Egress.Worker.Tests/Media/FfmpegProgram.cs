using System.Diagnostics;

namespace Roomcast.Egress.Worker.Tests.Media;

/// <summary>The ffmpeg program, which knows nothing of our code.</summary>
internal static class FfmpegProgram
{
    /// <summary>Makes a picture file of one colour.</summary>
    public static Task MakePictureAsync(string file, string codec, string colour, int width, int height) =>
        RunAsync("-f", "lavfi", "-i", $"color={colour}:s={width}x{height},format={(codec == "png" ? "rgba" : "yuvj420p")}", "-frames:v", "1", "-c:v", codec, file);

    public static async Task RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("ffmpeg", ["-v", "error", "-nostdin", "-y", .. arguments]) { RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var complaint = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, complaint);
    }
}
