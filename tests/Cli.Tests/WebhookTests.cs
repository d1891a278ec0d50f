using System.Net.Http.Json;
using Roomcast.TestKit.Webhooks;

namespace Roomcast.Cli.Tests;

[Collection(nameof(ToolServer))]
public class WebhookTests(ToolServer server)
{
    [Fact]
    public async Task Deliveries_are_written_as_they_happen()
    {
        await using var receiver = await TestReceiver.StartAsync();
        using var api = server.Process.CreateApiClient();
        using var made = await api.PostAsJsonAsync(
            server.Process.AppPath + "/webhooks", new { name = "Mine", url = receiver.Address, events = new[] { "livestreaming.statusUpdate" } });
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        await using var tail = server.Start("webhooks", "tail", "--since", "1", "--payload", "--json");

        var livestream = await server.CreateLivestreamAsync("Announced");

        await tail.WaitForAsync("\"DELIVERED\"");
        tail.Interrupt();
        var told = (await tail.WaitAsync()).Expect(0);
        var delivered = told.Objects.Last(each => (string?)each["status"] == "DELIVERED");
        Assert.Equal(("livestreaming.statusUpdate", 1, 200), ((string)delivered["event"]!, (int)delivered["attempts"]!, (int)delivered["last_status"]!));
        Assert.Contains(told.Objects, each => each["payload"]!.ToJsonString().Contains(livestream, StringComparison.Ordinal));
        Assert.Contains(receiver.Received, received => received.DeliveryId == (string)delivered["id"]!);
    }

    [Fact]
    public async Task It_ends_after_a_time_and_refuses_a_webhook_that_is_not_there()
    {
        (await server.RunAsync("webhooks", "tail", "--duration", "1")).Expect(0);
        (await server.RunAsync("webhooks", "tail", "--webhook", Guid.NewGuid().ToString())).Expect(5);
    }
}
