using System.Net;
using Roomcast.TestKit.Hls;

namespace Roomcast.Livestreams.Tests.Delivery;

/// <summary>The validator follows live streams of all kinds and finds no rule broken.</summary>
public sealed class LlHlsRulesTests
{
    public static TheoryData<string, SyntheticSource> Sources => new()
    {
        { "picture and sound", new SyntheticSource() },
        { "29.97 with B-frames", new SyntheticSource { FrameRate = 30_000 / 1001.0, BFrames = 2, RoundsToMilliseconds = true } },
        { "60 with keyframes each second", new SyntheticSource { FrameRate = 60, Groups = [60] } },
        { "long keyframe intervals later", new SyntheticSource { Groups = [60, 60, 200] } },
        { "picture alone", new SyntheticSource { Sound = null, FrameRate = 24 } },
        { "sound alone", new SyntheticSource { FrameRate = 0 } },
        { "Opus", new SyntheticSource { Sound = SyntheticSource.Opus } },
        { "two renditions", new SyntheticSource { OtherVideos = [SyntheticSource.SecondVideo] } },
        { "pauses of the picture", new SyntheticSource { VideoGaps = [(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(9.3)), (TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(16.2))] } },
    };

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task A_live_stream_keeps_every_rule(string kind, SyntheticSource source)
    {
        await using var host = await DeliveryHost.StartAsync();
        host.Stream.SetTracks(source.Tracks);
        host.Push(source, TimeSpan.FromSeconds(4.3));
        using var client = DeliveryHost.Client();
        var validator = new LlHlsValidator(client, host.Playlist, new LlHlsValidatorOptions { Duration = TimeSpan.FromSeconds(10) });
        var following = validator.RunAsync();
        await host.FeedRestAsync(source, 4.3, 22);
        host.Stream.End();

        var report = await following;
        Assert.True(report.Violations.Count == 0, $"{kind}: {report}");
        Assert.True(report.HasEnded, report.ToString());
        Assert.True(report.Parts > 30 && report.Segments > 8 && report.HintedParts > 10, report.ToString());
        Assert.True(report.Deltas > 1 && report.Compressed > 0, report.ToString());
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task The_rules_are_kept_over_TLS(string version)
    {
        var source = new SyntheticSource();
        await using var host = await DeliveryHost.StartAsync();
        host.Stream.SetTracks(source.Tracks);
        host.Push(source, TimeSpan.FromSeconds(4.3));
        using var client = DeliveryHost.Client(Version.Parse(version));
        var validator = new LlHlsValidator(client, new Uri(host.Https, host.Playlist.PathAndQuery));
        var following = validator.RunAsync();
        await host.FeedRestAsync(source, 4.3, 16);
        host.Stream.End();
        var report = await following;
        Assert.True(report.Violations.Count == 0 && report.HasEnded, report.ToString());
    }

    [Fact]
    public async Task The_rules_are_kept_through_interruptions_and_a_change_of_codec_parameters()
    {
        var source = new SyntheticSource { BFrames = 1 };
        await using var host = await DeliveryHost.StartAsync();
        host.Stream.SetTracks(source.Tracks);
        host.Push(source, TimeSpan.FromSeconds(4.3));
        using var client = DeliveryHost.Client();
        var following = new LlHlsValidator(client, host.Playlist).RunAsync();
        await host.FeedRestAsync(source, 4.3, 9.7);
        host.Stream.Interrupt();
        await Task.Delay(300);
        host.Stream.SetTracks(source.Tracks);
        await host.FeedAsync(source with { Start = TimeSpan.FromSeconds(15) }, TimeSpan.FromSeconds(5.2));
        host.Stream.SetTracks([SyntheticSource.Audio]);
        await host.FeedAsync(source with { Start = TimeSpan.FromSeconds(21), FrameRate = 0 }, TimeSpan.FromSeconds(5.2));
        host.Stream.SetTracks(source.Tracks);
        await host.FeedAsync(source with { Start = TimeSpan.FromSeconds(27) }, TimeSpan.FromSeconds(5));
        host.Stream.End();
        var report = await following;
        Assert.True(report.Violations.Count == 0 && report.HasEnded, report.ToString());
    }

    [Fact]
    public async Task The_rules_are_kept_with_older_segments_on_disk()
    {
        using var folder = new TestKit.TemporaryFolder();
        var source = new SyntheticSource { PictureBytes = 6_000 };
        await using var host = await DeliveryHost.StartAsync(
            new Hls.HlsOptions { MaxBytesInMemory = 2 << 20 }, delivery => delivery.SegmentFolder = folder.Path);
        host.Stream.SetTracks(source.Tracks);
        await host.FeedAsync(source, TimeSpan.FromSeconds(16.3));
        using var client = DeliveryHost.Client();
        var following = new LlHlsValidator(client, host.Playlist).RunAsync();
        await host.FeedRestAsync(source, 16.3, 28);
        host.Stream.End();
        var report = await following;
        Assert.True(report.Violations.Count == 0 && report.HasEnded, report.ToString());
        Assert.True(report.Segments > 6, report.ToString());
        Assert.NotEmpty(Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_stream_without_media_answers_held_requests_after_three_target_durations()
    {
        var source = new SyntheticSource { Groups = [30] };
        await using var host = await DeliveryHost.StartAsync(
            new Hls.HlsOptions { SegmentTarget = TimeSpan.FromSeconds(1), PartTarget = TimeSpan.FromMilliseconds(300) });
        host.Stream.SetTracks(source.Tracks);
        host.Push(source, TimeSpan.FromSeconds(4));
        host.Stream.Interrupt();
        using var client = DeliveryHost.Client();
        var report = await new LlHlsValidator(client, host.Playlist).CheckHoldLimitAsync();
        Assert.True(report.Violations.Count == 0, report.ToString());
    }
}
