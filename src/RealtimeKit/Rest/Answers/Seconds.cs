namespace Roomcast.RealtimeKit.Rest.Answers;

/// <summary>Durations as this API tells them: seconds, to the millisecond.</summary>
internal static class Seconds
{
    public static double Rounded(double seconds) => Math.Round(seconds, 3, MidpointRounding.AwayFromZero);
}
