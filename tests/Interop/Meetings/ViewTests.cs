using Roomcast.Interop.Browser;

namespace Roomcast.Interop.Meetings;

/// <summary>Whom the official client shows: by who speaks, by pages, by hand, in rooms without pictures, and those who hide.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class ViewTests(MeetingServer server) : IAsyncLifetime
{
    private const string Guest = "group_call_participant";

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task With_place_for_one_there_is_the_one_who_speaks_a_page_for_each_or_the_one_who_was_chosen()
    {
        var preset = await server.CreatePresetAsync("one-place", "group_call_host", each =>
            each["config"]!["max_video_streams"] = System.Text.Json.Nodes.JsonNode.Parse("""{"mobile":1,"desktop":1}"""));
        var meeting = await server.CreateMeetingAsync("View");
        var ben = await KitPage.OpenAsync(server, meeting, 1, Guest, sends: true);
        var cleo = await KitPage.OpenAsync(server, meeting, 2, Guest, sends: true);
        await ben.RunAsync("meeting.self.disableAudio().then(() => null)");
        await cleo.WaitAsync(server, "kit.other('Ben')?.audioEnabled === false");
        var ada = await KitPage.OpenAsync(server, meeting, 0, preset, sends: false);
        await ada.RunAsync("meeting.participants.on('activeSpeaker', ({ peerId }) => { globalThis.speaker = meeting.participants.joined.get(peerId)?.name; })");
        const string Active = "meeting.participants.active.toArray().map(({ name }) => name).join()";

        // The one who speaks has the place; the other one begins to, and the first is silent.
        await ada.WaitAsync(server, $"kit.names() === 'Ben,Cleo' && {Active} === 'Cleo' && kit.sees('Cleo', 2)");
        await cleo.RunAsync("meeting.self.disableAudio().then(() => null)");
        await ben.RunAsync("meeting.self.enableAudio().then(() => null)");
        await ada.WaitAsync(server, $"speaker === 'Ben' && meeting.participants.lastActiveSpeaker === kit.other('Ben').id && {Active} === 'Ben' && kit.sees('Ben', 1)");
        Assert.Null(await ada.EvaluateAsync<string?>("kit.other('Cleo').videoTrack?.id ?? null"));

        // A page for each.
        await ada.RunAsync("meeting.participants.setViewMode('PAGINATED').then(() => null)");
        await ada.WaitAsync(server, "meeting.participants.viewMode === 'PAGINATED' && meeting.participants.pageCount === 2 && meeting.participants.currentPage === 1");
        await ada.RunAsync("globalThis.order = meeting.participants.joined.toArray().map(({ name }) => name)");
        foreach (var page in new[] { 1, 2, 1 })
        {
            await ada.RunAsync($"meeting.participants.setPage({page}).then(() => null)");
            await ada.WaitAsync(server, $"{Active} === order[{page - 1}] && kit.sees(order[{page - 1}], order[{page - 1}] === 'Ben' ? 1 : 2)");
        }

        // By hand.
        await ada.RunAsync("meeting.participants.setViewMode('MANUAL').then(() => meeting.participants.subscribe([kit.other('Cleo').id])).then(() => null)");
        await ada.WaitAsync(server, "kit.sees('Cleo', 2)");
        await ada.RunAsync("meeting.participants.subscribe([kit.other('Ben').id], ['video']).then(() => null)");
        await ada.WaitAsync(server, "kit.sees('Cleo', 2) && kit.sees('Ben', 1)");
        await ada.RunAsync("meeting.participants.unsubscribe([kit.other('Cleo').id]).then(() => null)");
        await ada.WaitAsync(server, "!kit.other('Cleo').videoTrack && kit.sees('Ben', 1)");
        await ada.RunAsync("meeting.participants.setViewMode('ACTIVE_GRID').then(() => null)");
        await ada.WaitAsync(server, "meeting.participants.active.size === 1");
        foreach (var page in new[] { ada, ben, cleo })
        {
            await page.LeaveWithoutFaultsAsync();
        }
    }

    [Fact]
    public async Task In_an_audio_room_people_hear_and_do_not_see_each_other()
    {
        var meeting = await server.CreateMeetingAsync("Audio room");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "audio_room_host", sends: true);
        var ben = await KitPage.OpenAsync(server, meeting, 1, "audio_room_participant", sends: true);
        await ada.WaitAsync(server, "meeting.meta.viewType === 'AUDIO_ROOM' && kit.other('Ben')?.audioEnabled");
        await ben.WaitAsync(server, "kit.other('Ada')?.audioEnabled");
        await ada.WaitAsync(server, "kit.hears(1)");
        await ben.WaitAsync(server, "kit.hears(0)");
        await ben.RunAsync("meeting.self.enableVideo().then(() => null, () => null)");
        await ben.RunAsync("meeting.chat.sendTextMessage('No picture').then(() => null)");
        await ada.WaitAsync(server, "kit.message('No picture') !== undefined");
        Assert.True(await ada.EvaluateAsync<bool>("!kit.other('Ben').videoEnabled && !kit.other('Ben').videoTrack"));
        await ada.RunAsync("kit.other('Ben').disableAudio().then(() => null)");
        await ben.WaitAsync(server, "!meeting.self.audioEnabled");
        await ada.WaitAsync(server, "!kit.other('Ben').audioEnabled");
        foreach (var page in new[] { ada, ben })
        {
            await page.LeaveWithoutFaultsAsync();
        }
    }

    [Fact]
    public async Task Who_hides_and_who_records_sees_everybody_and_is_seen_by_nobody()
    {
        var hidden = await server.CreatePresetAsync("hidden", "group_call_host", preset => preset["permissions"]!["hidden_participant"] = true);
        var recorder = await server.CreatePresetAsync("recorder", Guest, preset =>
        {
            preset["permissions"]!["is_recorder"] = true;
            preset["permissions"]!["recorder_type"] = "RECORDER";
        });
        var meeting = await server.CreateMeetingAsync("Hidden");
        var ada = await KitPage.OpenAsync(server, meeting, 0, Guest, sends: true);
        var ben = await OpenAsync(meeting, 1, hidden);
        var cleo = await OpenAsync(meeting, 2, recorder);
        foreach (var page in new[] { ben, cleo })
        {
            await page.WaitAsync(server, "kit.names() === 'Ada' && kit.sees('Ada', 0)");
        }

        // Who comes later finds them no more than who was there; what they write is from nobody in the list.
        var dan = await OpenAsync(meeting, 3, Guest);
        await dan.WaitAsync(server, "kit.sees('Ada', 0)");
        await ben.RunAsync("meeting.chat.sendTextMessage('Boo').then(() => null)");
        foreach (var page in new[] { ada, dan })
        {
            await page.WaitAsync(server, "kit.message('Boo') !== undefined");
        }

        Assert.Equal("Dan", await ada.EvaluateAsync<string>("kit.names()"));
        Assert.Equal("Ada", await dan.EvaluateAsync<string>("kit.names()"));
        await ben.WaitAsync(server, "kit.names() === 'Ada,Dan'");
        foreach (var page in new[] { ada, ben, cleo, dan })
        {
            await page.LeaveWithoutFaultsAsync();
        }
    }

    private Task<BrowserPage> OpenAsync(string meetingId, int number, string preset) =>
        KitPage.OpenAsync(server, meetingId, number, preset, sends: false, browser: 0);
}
