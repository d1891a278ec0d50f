using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using Roomcast.Accounts;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.TestKit;

namespace Roomcast.Egress.Tests.Recording;

/// <summary>A process that records is killed; the next one on its folder mends and stores what it left.</summary>
public sealed class KilledRecorderTests(EncodedMinute encoded) : IClassFixture<EncodedMinute>
{
    [Theory]
    [InlineData(3.0)]
    [InlineData(5.4)]
    public async Task A_recording_of_a_killed_server_loses_two_seconds_at_most(double seconds)
    {
        using var folder = new TemporaryFolder();
        var (app, id, published) = await RecordAndKillAsync(folder.Path, encoded.Source.Path, seconds);

        await using var host = await RecordingHost.StartAsync(folder.Path);
        var left = await host.Recordings.FindAsync(app, id, CancellationToken.None);
        Assert.NotNull(left);
        var done = await host.WaitForAsync(left, RecordingStatus.Uploaded, RecordingStatus.Errored);
        Assert.Equal((RecordingStatus.Uploaded, null), (done.Status, done.ErrorMessage));
        Assert.Equal(RecordingStopReason.ServerStopped, done.StopReason);

        // What the process had published when it said so for the last time; a moment passed until it was killed.
        Assert.InRange(done.Duration.TotalSeconds, published - 2, published + 2);
        Assert.NotEmpty(await host.DownloadAsync(done, done.MediaFile));
        Assert.Contains(host.Log, line => line.Contains(" 6206 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tracks_of_a_killed_server_are_mended_and_stored()
    {
        using var folder = new TemporaryFolder();
        var (app, id, published) = await RecordAndKillAsync(folder.Path, "tracks", seconds: 5.4);
        var left = Directory.GetFiles(Path.Combine(folder.Path, "recordings", id.ToString()), "*.webm").Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(2, left.Length);

        // As the process left it the file says nothing of its length; a power cut leaves half a cluster besides.
        var whole = new FileInfo(left[0]).Length;
        await File.AppendAllBytesAsync(left[0], [0x1F, 0x43, 0xB6, 0x75, 0x10, 0, 1, 0, 0xE7, 0x10, 0, 0, 1, 9, 0xA3, 0x10, 0, 0]);

        await using var host = await RecordingHost.StartAsync(folder.Path);
        var done = await host.WaitForAsync(
            (await host.Recordings.FindAsync(app, id, CancellationToken.None))!, RecordingStatus.Uploaded, RecordingStatus.Errored);
        Assert.Equal((RecordingStatus.Uploaded, null, RecordingStopReason.ServerStopped), (done.Status, done.ErrorMessage, done.StopReason));

        // Two seconds of a cluster that was not on the disk yet, and a moment in queues.
        Assert.InRange(done.Duration.TotalSeconds, published - 3, published + 2);
        Assert.Equal(whole, done.TrackFiles[0].Length);
        foreach (var track in done.TrackFiles)
        {
            var path = folder.PathOf(track.FileName);
            await File.WriteAllBytesAsync(path, await host.DownloadAsync(done, track.FileName));
            Assert.Equal(done.Duration.TotalSeconds, await LengthToldByAsync(path), tolerance: 0.05);
        }

        using var archive = new ZipArchive(new MemoryStream(await host.DownloadAsync(done, done.MediaFile)));
        Assert.Equal(done.TrackFiles.Select(file => (file.FileName, file.Length)), archive.Entries.Select(entry => (entry.Name, entry.Length)));
    }

    // What the file itself says, at its front; a reader that finds nothing there would have to walk through it.
    private static async Task<double> LengthToldByAsync(string path)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal((0, ""), (process.ExitCode, await errors));
        return double.Parse(output.Trim(), CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_recording_with_messages_of_a_killed_server_becomes_an_archive_that_has_those_from_before()
    {
        using var folder = new TemporaryFolder();
        var (app, id, published) = await RecordAndKillAsync(folder.Path, encoded.Source.Path, seconds: 9.4, "messages");

        await using var host = await RecordingHost.StartAsync(folder.Path);
        var left = await host.Recordings.FindAsync(app, id, CancellationToken.None);
        var done = await host.WaitForAsync(left!, RecordingStatus.Uploaded, RecordingStatus.Errored);
        Assert.Equal((RecordingStatus.Uploaded, null, RecordingStopReason.ServerStopped), (done.Status, done.ErrorMessage, done.StopReason));
        Assert.InRange(done.Duration.TotalSeconds, published - 2.3, published + 2);
        var archive = Unpacked.Of(await host.DownloadAsync(done, done.MediaFile));

        // All until two seconds before the end, none twice, each at its time or a moment after.
        var said = archive.Messages.Select(each => (each.At, Second: System.Text.Json.JsonDocument.Parse(each.Text).RootElement.GetProperty("second").GetDouble())).ToList();
        Assert.InRange(said.Count, (int)((published - 3) * 2), (int)(published * 2) + 1);
        Assert.All(said.Index(), each => Assert.InRange(each.Item.Second, 0.5 * (each.Index + 1), (0.5 * (each.Index + 1)) + 0.4));
        Assert.All(said, each => Assert.InRange(each.At - each.Second, 0, 0.6));
    }

    private static async Task<(AppId App, RecordingId Id, double Published)> RecordAndKillAsync(
        string folder, string source, double seconds, params IEnumerable<string> more)
    {
        using var process = Process.Start(new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [typeof(RecordingHost).Assembly.Location, folder, source, .. more])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            var first = (await process.StandardOutput.ReadLineAsync())!.Split(' ');
            Assert.Equal("recording", first[0]);
            var published = 0.0;
            while (published < seconds)
            {
                published = double.Parse((await process.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
            }

            process.Kill();
            while (await process.StandardOutput.ReadLineAsync() is { } line)
            {
                published = double.Parse(line, CultureInfo.InvariantCulture);
            }

            await process.WaitForExitAsync();
            Assert.True(RecordingId.TryParse(first[2], out var id));
            return (new AppId(Guid.Parse(first[1])), id, published);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
