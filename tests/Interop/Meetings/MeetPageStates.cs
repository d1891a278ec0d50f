using System.Diagnostics;
using Roomcast.Interop.Browser;
using Roomcast.TestKit;

namespace Roomcast.Interop.Meetings;

/// <summary>What the meeting page shows in every state, with meetings that are made up (web/src/meet/gallery.ts), and how it is used without a mouse.</summary>
/// <remarks>With <c>ROOMCAST_SCREENSHOTS</c> set to a folder, each state is kept there as a picture to be looked at.</remarks>
public sealed class MeetPageStates(MeetPageStates.GalleryFixture gallery) : IClassFixture<MeetPageStates.GalleryFixture>, IAsyncLifetime
{
    private static readonly (int Width, int Height, bool IsPhone)[] Screens = [(1_280, 800, false), (360, 740, true)];

    private static readonly string? Screenshots = Environment.GetEnvironmentVariable("ROOMCAST_SCREENSHOTS");

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => gallery.Browser.CloseAllAsync();

    [Theory]
    [InlineData("notoken", "noToken", "This link is not complete")]
    [InlineData("insecure", "insecure", "Meetings need a secure page")]
    [InlineData("nonames", "noNames", "Meetings need a host name")]
    [InlineData("opening", "opening", "Opening the meeting")]
    [InlineData("refused", "shut", "This link is not valid any more")]
    [InlineData("unreachable", "shut", "The meeting cannot be reached")]
    [InlineData("waiting", "waiting", "You will be let in soon")]
    [InlineData("left", "left", "You have left the meeting")]
    [InlineData("kicked", "kicked", "You were removed from the meeting")]
    [InlineData("rejected", "rejected", "You were not let in")]
    [InlineData("ended", "ended", "The meeting has ended")]
    [InlineData("failed", "failed", "The connection was lost")]
    public async Task Where_there_is_no_meeting_it_says_why(string scene, string place, string title)
    {
        foreach (var (width, height, isPhone) in Screens)
        {
            var page = await gallery.OpenAsync(scene, width, height, isPhone);
            await page.WaitAsync($"document.body.dataset.place === '{place}'");
            Assert.Equal(title, await page.EvaluateAsync<string>("document.getElementById('plate-title').innerText"));
            Assert.StartsWith(title, await page.EvaluateAsync<string>("document.getElementById('announcer').textContent"), StringComparison.Ordinal);
            Assert.Contains($"heading \"{title}\" [level=1]", await page.AccessibilityAsync(), StringComparison.Ordinal);
            await AssertInOrderAsync(page, isPhone ? $"{scene}-phone" : scene, width);
        }
    }

    [Theory]
    [InlineData("setup")]
    [InlineData("devices")]
    [InlineData("viewer")]
    public async Task Before_the_meeting_everything_is_in_reach(string scene)
    {
        foreach (var (width, height, isPhone) in Screens)
        {
            var page = await gallery.OpenAsync(scene, width, height, isPhone);
            await page.WaitAsync("document.body.dataset.place === 'setup' && document.getElementById('setup-speaker-choice').options.length > 0");
            await AssertInOrderAsync(page, isPhone ? $"{scene}-phone" : scene, width);
        }
    }

    [Theory]
    [InlineData("call-1", "", 1)]
    [InlineData("call-2", "", 2)]
    [InlineData("call-4", "", 4)]
    [InlineData("call-9", "", 9)]
    [InlineData("call-30", "", null)]
    [InlineData("guest-4", "", 4)]
    [InlineData("pinned-5", "", null)]
    [InlineData("screen-4", "", null)]
    [InlineData("reconnecting-4", "", 4)]
    [InlineData("audience", "", 2)]
    [InlineData("audience-empty", "", 0)]
    [InlineData("chat-4", "chat", null)]
    [InlineData("nochat-4", "chat", null)]
    [InlineData("people-4", "people", null)]
    [InlineData("people-12", "people", null)]
    [InlineData("stage", "people", null)]
    [InlineData("polls-4", "polls", null)]
    [InlineData("newpoll-4", "polls", null)]
    [InlineData("settings-4", "settings-panel", null)]
    [InlineData("onair-4", "on-air-panel", null)]
    [InlineData("leave-4", "question", null)]
    [InlineData("toasts-4", "toasts", null)]
    public async Task In_the_meeting_everything_is_in_reach(string scene, string opened, int? tiles)
    {
        foreach (var (width, height, isPhone) in Screens)
        {
            var page = await gallery.OpenAsync(scene, width, height, isPhone);
            await page.WaitAsync("document.body.dataset.place === 'inside'");
            if (opened.Length > 0)
            {
                await page.WaitAsync($"document.getElementById('{opened}').checkVisibility() && document.getElementById('{opened}').innerText !== ''");
            }

            if (tiles is not null)
            {
                await page.WaitAsync($"document.querySelectorAll('.tile[data-tile]:not([hidden])').length === {tiles}");
            }

            await AssertInOrderAsync(page, isPhone ? $"{scene}-phone" : scene, width);
        }
    }

