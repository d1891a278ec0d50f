using System.Globalization;

namespace Roomcast.Cli.Load;

/// <summary>What this process uses, and what it may use: what a load tool must know to say when it measures itself.</summary>
internal sealed class OwnFigures(TimeProvider time)
{
    private TimeSpan _processor = Environment.CpuUsage.TotalTime;
    private long _at = time.GetTimestamp();

    /// <summary>Files and sockets that may be open at once; null where the system does not say.</summary>
    public static long? MaxFiles { get; } = ReadMaxFiles();

    /// <summary>Memory in use, in bytes.</summary>
    public static long Memory => Environment.WorkingSet;

    /// <summary>Sockets that are open.</summary>
    public static int Sockets
    {
        get
        {
            try
            {
                return Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(static entry =>
                    File.ResolveLinkTarget(entry, returnFinalTarget: false)?.Name.StartsWith("socket:", StringComparison.Ordinal) == true);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                return 0; // One that was closed meanwhile, or a system without this folder.
            }
        }
    }

    /// <summary>Share of all processors that was used since the last call, 0 to 1.</summary>
    public double TakeProcessorShare()
    {
        var used = Environment.CpuUsage.TotalTime;
        var now = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(_at, now) * Environment.ProcessorCount;
        var share = elapsed > TimeSpan.Zero ? (used - _processor) / elapsed : 0;
        (_processor, _at) = (used, now);
        return Math.Clamp(share, 0, 1);
    }

    private static long? ReadMaxFiles()
    {
        const string Limits = "/proc/self/limits";
        var line = File.Exists(Limits) ? File.ReadLines(Limits).FirstOrDefault(static line => line.StartsWith("Max open files", StringComparison.Ordinal)) : null;
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var soft, ..] && long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var files)
            ? files
            : null;
    }
}
