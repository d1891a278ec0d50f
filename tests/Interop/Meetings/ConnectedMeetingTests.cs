using Roomcast.Interop.Browser;

namespace Roomcast.Interop.Meetings;

/// <summary>Connected meetings by the official client: made, gone to, sent to, written to, and closed.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class ConnectedMeetingTests(MeetingServer server) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task People_are_moved_between_meetings_that_are_made_and_closed_and_see_each_other_there()
    {
        var meeting = await server.CreateMeetingAsync("Parent");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "group_call_host", sends: false);
        var ben = await KitPage.OpenAsync(server, meeting, 1, "group_call_participant", sends: true);
        var cleo = await KitPage.OpenAsync(server, meeting, 2, "group_call_participant", sends: true);
        await ada.WaitAsync(server, "kit.names() === 'Ben,Cleo'");

        // Made by one, known to all.
        await ada.RunAsync("meeting.connectedMeetings.createMeetings([{ title: 'Left' }, { title: 'Right' }]).then((made) => { globalThis.made = made; })");
        foreach (var page in new[] { ada, ben, cleo })
        {
            await page.WaitAsync(server, "meeting.connectedMeetings.meetings.map(({ title }) => title).join() === 'Left,Right'");
        }

        var left = await ada.EvaluateAsync<string>("made[0].id");
        server.Adopt(left);
        server.Adopt(await ada.EvaluateAsync<string>("made[1].id"));

        // Moved: gone from the one, there in the other, with what they send; and everybody knows where they are.
        Assert.True(await ada.EvaluateAsync<bool>(
            $"meeting.connectedMeetings.moveParticipants('{meeting}', '{left}', [kit.other('Ben').userId, kit.other('Cleo').userId]).then(({{ success }}) => success)"));
        await ada.WaitAsync(server, "kit.names() === ''");
        await ada.WaitAsync(server, "meeting.connectedMeetings.meetings[0].participants.map(({ displayName }) => displayName).sort().join() === 'Ben,Cleo'");
        await ben.WaitAsync(server, $"meeting.meta.meetingId === '{left}' && meeting.meta.meetingTitle === 'Left' && kit.names() === 'Cleo'");
        await cleo.WaitAsync(server, $"meeting.meta.meetingId === '{left}' && kit.sees('Ben', 1)");
        await ben.WaitAsync(server, "kit.sees('Cleo', 2)");

        // A message for those over there.
        await ben.RunAsync("meeting.participants.on('broadcastedMessage', ({ type, payload }) => { globalThis.said = `${type} ${payload.word}`; })");
        await ada.RunAsync($"meeting.participants.broadcastMessage('call', {{ word: 'time' }}, {{ meetingIds: ['{left}'] }}).then(() => null)");
        await ben.WaitAsync(server, "globalThis.said === 'call time'");

        // Back by oneself, where the preset allows that much and no more.
        await ben.RunAsync($"meeting.connectedMeetings.moveParticipants('{left}', '{meeting}', [meeting.self.userId]).then(() => null)");
        await ada.WaitAsync(server, "kit.sees('Ben', 1)");
        await cleo.WaitAsync(server, "kit.names() === ''");

        // Who is not there is moved nowhere, and the one who asks is told.
        Assert.False(await ada.EvaluateAsync<bool>(
            $"meeting.connectedMeetings.moveParticipants('{meeting}', '{left}', ['{Guid.NewGuid()}']).then(({{ success }}) => success)"));

        // Closed: who was in it is back.
        await ada.RunAsync("meeting.connectedMeetings.deleteMeetings(made.map(({ id }) => id)).then(() => null)");
        await ada.WaitAsync(server, "kit.names() === 'Ben,Cleo' && kit.sees('Cleo', 2)");
        await cleo.WaitAsync(server, "meeting.meta.meetingTitle === 'Parent' && kit.sees('Ben', 1)");
        foreach (var page in new[] { ada, ben, cleo })
        {
            await page.WaitAsync(server, "meeting.connectedMeetings.meetings.length === 0");
        }

        // One was moved on while the client asked for what they send; that it was told so is no fault of anybody's.
        const string MovedOn = "doesn't exist in joined list but producers of it are being consumed";
        await ada.LeaveWithoutFaultsAsync(MovedOn, "Failed to move connected meetings participants");
        foreach (var page in new[] { ben, cleo })
        {
            await page.LeaveWithoutFaultsAsync(MovedOn);
        }
    }
}
