using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Running;

/// <summary>How modest the process is when others want the processor.</summary>
internal static partial class Niceness
{
    private const int OfProcess = 0;

    /// <summary>Sets it for this thread and those it starts: on Linux, niceness is each thread's own. What the system refuses is left as it is.</summary>
    /// <param name="nice">0 to 19; 19 is the most modest.</param>
    public static void Set(int nice) => _ = SetPriority(OfProcess, 0, nice);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);
}
