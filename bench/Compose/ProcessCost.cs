using System.Globalization;

namespace Roomcast.Bench.Compose;

/// <summary>What processes have cost so far, as the kernel counts it.</summary>
/// <param name="CpuSeconds">User and system time, of children that have ended too.</param>
/// <param name="Bytes">Memory in use: each page counted once, shared ones by share.</param>
internal readonly record struct ProcessCost(double CpuSeconds, long Bytes)
{
    private const double TicksPerSecond = 100; // sysconf(_SC_CLK_TCK), which Linux fixes.

    /// <summary>Adds up a process and all that descend from it.</summary>
    public static ProcessCost Of(int processId) => OfOne(processId) + OfChildren(processId);

    /// <summary>Adds up all that descend from a process, without the process itself.</summary>
    public static ProcessCost OfChildren(int processId)
    {
        var cost = default(ProcessCost);
        foreach (var child in Children(processId))
        {
            cost += Of(child);
        }

        return cost;
    }

    public static ProcessCost operator +(ProcessCost one, ProcessCost other) => new(one.CpuSeconds + other.CpuSeconds, one.Bytes + other.Bytes);

    private static List<int> Children(int processId)
    {
        try
        {
            return Directory.EnumerateDirectories($"/proc/{processId}/task")
                .SelectMany(static thread => File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(static id => int.Parse(id, CultureInfo.InvariantCulture)).ToList();
        }
        catch (IOException)
        {
            return []; // It has ended meanwhile.
        }
    }

    private static ProcessCost OfOne(int processId)
    {
        try
        {
            // proc(5): the second field is the name in parentheses; utime, stime, cutime and cstime are the 14th to 17th.
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = Enumerable.Range(11, 4).Sum(field => long.Parse(fields[field], CultureInfo.InvariantCulture));
            var share = File.ReadLines($"/proc/{processId}/smaps_rollup").First(static line => line.StartsWith("Pss:", StringComparison.Ordinal));
            return new ProcessCost(ticks / TicksPerSecond, long.Parse(share.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1_024);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return default; // It has ended meanwhile.
        }
    }
}
