using System.Diagnostics;
using System.Globalization;
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
        var (app, id, published) = await RecordAndKillAsync(folder.Path, seconds);

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

    private async Task<(AppId App, RecordingId Id, double Published)> RecordAndKillAsync(string folder, double seconds)
    {
        using var process = Process.Start(new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [typeof(RecordingHost).Assembly.Location, folder, encoded.Source.Path])
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
