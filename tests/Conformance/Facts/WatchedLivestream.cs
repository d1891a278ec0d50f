using System.Globalization;
using System.Text.Json.Nodes;
using Roomcast.Conformance.Running;
using Roomcast.TestKit.Webhooks;

namespace Roomcast.Conformance.Facts;

/// <summary>A livestream from all its sides: what the routes say, what webhooks were told, and what players are given.</summary>
/// <param name="server">The server that runs now; another one after a restart.</param>
/// <param name="receiver">The receiver of its webhooks.</param>
/// <param name="livestream">As it was answered when it was made.</param>
public sealed class WatchedLivestream(Func<RunningServer> server, TestReceiver receiver, JsonNode livestream)
{
    public string Id => (string)livestream["id"]!;

    /// <summary>Where an encoder publishes to, with the key. The port is another one after a restart; the key is not.</summary>
    public string IngestAddress => $"{Server.Process.RtmpBase.AbsoluteUri.TrimEnd('/')}/live/{(string)livestream["stream_key"]!}";

    private RunningServer Server => server();

    /// <summary>What was told of it, in the order it came, each delivery once.</summary>
    public string[] Told() =>
    [
        .. receiver.Received.DistinctBy(each => each.DeliveryId).Where(each => (string)each.Payload["streamId"]! == Id).Select(each => (string)each.Payload["status"]!),
    ];

    /// <summary>Waits until so much was told, and answers what was told then.</summary>
    public async Task<string> ToldAsync(int count)
    {
        await Server.UntilAsync(() => Told().Length >= count, $"{count} events came");
        return Told()[count - 1];
    }

    public async Task<string> StatusAsync() => (string)(await Server.GetAsync($"/livestreams/{Id}"))["livestream"]!["status"]!;

    public async Task<string> ActiveSessionAsync() =>
        (string)(await Server.GetAsync($"/livestreams/{Id}/active-livestream-session"))["session"]!["id"]!;

    /// <summary>Waits until routes, webhooks and playlist say that it is on air.</summary>
    public async Task LiveAsync(int told = 2)
    {
        await Server.UntilAsync($"/livestreams/{Id}", each => (string)each["livestream"]!["status"]! == "LIVE");
        Assert.Equal("LIVE", await ToldAsync(told));
        await PlaylistUntilAsync(text => Sequences(text) > 0);
    }

    /// <summary>Waits until more can be played than could.</summary>
    public async Task GoesOnAsync()
    {
        var seen = Sequences(await PlaylistUntilAsync(_ => true));
        await PlaylistUntilAsync(text => Sequences(text) > seen && !text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal));
    }

    /// <summary>Waits until players are told that it is over, and then holds routes and webhooks to it.</summary>
    /// <param name="session">The livestream session that is over; answered as it is now.</param>
    /// <param name="expected">All that was told of the livestream.</param>
    public async Task<JsonNode> AssertOfflineAsync(string session, params string[] expected)
    {
        await PlaylistUntilAsync(text => text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal));
        return await AssertStoppedAsync(session, expected);
    }

    /// <summary>Holds routes and webhooks to its being off air.</summary>
    public async Task<JsonNode> AssertStoppedAsync(string session, params string[] expected)
    {
        Assert.Equal("OFFLINE", await ToldAsync(expected.Length));
        Assert.Equal(expected, Told());
        Assert.Equal("IDLE", await StatusAsync());
        var none = await Server.CallAsync(HttpMethod.Get, $"{Server.AppPath}/livestreams/{Id}/active-livestream-session", Server.Token);
        Assert.Equal((404, 40404), (none.Status, none.Code));
        var ended = await Server.GetAsync($"/livestreams/sessions/{session}");
        Assert.NotNull(ended["stopped_time"]);
        return ended;
    }

    /// <summary>Fetches the media playlist until it is as wanted.</summary>
    public async Task<string> PlaylistUntilAsync(Func<string, bool> isSo)
    {
        ArgumentNullException.ThrowIfNull(isSo);
        using var http = new HttpClient();
        var began = TimeProvider.System.GetTimestamp();
        var main = new Uri(Server.Process.HttpBase, new Uri((string)livestream["playback_url"]!).AbsolutePath);
        for (var last = ""; ;)
        {
            using var listed = await http.GetAsync(main);
            if (listed.IsSuccessStatusCode)
            {
                var media = (await listed.Content.ReadAsStringAsync()).Split('\n').First(line => line.Length > 0 && line[0] != '#');
                using var answer = await http.GetAsync(new Uri(main, media.Trim()));
                last = await answer.Content.ReadAsStringAsync();
                if (answer.IsSuccessStatusCode && isSo(last))
                {
                    return last;
                }
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < RunningServer.Patience, $"The playlist:\n{last}\n{Server.Process.Errors}");
            await Task.Delay(200);
        }
    }

    /// <summary>The number of the last segment, counted from 1; 0 without any.</summary>
    public static long Sequences(string playlist)
    {
        ArgumentNullException.ThrowIfNull(playlist);
        var lines = playlist.Split('\n');
        const string Sequence = "#EXT-X-MEDIA-SEQUENCE:";
        var first = lines.FirstOrDefault(line => line.StartsWith(Sequence, StringComparison.Ordinal)) ?? Sequence + "0";
        var count = lines.Count(line => line.StartsWith("#EXTINF:", StringComparison.Ordinal));
        return count == 0 ? 0 : count + long.Parse(first.AsSpan(Sequence.Length), CultureInfo.InvariantCulture);
    }
}
