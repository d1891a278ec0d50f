using Roomcast.Interop.Browser;
using Roomcast.TestKit;

namespace Roomcast.Interop.Meetings;

/// <summary>A page with nothing but the official client package in it, as its own build for browsers has it.</summary>
internal static class KitPage
{
    /// <summary>
    /// Finds others and looks at what they send, by the client's own object: <c>kit.other(name)</c>, <c>kit.sees(name, number)</c>,
    /// <c>kit.hears(number)</c>, <c>kit.message(text)</c>. A connected meeting that the client goes to takes the place of the one before.
    /// </summary>
    private const string Helpers = """
        globalThis.kit = {
          videos: new Map(),
          sounds: new Map(),
          enter(made) {
            globalThis.meeting = made;
            made.connectedMeetings.on('meetingChanged', kit.enter);
          },
          names: () => meeting.participants.joined.toArray().map(({ name }) => name).sort().join(),
          other: (name) => meeting.participants.joined.toArray().find((each) => each.name === name),
          // Whether a track shows the picture of the participant of a number; a track is played by an element of its own.
          shows(track, number) {
            if (!track) return false;
            if (!kit.videos.has(track)) {
              const video = Object.assign(document.createElement('video'), { muted: true, autoplay: true, srcObject: new MediaStream([track]) });
              kit.videos.set(track, video);
            }
            return probe.shows(kit.videos.get(track), number);
          },
          sees: (name, number) => kit.other(name)?.videoEnabled === true && kit.shows(kit.other(name).videoTrack, number),
          // Whether exactly the tone of the participant of a number is heard.
          async hears(number) {
            // Chromium decodes no sound that is not played somewhere.
            for (const track of meeting.participants.joined.toArray().flatMap((each) => [each.audioTrack, each.screenShareTracks?.audio])) {
              if (track && !kit.sounds.has(track)) {
                kit.sounds.set(track, Object.assign(new Audio(), { muted: true, autoplay: true, srcObject: new MediaStream([track]) }));
              }
            }
            const audible = (await probe.heard(1200)).filter((levels) => Math.max(...levels) > -60);
            return audible.length === 1 && audible[0].indexOf(Math.max(...audible[0])) === number;
          },
          message: (text) => meeting.chat.messages.find(({ message }) => message === text),
        };
        """;

    /// <summary>What every page says although nothing is amiss.</summary>
    private static readonly string[] Harmless =
    [
        // It sends that its devices are off, and that it leaves, and closes its socket before either is sent or answered.
        "WebSocket is already in CLOSING or CLOSED state.",
        "error on sending leave room request",

        // It gives its statistics 3 s to arrive, sends them again later, and a machine with much else to do takes longer.
        "/api/v1/message net::ERR_ABORTED",
        "AbortError: signal is aborted without reason",
    ];

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
    /// <param name="joins">Whether it joins; otherwise the client is made and no more.</param>
    /// <param name="token">Of whom; by default of a participant that is added.</param>
    public static async Task<BrowserPage> OpenAsync(
        MeetingServer server,
        string meetingId,
        int number,
        string preset,
        bool sends,
        int browser = -1,
        string? script = null,
        string? picture = null,
        string plugins = "[]",
        bool joins = true,
        string? token = null)
    {
        token ??= await server.AddParticipantAsync(meetingId, MeetingServer.Names[number], preset, picture);
        var chromium = await server.BrowserAsync(browser < 0 ? number : browser);
        // A page of the server's own that does nothing without a token: one that came from nowhere may not reach this machine.
        var page = await chromium.OpenAsync(new Uri(server.Server.HttpsBase, "/meet"), 640, 480, script: MeetProbe.Text + Helpers + script, files: new Dictionary<string, string>
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
              // What the client logs is seen on the console as well, its errors and warnings among the page's faults.
              modules: { devTools: { logs: true } },
            }).then(kit.enter)
            """);
        if (joins)
        {
            await page.RunAsync("meeting.join().then(() => null)");
        }

        return page;
    }

    /// <summary>Waits until something is true in a page; what the page and the server complain of is part of the failure.</summary>
    public static async Task WaitAsync(this BrowserPage page, MeetingServer server, string expression)
    {
        try
        {
            await page.WaitAsync(expression, MeetTab.Patience);
        }
        catch (InvalidOperationException fault)
        {
            var name = await page.EvaluateAsync<string>("""
                JSON.stringify({
                  name: globalThis.meeting?.self.name,
                  place: globalThis.meeting?.self.roomState,
                  joined: globalThis.meeting?.participants.joined.toArray().map(({ name, stageStatus, audioEnabled, videoEnabled }) => [name, stageStatus, audioEnabled, videoEnabled]),
                  active: globalThis.meeting?.participants.active.toArray().map(({ name }) => name),
                  speakers: globalThis.meeting?.participants.selectedPeers.peers.map((id) => meeting.participants.joined.get(id)?.name ?? id),
                })
                """);
            var log = server.Server.Errors;
            throw new InvalidOperationException(
                $"{name}: {fault.Message}\n{string.Join('\n', await page.FaultsAsync())}\n{(log.Length > 4_000 ? log[^4_000..] : log)}");
        }
    }

    /// <summary>
    /// Asserts that nothing went wrong in a page but what is expected: no exception, no error or warning of the client or the browser,
    /// no failed request. Then leaves and closes it.
    /// </summary>
    /// <param name="page">The page.</param>
    /// <param name="expected">Parts of what may be among it.</param>
    public static async Task LeaveWithoutFaultsAsync(this BrowserPage page, params string[] expected)
    {
        await page.AssertNoFaultsAsync(expected);
        await page.RunAsync("meeting.leave().then(() => null)");
        await page.CloseAsync();
    }

    /// <summary>The same for several: all are looked at before the first leaves, which the others may remark on.</summary>
    public static async Task LeaveWithoutFaultsAsync(params BrowserPage[] pages)
    {
        foreach (var page in pages)
        {
            await page.AssertNoFaultsAsync([]);
        }

        foreach (var page in pages)
        {
            await page.RunAsync("meeting.leave().then(() => null)");
            await page.CloseAsync();
        }
    }

    /// <summary>The same for a page that has left, or been made to.</summary>
    public static async Task CloseWithoutFaultsAsync(this BrowserPage page, params string[] expected)
    {
        await page.AssertNoFaultsAsync(expected);
        await page.CloseAsync();
    }

    private static async Task AssertNoFaultsAsync(this BrowserPage page, string[] expected)
    {
        var unexpected = (await page.FaultsAsync())
            .Where(fault => !Harmless.Concat(expected).Any(part => fault.Contains(part, StringComparison.Ordinal)))
            .ToList();
        Assert.True(unexpected.Count == 0, string.Join('\n', unexpected));
    }
}
