using System.Buffers.Text;

namespace Roomcast.Egress.Composition;

/// <summary>Tells how busy the machine is.</summary>
internal interface IMachineLoad
{
    /// <summary>Processors there are for this program.</summary>
    int Processors { get; }

    /// <summary>Processors that were busy between the last two samples; null when that is not known.</summary>
    double? Busy { get; }

    /// <summary>Takes a sample.</summary>
    void Sample();
}

/// <summary>How busy the machine is, by what Linux counts since its start (proc(5), /proc/stat). Thread-safe.</summary>
internal sealed class MachineLoad(TimeProvider time) : IMachineLoad
{
    private const string Path = "/proc/stat";
    private const double TicksPerSecond = 100; // USER_HZ, which Linux keeps at 100 towards programs.

    private static readonly TimeSpan LeastBetween = TimeSpan.FromSeconds(0.5);

    private readonly Lock _lock = new();
    private double? _busyTicks;
    private long _sampledAt;

    /// <inheritdoc/>
    public int Processors => Environment.ProcessorCount;

    /// <inheritdoc/>
    public double? Busy { get; private set; }

    /// <inheritdoc/>
    public void Sample()
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var elapsed = time.GetElapsedTime(_sampledAt, now);
            if (_busyTicks is not null && elapsed < LeastBetween)
            {
                return;
            }

            var busy = ReadBusy();
            Busy = busy is not null && _busyTicks is { } before ? Math.Max(0, (busy.Value - before) / TicksPerSecond / elapsed.TotalSeconds) : null;
            (_busyTicks, _sampledAt) = (busy, now);
        }
    }

    /// <summary>Reads the first line of /proc/stat: <c>cpu user nice system idle iowait irq softirq steal …</c>. Null when it is another.</summary>
    internal static double? ReadBusy(ReadOnlySpan<byte> stat)
    {
        if (!stat.StartsWith("cpu "u8))
        {
            return null;
        }

        var rest = stat[4..].TrimStart((byte)' ');
        long busy = 0;
        for (var field = 0; field < 8; field++)
        {
            if (!Utf8Parser.TryParse(rest, out long value, out var length))
            {
                return null;
            }

            const int idle = 3;
            const int waiting = 4;
            busy += field is idle or waiting ? 0 : value;
            rest = rest[length..].TrimStart((byte)' ');
        }

        return busy;
    }

    private static double? ReadBusy()
    {
        try
        {
            using var file = File.OpenRead(Path);
            Span<byte> bytes = stackalloc byte[512];
            return ReadBusy(bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)]);
        }
        catch (IOException)
        {
            return null; // Not Linux, or hidden from us: judged by the workers' own figures then.
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
