using System.Globalization;

namespace Roomcast.Bench.Push;

/// <summary>What processes have cost so far, as the kernel counts it.</summary>
/// <param name="CpuSeconds">User and system time.</param>
/// <param name="ResidentBytes">Memory in use.</param>
internal readonly record struct ProcessCost(double CpuSeconds, long ResidentBytes)
{
    private const double TicksPerSecond = 100; // sysconf(_SC_CLK_TCK), which Linux fixes.

    /// <summary>Adds up a process and its children, of which nginx has one for each worker.</summary>
    public static ProcessCost Of(int processId)
    {
        var cost = OfOne(processId);
        foreach (var child in Children(processId))
        {
            var more = OfOne(child);
            cost = new ProcessCost(cost.CpuSeconds + more.CpuSeconds, cost.ResidentBytes + more.ResidentBytes);
        }

        return cost;
    }

    private static IEnumerable<int> Children(int processId) =>
        File.ReadAllText($"/proc/{processId}/task/{processId}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(static id => int.Parse(id, CultureInfo.InvariantCulture));

    private static ProcessCost OfOne(int processId)
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
