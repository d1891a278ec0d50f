using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Roomcast.TestKit;
using Roomcast.TestKit.Server;

namespace Roomcast.Server.Tests.Running;

public class DrainTests
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
            await using var livestream = await PublishedLivestream.StartAsync(server, api);
            id = livestream.Id;
            var (address, playlist) = await livestream.OpenAsync();
            Assert.DoesNotContain("#EXT-X-ENDLIST", playlist, StringComparison.Ordinal);

            // A request for the segment after the one that grows is held until then, and answered by the end.
            var held = server.Http.GetStringAsync(PublishedLivestream.AfterNext(address, playlist));
            await Task.Delay(300);
            Assert.False(held.IsCompleted);

            server.Terminate();

            Assert.Contains("#EXT-X-ENDLIST", await held, StringComparison.Ordinal);
            await livestream.Encoder.Ended.WaitAsync(TimeSpan.FromSeconds(10));
            Assert.Equal(0, (await server.WaitForExitAsync()).ExitCode);
        }

        await using var again = await RoomcastProcess.StartAsync(start);
        using var client = again.CreateApiClient();
        var answer = await client.GetFromJsonAsync<JsonNode>(new Uri($"{again.AppPath}/livestreams/{id}", UriKind.Relative));
        Assert.Equal("IDLE", (string)answer!["data"]!["livestream"]!["status"]!);
        var session = answer["data"]!["sessions"]![0]!;
        Assert.NotNull((string?)session["stopped_time"]);
        Assert.True((double)session["ingest_seconds"]! > 1);
    }
}
