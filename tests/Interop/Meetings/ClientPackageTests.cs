using Roomcast.Interop.Browser;

namespace Roomcast.Interop.Meetings;

/// <summary>
/// The official client package in a page of its own, as its own build for browsers has it: what the meeting page has no use for
/// works as well.
/// </summary>
[Collection(MeetingServerTests.Name)]
public sealed class ClientPackageTests(MeetingServer server) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task Stores_and_messages_reach_the_others()
    {
        var meeting = await server.CreateMeetingAsync("Package");
        var ada = await OpenAsync(meeting, 0);
        var ben = await OpenAsync(meeting, 1);
        await ada.WaitAsync("meeting.participants.joined.size === 1", MeetTab.Patience);

        // A store that both have open, and one that is read later.
        await ada.RunAsync("meeting.stores.create('board').then((made) => { globalThis.board = made; return null; })");
        await ben.RunAsync("meeting.stores.create('board').then((made) => { globalThis.board = made; board.subscribe('*', (change) => { globalThis.change = change; }); return null; })");
        await ada.RunAsync("board.set('shape', { kind: 'circle', size: 3 })");
        await ben.WaitAsync("globalThis.board.get('shape')?.size === 3", MeetTab.Patience);
        await ben.RunAsync("board.set('owner', 'Ben')");
        await ada.WaitAsync("board.get('owner') === 'Ben'", MeetTab.Patience);
        await ada.RunAsync("board.delete('shape')");
        await ben.WaitAsync("board.get('shape') === undefined", MeetTab.Patience);
        var cleo = await OpenAsync(meeting, 2);
        await cleo.RunAsync("meeting.stores.create('board').then((made) => { globalThis.board = made; return null; })");
        await cleo.WaitAsync("globalThis.board?.get('owner') === 'Ben'", MeetTab.Patience);

        // A message of an application's own kind.
        await ben.RunAsync("meeting.participants.on('broadcastedMessage', ({ type, payload }) => { globalThis.said = `${type} ${payload.word}`; })");
        await ada.RunAsync("meeting.participants.broadcastMessage('greeting', { word: 'hello' })");
        await ben.WaitAsync("globalThis.said === 'greeting hello'", MeetTab.Patience);

        foreach (var page in new[] { ada, ben, cleo })
        {
            await page.RunAsync("meeting.leave()");
            await page.CloseAsync();
        }
    }

    // One browser is enough: nothing is seen or heard here.
    private Task<BrowserPage> OpenAsync(string meetingId, int number) =>
        KitPage.OpenAsync(server, meetingId, number, "group_call_host", sends: false, browser: 0);
}
