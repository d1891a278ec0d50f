using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.TestKit;
using Roomcast.TestKit.Hls;

namespace Roomcast.Livestreams.Tests.Delivery;

public sealed class HlsPackagingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualClock _clock = new();
    private readonly ServiceProvider _services;

    public HlsPackagingTests()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<TimeProvider>(_clock);
        services.AddSingleton(new PlaybackTokens(DeliveryHost.Key));
        services.AddSingleton(new ViewerTokens(DeliveryHost.Key));
        services.AddLivestreamDelivery();
        services.Configure<Hls.HlsOptions>(options =>
            typeof(Hls.HlsOptions).GetProperty(nameof(options.MaxBytesInMemory))!.SetValue(options, 2L << 20));
        services.Configure<DeliveryOptions>(options => options.SegmentFolder = _folder.Path);
        _services = services.BuildServiceProvider();
    }

    [Fact]
    public async Task An_airing_is_packaged_served_and_swept_away()
    {
        var id = new LivestreamId(Guid.NewGuid());
        var viewers = new LiveViewers(id, _services.GetRequiredService<ViewerTokens>(), new ViewerCountingOptions(), _clock);
        var packager = (HlsPackager)_services.GetRequiredService<IPackaging>().Open(id, _clock.GetUtcNow(), viewers);
        var source = new SyntheticSource { PictureBytes = 8_000 };
        packager.SetTracks(source.Tracks);
        Assert.False(packager.IsPlayable);
        Push(packager, source, 24);
        Assert.True(packager.IsPlayable);
        Assert.Equal(id, packager.Program.LivestreamId);
        Assert.Same(viewers, packager.Program.Viewers);
        await UntilAsync(() => Directory.EnumerateFiles(_folder.Path, "*.m4s", SearchOption.AllDirectories).Any());

        packager.Interrupt();
        packager.SetTracks(source.Tracks);
        packager.MarkDiscontinuity();
        Push(packager, source with { Start = TimeSpan.FromSeconds(30) }, 5);
        packager.End();
        Assert.True(packager.Program.Stream.IsEnded);
        var text = System.Text.Encoding.UTF8.GetString(packager.Program.Stream.Renditions[0].GetPlaylist(default).Value!.Bytes);
        Assert.Single(MediaPlaylist.Read(text).Segments, segment => segment.IsDiscontinuity);

        await packager.DisposeAsync();
        await UntilAsync(() => !Directory.EnumerateFileSystemEntries(_folder.Path).Any());
    }

    [Fact]
    public async Task Part_latency_is_measured_from_the_last_frame()
    {
        var latencies = new List<double>();
        var meters = _services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, enabler) =>
            {
                if (instrument.Name == "roomcast.livestreams.part_latency" && instrument.Meter.Scope == meters)
                {
                    enabler.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => latencies.Add(value));
        listener.Start();
        var id = new LivestreamId(Guid.NewGuid());
        var viewers = new LiveViewers(id, _services.GetRequiredService<ViewerTokens>(), new ViewerCountingOptions(), _clock);
        await using var packager = _services.GetRequiredService<IPackaging>().Open(id, _clock.GetUtcNow(), viewers);
        var source = new SyntheticSource { Sound = null };
        packager.SetTracks(source.Tracks);
        Push(packager, source, 4);

        // The first segment was held back to learn from it. After that a part is there one frame after its last frame.
        Assert.Equal(3, latencies.Count);
        Assert.All(latencies, latency => Assert.Equal(1 / 30.0, latency, 0.01));
    }

    public void Dispose()
    {
        _services.Dispose();
        _folder.Dispose();
    }

    private void Push(IPackager packager, SyntheticSource source, double seconds)
    {
        var start = _clock.Elapsed;
        foreach (var frame in source.Frames(TimeSpan.FromSeconds(seconds)))
        {
            var at = start + (frame.DecodeTime.SinceStart - source.Start);
            if (at > _clock.Elapsed)
            {
                _clock.Advance(at - _clock.Elapsed);
            }

            packager.Push(frame);
            frame.Release();
        }
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var look = 0; !isSo() && look < 1_000; look++)
        {
            await Task.Delay(10);
        }

        Assert.True(isSo(), "What was waited for has not come.");
    }
}
