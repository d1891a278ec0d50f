using Roomcast.Interop.Browser;

namespace Roomcast.Interop.Meetings;

/// <summary>
/// The official client package in a page of its own, as its own build for browsers has it: what the meeting page has no use for
/// works as well.
/// </summary>
[Collection(MeetingServerTests.Name)]
public sealed class ClientPackageTests(MeetingServer server) : IAsyncLifetime
{
    /// <summary>A plugin as an application has it: a button that counts for everybody, and what opens and closes it.</summary>
    private const string CounterPlugin = """
        globalThis.counterPlugin = {
          id: 'counter',
          name: 'Counter',
          icon: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>',
          permissions: { canActivate: true, canDeactivate: true },
          component: class {
            async open() {
              const store = await meeting.stores.create('counter');
              this.button = document.createElement('button');
              this.button.id = 'count';
              this.button.style = 'position: fixed; inset: 40px auto auto 40px; z-index: 9';
              const count = () => store.get('count') ?? 0;
              const draw = () => { this.button.textContent = String(count()); };
              store.subscribe('count', draw);
              this.button.addEventListener('click', () => void store.set('count', count() + 1).then(draw));
              draw();
              document.body.append(this.button);
            }
            close() { this.button.remove(); }
          },
        };
        globalThis.counter = () => meeting.plugins.all.toArray()[0];
        globalThis.shownCount = () => document.getElementById('count')?.textContent ?? null;
        globalThis.runPlugin = async (plugin) => {
          let running = null;
          const follow = async (isActive) => {
            if (isActive === (running !== null)) return;
            const instance = running ?? new plugin.component();
            running = isActive ? instance : null;
            await (isActive ? instance.open() : instance.close());
          };
          plugin.on('stateUpdate', ({ active }) => void follow(active));
          await follow(plugin.active);
        };
        """;

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

