using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Roomcast.Client.Relay;
using Roomcast.Client.Tests.Meeting;
using Roomcast.TestKit;
using Roomcast.TestKit.Server;

namespace Roomcast.Client.Tests.Relay;

/// <summary>A server that is killed, with all it knew of who listens, and comes back.</summary>
public sealed class RelayRestartTests
{
    [Fact]
    public async Task What_was_listened_to_is_told_after_a_restart_and_what_ended_by_it_has_ended()
    {
        using var folder = new TemporaryFolder();
        var start = new RoomcastStart { DataFolder = Path.Combine(folder.Path, "data"), Arguments = MeetingServer.Arguments };
        var server = await RoomcastProcess.StartAsync(start);
        try
        {
            await using var client = await RealtimeClient.ConnectAsync(new()
            {
                Project = server.Credentials.AppId,
                Token = server.Credentials.ApiToken,
                Host = $"ws://{server.HttpBase.Authority}",
                RequestTimeout = MeetingServer.Patience,
            });
            var heard = new Heard();
            var began = new List<RoomSession>();
            client.Video.RoomStarted += room =>
            {
                lock (began)
                {
                    began.Add(room);
                }

                heard.Add($"started {room.DisplayName}");
            };
            client.Video.RoomEnded += room => heard.Add($"ended {room.DisplayName}");
            await client.Video.ListenAsync();
            var meeting = await CreateMeetingAsync(server, "Lobby");
            await using var ada = await JoinAsync(server, meeting, "Ada");
            await heard.UntilAsync("started Lobby");
            var room = began[0];
            await room.ListenAsync();
            var gone = room.WaitForEndAsync();

            await server.KillAsync();
            await MeetingServer.UntilAsync(() => client.State is RealtimeClientState.Reconnecting, "the loss is noticed");
            await ada.LeaveAsync();
            await server.DisposeAsync();
            server = await RoomcastProcess.StartAsync(start with { Arguments = [.. MeetingServer.Arguments, .. server.SamePorts] });

            await MeetingServer.UntilAsync(() => client.State is RealtimeClientState.Connected, "the client is back");
            await gone.WaitAsync(MeetingServer.Patience);
            await heard.UntilAsync("ended Lobby");
            Assert.True(room is { HasEnded: true, Members.Count: 0 });

            await using var ben = await JoinAsync(server, await CreateMeetingAsync(server, "Afterwards"), "Ben");
            await heard.UntilAsync("started Afterwards");
            var after = began.Single(each => each.DisplayName == "Afterwards");
            await after.ListenAsync();
            Assert.Equal(["Ben"], after.Members.Select(member => member.Name));
            await after.RemoveAllMembersAsync();
            await heard.UntilAsync("ended Afterwards");
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_server_that_stops_says_goodbye_and_is_found_again()
    {
        using var folder = new TemporaryFolder();
        var start = new RoomcastStart { DataFolder = Path.Combine(folder.Path, "data") };
        var server = await RoomcastProcess.StartAsync(start);
        try
        {
            await using var client = await RealtimeClient.ConnectAsync(new()
            {
                Project = server.Credentials.AppId,
                Token = server.Credentials.ApiToken,
                Host = $"ws://{server.HttpBase.Authority}",
                RequestTimeout = MeetingServer.Patience,
            });
            await server.StopAsync();
            await MeetingServer.UntilAsync(() => client.State is RealtimeClientState.Reconnecting, "the goodbye is noticed");
            await server.DisposeAsync();
            server = await RoomcastProcess.StartAsync(start with { Arguments = server.SamePorts });

            Assert.True(await client.PingAsync() > TimeSpan.Zero); // Waits for the connection.
            Assert.Equal(RealtimeClientState.Connected, client.State);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private static async Task<string> CreateMeetingAsync(RoomcastProcess server, string title)
    {
        using var api = server.CreateApiClient();
        using var made = await api.PostAsJsonAsync(server.AppPath + "/meetings", new { title });
        return (string)JsonNode.Parse(await made.Content.ReadAsStringAsync())!["data"]!["id"]!;
    }

    private static async Task<RealtimeKitClient> JoinAsync(RoomcastProcess server, string meeting, string name)
    {
        using var api = server.CreateApiClient();
        using var added = await api.PostAsJsonAsync(
            $"{server.AppPath}/meetings/{meeting}/participants", new { name, custom_participant_id = name, preset_name = "group_call_host" });
        var token = (string)JsonNode.Parse(await added.Content.ReadAsStringAsync())!["data"]!["token"]!;
        var participant = await RealtimeKitClient.InitAsync(new() { AuthToken = token, BaseUri = server.HttpBase, RequestTimeout = MeetingServer.Patience });
        await participant.JoinAsync();
        return participant;
    }
}
