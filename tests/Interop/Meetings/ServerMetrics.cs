using System.Globalization;

namespace Roomcast.Interop.Meetings;

/// <summary>What the server says of itself at <c>/metrics</c>.</summary>
internal static class ServerMetrics
{
    /// <summary>The sum of a metric over its labels; 0 while there is none.</summary>
    /// <param name="server">The server.</param>
    /// <param name="name">How its lines begin: its name, and labels where only some of it are wanted.</param>
    public static async Task<long> SumAsync(MeetingServer server, string name)
    {
        var metrics = await server.Server.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return metrics.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal))
            .Sum(line => (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>Waits until it is as wanted.</summary>
    public static async Task WaitAsync(MeetingServer server, string name, Func<long, bool> isWanted)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (await SumAsync(server, name) is var value && !isWanted(value))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"{name} is {value}.\n{server.Server.Errors}");
            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }
    }
}
