using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Roomcast.TestKit;
using Roomcast.TestKit.Server;
using Roomcast.TestKit.Webhooks;

namespace Roomcast.Server.Tests.Running;

/// <summary>What webhooks get of a server that is killed: all that it had acknowledged, and nothing under two ids.</summary>
public sealed class KilledWebhookTests
{
    private static readonly string[] Settings = ["--webhook-private-networks", "127.0.0.0/8", "--webhook-retries", "200ms, 200ms, 200ms, 200ms, 200ms, 1s, 1s, 1s"];

    [Fact]
    public async Task After_a_kill_nothing_acknowledged_is_lost_and_nothing_is_sent_under_a_new_id()
    {
        // The receiver answers every other request, so that there is always something to send again when the server dies.
        var requests = 0;
        await using var receiver = await TestReceiver.StartAsync((_, context) =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref requests) % 2 == 0 ? 500 : 200;
            return Task.CompletedTask;
        });
        using var folder = new TemporaryFolder();
        var data = folder.PathOf("data");
        var acknowledged = new List<string>();

        for (var life = 0; life < 3; life++)
        {
            await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data, Arguments = Settings });
            using var api = server.CreateApiClient();
            if (life == 0)
            {
                using var made = await api.PostAsJsonAsync(
                    $"{server.AppPath}/webhooks", new { url = receiver.Address.ToString(), events = new[] { "livestreaming.statusUpdate" } });
                Assert.Equal(201, (int)made.StatusCode);
            }

            for (var i = 0; i < 15; i++)
            {
                using var reply = await api.PostAsJsonAsync($"{server.AppPath}/livestreams", new { name = $"{life} {i}" });
                Assert.Equal(201, (int)reply.StatusCode);
                acknowledged.Add((await reply.Content.ReadFromJsonAsync<JsonObject>())!["data"]!["id"]!.GetValue<string>());
            }

            await server.KillAsync();
        }

        receiver.Answer(200);
        await using var last = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data, Arguments = Settings });
        await receiver.WaitUntilAsync(received => acknowledged.All(received.Select(StreamOf).Contains));

        var ids = receiver.Received.GroupBy(StreamOf).ToDictionary(stream => stream.Key, stream => stream.Select(each => each.DeliveryId).Distinct().Count());
        Assert.Equal(acknowledged.Order(StringComparer.Ordinal), ids.Keys.Order(StringComparer.Ordinal));
        Assert.All(ids.Values, count => Assert.Equal(1, count));
    }

    private static string StreamOf(ReceivedWebhook received) => received.Payload["streamId"]!.GetValue<string>();
}
