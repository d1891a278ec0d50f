using System.Diagnostics;
using System.Globalization;

namespace Roomcast.Bench.Delivery;

/// <summary>What the kernel counts for a process and its children.</summary>
internal static class ProcessTime
{
    // sysconf(_SC_CLK_TCK), the same on every Linux.
    private const double TicksPerSecond = 100;

    /// <summary>User and system time so far.</summary>
    public static TimeSpan CpuOf(Process process) =>
        TimeSpan.FromSeconds(WithChildren(process.Id).Sum(TicksOf) / TicksPerSecond);

    /// <summary>Memory in use, in MiB.</summary>
    public static double MemoryOf(Process process) => WithChildren(process.Id).Sum(static id =>
    {
        var line = File.ReadLines($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1_024;
    });

    /// <summary>Keeps a process and its children on some cores; nothing on a machine with one core.</summary>
    public static void Pin(Process process, nint cores)
    {
        if (Environment.ProcessorCount < 2)
        {
            return;
        }

        foreach (var id in WithChildren(process.Id))
        {
            foreach (var thread in Directory.GetDirectories($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/task"))
            {
                using var set = Process.Start(new ProcessStartInfo("taskset", ["-p", cores.ToString("x", CultureInfo.InvariantCulture), Path.GetFileName(thread)])
                {
                    RedirectStandardOutput = true,
                });
                set!.WaitForExit();
            }
        }
    }

    private static List<int> WithChildren(int id)
    {
        List<int> all = [id];
        var children = $"/proc/{id.ToString(CultureInfo.InvariantCulture)}/task/{id.ToString(CultureInfo.InvariantCulture)}/children";
        all.AddRange(File.ReadAllText(children)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(child => int.Parse(child, CultureInfo.InvariantCulture)));
        return all;
    }

    private static double TicksOf(int id)
    {
        // proc(5): behind the name in parentheses, utime and stime are the 12th and 13th.
        var stat = File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
    }
}
