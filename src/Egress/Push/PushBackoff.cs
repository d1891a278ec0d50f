using System.Security.Cryptography;

namespace Roomcast.Egress.Push;

/// <summary>How long to wait before the next attempt: 1, 2, 4 … 30 s, and never just that long, so that pushes which failed together do not return together.</summary>
internal static class PushBackoff
{
    /// <summary>After so much time of publishing the count begins anew.</summary>
    public static readonly TimeSpan Health = TimeSpan.FromMinutes(1);

    private const int LongestMs = 30_000;
    private const int JitterPercent = 20;

    /// <summary>The wait after so many failures in a row.</summary>
    /// <param name="failures">1 or more.</param>
    /// <returns>Up to a fifth more or less than the plain step.</returns>
    public static TimeSpan After(int failures)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failures, 1);
        var step = Math.Min(LongestMs, 1_000 << Math.Min(failures - 1, 10));
        var jitter = RandomNumberGenerator.GetInt32(100 - JitterPercent, 100 + JitterPercent + 1);
        return TimeSpan.FromMilliseconds(step * (long)jitter / 100);
    }
}
