using System.Text.Json.Nodes;
using Roomcast.Relay.Tests.Hosting;

namespace Roomcast.Relay.Tests.Rooms;

/// <summary>Screens that members show, which are members of their own.</summary>
public sealed class ScreenTests : IAsyncLifetime
{
    private RelayHost _host = null!;

    public async Task InitializeAsync() => _host = await RelayHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("video.member.video_mute")]
    [InlineData("video.member.remove")]
    public async Task A_screen_is_a_member_beside_who_shows_it_until_it_is_muted_or_removed(string method)
    {
        await using var client = await RelayClient.ConnectAsync(_host);
        await using var ada = await SendingGuest.JoinAsync(_host, await _host.NewMeetingAsync("Screen"), "Ada");
        await client.SubscribeAsync($"room.{ada.SessionId}", "video.member.joined", "video.member.left", "video.layout.changed");
        await ada.ShowScreenAsync();
        var screen = (await client.HearAsync("video.member.joined"))["member"]!;
        var id = (string)screen["id"]!;
        Assert.Equal(("screen", ada.Id, "Ada"), ((string)screen["type"]!, (string)screen["parent_id"]!, (string)screen["name"]!));
        Assert.NotEqual(ada.Id, id);

        // It has a layer of its own, before the one of her camera.
        var layout = await client.HearAsync("video.layout.changed", each => Layers(each).Contains(id));
        Assert.Equal([id, ada.Id], Layers(layout));

        // It goes and she stays, with her camera; shown again it is the same member.
        Assert.Equal("200", await client.CodeOfAsync(method, ada.SessionId, new JsonObject { ["member_id"] = id }));
        var left = (await client.HearAsync("video.member.left"))["member"]!;
        Assert.Equal((id, "screen"), ((string)left["id"]!, (string)left["type"]!));
        var members = (await client.AskAsync("video.members.get", new JsonObject { ["room_session_id"] = ada.SessionId }))["result"]!["members"]!.AsArray();
        var stayed = Assert.Single(members)!;
        Assert.Equal((ada.Id, false), ((string)stayed["id"]!, (bool)stayed["video_muted"]!));
        Assert.Equal("404", await client.CodeOfAsync("video.member.video_unmute", ada.SessionId, new JsonObject { ["member_id"] = id }));
        await ada.ShowScreenAsync();
        await client.WaitAsync(_ => client.Events.Count(each => (string?)each["event_type"] == "video.member.joined" && (string?)each["params"]!["member"]!["id"] == id) == 2);
        await client.WaitAsync(_ => Layers(client.Events.Last(each => (string?)each["event_type"] == "video.layout.changed")["params"]!).SequenceEqual([id, ada.Id]));
    }

    [Fact]
    public async Task What_is_done_to_persons_alone_is_refused_for_a_screen_by_every_method_alike()
    {
        await using var client = await RelayClient.ConnectAsync(_host);
        await using var ada = await SendingGuest.JoinAsync(_host, await _host.NewMeetingAsync("Refused"), "Ada");
        await client.SubscribeAsync($"room.{ada.SessionId}", "video.member.joined");
        await ada.ShowScreenAsync();
        var id = (string)(await client.HearAsync("video.member.joined"))["member"]!["id"]!;
        JsonObject Placed() => new() { [ada.Id] = "standard-1", [id] = "standard-2" };
        foreach (var (method, parameters) in new (string, JsonObject)[]
        {
            ("video.set_position", new JsonObject { ["positions"] = Placed() }),
            ("video.set_layout", new JsonObject { ["name"] = "2x2", ["positions"] = Placed() }),
            ("video.playback.start", new JsonObject { ["url"] = "https://example.com/a.mp4", ["positions"] = Placed() }),
            ("video.member.set_position", new JsonObject { ["member_id"] = id, ["position"] = "auto" }),
            ("video.member.set_input_volume", new JsonObject { ["member_id"] = id, ["volume"] = 0 }),
            ("video.member.raisehand", new JsonObject { ["member_id"] = id }),
            ("video.member.deaf", new JsonObject { ["member_id"] = id }),
            ("video.member.set_meta", new JsonObject { ["member_id"] = id, ["meta"] = new JsonObject() }),
            ("video.member.promote", new JsonObject { ["member_id"] = id }),
        })
        {
            Assert.Equal((method, "409"), (method, await client.CodeOfAsync(method, ada.SessionId, parameters)));
        }

        // Nothing of it was done.
        var room = (await client.AskAsync("video.room.get", new JsonObject { ["room_session_id"] = ada.SessionId }))["result"]!["room"]!;
        Assert.Equal("grid-responsive", (string)room["layout_name"]!);
        Assert.All(room["members"]!.AsArray(), member => Assert.Equal("auto", (string)member!["requested_position"]!));
    }

    private static IEnumerable<string?> Layers(JsonNode changed) => changed["layout"]!["layers"]!.AsArray().Select(layer => (string?)layer!["member_id"]);
}
