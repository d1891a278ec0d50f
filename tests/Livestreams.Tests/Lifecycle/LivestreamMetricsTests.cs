using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Livestreams.Lifecycle;

namespace Roomcast.Livestreams.Tests.Lifecycle;

public sealed class LivestreamMetricsTests
{
    [Fact]
    public void Dropped_frames_stay_counted_when_their_time_on_air_is_over()
    {
        using var services = new ServiceCollection().AddMetrics().AddSingleton<LivestreamMetrics>().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        var metrics = services.GetRequiredService<LivestreamMetrics>();
        var dropped = -1L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Scope == factory && instrument.Name == "roomcast.livestreams.packager_dropped")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => dropped = value);
        listener.Start();

        Assert.Equal(0, Read());
        metrics.Retire(5);
        Assert.Equal(5, Read());
        metrics.Retire(0);
        metrics.Retire(2);
        Assert.Equal(7, Read());

        long Read()
        {
            listener.RecordObservableInstruments();
            return dropped;
        }
    }
}
