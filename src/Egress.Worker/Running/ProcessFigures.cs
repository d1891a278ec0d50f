using System.Diagnostics;

namespace Roomcast.Egress.Worker.Running;

/// <summary>What this process uses.</summary>
internal sealed class ProcessFigures
{
    private TimeSpan _used;
    private long _readAt;

    /// <summary>Reads it.</summary>
    /// <param name="time">The clock.</param>
    /// <returns>Share of one processor used since the last reading, 0 in the first; resident memory in bytes.</returns>
    public (double Cpu, long MemoryBytes) Read(TimeProvider time)
    {
        var used = Environment.CpuUsage.TotalTime;
        var now = time.GetTimestamp();
        var elapsed = _readAt == 0 ? TimeSpan.Zero : time.GetElapsedTime(_readAt, now);
        var cpu = elapsed > TimeSpan.Zero ? (used - _used) / elapsed : 0;
        (_used, _readAt) = (used, now);
        using var process = Process.GetCurrentProcess();
        return (Math.Round(cpu, 3), process.WorkingSet64);
    }
}
