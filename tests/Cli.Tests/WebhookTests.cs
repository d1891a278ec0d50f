using System.Net.Http.Json;
using System.Text.Json.Nodes;
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
        var kept = (await api.GetFromJsonAsync<JsonObject>($"{server.Process.AppPath}/webhooks/{delivered["webhook_id"]}/deliveries/{delivered["id"]}"))!["data"]!;
        Assert.True((int)kept["attempts"]! >= 1, kept.ToJsonString());
        Assert.Equal(("livestreaming.statusUpdate", (int)kept["attempts"]!, 200), ((string)delivered["event"]!, (int)delivered["attempts"]!, (int)delivered["last_status"]!));
        Assert.Contains(told.Objects, each => each["payload"]!.ToJsonString().Contains(livestream, StringComparison.Ordinal));
        Assert.Contains(receiver.Received, received => received.DeliveryId == (string)delivered["id"]!);
    }

    [Fact]
    public void What_is_wanted_of_the_past_is_asked_for_at_first_and_then_what_may_still_change()
    {
        var now = new DateTimeOffset(2026, 8, 1, 12, 0, 0, TimeSpan.Zero);
        var hourAgo = now - TimeSpan.FromHours(1);

        Assert.Equal(hourAgo, Commands.WebhooksCommand.FirstOf(hourAgo, now, isFirst: true));
        Assert.Equal(now - TimeSpan.FromMinutes(10), Commands.WebhooksCommand.FirstOf(hourAgo, now, isFirst: false));
        Assert.Equal(now, Commands.WebhooksCommand.FirstOf(now, now, isFirst: false));
    }

    [Fact]
    public async Task It_ends_after_a_time_and_refuses_a_webhook_that_is_not_there()
    {
        (await server.RunAsync("webhooks", "tail", "--duration", "1")).Expect(0);
        (await server.RunAsync("webhooks", "tail", "--webhook", Guid.NewGuid().ToString())).Expect(5);
    }
}