    /// <summary>
    /// Nothing hangs out at the side; whatever can be used has a name, is large enough to be hit, and lies under nothing else; and the
    /// page complains of nothing.
    /// </summary>
    private static async Task AssertInOrderAsync(BrowserPage page, string scene, int width)
    {
        await page.RunAsync(Looker);
        await page.WaitAsync("looker.isAtRest()");
        if (Screenshots is not null)
        {
            await page.ScreenshotAsync(Path.Combine(Screenshots, $"meet-{scene}.png"));
        }

        Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= width, $"{scene} hangs out at the side.");
        Assert.Empty(await page.EvaluateAsync<List<string>>("looker.unnamed()"));
        Assert.Empty(await page.EvaluateAsync<List<string>>("looker.small()"));
        Assert.Empty(await page.EvaluateAsync<List<string>>("looker.covered()"));
        Assert.Empty(await page.ComplaintsAsync());
    }

    [Fact]
    public async Task The_set_up_screen_is_used_with_the_keyboard_alone()
    {
        var page = await gallery.OpenAsync("setup", 1_280, 800);
        await page.WaitAsync("document.activeElement.id === 'setup-title'");
        Assert.Equal(["setup-camera", "setup-mic"], await TabThroughAsync(page, 2, "Shift+Tab"));
        Assert.Equal(
            ["setup-camera", "setup-name", "setup-mic-choice", "setup-camera-choice", "setup-speaker-choice", "setup-join"],
            await TabThroughAsync(page, 6));
        await page.PressAsync("Enter");
        await page.WaitAsync("document.body.dataset.place === 'inside' && document.activeElement.id === 'title'");

        var tree = await (await gallery.OpenAsync("devices", 1_280, 800)).AccessibilityAsync();
        Assert.Contains("textbox \"Your name\"", tree, StringComparison.Ordinal);
        Assert.Contains("combobox \"Microphone\"", tree, StringComparison.Ordinal);
        Assert.Contains("button \"Turn camera on\"", tree, StringComparison.Ordinal);
        Assert.Contains("alert", tree, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_meeting_is_used_with_the_keyboard_alone()
    {
        var page = await gallery.OpenAsync("call-4", 1_280, 800);
        await page.WaitAsync("document.body.dataset.place === 'inside' && document.activeElement.id === 'title'");
        var reached = await TabThroughAsync(page, 13);
        Assert.Equal(4, reached.Count(each => each.Contains("tile-enlarge", StringComparison.Ordinal)));
        Assert.Equal(
            ["on-air", "mic", "camera", "screen", "chat-button", "people-button", "polls-button", "settings-button", "leave"],
            reached.Where(each => !each.Contains("tile-enlarge", StringComparison.Ordinal)));

        // Panels take the focus, give it back, and close with Escape.
        foreach (var (key, button, pane, focused) in new[]
        {
            ("c", "chat-button", "chat", "chat-text"),
            ("p", "people-button", "people", "side-title"),
            ("o", "polls-button", "polls", "side-title"),
        })
        {
            await page.RunAsync($"document.getElementById('{button}').focus()");
            await page.PressAsync(key);
            await page.WaitAsync($"!document.getElementById('{pane}').hidden && document.activeElement.id === '{focused}'");
            Assert.Equal("true", await page.EvaluateAsync<string>($"document.getElementById('{button}').ariaExpanded"));
            await page.PressAsync("Escape");
            await page.WaitAsync($"document.getElementById('side').hidden && document.activeElement.id === '{button}'");
        }

        // Both were turned on on the way in. Each key turns one off and on again, and it is said; held down, it does so once.
        foreach (var (key, button, off, on) in new[] { ("m", "mic", "Microphone off", "Microphone on"), ("v", "camera", "Camera off", "Camera on") })
        {
            var name = off.Split(' ')[0].ToLowerInvariant();
            foreach (var (said, now) in new[] { (off, "on"), (on, "off") })
            {
                await page.PressAsync(key);
                await page.WaitAsync(
                    $"document.getElementById('{button}').ariaLabel === 'Turn {name} {now}' && document.getElementById('announcer').textContent === '{said}'");
            }

            await page.RunAsync($$"""
                for (const repeat of [false, true, true, true]) {
                  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '{{key}}', repeat, bubbles: true }));
                }
                """);
            await page.WaitAsync($"document.getElementById('{button}').ariaLabel === 'Turn {name} on'");
            await page.PressAsync(key);
            await page.WaitAsync($"document.getElementById('{button}').ariaLabel === 'Turn {name} off'");
        }

        // Devices: opened from its button, the focus goes in, and Escape brings it back.
        await page.RunAsync("document.getElementById('settings-button').focus()");
        await page.PressAsync("Enter");
        await page.WaitAsync("document.activeElement.id === 'mic-choice'");
        await page.PressAsync("Escape");
        await page.WaitAsync("document.getElementById('settings-panel').hidden && document.activeElement.id === 'settings-button'");

        // Letters that are written are no commands.
        await page.PressAsync("c");
        await page.WaitAsync("document.activeElement.id === 'chat-text'");
        foreach (var letter in "mvp")
        {
            await page.PressAsync(letter.ToString());
        }

        Assert.Equal("mvp", await page.EvaluateAsync<string>("document.getElementById('chat-text').value"));
        Assert.Equal("Turn microphone off", await page.EvaluateAsync<string>("document.getElementById('mic').ariaLabel"));
        await page.PressAsync("Enter");
        await page.WaitAsync("[...document.querySelectorAll('.line-body')].at(-1).textContent === 'mvp'");

        // A host's menu.
        await page.RunAsync("document.getElementById('people-button').focus()");
        await page.PressAsync("Enter");
        await page.RunAsync("document.querySelector('[aria-label=\"Actions for Ben\"]').focus()");
        await page.PressAsync("Enter");
        await page.WaitAsync("document.activeElement.className === 'row-act'");
        await page.PressAsync("Escape");
        await page.WaitAsync("document.activeElement.ariaLabel === 'Actions for Ben' && document.activeElement.ariaExpanded === 'false'");

        // Leaving is asked about, and Escape stays.
        await page.RunAsync("document.getElementById('leave').focus()");
        await page.PressAsync("Enter");
        await page.WaitAsync("document.getElementById('question').open && document.getElementById('question').contains(document.activeElement)");
        await page.PressAsync("Escape");
        await page.WaitAsync("!document.getElementById('question').open && document.activeElement.id === 'leave'");
        Assert.Equal("inside", await page.EvaluateAsync<string>("document.body.dataset.place"));
    }

    [Fact]
    public async Task A_screen_reader_finds_what_is_there_by_its_name()
    {
        var page = await gallery.OpenAsync("chat-4", 1_280, 800);
        await page.WaitAsync("!document.getElementById('chat').hidden");
        var tree = await page.AccessibilityAsync();
        foreach (var expected in (string[])
        [
            "heading \"Harbour project: weekly\" [level=1]",
            "main \"People you see\"",
            "group \"You yourself (you), microphone on, camera on\"",
            "group \"Ben, microphone off, camera on\"",
            "button \"Make Ben larger\"",
            "complementary \"Chat\"",
            "log \"Messages\"",
            "textbox \"Message\"",
            "combobox \"To\"",
            "button \"Send a file or picture\"",
            "img \"Picture from Ben\"",
            "toolbar \"Meeting controls\"",
            "button \"Turn microphone off\" [pressed]",
            "button \"Turn screen sharing on\"",
            "button \"Chat\" [expanded]",
            "button \"People: 4\"",
            "button \"Leave\"",
        ])
        {
            Assert.Contains(expected, tree, StringComparison.Ordinal);
        }

        page = await gallery.OpenAsync("people-4", 1_280, 800);
        await page.WaitAsync("!document.getElementById('people').hidden");
        tree = await page.AccessibilityAsync();
        foreach (var expected in (string[])["button \"Let in Latecomer\"", "button \"Turn away Latecomer\"", "button \"Actions for Ben\"", "button \"People: 4, 2 waiting\""])
        {
            Assert.Contains(expected, tree, StringComparison.Ordinal);
        }

        page = await gallery.OpenAsync("polls-4", 1_280, 800);
        await page.WaitAsync("!document.getElementById('polls').hidden");
        tree = await page.AccessibilityAsync();
        Assert.Contains("button \"Vote for Yes\"", tree, StringComparison.Ordinal);
        Assert.Contains("button \"Wednesday, 4 of 7 votes, your vote\" [disabled]", tree, StringComparison.Ordinal);
    }

    /// <summary>Presses the tabulator again and again; answers what has the focus each time, all of which shows that it has.</summary>
    private static async Task<List<string>> TabThroughAsync(BrowserPage page, int times, string key = "Tab")
    {
        var reached = new List<string>();
        for (var i = 0; i < times; i++)
        {
            await page.PressAsync(key);
            reached.Add(await page.EvaluateAsync<string>("document.activeElement.id || document.activeElement.className"));
            Assert.True(
                await page.EvaluateAsync<bool>("document.activeElement.matches(':focus-visible') && getComputedStyle(document.activeElement).outlineStyle !== 'none'"),
                $"Nothing shows that {reached[^1]} has the focus.");
        }

        return reached;
    }

    /// <summary>Looks at all that can be used and is in sight.</summary>
    private const string Looker = """
        globalThis.looker = (() => {
          const modal = document.querySelector('dialog[open]');
          const usable = () => [...(modal ?? document).querySelectorAll('a[href], button, input, select, textarea')]
            .filter((each) => each.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !each.disabled && !each.closest('.unseen'));
          const name = (each) => each.ariaLabel || each.textContent.trim() || [...(each.labels ?? [])].map((label) => label.textContent.trim()).join() || each.querySelector('img')?.alt || '';
          const tell = (each) => `${each.id || each.className || each.tagName}: ${name(each)}`;
          // Where it lies in what is scrolled; null when it is out of sight there.
          const place = (each) => {
            let { left, top, right, bottom } = each.getBoundingClientRect();
            for (let box = each.parentElement; box !== null; box = box.parentElement) {
              if (getComputedStyle(box).overflow !== 'visible') {
                const around = box.getBoundingClientRect();
                [left, top] = [Math.max(left, around.left), Math.max(top, around.top)];
                [right, bottom] = [Math.min(right, around.right), Math.min(bottom, around.bottom)];
              }
            }
            return right - left < 1 || bottom - top < 1 ? null : { left, top, right, bottom };
          };
          return {
            // But for what turns for ever, and the level of the microphone.
            isAtRest: () => document.getAnimations().every(({ playState, effect }) =>
              playState !== 'running' || effect.getTiming().iterations === Infinity || effect.target.closest('.level') !== null),
            unnamed: () => usable().filter((each) => name(each) === '').map(tell),
            // WCAG 2.2, 2.5.8; links within a text may be as small as it is.
            small: () => usable().filter((each) => each.matches('button, select, input:not([type=checkbox], [type=file]), textarea') && !each.matches('.link'))
              .filter((each) => { const { width, height } = each.getBoundingClientRect(); return width < 24 || height < 24; }).map(tell),
            covered: () => usable().filter((each) => {
              const seen = place(each);
              if (seen === null || each.matches('.tile-enlarge')) return false;
              const found = document.elementFromPoint((seen.left + seen.right) / 2, (seen.top + seen.bottom) / 2);
              return found === null || !(each.contains(found) || found.contains(each));
            }).map(tell),
          };
        })();
        """;

    /// <summary>The gallery, built once, and a browser to look at it with.</summary>
    public sealed class GalleryFixture : IAsyncLifetime
    {
        // No server: what is asked there is answered from the folder. By this name a page may ask for cameras.
        private const string Host = "http://localhost";

        private readonly string _folder = Directory.CreateTempSubdirectory("roomcast-test-").FullName;

        /// <summary>The browser.</summary>
        public ChromiumBrowser Browser { get; private set; } = null!;

        /// <inheritdoc/>
        public async Task InitializeAsync()
        {
            using var build = Process.Start(new ProcessStartInfo("node", ["gallery.mjs", _folder])
            {
                WorkingDirectory = RepositoryFiles.PathOf("web"),
                RedirectStandardError = true,
            })!;
            var said = await build.StandardError.ReadToEndAsync();
            await build.WaitForExitAsync();
            if (build.ExitCode != 0)
            {
                throw new InvalidOperationException($"gallery.mjs ended with {build.ExitCode}: {said}");
            }

            Browser = await ChromiumBrowser.StartAsync();
        }

        /// <inheritdoc/>
        public async Task DisposeAsync()
        {
            await Browser.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }

        /// <summary>Opens a scene.</summary>
        public Task<BrowserPage> OpenAsync(string scene, int width, int height, bool isTouch = false)
        {
            var address = new Uri($"{Host}/gallery.html?show={scene}");
            var files = Directory.EnumerateFiles(_folder).ToDictionary(path => $"{Host}/{Path.GetFileName(path)}");
            files[address.AbsoluteUri] = Path.Combine(_folder, "gallery.html");
            return Browser.OpenAsync(address, width, height, isTouch, files: files);
        }
    }
}
