using System.Text.Json;
using Roomcast.Client.Meeting;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>Who leads the view of the others takes them along to each tab, at the real server.</summary>
[Collection(nameof(MeetingServer))]
public sealed class TabTests(MeetingServer server)
{
    private static readonly ActiveTab Screen = new(ActiveTabType.ScreenShare, "somebody");
    private static readonly ActiveTab Board = new(ActiveTabType.Plugin, "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a");

    [Fact]
    public async Task The_others_are_taken_along_and_who_comes_later_is_too()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await InitAsync(meeting, "Host");
        await using var guest = await InitAsync(meeting, "Guest", "group_call_participant");
        await host.JoinAsync();
        await guest.JoinAsync();
        Assert.True(host is { Self.Permissions.CanSpotlight: true, Meta: { BroadcastTabChanges: true, SelfActiveTab: null } });
        Assert.True(guest is { Self.Permissions.CanSpotlight: false, Meta: { BroadcastTabChanges: false, SelfActiveTab: null } });
        var told = new Heard();
        host.Meta.SelfTabUpdated += tab => told.Add($"host itself {tab.Id} {host.Meta.SelfActiveTab?.Id}");
        host.Meta.ActiveTabUpdated += tab => told.Add($"host {tab.Id}");
        guest.Meta.SelfTabUpdated += tab => told.Add($"guest itself {tab.Id}");
        guest.Meta.ActiveTabUpdated += tab => told.Add($"guest {tab.Type} {tab.Id} {guest.Meta.SelfActiveTab == tab}");
        guest.Participants.MessageBroadcasted += message => told.Add($"guest hears {message.Type}");

        await host.Meta.SetSelfActiveTabAsync(Screen);
        await told.UntilAsync("guest ScreenShare somebody True");
        await host.Meta.SetSelfActiveTabAsync(Screen); // Already there.
        await host.Meta.SetSelfActiveTabAsync(Board);
        await told.UntilAsync($"guest Plugin {Board.Id} True");
        await using var late = await InitAsync(meeting, "Late", "group_call_participant");
        await late.JoinAsync();

        await MeetingServer.UntilAsync(() => late.Meta.SelfActiveTab == Board, "who comes later is led too");
        await host.DrainEventsAsync();
        Assert.Equal(["guest ScreenShare somebody True", $"guest Plugin {Board.Id} True"], told.All.Where(what => what.StartsWith("guest", StringComparison.Ordinal)));
        Assert.Equal(3, told.All.Count(what => what.StartsWith("host itself", StringComparison.Ordinal)));
        Assert.DoesNotContain(told.All, what => what.StartsWith("host ", StringComparison.Ordinal) && !what.StartsWith("host itself", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_does_not_lead_goes_alone_and_who_begins_to_takes_the_others_to_where_they_are()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await InitAsync(meeting, "Host");
        await using var guest = await InitAsync(meeting, "Guest", "group_call_participant");
        await host.JoinAsync();
        await guest.JoinAsync();
        var told = new Heard();
        host.Meta.ActiveTabUpdated += tab => told.Add($"host {tab.Id}");
        guest.Meta.ActiveTabUpdated += tab => told.Add($"guest {tab.Id}");
        host.Meta.BroadcastTabChangesUpdated += isOn => told.Add($"leads {isOn} {host.Meta.BroadcastTabChanges == isOn}");

        await guest.Meta.SetSelfActiveTabAsync(new ActiveTab(ActiveTabType.Plugin, "own"));
        Assert.Equal(RealtimeKitError.NotAllowed, (await Assert.ThrowsAsync<RealtimeKitException>(() => guest.Meta.SetBroadcastTabChangesAsync(true))).Error);
        Assert.False(guest.Meta.BroadcastTabChanges);
        await host.Meta.SetBroadcastTabChangesAsync(false);
        await host.Meta.SetSelfActiveTabAsync(new ActiveTab(ActiveTabType.Plugin, "private"));
        await host.Meta.SetSelfActiveTabAsync(Screen);
        await using var late = await InitAsync(meeting, "Late", "group_call_participant");
        await late.JoinAsync();
        await host.Meta.SetBroadcastTabChangesAsync(true);

        await told.UntilAsync("guest somebody");
        await MeetingServer.UntilAsync(() => late.Meta.SelfActiveTab == Screen, "all are led from now on");
        await told.UntilAsync("leads True True");
        Assert.Equal(["guest somebody", "leads False True", "leads True True"], told.All.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Who_is_allowed_to_by_a_host_leads_and_who_no_longer_is_does_not()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await InitAsync(meeting, "Host");
        await using var guest = await InitAsync(meeting, "Guest", "group_call_participant");
        await host.JoinAsync();
        await guest.JoinAsync();
        await MeetingServer.UntilAsync(() => host.Participants.Joined.Count == 1, "both are there");
        var seen = host.Participants.Joined.ToArray()[0];

        await seen.SetPermissionsAsync(new PermissionsChange { CanSpotlight = true });
        await MeetingServer.UntilAsync(() => guest.Self.Permissions.CanSpotlight, "the guest may lead");
        await guest.Meta.SetBroadcastTabChangesAsync(true);
        await guest.Meta.SetSelfActiveTabAsync(Board);
        await MeetingServer.UntilAsync(() => host.Meta.SelfActiveTab == Board, "the host is led");
        await seen.SetPermissionsAsync(new PermissionsChange { CanSpotlight = false });
        await MeetingServer.UntilAsync(() => !guest.Self.Permissions.CanSpotlight, "the guest may no longer");
        await guest.Meta.SetSelfActiveTabAsync(Screen);
        await guest.Chat.SendTextMessageAsync("after it");

        await MeetingServer.UntilAsync(() => host.Chat.Messages.Count == 1, "all that was sent before has come");
        Assert.Equal((Board, Screen), (host.Meta.SelfActiveTab, guest.Meta.SelfActiveTab));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"currentTab":{"id":"\ud800","type":"plugin"}}""")]
    [InlineData("{}")]
    [InlineData("""{"currentTab":null}""")]
    [InlineData("""{"currentTab":{"id":"one","type":"window"}}""")]
    [InlineData("""{"currentTab":{"id":1,"type":"plugin"}}""")]
    public void What_names_no_tab_leads_nowhere(string payload)
    {
        using var json = JsonDocument.Parse(payload);

        Assert.Null(Meta.TabOf(Google.Protobuf.ByteString.CopyFromUtf8(json.RootElement.GetRawText())));
    }

    [Fact]
    public async Task The_messages_of_applications_cannot_be_mistaken_for_it()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await InitAsync(meeting, "Host");
        await host.JoinAsync();
        using var json = JsonDocument.Parse("{}");

        await Assert.ThrowsAsync<ArgumentException>(() => host.Participants.BroadcastMessageAsync("spotlight", json.RootElement));
        await Assert.ThrowsAsync<ArgumentException>(() => host.Participants.BroadcastMessageAsync("spotlight", json.RootElement, []));
    }

    private Task<RealtimeKitClient> InitAsync(string meeting, string name, string preset = "group_call_host") =>
        server.InitAsync(meeting, name, preset, static options => options with { Video = null, Audio = null, ScreenShare = null });
}