        await KitPage.LeaveWithoutFaultsAsync(ada, ben, cleo);
    }

    [Fact]
    public async Task A_plugin_is_opened_for_all_shares_its_store_and_is_closed_again()
    {
        var meeting = await server.CreateMeetingAsync("Plugin");
        var ada = await OpenWithPluginAsync(meeting, 0);
        var ben = await OpenWithPluginAsync(meeting, 1);
        await ada.WaitAsync("meeting.participants.joined.size === 1", MeetTab.Patience);
        await ada.RunAsync("counter().activate()");
        foreach (var page in new[] { ada, ben })
        {
            await page.WaitAsync("shownCount() === '0' && meeting.plugins.active.size === 1", MeetTab.Patience);
        }

        Assert.Equal(await ada.EvaluateAsync<string>("meeting.self.id"), await ben.EvaluateAsync<string>("counter().enabledBy"));
        await ben.ClickAsync("#count");
        await ada.WaitAsync("shownCount() === '1'", MeetTab.Patience);
        await ada.ClickAsync("#count");
        await ben.WaitAsync("shownCount() === '2'", MeetTab.Patience);

        // Who comes later finds it open, with what has been done in it.
        var cleo = await OpenWithPluginAsync(meeting, 2, "group_call_participant");
        await cleo.WaitAsync("shownCount() === '2'", MeetTab.Patience);

        // Who did not open it may close it; what was done is kept for the next time.
        await ben.RunAsync("counter().deactivate()");
        foreach (var page in new[] { ada, ben, cleo })
        {
            await page.WaitAsync("shownCount() === null && meeting.plugins.active.size === 0", MeetTab.Patience);
        }

        // Whose preset does not allow it opens it for nobody, whatever its own page says.
        await cleo.RunAsync("counter().activate().then(() => meeting.chat.sendTextMessage('after that'))");
        await ada.WaitAsync("meeting.chat.messages.length === 1", MeetTab.Patience);
        Assert.Equal(0, await ada.EvaluateAsync<int>("meeting.plugins.active.size"));

        await ben.RunAsync("counter().activate()");
        await ada.WaitAsync("shownCount() === '2'", MeetTab.Patience);
        foreach (var page in new[] { ada, ben, cleo })
        {
            await page.RunAsync("meeting.leave()");
            await page.CloseAsync();
        }
    }

    [Fact]
    public async Task What_a_meeting_has_agreed_on_outlives_a_restart_of_the_server()
    {
        var meeting = await server.CreateMeetingAsync("Agreed");
        var waits = await server.CreatePresetAsync("waiting-viewer", "webinar_viewer", preset => preset["permissions"]!["waiting_room_type"] = "SKIP_ON_ACCEPT");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "webinar_presenter", sends: false, browser: 0);
        var ben = await KitPage.OpenAsync(server, meeting, 1, waits, sends: false, joins: false);
        await ben.RunAsync("void meeting.join()");
        await ada.WaitAsync(server, "meeting.participants.waitlisted.size === 1");
        await ada.RunAsync("meeting.participants.acceptWaitingRoomRequest(meeting.participants.waitlisted.toArray()[0].id)");
        await ada.WaitAsync(server, "kit.names() === 'Ben'");
        await ada.RunAsync("meeting.stage.grantAccess([kit.other('Ben').userId]).then(() => null)");
        await ben.WaitAsync(server, "meeting.stage.status === 'ACCEPTED_TO_JOIN_STAGE'");
        await ben.RunAsync("meeting.stage.join().then(() => meeting.self.enableVideo()).then(() => null)");
        await ada.WaitAsync(server, "kit.other('Ben').stageStatus === 'ON_STAGE' && kit.sees('Ben', 1)");
        await ada.RunAsync("kit.other('Ben').pin().then(() => meeting.participants.updatePermissions([kit.other('Ben').id], { polls: { canCreate: true } })).then(() => null)");
        await ada.RunAsync("meeting.stores.create('board').then((made) => { globalThis.board = made; return made.set('shape', 'circle'); }).then(() => null)");
        await ben.WaitAsync(server, "meeting.self.isPinned && meeting.self.permissions.polls.canCreate");
        await ben.RunAsync("meeting.polls.create('Before?', ['Yes', 'No']).then(() => null)");
        await ada.WaitAsync(server, "meeting.polls.items.length === 1");

        // A page may learn of it late, and is as it was until then.
        foreach (var page in new[] { ada, ben })
        {
            await page.RunAsync("globalThis.wasLost = false, setInterval(() => { wasLost ||= meeting.self.roomState !== 'joined'; }, 20)");
        }

        await server.RestartAsync();
        foreach (var page in new[] { ada, ben })
        {
            await page.WaitAsync(server, "wasLost");
        }

        // Ben neither waits nor asks again: he is on stage, and seen.
        await ben.WaitAsync(server, "meeting.self.roomState === 'joined' && meeting.stage.status === 'ON_STAGE' && meeting.self.videoEnabled");
        await ada.WaitAsync(server, "meeting.self.roomState === 'joined' && kit.names() === 'Ben' && kit.other('Ben').stageStatus === 'ON_STAGE' && kit.sees('Ben', 1)");
        await ada.WaitAsync(server, "kit.other('Ben').isPinned");
        await ben.RunAsync("meeting.polls.create('After?', ['Yes', 'No']).then(() => null)");
        await ada.WaitAsync(server, "meeting.polls.items.map(({ question }) => question).join() === 'Before?,After?'");

        // What was kept is there for who comes anew.
        var cleo = await KitPage.OpenAsync(server, meeting, 2, "webinar_presenter", sends: false, browser: 0);
        await cleo.RunAsync("meeting.stores.create('board').then((made) => { globalThis.board = made; })");
        await cleo.WaitAsync(server, "board.get('shape') === 'circle' && kit.other('Ben')?.isPinned === true");
        foreach (var page in new[] { ada, ben, cleo })
        {
            await page.RunAsync("meeting.leave().then(() => null)");
            await page.CloseAsync();
        }
    }

    [Fact]
    public async Task Stores_are_written_before_one_joins()
    {
        var meeting = await server.CreateMeetingAsync("Early");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "group_call_host", sends: false, browser: 0, joins: false);
        await ada.RunAsync("meeting.stores.create('board').then((made) => { globalThis.board = made; return made.set('first', 1); }).then(() => null)");
        var ben = await KitPage.OpenAsync(server, meeting, 1, "group_call_host", sends: false, browser: 0);
        await ben.RunAsync("meeting.stores.create('board').then((made) => { globalThis.board = made; })");
        await ben.WaitAsync(server, "board.get('first') === 1");
        await ben.RunAsync("board.set('second', 2).then(() => null)");
        await ada.WaitAsync(server, "board.get('second') === 2");
        await ada.RunAsync("meeting.join().then(() => null)");
        await ben.WaitAsync(server, "kit.names() === 'Ada'");
        await KitPage.LeaveWithoutFaultsAsync(ada, ben);
    }

    // One browser is enough: nothing is seen or heard here.
    private Task<BrowserPage> OpenAsync(string meetingId, int number) =>
        KitPage.OpenAsync(server, meetingId, number, "group_call_host", sends: false, browser: 0);

    /// <summary>Opens a page with a plugin, and runs the plugin as long as it is active.</summary>
    private async Task<BrowserPage> OpenWithPluginAsync(string meetingId, int number, string preset = "group_call_host")
    {
        var page = await KitPage.OpenAsync(
            server, meetingId, number, preset, sends: false, browser: 0, script: CounterPlugin, plugins: "[counterPlugin]");
        await page.RunAsync("runPlugin(counter())");
        return page;
    }
}
