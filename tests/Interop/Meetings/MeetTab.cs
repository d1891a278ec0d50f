using System.Text.Json;
using Roomcast.Interop.Browser;

namespace Roomcast.Interop.Meetings;

/// <summary>What a page saw at one moment.</summary>
/// <param name="IsRead">Whether the blocks make sense.</param>
/// <param name="Number">Which picture of the source it is.</param>
/// <param name="Bar">Where the bar stands, from 0 to 64.</param>
/// <param name="Colour">Red, green and blue of the middle.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
internal sealed record SeenPicture(bool IsRead, int Number, double Bar, int[] Colour, int Width, int Height);

/// <summary>What comes in of one picture.</summary>
/// <param name="Track">The track's id in the page.</param>
/// <param name="Width">Pixels of the last decoded frame.</param>
/// <param name="Frames">Frames decoded so far.</param>
/// <param name="Packets">Packets received so far.</param>
internal sealed record InboundVideo(string Track, int Width, long Frames, long Packets);

/// <summary>The meeting page in one participant's browser, used as a person uses it.</summary>
internal sealed class MeetTab(MeetingServer server, BrowserPage page, int number)
{
    /// <summary>How long anything may take on a machine that has much else to do.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const int PictureCount = 10;

    public BrowserPage Page => page;

    public string Name => MeetingServer.Names[number];

    /// <summary>Presses the button of the set-up screen and waits until the meeting is there.</summary>
    public async Task JoinAsync()
    {
        await AskToJoinAsync();
        await WaitForPlaceAsync("inside");
    }

    /// <summary>Presses the button of the set-up screen once camera and microphone run.</summary>
    public async Task AskToJoinAsync()
    {
        await WaitForDevicesAsync();
        await page.ClickAsync("#setup-join");
    }

    /// <summary>Waits until the set-up screen is there and camera and microphone run.</summary>
    public async Task WaitForDevicesAsync()
    {
        await WaitForPlaceAsync("setup");
        await WaitAsync(
            "['setup-mic', 'setup-camera'].every((id) => { const each = document.getElementById(id); return each.hidden || each.ariaPressed === 'true'; })");
    }

    /// <summary>Waits until the page says where one stands: setup, waiting, inside, kicked…</summary>
    public Task WaitForPlaceAsync(string place) => WaitAsync($"document.body.dataset.place === '{place}'");

    /// <summary>Waits for something to become true in the page; what the page shows instead is part of the failure.</summary>
    public async Task WaitAsync(string expression)
    {
        try
        {
            await page.WaitAsync(expression, Patience);
        }
        catch (InvalidOperationException fault)
        {
            throw new InvalidOperationException($"{Name}: {fault.Message}\n{await DescribeAsync()}");
        }
    }

    /// <summary>How all stands: what the page shows and has to say, its connections, and the server's log.</summary>
    private async Task<string> DescribeAsync()
    {
        var shown = await page.EvaluateAsync<string>("document.body.dataset.place + ': ' + document.body.innerText.replace(/\\s+/g, ' ').slice(0, 600)");
        var stand = await page.EvaluateAsync<string>("globalThis.probe?.stand() ?? ''");
        var complaints = string.Join("\n", await page.ComplaintsAsync());
        var log = server.Server.Errors;
        return $"Shown: {shown}\n{complaints}\n{(log.Length > 6_000 ? log[^6_000..] : log)}\n{stand}";
    }

    /// <summary>Waits until others are on the floor, and no one else.</summary>
    public Task WaitForOthersAsync(params string[] names) => WaitAsync(
        $"JSON.stringify(probe.names().filter((name) => !name.endsWith('(you)')).sort()) === '{JsonSerializer.Serialize(names.Order(StringComparer.Ordinal))}'");

    /// <summary>Waits until another's moving picture is seen.</summary>
    public Task WaitForPictureAsync(string name) => WaitAsync($"probe.look('{name}')?.isRead === true");

    /// <summary>Watches another for some pictures: they are that participant's own, whole, and move as the source's do.</summary>
    public async Task AssertSeesAsync(MeetTab other)
    {
        try
        {
            await WaitForPictureAsync(other.Name);
        }
        catch (InvalidOperationException fault)
        {
            throw new InvalidOperationException($"{fault.Message}\n\nThe page of {other.Name}:\n{await other.DescribeAsync()}");
        }

        await AssertSeesAsync(other.Name);
    }

    /// <summary>The same for somebody who need not be in a browser.</summary>
    public Task AssertSeesAsync(string other) => AssertSeesAsync(other, MeetingServer.Names.ToList().IndexOf(other));

