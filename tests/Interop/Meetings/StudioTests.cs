using System.Text.Json.Nodes;
using Roomcast.Interop.Browser;
using Roomcast.TestKit.Server;

namespace Roomcast.Interop.Meetings;

/// <summary>The studio makes meetings over the REST API, and leads into them.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class StudioTests(MeetingServer server) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task With_an_api_token_two_clicks_make_a_meeting_and_lead_into_it()
    {
        var studio = await OpenAsync();
        await GiveAccessAsync(studio, server.Server.Credentials);
        await studio.FillAsync("#title", "Two clicks");
        await studio.FillAsync("#name", "Ada");

        // One.
        await studio.ClickAsync("#create");
        await studio.WaitAsync("document.getElementById('made-title').innerText === 'Two clicks'", MeetTab.Patience);
        Assert.Equal("host", await studio.EvaluateAsync<string>("document.activeElement.id"));
        Adopt(await studio.EvaluateAsync<string>("document.getElementById('host').href"));

        // Two.
        var ada = new MeetTab(server, await studio.FollowAsync("#host"), 0);
        await ada.WaitForPlaceAsync("setup");
        Assert.Equal("Two clicks", await ada.Page.EvaluateAsync<string>("document.getElementById('setup-title').innerText"));
        await ada.JoinAsync();

        // A guest's link is as good, and is a guest's.
        await studio.FillAsync("#guest", "Ben");
        await studio.ClickAsync("#copy");
        await studio.WaitAsync("document.querySelector('#links a') !== null", MeetTab.Patience);
        Assert.True(await studio.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "The link hangs out at the side.");
        var link = await studio.EvaluateAsync<string>("document.querySelector('#links a').href");
        var guests = await server.BrowserAsync(1);
        var ben = new MeetTab(server, await guests.OpenAsync(new Uri(link), 800, 600, script: MeetProbe.Text), 1);
        await ben.JoinAsync();
        await ada.WaitForOthersAsync("Ben");
        await ben.WaitForOthersAsync("Ada");
        await ada.AssertSeesAsync(ben);
        await ben.AssertSeesAsync(ada);
        await ada.OpenPaneAsync("people");
        await ben.OpenPaneAsync("people");
        const string mayRemove = "[...document.querySelectorAll('.row-act')].some((each) => each.textContent === 'Remove from the meeting')";
        await ada.WaitAsync(mayRemove);
        await ben.WaitAsync("document.querySelectorAll('#people-list .row').length === 2");
        Assert.False(await ben.Page.EvaluateAsync<bool>(mayRemove));

        Assert.Empty(await studio.ComplaintsAsync());
        await ben.LeaveAsync();
        await ada.LeaveAsync();
        await studio.CloseAsync();
    }

    [Fact]
    public async Task A_wrong_token_or_app_is_said_and_can_be_put_right()
    {
        var good = server.Server.Credentials;
        var studio = await OpenAsync();

        // Nothing given: the browser asks for it, where it can be given.
        await studio.ClickAsync("#create");
        await studio.WaitAsync("document.getElementById('access').open && document.activeElement.id === 'token'", MeetTab.Patience);
        Assert.True(await studio.EvaluateAsync<bool>("document.getElementById('made').hidden"));

        foreach (var wrong in new[] { good with { ApiToken = "not-the-token" }, good with { AppId = Guid.NewGuid().ToString() }, good with { AccountId = "nobody" } })
        {
            await GiveAccessAsync(studio, wrong);
            await studio.ClickAsync("#create");
            await studio.WaitAsync("!document.getElementById('fault').hidden", MeetTab.Patience);
            Assert.Equal(
                "The server does not accept this access. Check the API token, the account and the app.",
                await studio.EvaluateAsync<string>("document.getElementById('fault').innerText"));
            Assert.Equal("alert", await studio.EvaluateAsync<string>("document.getElementById('fault').role"));
            Assert.True(await studio.EvaluateAsync<bool>("document.getElementById('access').open && document.getElementById('made').hidden"));
            Assert.Equal("token", await studio.EvaluateAsync<string>("document.activeElement.id"));
            Assert.Equal("password", await studio.EvaluateAsync<string>("document.activeElement.type"));
        }

        // A file that is something else.
        var file = Path.Combine(server.Folder, "other.json");
        await File.WriteAllTextAsync(file, """{"name":"something else"}""");
        await studio.AttachAsync("#file", file);
        await studio.WaitAsync("document.getElementById('fault').innerText.startsWith('This file holds no credentials.')", MeetTab.Patience);

        await GiveAccessAsync(studio, good);
        Assert.True(await studio.EvaluateAsync<bool>("document.getElementById('fault').hidden"));
        await studio.ClickAsync("#create");
        await studio.WaitAsync("!document.getElementById('made').hidden", MeetTab.Patience);
        Adopt(await studio.EvaluateAsync<string>("document.getElementById('host').href"));
        await studio.CloseAsync();
    }

    private async Task<BrowserPage> OpenAsync()
    {
        var chromium = await server.BrowserAsync(0);
        var page = await chromium.OpenAsync(new Uri(server.Server.HttpsBase, "/studio"), 800, 700, script: MeetProbe.Text);
        await page.WaitAsync("document.getElementById('kind')?.options.length > 0", MeetTab.Patience);
        return page;
    }

    /// <summary>Opens the file that the server has written at its first start, or one like it.</summary>
    private async Task GiveAccessAsync(BrowserPage studio, RoomcastCredentials credentials)
    {
        var file = Path.Combine(server.Folder, "credentials.json");
        await File.WriteAllTextAsync(file, new JsonObject
        {
            ["account_id"] = credentials.AccountId,
            ["app_id"] = credentials.AppId,
            ["api_token"] = credentials.ApiToken,
        }.ToJsonString());
        await studio.AttachAsync("#file", file);
        await studio.WaitAsync(
            $"!document.getElementById('access').open && document.getElementById('token').value === '{credentials.ApiToken}'"
            + $" && document.getElementById('app').value === '{credentials.AppId}' && document.getElementById('account').value === '{credentials.AccountId}'",
            MeetTab.Patience);
    }

    /// <summary>Has the meeting of a link ended with the test. The token names it (docs/decisions/participant-tokens.md).</summary>
    private void Adopt(string link)
    {
        var token = Uri.UnescapeDataString(new Uri(link).Query["?token=".Length..]);
        var payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
        var claims = JsonNode.Parse(Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '=')))!;
        server.Adopt(claims["meetingId"]!.GetValue<string>());
    }
}
