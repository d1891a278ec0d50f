using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Server;

namespace Roomcast.Server.Tests.Running;

public partial class DrainTests
{
    [Fact]
    public async Task Draining_ends_livestreams_for_viewers_and_encoders_and_keeps_their_figures()
    {
        using var folder = new TemporaryFolder();
        var start = new RoomcastStart { DataFolder = folder.PathOf("data") };
        string id;
        await using (var server = await RoomcastProcess.StartAsync(start))
        {
            using var api = server.CreateApiClient();
            var livestream = await MakeLivestreamAsync(server, api);
            id = (string)livestream["id"]!;
            await using var encoder = await RtmpPublisher.ConnectAsync($"{server.RtmpBase.OriginalString}/live/{(string)livestream["stream_key"]!}");
            var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(60) });
            using var stop = new CancellationTokenSource();
            var publishing = encoder.PublishAsync(media, speed: 1, stop.Token);

            var (address, playlist) = await WaitForPlaylistAsync(server, (string)livestream["playback_url"]!);
            Assert.DoesNotContain("#EXT-X-ENDLIST", playlist, StringComparison.Ordinal);
            var next = int.Parse(FirstNumber().Match(playlist).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)
                + playlist.Split("#EXTINF").Length - 1;

            // A request for the segment after the one that grows is held until then, and answered by the end.
            var held = server.Http.GetStringAsync(new Uri($"{address}?_HLS_msn={next + 1}"));
            await Task.Delay(300);
            Assert.False(held.IsCompleted);

            server.Terminate();

            Assert.Contains("#EXT-X-ENDLIST", await held, StringComparison.Ordinal);
            await encoder.Ended.WaitAsync(TimeSpan.FromSeconds(10));
            Assert.Equal(0, (await server.WaitForExitAsync()).ExitCode);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => publishing);
        }

        await using var again = await RoomcastProcess.StartAsync(start);
        using var client = again.CreateApiClient();
        var answer = await client.GetFromJsonAsync<JsonNode>(new Uri($"{again.AppPath}/livestreams/{id}", UriKind.Relative));
        Assert.Equal("IDLE", (string)answer!["data"]!["livestream"]!["status"]!);
        var session = answer["data"]!["sessions"]![0]!;
        Assert.NotNull((string?)session["stopped_time"]);
        Assert.True((double)session["ingest_seconds"]! > 1);
    }

    private static async Task<JsonNode> MakeLivestreamAsync(RoomcastProcess server, HttpClient api)
    {
        using var answer = await api.PostAsJsonAsync(new Uri($"{server.AppPath}/livestreams", UriKind.Relative), new { name = "Drained" });
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonNode>())!["data"]!;
    }

    private static async Task<(Uri Address, string Playlist)> WaitForPlaylistAsync(RoomcastProcess server, string playbackUrl)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            using var answer = await server.Http.GetAsync(new Uri(playbackUrl));
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                var multivariant = await answer.Content.ReadAsStringAsync();
                var address = new Uri(new Uri(playbackUrl), multivariant.Split('\n').Last(line => line.Length > 0 && line[0] != '#'));
                var playlist = await server.Http.GetStringAsync(address);
                if (playlist.Contains("#EXTINF", StringComparison.Ordinal))
                {
                    return (address, playlist);
                }
            }

            await Task.Delay(200);
        }

        throw new TimeoutException($"There is no playlist:\n{server.Errors}");
    }

    [GeneratedRegex("#EXT-X-MEDIA-SEQUENCE:([0-9]+)")]
    private static partial Regex FirstNumber();
}
