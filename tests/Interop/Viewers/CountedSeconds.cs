namespace Roomcast.Interop.Viewers;

/// <summary>The promise about watched time: right within 5 % or 2 s, whichever is more.</summary>
internal static class CountedSeconds
{
    /// <summary>Holds a figure to the promise. It is that of a livestream session: of one viewer, or of all of them together.</summary>
    public static void AssertRight(double counted, double truth)
    {
        var allowed = Math.Max(0.05 * truth, 2);
        Assert.InRange(counted, truth - allowed, truth + allowed);
    }
}
