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
    public async Task With_place_for_one_beside_oneself_there_is_the_one_who_speaks_a_page_for_each_or_the_one_who_was_chosen()
    {
        var preset = await server.CreatePresetAsync("one-place", "group_call_host", each =>
            each["config"]!["max_video_streams"] = System.Text.Json.Nodes.JsonNode.Parse("""{"mobile":2,"desktop":2}"""));
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
        await ada.WaitAsync(server, $"globalThis.speaker === 'Ben' && meeting.participants.lastActiveSpeaker === kit.other('Ben').id && {Active} === 'Ben' && kit.sees('Ben', 1)");
        Assert.Null(await ada.EvaluateAsync<string?>("kit.other('Cleo').videoTrack?.id ?? null"));

        // A page for each.
        await ada.RunAsync("meeting.participants.setViewMode('PAGINATED').then(() => { meeting.participants.setMaxActiveParticipantsCount(1); })");
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
        await ada.RunAsync("meeting.participants.setMaxActiveParticipantsCount(2); void meeting.participants.setViewMode('ACTIVE_GRID')");
        await ada.WaitAsync(server, "meeting.participants.active.size === 1");
        await KitPage.LeaveWithoutFaultsAsync(ada, ben, cleo);
    }

    [Fact]
    public async Task A_shared_screen_is_seen_and_heard_as_it_is()
    {
        // In place of a screen, which a browser without a window has none of: the coded picture and the tone of the fourth participant.
        var (_, _, _, red, green, blue) = CodedPicture.Colours[3];
        var screen = $$"""
            navigator.mediaDevices.getDisplayMedia = async () => {
              const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
              const context = canvas.getContext('2d');
              const box = (colour, x, y, width, height) => { context.fillStyle = colour; context.fillRect(x * 80, y * 80, width * 80, height * 80); };
              let number = 0;
              setInterval(() => {
                number = (number + 1) % 256;
                for (let bit = 0; bit < 8; bit++) {
                  const isSet = ((number >> (7 - bit)) & 1) === 1;
                  box(isSet ? '#fff' : '#000', bit, 0, 1, 1);
                  box(isSet ? '#000' : '#fff', bit, 1, 1, 1);
                }
                box('rgb({{red}} {{green}} {{blue}})', 0, 2, 8, 2);
                box('#000', 0, 4, 8, 2);
                box('#fff', (number * 7) / 256, 4, 1, 2);
              }, 200);
              const audio = new AudioContext();
              const tone = Object.assign(audio.createOscillator());
              tone.frequency.value = {{MeetProbe.Tones[3]}};
              const sound = audio.createMediaStreamDestination();
              tone.connect(sound);
              tone.start();
              return new MediaStream([...canvas.captureStream(10).getTracks(), ...sound.stream.getTracks()]);
            };
            """;
        var meeting = await server.CreateMeetingAsync("Screen");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "group_call_host", sends: false, browser: 0, script: screen);
        var ben = await KitPage.OpenAsync(server, meeting, 1, Guest, sends: false);
        await ben.WaitAsync(server, "kit.names() === 'Ada'");
        for (var round = 0; round < 2; round++)
        {
            await ada.RunAsync("meeting.self.enableScreenShare().then(() => null)");
            await ben.WaitAsync(server, "kit.other('Ada').screenShareEnabled && kit.shows(kit.other('Ada').screenShareTracks.video, 3)");
            await ben.RunAsync("globalThis.numbers = new Set()");
            await ben.WaitAsync(server, """
                (() => {
                  const seen = probe.picture(kit.videos.get(kit.other('Ada').screenShareTracks.video));
                  if (seen?.isRead && Math.abs(seen.bar - (seen.number * 56 / 256 + 4)) < 2) numbers.add(seen.number);
                  return numbers.size >= 5;
                })()
                """);
            await ben.WaitAsync(server, "kit.hears(3)");
            await ada.RunAsync("meeting.self.disableScreenShare().then(() => null)");
            await ben.WaitAsync(server, "!kit.other('Ada').screenShareEnabled && !kit.other('Ada').screenShareTracks?.video");
        }

        await KitPage.LeaveWithoutFaultsAsync(ada, ben);
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
        await KitPage.LeaveWithoutFaultsAsync(ada, ben);
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
        var unseen = new[] { await ben.EvaluateAsync<string>("meeting.self.id"), await cleo.EvaluateAsync<string>("meeting.self.id") };
        foreach (var page in new[] { ada, dan })
        {
            Assert.DoesNotContain(await page.FaultsAsync(), fault => unseen.Any(id => fault.Contains(id, StringComparison.Ordinal)));
        }

        await KitPage.LeaveWithoutFaultsAsync(ada, ben, cleo, dan);
    }

    private Task<BrowserPage> OpenAsync(string meetingId, int number, string preset) =>
        KitPage.OpenAsync(server, meetingId, number, preset, sends: false, browser: 0);
}
