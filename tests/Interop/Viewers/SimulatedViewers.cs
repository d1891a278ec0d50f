using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Roomcast.Interop.Viewers;

/// <summary>Players reduced to what they ask for: playlists and heartbeats, as each kind of player does.</summary>
internal static class SimulatedViewers
{
    /// <summary>A plain HLS player: its own media playlist every 2 s.</summary>
    public static async Task PollAsync(HttpClient http, Uri playback, Stopwatch watching, CancellationToken leaving)
    {
        var media = await OpenAsync(http, playback, leaving);
        watching.Start();
        while (!leaving.IsCancellationRequested)
        {
            _ = await http.GetStringAsync(media, leaving);
            await Task.Delay(2_000, leaving);
        }
    }

    /// <summary>A low-latency player: asks for each next part before it is there, and is held.</summary>
    public static async Task PollBlockingAsync(HttpClient http, Uri playback, Stopwatch watching, CancellationToken leaving)
    {
        var media = await OpenAsync(http, playback, leaving);
        watching.Start();
        var playlist = await http.GetStringAsync(media, leaving);
        while (!leaving.IsCancellationRequested)
        {
            var (msn, part) = NextPartOf(playlist);
            playlist = await http.GetStringAsync(new Uri(media, string.Create(CultureInfo.InvariantCulture, $"?_HLS_msn={msn}&_HLS_part={part}")), leaving);
        }
    }

    /// <summary>A page with heartbeats: the shared playlist, a heartbeat per interval, and a goodbye.</summary>
    public static async Task BeatAsync(HttpClient http, Uri playback, Stopwatch watching, CancellationToken leaving)
    {
        var media = await OpenAsync(http, new Uri(playback, "index.m3u8?viewer=beacon"), leaving);
        using var added = await http.PostAsync(new Uri(playback, "viewers"), content: null, leaving);
        var ticket = await added.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(leaving);
        var (viewer, token) = (ticket.GetProperty("viewer").GetString(), ticket.GetProperty("token").GetString());
        var interval = TimeSpan.FromSeconds(ticket.GetProperty("interval_seconds").GetDouble());
        try
        {
            var nextBeat = TimeSpan.Zero;
            var began = TimeProvider.System.GetTimestamp();
            watching.Start();
            while (!leaving.IsCancellationRequested)
            {
                if (TimeProvider.System.GetElapsedTime(began) >= nextBeat)
                {
                    nextBeat += interval;
                    using var beat = await http.PostAsJsonAsync(
                        new Uri(playback, $"viewers/{viewer}/heartbeat"), new { token, state = "playing", player = "hls.js" }, leaving);
                    beat.EnsureSuccessStatusCode();
                }

                _ = await http.GetStringAsync(media, leaving);
                await Task.Delay(500, leaving);
            }
        }
        finally
        {
            using var left = await http.PostAsJsonAsync(new Uri(playback, $"viewers/{viewer}/leave"), new { token }, CancellationToken.None);
            left.EnsureSuccessStatusCode();
        }
    }

    /// <summary>Runs a viewer for a time, and tells how long it really watched; its end by our wish is no fault.</summary>
    public static async Task<TimeSpan> WatchAsync(
        Func<HttpClient, Uri, Stopwatch, CancellationToken, Task> viewer, HttpClient http, Uri playback, TimeSpan time)
    {
        using var leaving = new CancellationTokenSource(time);
        var watching = new Stopwatch();
        leaving.Token.Register(watching.Stop);
        try
        {
            await viewer(http, playback, watching, leaving.Token);
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            // It left.
        }

        return watching.Elapsed;
    }

    private static async Task<Uri> OpenAsync(HttpClient http, Uri playback, CancellationToken leaving)
    {
        var multivariant = await http.GetStringAsync(playback, leaving);
        return new Uri(playback, multivariant.Split('\n').First(line => line.Length > 0 && line[0] != '#').Trim());
    }

    private static (long Msn, int Part) NextPartOf(string playlist)
    {
        long msn = 0;
        var parts = 0;
        foreach (var line in playlist.Split('\n'))
        {
            if (line.StartsWith("#EXT-X-MEDIA-SEQUENCE:", StringComparison.Ordinal))
            {
                msn = long.Parse(line["#EXT-X-MEDIA-SEQUENCE:".Length..], CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("#EXTINF:", StringComparison.Ordinal))
            {
                msn++;
                parts = 0;
            }
            else if (line.StartsWith("#EXT-X-PART:", StringComparison.Ordinal))
            {
                parts++;
            }
        }

        return (msn, parts);
    }
}
