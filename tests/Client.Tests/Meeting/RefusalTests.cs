using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Client.Meeting;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>What the real server refuses is told to whoever asked for it, also where it answers nothing else.</summary>
[Collection(nameof(MeetingServer))]
public sealed class RefusalTests(MeetingServer server)
{
    private static readonly IReadOnlyList<PluginDefinition> Board = [new("0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a", "Board")];

    [Fact]
    public async Task Who_may_do_nothing_is_told_so_by_each_act()
    {
        await server.CreatePresetAsync("powerless", "group_call_participant", preset =>
        {
            var permissions = preset["permissions"]!;
            foreach (var chat in (JsonNode[])[permissions["chat"]!["public"]!, permissions["chat"]!["private"]!])
            {
                chat["can_send"] = false;
            }

            permissions["polls"]!["can_create"] = false;
            permissions["polls"]!["can_vote"] = false;
            permissions["plugins"]!["can_start"] = false;
        });
        var meeting = await server.CreateMeetingAsync();
        await using var host = await server.InitAsync(meeting, "Host");
        await using var guest = await InitAsync(meeting, "Guest", "powerless");
        await host.JoinAsync();
        await guest.JoinAsync();
        await host.Polls.CreateAsync("Tea?", ["yes", "no"]);
        await MeetingServer.UntilAsync(() => guest.Polls.Items.Count == 1 && guest.Participants.Joined.Count == 1, "all is there");
        var (poll, other) = (guest.Polls.Items[0].Id, guest.Participants.Joined.ToArray()[0]);
        string[] hosts = [host.Self.UserId];

        var acts = new Dictionary<string, Func<Task>>(StringComparer.Ordinal)
        {
            ["kick"] = () => other.KickAsync(),
            ["kick all"] = () => guest.Participants.KickAllAsync(),
            ["mute"] = () => other.DisableAudioAsync(),
            ["darken"] = () => other.DisableVideoAsync(),
            ["mute all"] = () => guest.Participants.DisableAllAudioAsync(),
            ["darken all"] = () => guest.Participants.DisableAllVideoAsync(),
            ["pin"] = () => other.PinAsync(),
            ["unpin"] = () => other.UnpinAsync(),
            ["let in"] = () => guest.Participants.AcceptAllWaitingRoomRequestsAsync(),
            ["grant"] = () => guest.Stage.GrantAccessAsync(hosts),
            ["deny"] = () => guest.Stage.DenyAccessAsync(hosts),
            ["take from stage"] = () => guest.Stage.KickAsync(hosts),
            ["write"] = () => guest.Chat.SendTextMessageAsync("hello"),
            ["write to one"] = () => guest.Chat.SendTextMessageAsync("hello", [host.Self.Id]),
            ["ask"] = () => guest.Polls.CreateAsync("Coffee?", ["yes", "no"]),
            ["vote"] = () => guest.Polls.VoteAsync(poll, 0),
            ["plugin"] = () => guest.Plugins.ActivateAsync(Board[0].Id),
            ["permissions"] = () => other.SetPermissionsAsync(new PermissionsChange { CanRecord = false }),
        };
        foreach (var (what, act) in acts)
        {
            var fault = await Record.ExceptionAsync(act);
            Assert.True(fault is RealtimeKitException { Error: RealtimeKitError.Refused }, $"{what}: {fault}");
        }

        await host.DrainEventsAsync();
        Assert.True(host.Self is { RoomState: RoomState.Joined, AudioEnabled: true, VideoEnabled: true });
        Assert.Equal((0, 1), (host.Chat.Messages.Count, host.Polls.Items.Count));
        Assert.False(guest.Plugins.All.Single().IsActive);
    }

    [Fact]
    public async Task What_is_done_stands_there_once_the_act_has_returned()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await InitAsync(meeting, "Host");
        await host.JoinAsync();

        await host.Chat.SendTextMessageAsync("one");
        await host.Chat.SendTextMessageAsync("one");
        Assert.Equal(["one", "one"], host.Chat.Messages.Select(message => message.Text));
        await host.Polls.CreateAsync("Tea?", ["yes", "no"]);
        await host.Polls.VoteAsync(host.Polls.Items.Single().Id, 1);
        Assert.Equal([0, 1], host.Polls.Items.Single().Options.Select(option => option.Count));
        var twice = await Assert.ThrowsAsync<RealtimeKitException>(() => host.Polls.VoteAsync(host.Polls.Items[0].Id, 0));
        Assert.Equal(RealtimeKitError.Refused, twice.Error);
        Assert.Contains("already", twice.Message, StringComparison.Ordinal);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => host.Chat.SendTextMessageAsync("all at once")));
        Assert.Equal(12, host.Chat.Messages.Count);
        await host.Participants.KickAllAsync();
        await MeetingServer.UntilAsync(() => host.Self.RoomState is RoomState.Ended, "the meeting is over");
    }

    [Fact]
    public async Task A_value_that_the_server_does_not_take_is_taken_back()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await InitAsync(meeting, "Host");
        await host.JoinAsync();
        var store = await host.Stores.CreateAsync("notes");
        await store.SetAsync("page", JsonDocument.Parse("1").RootElement);

        var refused = await Assert.ThrowsAsync<RealtimeKitException>(
            () => store.SetAsync("page", JsonDocument.Parse($"\"{new string('x', 40_000)}\"").RootElement));

        Assert.Equal(RealtimeKitError.Refused, refused.Error);
        Assert.Equal(1, store.Get("page")?.GetInt32());
    }

    private Task<RealtimeKitClient> InitAsync(string meeting, string name, string preset = "group_call_host") =>
        server.InitAsync(meeting, name, preset, static options => options with { Video = null, Audio = null, ScreenShare = null, Plugins = Board });
}
