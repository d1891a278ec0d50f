using System.Text.Json;
using System.Text.Json.Nodes;

namespace Roomcast.Interop.Browser;

/// <summary>One tab.</summary>
public sealed class BrowserPage(IBrowserDriver browser, int name)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Evaluates an expression in the page; a promise is awaited.</summary>
    public async Task<T> EvaluateAsync<T>(string expression) =>
        (await AskAsync("evaluate", new JsonObject { ["script"] = expression })).Deserialize<T>(Json)!;

    /// <summary>Runs statements or an expression in the page.</summary>
    public Task RunAsync(string script) => AskAsync("evaluate", new JsonObject { ["script"] = script });

    /// <summary>Waits until an expression is true in the page.</summary>
    public Task WaitAsync(string expression, TimeSpan? patience = null) => AskAsync("wait", new JsonObject
    {
        ["script"] = expression,
        ["timeoutMs"] = (patience ?? TimeSpan.FromSeconds(60)).TotalMilliseconds,
    });

    /// <summary>Waits until the watch page shows a stage; fails with what it shows instead.</summary>
    public async Task WaitForStageAsync(string stage, TimeSpan? patience = null)
    {
        try
        {
            await WaitAsync($"document.getElementById('player')?.dataset.stage === '{stage}'", patience);
        }
        catch (InvalidOperationException fault)
        {
            var shown = await EvaluateAsync<string>("document.getElementById('player')?.dataset.stage ?? document.body.innerText");
            var complaints = string.Join("\n", await ComplaintsAsync());
            throw new InvalidOperationException($"The page shows {shown}, not {stage}. {fault.Message}\n{complaints}");
        }
    }

    /// <summary>Writes a PNG.</summary>
    public Task ScreenshotAsync(string path) => AskAsync("screenshot", new JsonObject { ["path"] = path });

    /// <summary>Presses a key, named as in the DOM.</summary>
    public Task PressAsync(string key) => AskAsync("press", new JsonObject { ["key"] = key });

    /// <summary>Clicks an element.</summary>
    public Task ClickAsync(string selector) => AskAsync("click", new JsonObject { ["selector"] = selector });

    /// <summary>Clicks what opens a tab of its own; answers the tab.</summary>
    public async Task<BrowserPage> FollowAsync(string selector) =>
        new(browser, (await AskAsync("follow", new JsonObject { ["selector"] = selector }))!.GetValue<int>());

    /// <summary>Writes into a field.</summary>
    public Task FillAsync(string selector, string text) => AskAsync("fill", new JsonObject { ["selector"] = selector, ["text"] = text });

    /// <summary>Chooses from a list, by the value of an option or by its words.</summary>
    public Task ChooseAsync(string selector, string value) => AskAsync("choose", new JsonObject { ["selector"] = selector, ["value"] = value });

    /// <summary>Gives a file to a field for files.</summary>
    public Task AttachAsync(string selector, string path) => AskAsync("attach", new JsonObject { ["selector"] = selector, ["path"] = path });

    /// <summary>Changes the size of what the page is seen in, in CSS pixels.</summary>
    public Task ResizeAsync(int width, int height) => AskAsync("resize", new JsonObject { ["width"] = width, ["height"] = height });

    /// <summary>Taps an element with a finger; only where the screen is one that can be touched.</summary>
    public Task TapAsync(string selector) => AskAsync("tap", new JsonObject { ["selector"] = selector });

    /// <summary>Moves the mouse.</summary>
    public Task MoveAsync(int x, int y) => AskAsync("move", new JsonObject { ["x"] = x, ["y"] = y });

    /// <summary>Emulates media features, for example <c>{"colorScheme":"light"}</c>.</summary>
    public Task EmulateAsync(JsonObject features) => AskAsync("media", new JsonObject { ["features"] = features });

    /// <summary>Reloads, as F5 does.</summary>
    public Task ReloadAsync() => AskAsync("reload", []);

    /// <summary>Closes the tab, as a person does: the page may still say goodbye.</summary>
    public Task CloseAsync() => AskAsync("close", []);

    /// <summary>Crashes the tab, without a word to anybody.</summary>
    public Task CrashAsync() => AskAsync("crash", []);

    /// <summary>What the page complained of: exceptions and errors on its console.</summary>
    public async Task<IReadOnlyList<string>> ComplaintsAsync() =>
        (await AskAsync("complaints", [])).Deserialize<List<string>>()!;

    /// <summary>
    /// What went wrong in the page: exceptions, errors and warnings on its console, requests that failed or were answered with a status
    /// of 400 and above; each begins with what it is.
    /// </summary>
    public async Task<IReadOnlyList<string>> FaultsAsync() =>
        (await AskAsync("faults", [])).Deserialize<List<string>>()!;

    /// <summary>What a screen reader finds.</summary>
    public async Task<string> AccessibilityAsync() => (await AskAsync("accessibility", []))!.GetValue<string>();

    private Task<JsonNode?> AskAsync(string act, JsonObject request)
    {
        request["page"] = name;
        return browser.AskAsync(act, request);
    }
}
