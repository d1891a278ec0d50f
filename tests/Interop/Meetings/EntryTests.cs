using Roomcast.Interop.Browser;

namespace Roomcast.Interop.Meetings;

/// <summary>The ways in by the official client: the waiting room and the stage, as those see them who wait and those who decide.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class EntryTests(MeetingServer server) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task Of_those_who_wait_one_is_turned_away_and_all_others_are_let_in_at_once()
    {
        var meeting = await server.CreateMeetingAsync("Waiting");
        var ada = await OpenAsync(meeting, 0, "group_call_host");
        var waiting = new List<BrowserPage>();
        for (var number = 1; number <= 3; number++)
        {
            var page = await OpenAsync(meeting, number, "group_call_guest", joins: false);
            await page.RunAsync("meeting.self.on('waitlisted', () => { globalThis.waits = true; }); meeting.self.on('roomLeft', ({ state }) => { globalThis.left = state; });");
            await page.RunAsync("void meeting.join()");
            await page.WaitAsync(server, "globalThis.waits === true");
            waiting.Add(page);
        }

        var (ben, cleo, dan) = (waiting[0], waiting[1], waiting[2]);
        await ada.WaitAsync(server, "meeting.participants.waitlisted.toArray().map(({ name }) => name).sort().join() === 'Ben,Cleo,Dan'");
        await ada.RunAsync("meeting.chat.sendTextMessage('Not for those outside').then(() => null)");
        await ada.RunAsync("meeting.participants.rejectWaitingRoomRequest(meeting.participants.waitlisted.toArray().find(({ name }) => name === 'Dan').id).then(() => null)");
        await dan.WaitAsync(server, "globalThis.left === 'rejected'");
        await ada.WaitAsync(server, "meeting.participants.waitlisted.size === 2 && kit.message('Not for those outside') !== undefined");
        Assert.True(await ben.EvaluateAsync<bool>("meeting.participants.joined.size === 0 && meeting.chat.messages.length === 0"));

        await ada.RunAsync("meeting.participants.acceptAllWaitingRoomRequest(meeting.participants.waitlisted.toArray().map(({ userId }) => userId)).then(() => null)");
        await ben.WaitAsync(server, "meeting.self.roomState === 'joined' && kit.names() === 'Ada,Cleo' && kit.message('Not for those outside') !== undefined");
        await cleo.WaitAsync(server, "meeting.self.roomState === 'joined' && kit.names() === 'Ada,Ben'");
        await ada.WaitAsync(server, "kit.names() === 'Ben,Cleo' && meeting.participants.waitlisted.size === 0");
        await dan.CloseWithoutFaultsAsync();
        await KitPage.LeaveWithoutFaultsAsync(ada, ben, cleo);
    }

    [Fact]
    public async Task The_stage_is_asked_for_denied_taken_back_granted_and_left_and_entered_again()
    {
        var meeting = await server.CreateMeetingAsync("Stage");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "webinar_presenter", sends: true);
        var ben = await KitPage.OpenAsync(server, meeting, 1, "webinar_viewer", sends: false);
        var cleo = await OpenAsync(meeting, 2, "webinar_viewer");
        await ben.WaitAsync(server, "kit.sees('Ada', 0) && meeting.stage.status === 'OFF_STAGE'");
        await ada.WaitAsync(server, "kit.names() === 'Ben,Cleo' && kit.other('Ben').stageStatus === 'OFF_STAGE'");

        const string Asks = "meeting.stage.getAccessRequests().stageRequests.map(({ displayName }) => displayName).join()";
        await ben.RunAsync("meeting.stage.requestAccess().then(() => null)");
        await ada.WaitAsync(server, $"{Asks} === 'Ben' && kit.other('Ben').stageStatus === 'REQUESTED_TO_JOIN_STAGE'");
        await ada.RunAsync("meeting.stage.denyAccess([kit.other('Ben').userId]).then(() => null)");
        await ben.WaitAsync(server, "meeting.stage.status === 'OFF_STAGE'");
        await ada.WaitAsync(server, $"{Asks} === '' && kit.other('Ben').stageStatus === 'OFF_STAGE'");

        await ben.RunAsync("meeting.stage.requestAccess().then(() => null)");
        await ada.WaitAsync(server, $"{Asks} === 'Ben'");
        await ben.RunAsync("meeting.stage.cancelRequestAccess().then(() => null)");
        await ada.WaitAsync(server, $"{Asks} === '' && kit.other('Ben').stageStatus === 'OFF_STAGE'");
        await ben.WaitAsync(server, "meeting.stage.status === 'OFF_STAGE'");

        // On stage, seen by those off it as well.
        await ben.RunAsync("meeting.stage.requestAccess().then(() => null)");
        await ada.WaitAsync(server, $"{Asks} === 'Ben'");
        await ada.RunAsync("meeting.stage.grantAccess([kit.other('Ben').userId]).then(() => null)");
        await ben.WaitAsync(server, "meeting.stage.status === 'ACCEPTED_TO_JOIN_STAGE'");
        await ada.WaitAsync(server, $"{Asks} === '' && kit.other('Ben').stageStatus === 'ACCEPTED_TO_JOIN_STAGE'");
        await EnterAsync();

        // Sent off: nothing is seen of him any more, and he may ask and come again.
        await ada.RunAsync("meeting.stage.kick([kit.other('Ben').userId]).then(() => null)");
        await LeavesAsync();
        await ben.RunAsync("meeting.stage.requestAccess().then(() => null)");
        await ada.WaitAsync(server, $"{Asks} === 'Ben'");
        await ada.RunAsync("meeting.stage.grantAccess([kit.other('Ben').userId]).then(() => null)");
        await ben.WaitAsync(server, "meeting.stage.status === 'ACCEPTED_TO_JOIN_STAGE'");
        await EnterAsync();

        // Left by oneself; the presenter leaves and returns, who need not ask.
        await ben.RunAsync("meeting.stage.leave().then(() => null)");
        await LeavesAsync();
        await ada.RunAsync("meeting.stage.leave().then(() => null)");
        await ben.WaitAsync(server, "kit.other('Ada').stageStatus === 'OFF_STAGE' && !kit.other('Ada').videoEnabled");
        await ada.RunAsync("meeting.stage.requestAccess().then(() => meeting.stage.join()).then(() => meeting.self.enableVideo()).then(() => null)");
        await ben.WaitAsync(server, "kit.other('Ada').stageStatus === 'ON_STAGE' && kit.sees('Ada', 0)");
        await cleo.WaitAsync(server, "kit.sees('Ada', 0)");
        await KitPage.LeaveWithoutFaultsAsync(ada, ben, cleo);

        async Task EnterAsync()
        {
            await ben.RunAsync("meeting.stage.join().then(() => meeting.self.enableVideo()).then(() => null)");
            await ben.WaitAsync(server, "meeting.stage.status === 'ON_STAGE' && meeting.self.videoEnabled");
            foreach (var page in new[] { ada, cleo })
            {
                await page.WaitAsync(server, "kit.other('Ben').stageStatus === 'ON_STAGE' && kit.sees('Ben', 1)");
            }
        }

        async Task LeavesAsync()
        {
            await ben.WaitAsync(server, "meeting.stage.status === 'OFF_STAGE' && !meeting.self.videoEnabled");
            foreach (var page in new[] { ada, cleo })
            {
                await page.WaitAsync(server, "kit.other('Ben').stageStatus === 'OFF_STAGE' && !kit.other('Ben').videoEnabled && !meeting.participants.active.has(kit.other('Ben').id)");
            }
        }
    }

    private Task<BrowserPage> OpenAsync(string meetingId, int number, string preset, bool joins = true) =>
        KitPage.OpenAsync(server, meetingId, number, preset, sends: false, browser: 0, joins: joins);
}
