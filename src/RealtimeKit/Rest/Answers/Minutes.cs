namespace Roomcast.RealtimeKit.Rest.Answers;

/// <summary>Longer durations as this API tells them: minutes, to the thousandth.</summary>
internal static class Minutes
{
    public static double Rounded(TimeSpan time) => Math.Round(time.TotalMinutes, 3, MidpointRounding.AwayFromZero);
}