    /// <summary>Watches somebody for some pictures: they are those of a source, whole, and move as that one's do.</summary>
    public async Task AssertSeesAsync(string other, int source)
    {
        await WaitForPictureAsync(other);
        var pictures = await page.EvaluateAsync<List<SeenPicture>>($"probe.watch('{other}', {PictureCount}, {Patience.TotalMilliseconds})");
        var read = pictures.Where(each => each.IsRead).ToList();
        if (pictures.Count != PictureCount)
        {
            Assert.Fail($"{Name} saw only {pictures.Count} pictures of {other}.\n{await DescribeAsync()}");
        }

        // A canvas may catch a picture while a layer changes.
        Assert.True(read.Count >= PictureCount - 2, $"Only {read.Count} of {pictures.Count} pictures of {other} were whole.");
        var expected = CodedPicture.Colours[source];
        Assert.All(read, each =>
        {
            Assert.InRange(each.Bar, (each.Number * 56.0 / 256) + 4 - 2, (each.Number * 56.0 / 256) + 4 + 2);
            Assert.InRange(each.Colour[0], expected.Red - 45, expected.Red + 45);
            Assert.InRange(each.Colour[1], expected.Green - 45, expected.Green + 45);
            Assert.InRange(each.Colour[2], expected.Blue - 45, expected.Blue + 45);
        });
    }

    /// <summary>Listens until exactly the tones of some participants are heard, each in a sound of its own.</summary>
    public Task WaitUntilHearsAsync(params MeetTab[] others) => WaitUntilHearsAsync([.. others.Select(other => other.Name)]);

    /// <summary>The same for people who need not be in a browser.</summary>
    public Task WaitUntilHearsAsync(IReadOnlyList<string> others) =>
        WaitUntilHearsAsync([.. others.Select(other => MeetingServer.Names.ToList().IndexOf(other)).Order()]);

    /// <summary>Listens until exactly some tones are heard, in ascending order, each in a sound of its own.</summary>
    public async Task WaitUntilHearsAsync(IReadOnlyList<int> expected)
    {
        var end = TimeProvider.System.GetTimestamp();
        List<List<int>> heard = [];
        while (TimeProvider.System.GetElapsedTime(end) < Patience)
        {
            heard = await page.EvaluateAsync<List<List<int>>>("probe.heard(1200)");
            if (LoudTones(heard) is { } tones && tones.SequenceEqual(expected))
            {
                return;
            }
        }

        Assert.Fail($"{Name} heard {JsonSerializer.Serialize(heard)} dB, not the tones {string.Join(", ", expected)}.\n{server.Server.Errors}");
    }

    /// <summary>The tone of each sound that is not silent; null when one of them is not a single tone.</summary>
    private static List<int>? LoudTones(List<List<int>> heard)
    {
        const int Audible = -60;
        const int Apart = 15;
        var tones = new List<int>();
        foreach (var sound in heard)
        {
            var loudest = sound.IndexOf(sound.Max());
            if (sound[loudest] < Audible)
            {
                continue;
            }

            if (sound.Where((_, tone) => tone != loudest).Any(level => level > sound[loudest] - Apart))
            {
                return null;
            }

            tones.Add(loudest);
        }

        tones.Sort();
        return tones;
    }

    public Task<List<InboundVideo>> InboundAsync() => page.EvaluateAsync<List<InboundVideo>>("probe.inbound()");

    public Task ClickAsync(string selector) => page.ClickAsync(selector);

    /// <summary>Presses a button of a person's row among the people, and then an act of its menu.</summary>
    public async Task ActOnAsync(string person, string act)
    {
        await OpenPaneAsync("people");
        await page.RunAsync($$"""
            (() => {
              const row = [...document.querySelectorAll('#people-list .row')].find((each) => each.querySelector('.row-name').textContent === '{{person}}');
              row.querySelector('.row-menu').hidden && row.querySelector('button.tiny').click();
              [...row.querySelectorAll('.row-act')].find((each) => each.textContent === '{{act}}').click();
            })()
            """);
    }

    public async Task OpenPaneAsync(string pane)
    {
        if (await page.EvaluateAsync<bool>($"document.getElementById('{pane}').hidden || document.getElementById('side').hidden"))
        {
            await page.ClickAsync($"#{pane}-button");
        }
    }

    /// <summary>Leaves, whatever the page asks, and closes the tab.</summary>
    public Task LeaveAsync() => page.CloseAsync();
}
