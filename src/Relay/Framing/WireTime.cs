namespace Roomcast.Relay.Framing;

/// <summary>Times on the wire: seconds since 1970 as a number, rounded to milliseconds.</summary>
internal static class WireTime
{
    /// <summary>A moment.</summary>
    public static double Of(DateTimeOffset at) => Math.Round((at - DateTimeOffset.UnixEpoch).TotalSeconds, 3);

    /// <summary>What lies between two moments, of their rounded forms, so that what a client computes agrees.</summary>
    public static double Between(DateTimeOffset from, DateTimeOffset to) => Math.Max(0, Math.Round(Of(to) - Of(from), 3));
}
