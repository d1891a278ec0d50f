using System.Diagnostics.Metrics;
using System.Text;
using Roomcast.Server.Listening;

namespace Roomcast.Server.Observability.Metrics;

/// <summary>Listens to the meters worth watching and writes their state in the Prometheus text format.</summary>
internal sealed class MetricsPage : IDisposable
{
    /// <summary>The meters that are shown, besides our own.</summary>
    public static readonly IReadOnlyList<string> FrameworkMeters =
        ["System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql"];

    /// <summary>What the names of our own meters begin with.</summary>
    public const string OwnMeters = "Roomcast.";

    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly ILogger _logger;
    private readonly SortedDictionary<string, (MetricFamily Family, bool IsObservable)> _families = new(StringComparer.Ordinal);

    public MetricsPage(ILogger<MetricsPage> logger)
    {
        _logger = logger;
        _listener.InstrumentPublished = Watch;
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, family) => ((MetricFamily)family!).Record((double)value, tags));
        _listener.Start();
    }

    /// <summary>Measures what is observed and writes everything.</summary>
    public string Write()
    {
        lock (_lock)
        {
            foreach (var (family, isObservable) in _families.Values)
            {
                if (isObservable)
                {
                    family.ExpectObservations();
                }
            }

            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException faults)
            {
                // The others were asked all the same: only those that failed are missing.
                foreach (var fault in faults.InnerExceptions)
                {
                    ServerLog.InstrumentFailed(_logger, fault);
                }
            }

            var text = new StringBuilder(32 << 10);
            foreach (var (family, isObservable) in _families.Values)
            {
                family.WriteTo(text, isObservable);
            }

            return text.ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Watch(Instrument instrument, MeterListener listener)
    {
        if (!instrument.Meter.Name.StartsWith(OwnMeters, StringComparison.Ordinal) && !FrameworkMeters.Contains(instrument.Meter.Name))
        {
            return;
        }

        MetricFamily family;
        lock (_lock)
        {
            // A meter made twice, for example by two hosts in one test process, adds to the same family.
            var fresh = new MetricFamily(instrument);
            family = _families.TryGetValue(fresh.Name, out var known) ? known.Family : fresh;
            if (family.Kind != fresh.Kind)
            {
                return;
            }

            _families[family.Name] = (family, instrument.IsObservable);
        }

        listener.EnableMeasurementEvents(instrument, family);
    }
}
