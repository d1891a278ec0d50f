using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Roomcast.Client.Media;
using Roomcast.Client.Meeting;
using Roomcast.TestKit;
using Roomcast.TestKit.Server;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>A server that is killed and comes back, with nothing left of what it knew of transports.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task A_meeting_goes_on_after_its_server_was_killed_and_started_again()
    {
        using var folder = new TemporaryFolder();
        var start = new RoomcastStart { DataFolder = Path.Combine(folder.Path, "data") };
        var server = await RoomcastProcess.StartAsync(start);
        try
        {
            var meeting = (string)(await PostAsync(server, "/meetings", new JsonObject { ["title"] = "Weekly" }))["id"]!;
            await using var alice = await InitAsync(server, meeting, "Alice");
            await using var bob = await InitAsync(server, meeting, "Bob");
            await alice.JoinAsync();
            await bob.JoinAsync();
            await UntilSeenAsync(alice, bob);

            var ports = server.SamePorts;
            await server.KillAsync();
            await MeetingServer.UntilAsync(() => alice.Self.RoomState is RoomState.Disconnected && bob.Self.RoomState is RoomState.Disconnected, "both have noticed");
            await server.DisposeAsync();
            server = await RoomcastProcess.StartAsync(start with { Arguments = ports });

            await MeetingServer.UntilAsync(() => alice.Self.IsRoomJoined && bob.Self.IsRoomJoined, "both are back");
            await MeetingServer.UntilAsync(() => alice.Participants.Joined.Count == 1 && bob.Participants.Joined.Count == 1, "both see each other in the list");
            await UntilSeenAsync(alice, bob);
            await alice.Chat.SendTextMessageAsync("back");
            await MeetingServer.UntilAsync(() => bob.Chat.Messages.Any(message => message.Text == "back"), "the message is heard");
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>Waits until frames arrive that were not there before.</summary>
    private static async Task UntilSeenAsync(RealtimeKitClient alice, RealtimeKitClient bob)
    {
        foreach (var client in (RealtimeKitClient[])[alice, bob])
        {
            await MeetingServer.UntilAsync(
                () => client.Participants.Joined.ToArray() is [{ VideoTrack: { IsEnded: false, Frames: > 10 }, AudioTrack: { IsEnded: false, Frames: > 20 } }],
                $"{client.Self.Name} sees and hears");
            var track = client.Participants.Joined.ToArray()[0].VideoTrack!;
            var frames = track.Frames;
            await MeetingServer.UntilAsync(() => client.Participants.Joined.ToArray() is [{ VideoTrack: { } now }] && (now != track || now.Frames > frames + 5), "pictures go on");
        }
    }

    private static async Task<RealtimeKitClient> InitAsync(RoomcastProcess server, string meeting, string name)
    {
        var added = await PostAsync(server, $"/meetings/{meeting}/participants", new JsonObject
        {
            ["name"] = name,
            ["custom_participant_id"] = name,
            ["preset_name"] = "group_call_host",
        });
        return await RealtimeKitClient.InitAsync(new()
        {
            AuthToken = (string)added["token"]!,
            BaseUri = server.HttpBase,
            Video = new TestPatternSource(),
            Audio = new TestToneSource(),
            RequestTimeout = MeetingServer.Patience,
        });
    }

    private static async Task<JsonNode> PostAsync(RoomcastProcess server, string path, JsonObject body)
    {
        using var api = server.CreateApiClient();
        using var response = await api.PostAsJsonAsync(server.AppPath + path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!["data"]!;
    }
}
