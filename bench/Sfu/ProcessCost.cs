using System.Globalization;

namespace Roomcast.Bench.Sfu;

/// <summary>What a process has cost so far, as the kernel counts it.</summary>
/// <param name="CpuSeconds">User and system time.</param>
/// <param name="ResidentBytes">Memory in use.</param>
internal readonly record struct ProcessCost(double CpuSeconds, long ResidentBytes)
{
    private const double TicksPerSecond = 100; // sysconf(_SC_CLK_TCK), which Linux fixes.

    /// <summary>Reads it.</summary>
    public static ProcessCost Of(int processId)
    {
        // proc(5): the second field is the name in parentheses; utime and stime are the 14th and 15th.
        var stat = File.ReadAllText($"/proc/{processId}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        var resident = File.ReadLines($"/proc/{processId}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        var kilobytes = long.Parse(resident.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        return new ProcessCost(ticks / TicksPerSecond, kilobytes * 1_024);
    }
}
