using Roomcast.Client;
using Roomcast.Client.Meeting;
using Roomcast.Interop.Browser;

namespace Roomcast.Interop.Meetings;

/// <summary>What a host does to others with the official client, as those others and third ones see it.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class HostTests(MeetingServer server) : IAsyncLifetime
{
    private const string Guest = "group_call_participant";

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task Devices_of_one_and_of_all_are_turned_off_and_everybody_is_removed()
    {
        var meeting = await server.CreateMeetingAsync("Host");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "group_call_host", sends: true);
        var ben = await KitPage.OpenAsync(server, meeting, 1, Guest, sends: true);
        var cleo = await KitPage.OpenAsync(server, meeting, 2, Guest, sends: true);
        await cleo.WaitAsync(server, "kit.sees('Ada', 0) && kit.sees('Ben', 1)");

        // One, first the microphone and then the camera; the third sees both go and the others stay.
        await ada.WaitAsync(server, "kit.other('Ben')?.audioEnabled && kit.other('Cleo')?.audioEnabled");
        await ada.RunAsync("kit.other('Ben').disableAudio().then(() => null)");
        await ben.WaitAsync(server, "!meeting.self.audioEnabled && meeting.self.videoEnabled");
        await cleo.WaitAsync(server, "!kit.other('Ben').audioEnabled && kit.sees('Ben', 1)");
        await ada.RunAsync("kit.other('Ben').disableVideo().then(() => null)");
        await ben.WaitAsync(server, "!meeting.self.videoEnabled");
        await cleo.WaitAsync(server, "!kit.other('Ben').videoEnabled && kit.other('Ada').audioEnabled && kit.sees('Ada', 0)");

        // Not for good.
        await ben.RunAsync("meeting.self.enableAudio().then(() => meeting.self.enableVideo()).then(() => null)");
        await cleo.WaitAsync(server, "kit.other('Ben').audioEnabled && kit.sees('Ben', 1)");

        // All but the host.
        await ada.RunAsync("meeting.participants.disableAllAudio(true).then(() => null)");
        await cleo.WaitAsync(server, "!kit.other('Ben').audioEnabled && !meeting.self.audioEnabled && kit.other('Ada').audioEnabled && kit.sees('Ben', 1)");
        await ada.RunAsync("meeting.participants.disableAllVideo().then(() => null)");
        await cleo.WaitAsync(server, "!kit.other('Ben').videoEnabled && !meeting.self.videoEnabled && kit.sees('Ada', 0)");
        await ben.WaitAsync(server, "!kit.other('Cleo').videoEnabled && !kit.other('Cleo').audioEnabled && kit.sees('Ada', 0)");
        Assert.True(await ada.EvaluateAsync<bool>("meeting.self.audioEnabled && meeting.self.videoEnabled"));

        // Everybody is out, the host as well.
        foreach (var page in new[] { ada, ben, cleo })
        {
            await page.RunAsync("meeting.self.on('roomLeft', ({ state }) => { globalThis.left = state; })");
        }

        await ada.RunAsync("meeting.participants.kickAll().then(() => null)");
        foreach (var page in new[] { ada, ben, cleo })
        {
            await page.WaitAsync(server, "globalThis.left === 'ended'");
            await page.CloseWithoutFaultsAsync();
        }
    }

    [Fact]
    public async Task Permissions_change_in_the_meeting_and_hold()
    {
        var meeting = await server.CreateMeetingAsync("Permissions");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "group_call_host", sends: false);
        var ben = await KitPage.OpenAsync(server, meeting, 1, Guest, sends: true);
        await ada.WaitAsync(server, "kit.other('Ben')?.audioEnabled && kit.sees('Ben', 1)");

        // Taken: what was sent stops, for all to see, and cannot be turned on again.
        await ada.RunAsync("""
            meeting.participants.updatePermissions([kit.other('Ben').id], {
              media: { audio: { canProduce: 2 }, video: { canProduce: 2 } },
              chat: { public: { canSend: false, text: false, files: false } },
              polls: { canCreate: true },
            }).then(() => null)
            """);
        await ben.WaitAsync(server, "meeting.self.permissions.canProduceAudio === 'NOT_ALLOWED' && !meeting.self.permissions.chatPublic.canSend && meeting.self.permissions.polls.canCreate");
        await ada.WaitAsync(server, "!kit.other('Ben').audioEnabled && !kit.other('Ben').videoEnabled");
        await ben.RunAsync("Promise.allSettled([meeting.self.enableAudio(), meeting.self.enableVideo(), meeting.chat.sendTextMessage('Hear me')]).then(() => null)");

        // What was given works; that it comes says that what was refused before it did not.
        await ben.RunAsync("meeting.polls.create('Why?', ['So', 'Thus']).then(() => null)");
        await ada.WaitAsync(server, "meeting.polls.items.length === 1 && meeting.polls.items[0].createdBy === 'Ben'");
        Assert.True(await ada.EvaluateAsync<bool>(
            "!kit.other('Ben').audioEnabled && !kit.other('Ben').videoEnabled && meeting.chat.messages.length === 0"));
        Assert.False(await ada.EvaluateAsync<bool>("kit.other('Ben').getPermissions().then(({ chat }) => chat.public.can_send)"));

        // Given back, and more.
        await ada.RunAsync("meeting.participants.updatePermissions([kit.other('Ben').id], { media: { audio: { canProduce: 1 }, video: { canProduce: 1 } }, canSpotlight: true }).then(() => null)");
        await ben.WaitAsync(server, "meeting.self.permissions.canProduceVideo === 'ALLOWED' && meeting.self.permissions.canSpotlight");
        await ben.RunAsync("meeting.self.enableVideo().then(() => null)");
        await ada.WaitAsync(server, "kit.sees('Ben', 1)");

        // Who may not, cannot: the server refuses, whatever the page sends.
        await ben.RunAsync("meeting.participants.updatePermissions([kit.other('Ada').id], { canRecord: false }).then(() => null)");
        await ben.RunAsync("meeting.polls.create('And now?', ['So', 'Thus']).then(() => null)");
        await ada.WaitAsync(server, "meeting.polls.items.length === 2");
        Assert.True(await ada.EvaluateAsync<bool>("meeting.self.permissions.canRecord"));
        await ada.LeaveWithoutFaultsAsync();
        // The client waits for nobody's answer when it changes permissions, and so catches no refusal.
        await ben.LeaveWithoutFaultsAsync("public_chat_permission_denied", "your permissions do not allow this", "window::unhandledrejection");
    }

    [Fact]
    public async Task A_tab_in_the_spotlight_and_a_pin_are_there_for_all_and_for_who_comes_later()
    {
        var meeting = await server.CreateMeetingAsync("Spotlight");
        var ada = await OpenAsync(meeting, 0, "group_call_host");
        var ben = await OpenAsync(meeting, 1, Guest);
        await ada.WaitAsync(server, "kit.names() === 'Ben'");
        await ada.RunAsync("meeting.meta.setSelfActiveTab({ type: 'screenshare', id: 'one' }, 0)");
        await ben.WaitAsync(server, "meeting.meta.selfActiveTab?.id === 'one'");
        await ben.RunAsync("globalThis.tabs = []; meeting.meta.on('activeTabUpdate', ({ id }) => tabs.push(id))");
        await ada.RunAsync("kit.other('Ben').pin().then(() => null)");
        await ben.WaitAsync(server, "meeting.self.isPinned");
        await ada.WaitAsync(server, "kit.other('Ben').isPinned");

        var cleo = await OpenAsync(meeting, 2, Guest);
        await cleo.WaitAsync(server, "kit.other('Ben')?.isPinned && meeting.participants.pinned.size === 1");
        await cleo.WaitAsync(server, "meeting.meta.selfActiveTab?.id === 'one'");

        // Who may not lead leads nobody; who stops leading does not either.
        await cleo.RunAsync("meeting.meta.setSelfActiveTab({ type: 'screenshare', id: 'own' }, 0)");
        await ada.RunAsync("meeting.meta.setBroadcastTabChanges(false)");
        await ada.RunAsync("meeting.meta.setSelfActiveTab({ type: 'screenshare', id: 'private' }, 0)");
        await ada.RunAsync("meeting.meta.setSelfActiveTab({ type: 'plugin', id: 'two' }, 0)");
        await ada.RunAsync("meeting.meta.setBroadcastTabChanges(true)");
        await ben.WaitAsync(server, "meeting.meta.selfActiveTab.id === 'two'");
        await cleo.WaitAsync(server, "meeting.meta.selfActiveTab.id === 'two'");
        Assert.DoesNotContain("own", await ben.EvaluateAsync<List<string>>("tabs"));
        Assert.DoesNotContain("private", await ben.EvaluateAsync<List<string>>("tabs"));

        await ada.RunAsync("kit.other('Ben').unpin().then(() => null)");
        await cleo.WaitAsync(server, "!kit.other('Ben').isPinned && meeting.participants.pinned.size === 0");
        await ben.WaitAsync(server, "!meeting.self.isPinned");

        // A pin goes with the one who was pinned.
        await ada.RunAsync("kit.other('Cleo').pin().then(() => null)");
        await ben.WaitAsync(server, "meeting.participants.pinned.size === 1");
        await cleo.LeaveWithoutFaultsAsync();
        await ben.WaitAsync(server, "kit.names() === 'Ada' && meeting.participants.pinned.size === 0");
        await KitPage.LeaveWithoutFaultsAsync(ada, ben);
    }

    [Fact]
    public async Task A_page_and_a_client_for_NET_take_each_other_along_to_tabs()
    {
        var meeting = await server.CreateMeetingAsync("Tabs");
        var ada = await OpenAsync(meeting, 0, "group_call_host");
        await using var ben = await InitAsync(meeting, "Ben");
        await ben.JoinAsync();
        await ada.WaitAsync(server, "kit.names() === 'Ben'");
        var led = new TaskCompletionSource<ActiveTab>(TaskCreationOptions.RunContinuationsAsynchronously);
        ben.Meta.ActiveTabUpdated += led.SetResult;
        await ada.RunAsync("globalThis.tabs = []; meeting.meta.on('activeTabUpdate', ({ id, type }) => tabs.push(`${type} ${id}`))");

        await ada.RunAsync("meeting.meta.setSelfActiveTab({ type: 'screenshare', id: 'one' }, 0)");
        Assert.Equal(new ActiveTab(ActiveTabType.ScreenShare, "one"), await led.Task.WaitAsync(MeetTab.Patience));
        await ben.Meta.SetSelfActiveTabAsync(new ActiveTab(ActiveTabType.Plugin, "two"));
        await ada.WaitAsync(server, "tabs.join() === 'plugin two'");

        // Who comes later is told by those who are there, of either kind.
        var cleo = await OpenAsync(meeting, 2, Guest);
        await cleo.WaitAsync(server, "meeting.meta.selfActiveTab?.id === 'two' && meeting.meta.selfActiveTab.type === 'plugin'");
        await using var dan = await InitAsync(meeting, "Dan");
        await dan.JoinAsync();
        for (var begun = TimeProvider.System.GetTimestamp(); dan.Meta.SelfActiveTab?.Id != "two"; await Task.Delay(20))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < MeetTab.Patience, $"Dan is at {dan.Meta.SelfActiveTab}.");
        }

        await KitPage.LeaveWithoutFaultsAsync(ada, cleo);
    }

    private async Task<RealtimeKitClient> InitAsync(string meetingId, string name) => await RealtimeKitClient.InitAsync(new()
    {
        AuthToken = await server.AddParticipantAsync(meetingId, name, "group_call_host"),
        BaseUri = server.Server.HttpBase,
    });

    private Task<BrowserPage> OpenAsync(string meetingId, int number, string preset) =>
        KitPage.OpenAsync(server, meetingId, number, preset, sends: false, browser: 0);
}
