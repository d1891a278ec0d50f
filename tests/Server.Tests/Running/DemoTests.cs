using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Roomcast.TestKit;

namespace Roomcast.Server.Tests.Running;

public class DemoTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task The_demo_shows_a_live_picture_and_ends_with_the_server()
    {
        using var folder = new TemporaryFolder();
        var output = new ConcurrentQueue<string>();
        using var process = Start(folder, output);
        var exited = process.WaitForExitAsync();
        var watch = await WaitForLineAsync(output, exited, "watch ");
        var data = folder.PathOf("data");
        using var kept = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(data, "demo.json")));
        var livestream = kept.RootElement.GetProperty("data");
        Assert.Equal($"/watch/{livestream.GetProperty("id").GetString()}", new Uri(watch).AbsolutePath);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(data, "demo.json")));

        // The page is there, and within moments the picture is: a playlist with segments of its own.
        using var client = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(watch))).StatusCode);
        await WaitUntilLiveAsync(client, new Uri(new Uri(watch), $"/live/{livestream.GetProperty("id").GetString()}/status"));

        using (var signal = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await signal.WaitForExitAsync();
        }

        await exited.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, process.ExitCode);
        var streamKey = livestream.GetProperty("stream_key").GetString()!;
        await WaitUntilNobodyFeedsAsync(streamKey);
        Assert.DoesNotContain(output, line => line.Contains(streamKey, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_encoder_of_the_demo_complains_of_does_not_tell_the_stream_key()
    {
        const string StreamKey = "0123456789abcdef";
        var output = new ConcurrentQueue<string>();

        // Nobody listens there, of which FFmpeg tells with the whole address.
        using var process = Start(
            new ProcessStartInfo("bash", ["-c", ". \"$0\"; demo_feed rtmp://127.0.0.1:9/live \"$1\"", RepositoryFiles.PathOf("scripts", "demo.sh"), StreamKey]), output);
        await process.WaitForExitAsync();
        Assert.NotEqual(0, process.ExitCode);
        Assert.Contains(output, line => line.Contains("rtmp://127.0.0.1:9/live/...", StringComparison.Ordinal));
        Assert.DoesNotContain(output, line => line.Contains(StreamKey, StringComparison.Ordinal));
    }

    private static Process Start(TemporaryFolder folder, ConcurrentQueue<string> output) => Start(
        new ProcessStartInfo(
            RepositoryFiles.PathOf("start"),
            ["--demo", "--data", folder.PathOf("data"), "--http-port", "0", "--https-port", "0", "--rtmp-port", "0", "--rtmps-port", "0", "--rtc-port", "0"])
        {
            WorkingDirectory = folder.Path,
        },
        output);

    /// <summary>Starts a program, and keeps all lines that it and those it starts write.</summary>
    private static Process Start(ProcessStartInfo start, ConcurrentQueue<string> output)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task<string> WaitForLineAsync(ConcurrentQueue<string> output, Task exited, string start)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!exited.IsCompleted)
        {
            if (output.FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal)) is { } line)
            {
                return line[start.Length..];
            }

            await Task.Delay(50, patience.Token);
        }

        throw new InvalidOperationException($"The demo ended without a line that starts with '{start}': {string.Join('\n', output)}");
    }

    private static async Task WaitUntilLiveAsync(HttpClient client, Uri status)
    {
        var answer = "";
        for (var attempt = 0; attempt < 100; attempt++)
        {
            answer = await client.GetStringAsync(status);
            if (answer.Contains("\"live\"", StringComparison.OrdinalIgnoreCase))
            {
                return;
            }

            await Task.Delay(200);
        }

        Assert.Fail($"The demo's livestream did not go live: {answer}");
    }

    private static async Task WaitUntilNobodyFeedsAsync(string streamKey)
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            var feeders = Directory.EnumerateFiles("/proc", "cmdline", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1, IgnoreInaccessible = true })
                .Where(file => char.IsAsciiDigit(file["/proc/".Length]))
                .Count(file => ReadQuietly(file).Contains(streamKey, StringComparison.Ordinal));
            if (feeders == 0)
            {
                return;
            }

            await Task.Delay(100);
        }

        Assert.Fail("The demo's encoder outlived the server.");
    }

    private static string ReadQuietly(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return ""; // The process has ended in between.
        }
    }
}
