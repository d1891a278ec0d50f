namespace Roomcast.Interop.Meetings;

/// <summary>People meet in real browsers over the meeting page, whose client is the official package as it is.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class MeetingTests(MeetingServer server) : IAsyncLifetime
{
    private const string Guest = "group_call_participant";

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task Two_see_and_hear_each_other_and_turn_their_devices_off_and_on()
    {
        var meeting = await server.CreateMeetingAsync("Two");
        var ada = await server.JoinAsync(meeting, 0);
        var ben = await server.JoinAsync(meeting, 1, Guest);
        await ada.WaitForOthersAsync("Ben");
        await ben.WaitForOthersAsync("Ada");
        await ada.AssertSeesAsync(ben);
        await ben.AssertSeesAsync(ada);
        await ada.WaitUntilHearsAsync(ben);
        await ben.WaitUntilHearsAsync(ada);

        // Off: the other sees it on the tile, and there is nothing to see or hear.
        await ben.ClickAsync("#mic");
        await ben.ClickAsync("#camera");
        await ada.WaitAsync("probe.tile('Ben').ariaLabel === 'Ben, microphone off, camera off'");
        await ada.WaitAsync("probe.look('Ben') === null || getComputedStyle(probe.tile('Ben').querySelector('video')).display === 'none'");
        await ada.WaitUntilHearsAsync();

        await ben.ClickAsync("#mic");
        await ben.ClickAsync("#camera");
        await ada.WaitAsync("probe.tile('Ben').ariaLabel === 'Ben, microphone on, camera on'");
        await ada.AssertSeesAsync(ben);
        await ada.WaitUntilHearsAsync(ben);

        // A host may mute, and the one who is muted is told.
        await ada.ActOnAsync("Ben", "Mute");
        await ben.WaitAsync("document.getElementById('mic').ariaPressed === 'false'");
        await ben.WaitAsync("document.getElementById('toasts').innerText.includes('The host has muted you')");
        await ada.WaitAsync("probe.tile('Ben').ariaLabel === 'Ben, microphone off, camera on'");

        Assert.Empty(await OwnComplaintsAsync(ada));
        await ben.LeaveAsync();
        await ada.WaitForOthersAsync();
        await ada.LeaveAsync();
    }

    [Fact]
    public async Task Four_see_and_hear_each_other_each_by_its_own_picture_and_tone()
    {
        var meeting = await server.CreateMeetingAsync("Four");
        var tabs = new List<MeetTab>();
        for (var number = 0; number < 4; number++)
        {
            tabs.Add(await server.JoinAsync(meeting, number, number == 0 ? "group_call_host" : Guest, width: 640, height: 560));
        }

        foreach (var tab in tabs)
        {
            MeetTab[] others = [.. tabs.Where(other => other != tab)];
            await tab.WaitForOthersAsync([.. others.Select(other => other.Name)]);
            foreach (var other in others)
            {
                await tab.AssertSeesAsync(other);
            }

            await tab.WaitUntilHearsAsync(others);
        }

        foreach (var tab in tabs)
        {
            await tab.LeaveAsync();
        }
    }

    [Fact]
    public async Task A_screen_is_shared_twice_beside_the_camera()
    {
        var meeting = await server.CreateMeetingAsync("Screen");
        var ada = await server.JoinAsync(meeting, 0);
        var ben = await server.JoinAsync(meeting, 1, Guest);
        await ben.WaitForPictureAsync("Ada");

        for (var round = 0; round < 2; round++)
        {
            await ada.ClickAsync("#screen");
            await ben.WaitAsync("(probe.tile('Ada\u2019s screen')?.querySelector('video').videoWidth ?? 0) > 0");
            // It has most of the floor, and cameras go on beside it.
            await ben.WaitAsync("probe.tile('Ada\u2019s screen').clientWidth > 2 * probe.tile('Ada').clientWidth");
            await ben.AssertSeesAsync(ada);
            await ada.ClickAsync("#screen");
            await ben.WaitAsync("probe.tile('Ada\u2019s screen') === undefined");
        }

        await ben.WaitUntilHearsAsync(ada);
        await ada.LeaveAsync();
        await ben.LeaveAsync();
    }

    [Fact]
    public async Task People_write_to_all_and_to_one_and_send_files_and_pictures()
    {
        var meeting = await server.CreateMeetingAsync("Chat");
        var ada = await server.JoinAsync(meeting, 0);
        var ben = await server.JoinAsync(meeting, 1, Guest);
        await ada.WaitForOthersAsync("Ben");
        await ada.OpenPaneAsync("chat");

        await ada.Page.FillAsync("#chat-text", "Good morning, see https://example.org/notes.");
        await ada.Page.PressAsync("Enter");
        await ada.WaitAsync("document.querySelector('.line-body')?.textContent === 'Good morning, see https://example.org/notes.'");
        await ben.WaitAsync("document.querySelector('#chat-button .count').textContent === '1'");
        await ben.OpenPaneAsync("chat");
        await ben.WaitAsync("document.querySelector('.line-body a')?.href === 'https://example.org/notes'");

        // Only for Ben.
        await ada.Page.ChooseAsync("#chat-to", "Ben");
        await ada.Page.FillAsync("#chat-text", "Between us");
        await ada.ClickAsync("#chat-send");
        await ben.WaitAsync("[...document.querySelectorAll('.is-private .line-body')].some((each) => each.textContent === 'Between us')");
        await ada.Page.ChooseAsync("#chat-to", "Everybody");

        // A file, whole, and a picture, shown.
        var file = Path.Combine(server.Folder, "plan.txt");
        var text = string.Concat(Enumerable.Repeat("All hands on deck. ", 500));
        await File.WriteAllTextAsync(file, text);
        await ada.Page.AttachAsync("#chat-file", file);
        await ben.WaitAsync("document.querySelector('a.file .file-name')?.textContent === 'plan.txt'");
        Assert.Equal(text, await ben.Page.EvaluateAsync<string>("fetch(document.querySelector('a.file').href).then((answer) => answer.text())"));
        var picture = Path.Combine(server.Folder, "dot.png");
        await File.WriteAllBytesAsync(picture, Convert.FromBase64String(
            "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC"));
        await ada.Page.AttachAsync("#chat-file", picture);
        await ben.WaitAsync("(document.querySelector('.chat-image')?.naturalWidth ?? 0) === 8");

        // Who writes may change it and take it back.
        await ada.Page.RunAsync("document.querySelector('.line-of-chat.own [aria-label=\"Edit message\"]').click()");
        await ada.Page.FillAsync("#chat-text", "Good evening");
        await ada.Page.PressAsync("Enter");
        await ben.WaitAsync("document.querySelector('.line-body').textContent === 'Good evening (edited)'");
        await ada.Page.RunAsync("document.querySelector('.line-of-chat.own [aria-label=\"Pin message\"]').click()");
        await ben.WaitAsync("document.getElementById('chat-pinned').textContent === 'Ada: Good evening'");
        await ada.Page.RunAsync("document.querySelector('.line-of-chat.own [aria-label=\"Delete message\"]').click()");
        await ben.WaitAsync("document.querySelector('.line-body').textContent === 'Between us'");

        // Who comes later reads what was for everybody.
        var cleo = await server.JoinAsync(meeting, 2, Guest);
        await cleo.OpenPaneAsync("chat");
        await cleo.WaitAsync("document.querySelectorAll('.line-of-chat').length === 2 && document.querySelector('a.file') !== null");
        Assert.False(await cleo.Page.EvaluateAsync<bool>("document.getElementById('messages').innerText.includes('Between us')"));
        await cleo.LeaveAsync();
        await ada.LeaveAsync();
        await ben.LeaveAsync();
    }

    [Fact]
    public async Task A_poll_is_begun_voted_in_and_counted()
    {
        var meeting = await server.CreateMeetingAsync("Poll");
        var ada = await server.JoinAsync(meeting, 0);
        var ben = await server.JoinAsync(meeting, 1, Guest);
        await ada.WaitForOthersAsync("Ben");
        await ada.OpenPaneAsync("polls");
        await ada.ClickAsync("#poll-new");
        await ada.Page.FillAsync("#poll-question", "Tea or coffee?");
        await ada.Page.FillAsync("#poll-options [aria-label='Answer 1']", "Tea");
        await ada.Page.FillAsync("#poll-options [aria-label='Answer 2']", "Coffee");
        await ada.ClickAsync("#poll-form button[type=submit]");
        await ben.WaitAsync("document.querySelector('#polls-button .count').textContent === '1'");
        await ben.OpenPaneAsync("polls");
        await ben.ClickAsync("[aria-label^='Vote for Coffee']");
        foreach (var tab in new[] { ada, ben })
        {
            await tab.WaitAsync("[...document.querySelectorAll('.option-share')].map((each) => each.textContent).join() === '0 %,100 %'");
            await tab.WaitAsync("document.querySelector('.poll .option-voters:not([hidden])')?.textContent === 'Ben'");
        }

        await ada.LeaveAsync();
        await ben.LeaveAsync();
    }

    [Fact]
    public async Task Guests_wait_until_they_are_let_in_or_turned_away_and_can_be_removed()
    {
        var meeting = await server.CreateMeetingAsync("Waiting room");
        var ada = await server.JoinAsync(meeting, 0);
        var ben = await server.OpenAsync(meeting, 1, "group_call_guest");
        await ben.AskToJoinAsync();
        await ben.WaitForPlaceAsync("waiting");
        await ada.WaitAsync("document.querySelector('#people-button .count').textContent === '1'");
        await ada.WaitForOthersAsync();
        await ada.OpenPaneAsync("people");
        await ada.ClickAsync("[aria-label='Turn away Ben']");
        await ben.WaitForPlaceAsync("rejected");
        await ben.LeaveAsync();

        ben = await server.OpenAsync(meeting, 1, "group_call_guest");
        await ben.AskToJoinAsync();
        await ben.WaitForPlaceAsync("waiting");
        await ada.WaitAsync("document.querySelector('[aria-label=\"Let in Ben\"]') !== null");
        await ada.ClickAsync("[aria-label='Let in Ben']");
        await ben.WaitForPlaceAsync("inside");
        await ada.WaitForOthersAsync("Ben");
        await ada.AssertSeesAsync(ben);

        await ada.ActOnAsync("Ben", "Remove from the meeting");
        await ada.Page.RunAsync("[...document.querySelectorAll('#question-acts button')].find((each) => each.textContent === 'Remove').click()");
        await ben.WaitForPlaceAsync("kicked");
        await ada.WaitForOthersAsync();
        await ben.LeaveAsync();
        await ada.LeaveAsync();
    }

    [Fact]
    public async Task A_host_ends_the_meeting_for_everybody()
    {
        var meeting = await server.CreateMeetingAsync("End");
        var ada = await server.JoinAsync(meeting, 0);
        var ben = await server.JoinAsync(meeting, 1, Guest);
        await ada.WaitForOthersAsync("Ben");

        // Asked first, and staying is an answer.
        await ada.ClickAsync("#leave");
        await ada.WaitAsync("document.getElementById('question').open");
        await ada.Page.PressAsync("Escape");
        await ada.WaitAsync("!document.getElementById('question').open");
        await ada.ClickAsync("#leave");
        await ada.Page.RunAsync("[...document.querySelectorAll('#question-acts button')].find((each) => each.textContent === 'End for all').click()");
        await ben.WaitForPlaceAsync("ended");
        await ada.WaitAsync("['ended', 'left'].includes(document.body.dataset.place)");
        await ben.WaitAsync("document.getElementById('plate-title').innerText === 'The meeting has ended'");
        await ben.LeaveAsync();
        await ada.LeaveAsync();
    }

    [Fact]
    public async Task A_viewer_comes_on_stage_and_goes_back_to_the_audience()
    {
        var meeting = await server.CreateMeetingAsync("Webinar");
        var ada = await server.JoinAsync(meeting, 0, "webinar_presenter");
        if (await ada.Page.EvaluateAsync<bool>("document.getElementById('stage').dataset.act !== 'leave'"))
        {
            await ada.ClickAsync("#stage");
            await ada.WaitAsync("document.getElementById('stage').dataset.act === 'join'");
            await ada.ClickAsync("#stage");
        }

        await ada.WaitAsync("document.getElementById('stage').dataset.act === 'leave'");
        var ben = await server.OpenAsync(meeting, 1, "webinar_viewer");
        await ben.JoinAsync();
        await ben.WaitForPictureAsync("Ada");
        await ada.WaitForOthersAsync();

        await ben.ClickAsync("#stage");
        await ada.WaitAsync("document.querySelector('#people-button .count').textContent === '1'");
        await ada.OpenPaneAsync("people");
        await ada.ClickAsync("[aria-label='Invite Ben']");
        await ben.WaitAsync("document.getElementById('stage').dataset.act === 'join'");
        await ben.ClickAsync("#stage");
        await ben.WaitAsync("document.getElementById('stage').dataset.act === 'leave'");
        await ben.ClickAsync("#camera");
        await ada.WaitForOthersAsync("Ben");
        await ada.AssertSeesAsync(ben);

        await ada.ActOnAsync("Ben", "Send to the audience");
        await ada.WaitForOthersAsync();
        await ben.WaitAsync("document.getElementById('stage').dataset.act === 'ask'");
        await ben.LeaveAsync();
        await ada.LeaveAsync();
    }

    [Fact]
    public async Task A_browser_heeds_the_reports_on_its_packets_and_sends_more_than_it_began_with()
    {
        var meeting = await server.CreateMeetingAsync("Bandwidth");
        var ada = await server.JoinAsync(meeting, 0, browser: MeetingServer.LargeCamera);
        var ben = await server.JoinAsync(meeting, 1, Guest);
        await ben.WaitForPictureAsync("Ada");

        // Browsers begin at 300 kbit/s, and stay there or fall while nothing tells them what arrives.
        await ada.WaitAsync("(async () => await probe.outgoingBitrate() > 600_000)()");
        await ada.LeaveAsync();
        await ben.LeaveAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_was_killed_or_stopped_and_comes_back_is_joined_again_by_itself(bool isKilled)
    {
        var meeting = await server.CreateMeetingAsync("Restart");
        var ada = await server.JoinAsync(meeting, 0);
        var ben = await server.JoinAsync(meeting, 1, Guest);
        await ada.WaitForPictureAsync("Ben");

        await server.RestartAsync(isPlanned: !isKilled);
        foreach (var (tab, other) in new[] { (ada, ben), (ben, ada) })
        {
            await tab.WaitAsync("document.getElementById('meeting').dataset.connection === 'steady'");
            await tab.WaitForOthersAsync(other.Name);
            await tab.AssertSeesAsync(other);
            await tab.WaitUntilHearsAsync(other);
        }

        await ada.LeaveAsync();
        await ben.LeaveAsync();
    }

    [Fact]
    public async Task Somebody_without_a_valid_token_is_told_so()
    {
        var browser = await server.BrowserAsync(0);
        var page = await browser.OpenAsync(server.PageOf("eyJhbGciOiJub25lIn0.eyJtZWV0aW5nSWQiOiJ4In0."), script: MeetProbe.Text);
        var tab = new MeetTab(server, page, 0);
        await tab.WaitForPlaceAsync("shut");
        await tab.WaitAsync("document.getElementById('plate-title').textContent === 'This link is not valid any more'");
        await tab.LeaveAsync();
    }

    /// <summary>Faults of the page itself. Hosts of statistics that a self-hosted server has no name for are not among them.</summary>
    private static async Task<IEnumerable<string>> OwnComplaintsAsync(MeetTab tab) =>
        (await tab.Page.ComplaintsAsync()).Where(complaint => !complaint.Contains("Failed to load resource", StringComparison.Ordinal));
}
