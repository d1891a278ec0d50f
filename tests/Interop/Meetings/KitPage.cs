using Roomcast.Interop.Browser;
using Roomcast.TestKit;

namespace Roomcast.Interop.Meetings;

/// <summary>A page with nothing but the official client package in it, as its own build for browsers has it.</summary>
internal static class KitPage
{
    /// <summary>Opens one and joins; the client's object is <c>meeting</c>.</summary>
    /// <param name="server">Where the meeting is.</param>
    /// <param name="meetingId">The meeting.</param>
    /// <param name="number">Which participant.</param>
    /// <param name="preset">What it may do.</param>
    /// <param name="sends">Whether it sends picture and sound.</param>
    /// <param name="browser">In whose browser; the participant's own by default.</param>
    /// <param name="picture">Address of the participant's picture; null for none.</param>
    /// <param name="script">What runs before the page's own scripts.</param>
    /// <param name="plugins">The plugins the client is made with, as an expression.</param>
    public static async Task<BrowserPage> OpenAsync(
        MeetingServer server,
        string meetingId,
        int number,
        string preset,
        bool sends,
        int browser = -1,
        string? script = null,
        string? picture = null,
        string plugins = "[]")
    {
        var token = await server.AddParticipantAsync(meetingId, MeetingServer.Names[number], preset, picture);
        var chromium = await server.BrowserAsync(browser < 0 ? number : browser);
        // A page of the server's own that does nothing without a token: one that came from nowhere may not reach this machine.
        var page = await chromium.OpenAsync(new Uri(server.Server.HttpsBase, "/meet"), 640, 480, script: script, files: new Dictionary<string, string>
        {
            [new Uri(server.Server.HttpsBase, "/kit-browser.js").AbsoluteUri] =
                RepositoryFiles.PathOf("web", "node_modules", "@cloudflare", "realtimekit", "dist", "browser.js"),
        });
        await page.RunAsync("""
            new Promise((loaded, failed) => {
              const script = document.createElement('script');
              [script.onload, script.onerror] = [loaded, failed];
              script.src = '/kit-browser.js';
              document.head.append(script);
            }).then(() => null)
            """);
        var flag = sends ? "true" : "false";
        await page.RunAsync($$"""
            RealtimeKitClient.init({
              authToken: '{{token}}',
              baseURI: location.host,
              defaults: {
                audio: {{flag}},
                video: {{flag}},
                plugins: {{plugins}},
              },
            }).then(async (made) => {
              globalThis.meeting = made;
              await made.join();
              return null;
            })
            """);
        return page;
    }
}
