using Roomcast.TestKit.Hls;
using Roomcast.TestKit.Video;

namespace Roomcast.Interop.Playback;

/// <summary>The validator follows a real livestream of a real encoder, over HTTP/1.1 and over HTTP/2 with TLS.</summary>
public sealed class LlHlsRulesTests
{
    [Theory]
    [InlineData(0, false)]
    [InlineData(2, true)]
    public async Task A_livestream_breaks_no_rule_from_its_start_over_an_interruption_to_its_end(int bFrames, bool overTls)
    {
        await using var server = await LiveServer.StartAsync("--ingest-grace", "4s");
        var livestream = await server.CreateLivestreamAsync();
        var options = new PictureClockOptions { BFrames = bFrames };
        Task<LlHlsReport> following;
        using var client = overTls ? server.Process.CreateHttpsClient() : new HttpClient();
        if (overTls)
        {
            client.DefaultRequestVersion = System.Net.HttpVersion.Version20;
            client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }

        var address = overTls ? new Uri(server.Process.HttpsBase, livestream.PlaybackUrl.AbsolutePath) : livestream.PlaybackUrl;
        await using (var first = PictureClockSource.Publish(livestream.IngestUrl, options))
        {
            await server.WaitForStatusAsync(livestream, "LIVE");
            var validator = new LlHlsValidator(client, address, new LlHlsValidatorOptions { Duration = TimeSpan.FromSeconds(40) });
            following = validator.RunAsync();
            await Task.Delay(TimeSpan.FromSeconds(8));
            await first.KillAsync();
        }

        await using (var second = PictureClockSource.Publish(livestream.IngestUrl, options with { FrameCount = 240 }))
        {
            await second.WaitForEndAsync();
        }

        var report = await following;
        Assert.True(report.Violations.Count == 0, report.ToString());
        Assert.True(report.HasEnded);
        Assert.InRange(report.Parts, 25, 60);
        Assert.True(report.HintedParts > 10, report.ToString());
        Assert.True(report.Compressed > 0, report.ToString());
    }
}
