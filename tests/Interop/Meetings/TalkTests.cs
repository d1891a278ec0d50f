using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Roomcast.Interop.Browser;
using Roomcast.TestKit.Speech;

namespace Roomcast.Interop.Meetings;

/// <summary>What is written, asked and said, by the official client, as those who are meant and those who are not find it.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class TalkTests(MeetingServer server) : IAsyncLifetime
{
    private const string Guest = "group_call_participant";

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task Messages_are_sent_changed_pinned_paged_through_and_private_ones_stay_private()
    {
        var meeting = await server.CreateMeetingAsync("Chat");
        var ada = await OpenAsync(meeting, 0, "group_call_host");
        var ben = await OpenAsync(meeting, 1, Guest);
        var cleo = await OpenAsync(meeting, 2, Guest);
        await ada.WaitAsync(server, "kit.names() === 'Ben,Cleo'");

        for (var number = 0; number < 7; number++)
        {
            await ada.RunAsync($"meeting.chat.sendTextMessage('Number {number}').then(() => null)");
        }

        await ben.WaitAsync(server, "meeting.chat.messages.length === 7 && meeting.chat.messages.every(({ message }, at) => message === `Number ${at}` )");
        await ben.RunAsync("meeting.chat.on('chatUpdate', ({ action, message }) => { globalThis.last = `${action} ${message.message}`; })");
        await ben.RunAsync("for (const each of ['pinMessage', 'unpinMessage']) meeting.chat.on(each, ({ message }) => { globalThis.pin = `${each} ${message.message}`; })");

        // Composed by an application.
        await ada.RunAsync("meeting.chat.sendCustomMessage({ message: 'See', html: '<b>See</b>', images: ['https://example.org/a.png'] }).then(() => null)");
        await ben.WaitAsync(server, "kit.message('See')?.type === 'custom' && kit.message('See').html === '<b>See</b>' && kit.message('See').images[0].link === 'https://example.org/a.png'");

        // Changed, pinned, and the pin and the message taken back.
        await ada.RunAsync("meeting.chat.editTextMessage(kit.message('Number 2').id, 'Number two').then(() => null)");
        await ben.WaitAsync(server, "kit.message('Number two')?.isEdited && kit.message('Number 2') === undefined && last === 'edit Number two'");
        await ada.RunAsync("meeting.chat.pin(kit.message('Number 5').id).then(() => null)");
        await ben.WaitAsync(server, "kit.message('Number 5').pinned && pin === 'pinMessage Number 5'");
        await ada.RunAsync("meeting.chat.pin(kit.message('Number 1').id).then(() => null)");
        await ben.WaitAsync(server, "pin === 'pinMessage Number 1'");
        Assert.Equal("Number 1,Number 5", await PageAsync(cleo, "fetchPinnedMessages({ timestamp: 0, limit: 10, direction: 'after' })"));
        await ada.RunAsync("meeting.chat.unpin(kit.message('Number 5').id).then(() => null)");
        await ben.WaitAsync(server, "!kit.message('Number 5').pinned && pin === 'unpinMessage Number 5'");
        Assert.Equal("Number 1", await PageAsync(cleo, "fetchPinnedMessages({ timestamp: Date.now() + 60_000, limit: 10, direction: 'before' })"));
        await ada.RunAsync("meeting.chat.deleteMessage(kit.message('Number 6').id).then(() => null)");
        await ben.WaitAsync(server, "kit.message('Number 6') === undefined && meeting.chat.messages.length === 7");

        // What is another's stays as it is.
        await ben.RunAsync("meeting.chat.deleteMessage(kit.message('Number 4').id).then(() => null)");
        await ben.RunAsync("meeting.chat.editTextMessage(kit.message('Number 4').id, 'Mine').then(() => null)");

        // Only for Ben, and from Ben to Ada.
        await ada.RunAsync("meeting.chat.sendTextMessage('Between us', [kit.other('Ben').id]).then(() => null)");
        await ben.WaitAsync(server, "kit.message('Between us')?.targetUserIds.includes(meeting.self.userId)");
        await ben.RunAsync("meeting.chat.sendTextMessage('Of course', [kit.other('Ada').id]).then(() => null)");
        await ada.WaitAsync(server, "kit.message('Of course')?.displayName === 'Ben'");
        await ben.RunAsync("meeting.chat.sendTextMessage('For all').then(() => null)");
        await cleo.WaitAsync(server, "kit.message('For all') !== undefined");
        Assert.True(await cleo.EvaluateAsync<bool>("kit.message('Between us') === undefined && kit.message('Of course') === undefined && kit.message('Number 4') !== undefined"));
        Assert.Equal("Between us,Of course", await PageAsync(ada, "fetchPrivateMessages({ userId: kit.other('Ben').userId, timestamp: 0, limit: 10, direction: 'after' })"));
        Assert.Equal("", await PageAsync(cleo, "fetchPrivateMessages({ userId: kit.other('Ben').userId, timestamp: 0, limit: 10, direction: 'after' })"));

        // By pages, from both ends; a later guest finds the same.
        var dan = await OpenAsync(meeting, 3, Guest);
        await dan.WaitAsync(server, "meeting.chat.messages.length === 8 && kit.message('Number two')?.isEdited && kit.message('Number 1').pinned");
        Assert.Equal("Number 0,Number 1,Number two", await PageAsync(dan, "fetchPublicMessages({ timestamp: 0, limit: 3, direction: 'after' })"));
        Assert.Equal(
            "Number 3,Number 4,Number 5",
            await PageAsync(dan, "fetchPublicMessages({ timestamp: kit.message('Number two').timeMs ?? kit.message('Number two').time.getTime(), limit: 3, direction: 'after' })"));
        Assert.Equal("See,For all", await PageAsync(dan, "fetchPublicMessages({ timestamp: Date.now() + 60_000, limit: 2, direction: 'before' })"));

        // Who is there, by search and pages.
        Assert.Equal("Ben,Dan", await dan.EvaluateAsync<string>("meeting.participants.getAllJoinedPeers('n', 10, 0).then((found) => found.map(({ name, displayName }) => name ?? displayName).join())"));
        Assert.Equal("Cleo", await dan.EvaluateAsync<string>("meeting.participants.getAllJoinedPeers('', 1, 2).then((found) => found.map(({ name, displayName }) => name ?? displayName).join())"));

        // The client waits for nobody's answer when it changes messages, and so catches no refusal.
        await ben.LeaveWithoutFaultsAsync("this message is another's", "window::unhandledrejection");
        await KitPage.LeaveWithoutFaultsAsync(ada, cleo, dan);
    }

    [Fact]
    public async Task Anonymous_polls_and_hidden_votes_tell_counts_and_no_voters()
    {
        var meeting = await server.CreateMeetingAsync("Polls");
        var ada = await OpenAsync(meeting, 0, "group_call_host");
        var ben = await OpenAsync(meeting, 1, Guest);
        await ada.WaitAsync(server, "kit.names() === 'Ben'");
        await ada.RunAsync("meeting.polls.create('Anonymous?', ['Yes', 'No'], true).then(() => meeting.polls.create('Hidden?', ['Yes', 'No'], false, true)).then(() => meeting.polls.create('Open?', ['Yes', 'No'])).then(() => null)");
        await ben.WaitAsync(server, "meeting.polls.items.map(({ question }) => question).join() === 'Anonymous?,Hidden?,Open?'");
        Assert.True(await ben.EvaluateAsync<bool>("meeting.polls.items[0].anonymous && meeting.polls.items[1].hideVotes && !meeting.polls.items[2].anonymous && !meeting.polls.items[2].hideVotes"));
        await ben.RunAsync("(async () => { for (const { id } of meeting.polls.items) await meeting.polls.vote(id, 1); return null; })()");
        await ada.WaitAsync(server, "meeting.polls.items.every(({ options }) => options[0].count === 0 && options[1].count === 1)");
        Assert.True(await ada.EvaluateAsync<bool>(
            "meeting.polls.items.map(({ options, voted }) => `${options[1].votes.map(({ name }) => name).join()}/${voted.length}`).join() === '/0,/0,Ben/1'"));

        // Who has voted knows of the own vote, also in a new tab; and votes once.
        await ben.WaitAsync(server, "meeting.polls.items.every(({ voted }) => voted.join() === meeting.self.userId)");
        await ben.RunAsync("meeting.polls.vote(meeting.polls.items[0].id, 0).catch(() => null).then(() => meeting.chat.sendTextMessage('Voted')).then(() => null)");
        await ada.WaitAsync(server, "kit.message('Voted') !== undefined");
        Assert.Equal(1, await ada.EvaluateAsync<int>("meeting.polls.items[0].options.reduce((sum, { count }) => sum + count, 0)"));
        var cleo = await OpenAsync(meeting, 2, Guest);
        await cleo.WaitAsync(server, "meeting.polls.items.map(({ options, voted }) => `${options[1].count}${options[1].votes.length}${voted.length}`).join() === '100,100,111'");
        await KitPage.LeaveWithoutFaultsAsync(ada, ben, cleo);
    }

    [Fact]
    public async Task What_is_said_is_read_while_it_is_said_and_by_who_comes_later()
    {
        await using var speech = await HearingEndpoint.StartAsync();
        using var api = server.Server.CreateApiClient();
        var services = new Uri(server.Server.AppPath + "/ai-services", UriKind.Relative);
        using var chosen = await api.PatchAsJsonAsync(services, new { transcription = new { url = speech.Address, model = "listener" } });
        Assert.True(chosen.IsSuccessStatusCode, await chosen.Content.ReadAsStringAsync());
        try
        {
            var readers = await server.CreatePresetAsync("reader", "group_call_host", preset => preset["permissions"]!["transcription_enabled"] = true);
            var meeting = await server.CreateMeetingAsync("Said");
            var ben = await OpenAsync(meeting, 1, readers);
            var ada = await KitPage.OpenAsync(server, meeting, 0, readers, sends: true);
            var tone = $"tone {MeetProbe.Tones[0]}";
            await ben.WaitAsync(server, $"meeting.ai.transcripts.some(({{ name, transcript, isPartialTranscript }}) => name === 'Ada' && transcript === '{tone}' && !isPartialTranscript)");
            Assert.Equal(await ada.EvaluateAsync<string>("meeting.self.id"), await ben.EvaluateAsync<string>("meeting.ai.transcripts[0].peerId"));

            var cleo = await OpenAsync(meeting, 2, readers);
            await cleo.WaitAsync(server, $"meeting.ai.transcripts.some(({{ name, transcript }}) => name === 'Ada' && transcript === '{tone}')");
            var dan = await OpenAsync(meeting, 3, Guest);
            await ben.RunAsync("globalThis.known = meeting.ai.transcripts.length");
            await ben.WaitAsync(server, "meeting.ai.transcripts.length > known");
            Assert.Equal(0, await dan.EvaluateAsync<int>("meeting.ai.transcripts.length"));
            await KitPage.LeaveWithoutFaultsAsync(ada, ben, cleo, dan);
        }
        finally
        {
            using var none = await api.PatchAsJsonAsync(services, new JsonObject { ["transcription"] = null });
        }
    }

    private static Task<string> PageAsync(BrowserPage page, string fetch) =>
        page.EvaluateAsync<string>($"meeting.chat.{fetch}.then((found) => found.map(({{ message }}) => message).join())");

    // One browser is enough: nothing is seen or heard here.
    private Task<BrowserPage> OpenAsync(string meetingId, int number, string preset) =>
        KitPage.OpenAsync(server, meetingId, number, preset, sends: false, browser: 0);
}
