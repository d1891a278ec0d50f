using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Roomcast.Egress.Recording.Pages;

/// <summary>What page is to be recorded, and how large.</summary>
/// <param name="RecordingId">The recording.</param>
/// <param name="Address">Its address with what it is told of the meeting; holds a token.</param>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="FrameRate">Pictures a second.</param>
internal sealed record PageWish(RecordingId RecordingId, Uri Address, int Width, int Height, int FrameRate)
{
    /// <summary>Says nothing of the address.</summary>
    public override string ToString() => nameof(PageWish);
}

/// <summary>A web page in a browser of its own, whose picture and sound come to the server. Disposing of it ends the browser.</summary>
/// <remarks>
/// <para>The browser has two pages. One is recorded; the other has captured it from before it was loaded, and sends what it captures to
/// this server as any participant sends: VP8 and Opus.</para>
/// <para>Where Cloudflare's recording SDK runs in the page, the page says when it is recorded (<see cref="PageSignals"/>), and the SDK
/// whether the meeting is over. Any other page is recorded once it is loaded, until somebody ends the recording.</para>
/// </remarks>
internal sealed class RecordedPage : IAsyncDisposable
{
    /// <summary>How long a page may take to be loaded, and one with the SDK until it asks to be recorded, together.</summary>
    public static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);

    // A page may bring the SDK only after it was loaded.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    // A page that is busy for longer answers the next time.
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(5);
    private const int LooksBeforePlain = 3;

    // The SDK connects again when it was cut off without meaning it.
    private static readonly TimeSpan ClosedPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(3);

    // No server has such a name (RFC 6761 section 6.4): what is asked of it is answered here.
    private const string CaptureAddress = "https://capture.invalid/";
    private const int MaxFaultLength = 200;
    private const string HasSdk = "window.realtimeKitRecordingSdk === true || window.dyteRecordingSdk === true";
    private const string ResponseStatus = "performance.getEntriesByType('navigation')[0]?.responseStatus";
    private const string IsLost = "lost";
    private const string IsMeetingOver = "(window.realtimeKitRecording ?? window.dyteRecording)?.isMeetingEnded?.() === true";

    private static readonly string CaptureScript = ReadScript();

    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<RecordingFault> _crashed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ending = new();
    private readonly PageSignals _signals = new();
    private readonly string _title = $"page{Guid.NewGuid():N}";
    private readonly PageWish _wish;
    private readonly PageServer _server;
    private readonly IPageStage _stage;
    private readonly PageGuard _guard;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private PageBrowser? _browser;
    private string? _page; // The session of the page that is recorded, and of the one that captures it.
    private string? _capture;
    private volatile bool _isLoading; // Before, what is loaded is the empty page that it begins with.

    /// <summary>Makes one that is not shown yet.</summary>
    public RecordedPage(PageWish wish, PageServer server, IPageStage stage, IReadOnlyList<IPNetwork> allowed, TimeProvider clock, ILogger logger)
    {
        _wish = wish;
        _server = server;
        _stage = stage;
        _clock = clock;
        _logger = logger;
        _guard = new PageGuard(server, allowed, _signals);
    }

    /// <summary>Ends when the page is to be recorded. Never fails: see <see cref="Completion"/>.</summary>
    public Task Started => _started.Task;

    /// <summary>Ends when the page wants to be recorded no more; fails with a <see cref="RecordingFault"/> when it cannot be, or not any more.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    private DevTools DevTools => _browser!.DevTools;

    /// <summary>Starts the browser and shows the page.</summary>
    /// <param name="program">The browser's program.</param>
    /// <param name="profile">A folder that does not exist yet.</param>
    /// <exception cref="RecordingFault">The browser cannot be started.</exception>
    public void Start(string program, string profile)
    {
        _browser = PageBrowser.Start(program, profile, new PageLook(_wish.Width, _wish.Height, _title, _guard.Port, _server.KeyDigest), Take);
        Completion = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        await _guard.DisposeAsync();
        _ending.Dispose();
    }

    private static string ReadScript()
    {
        using var script = typeof(RecordedPage).Assembly.GetManifestResourceStream(typeof(RecordedPage), "capture.js")!;
        using var reader = new StreamReader(script);
        return reader.ReadToEnd();
    }

    private async Task RunAsync()
    {
        try
        {
            var recording = ShowAsync(_ending.Token);
            var first = await Task.WhenAny(recording, _crashed.Task, DevTools.Completion);
            if (first == _crashed.Task)
            {
                throw await _crashed.Task;
            }

            if (first == DevTools.Completion && !_ending.IsCancellationRequested)
            {
                throw await EndedAsync();
            }

            await recording;
        }
        catch (DevToolsException) when (DevTools.Completion.IsCompleted && !_ending.IsCancellationRequested)
        {
            throw await EndedAsync();
        }
        catch (DevToolsException fault)
        {
            throw new RecordingFault($"The page cannot be shown: {fault.Message}", fault);
        }
        catch (IOException fault)
        {
            throw new RecordingFault($"The page's picture and sound cannot be taken: {fault.Message}", fault);
        }
    }

    private async Task<RecordingFault> EndedAsync()
    {
        // Its pipe is closed a moment before it has ended.
        using var patience = new CancellationTokenSource(EndPatience, _clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _ending.Token);
        var said = "its pipe was closed";
        try
        {
            said = await _browser!.WhenEndedAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // It goes on without us, until it is killed.
        }

        RecordingLog.BrowserEnded(_logger, _wish.RecordingId, said);
        return new RecordingFault("The browser that showed the page has ended.");
    }

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(StartPatience, _clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await DevTools.AskAsync("Browser.setDownloadBehavior", new JsonObject { ["behavior"] = "deny" }, null, limit.Token);
            _page = await OpenTabAsync(limit.Token);
            await DevTools.AskAsync(
                "Emulation.setDeviceMetricsOverride",
                new JsonObject { ["width"] = _wish.Width, ["height"] = _wish.Height, ["deviceScaleFactor"] = 1, ["mobile"] = false },
                _page,
                limit.Token);
            await EvaluateAsync(_page, $"document.title = {Quote(_title)}", limit.Token);
            await CaptureAsync(limit.Token);
            await LoadAsync(limit.Token);
            await AwaitStartAsync(limit.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RecordingFault(
                _loaded.Task.IsCompleted
                    ? $"The page did not ask to be recorded within {StartPatience.TotalMinutes:F0} minutes."
                    : $"The page was not loaded within {StartPatience.TotalMinutes:F0} minutes.");
        }

        _started.TrySetResult();
        await AwaitEndAsync(cancellationToken);
    }

    private async Task<string> OpenTabAsync(CancellationToken cancellationToken)
    {
        var tab = await DevTools.AskAsync("Target.createTarget", new JsonObject { ["url"] = "about:blank" }, null, cancellationToken);
        var attached = await DevTools.AskAsync(
            "Target.attachToTarget",
            new JsonObject { ["targetId"] = TextOf(tab, "targetId"), ["flatten"] = true },
            null,
            cancellationToken);
        var session = TextOf(attached, "sessionId");
        await DevTools.AskAsync("Page.enable", null, session, cancellationToken);
        await DevTools.AskAsync("Inspector.enable", null, session, cancellationToken);
        return session;
    }

    private async Task CaptureAsync(CancellationToken cancellationToken)
    {
        _capture = await OpenTabAsync(cancellationToken);
        var answering = new JsonObject { ["patterns"] = new JsonArray(new JsonObject { ["urlPattern"] = "*" }) };
        await DevTools.AskAsync("Fetch.enable", answering, _capture, cancellationToken);
        await DevTools.AskAsync("Page.navigate", new JsonObject { ["url"] = CaptureAddress }, _capture, cancellationToken);
        await EvaluateAsync(_capture, CaptureScript, cancellationToken);
        var offer = await EvaluateAsync(
            _capture, string.Create(CultureInfo.InvariantCulture, $"offer({_wish.Width}, {_wish.Height}, {_wish.FrameRate})"), cancellationToken);
        var answer = await _stage.AnswerAsync(offer.ValueKind is JsonValueKind.String ? offer.GetString()! : "");
        await EvaluateAsync(_capture, $"answer({Quote(answer)})", cancellationToken);
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        _isLoading = true;
        var shown = await DevTools.AskAsync("Page.navigate", new JsonObject { ["url"] = _wish.Address.AbsoluteUri }, _page, cancellationToken);
        if (TextOf(shown, "errorText") is { Length: > 0 } fault)
        {
            throw new RecordingFault(
                _guard.HasRefused
                    ? "The page's address is none that recorded pages may load from (recording_page_private_networks)."
                    : $"The page cannot be loaded: {Cut(fault)}.");
        }

        await _loaded.Task.WaitAsync(cancellationToken);
        JsonElement told;
        try
        {
            told = await EvaluateAsync(_page!, ResponseStatus, cancellationToken);
        }
        catch (DevToolsException)
        {
            return; // It is just going on to another address.
        }

        if (told.ValueKind is JsonValueKind.Number && told.TryGetInt32(out var status) && status >= 400)
        {
            throw new RecordingFault(string.Create(CultureInfo.InvariantCulture, $"The page's address answers {status}."));
        }
    }

    private async Task AwaitStartAsync(CancellationToken cancellationToken)
    {
        for (var looks = 0; looks < LooksBeforePlain; looks++)
        {
            if (_signals.HasConnected || await IsTrueAsync(HasSdk, cancellationToken))
            {
                await _signals.Started.WaitAsync(cancellationToken);
                return;
            }

            await Task.Delay(LookAgain, _clock, cancellationToken);
        }
    }

    private async Task AwaitEndAsync(CancellationToken cancellationToken)
    {
        var closedFor = TimeSpan.Zero;
        while (closedFor < ClosedPatience && !await IsTrueAsync(IsMeetingOver, cancellationToken))
        {
            if (await IsTrueAsync(IsLost, cancellationToken, of: _capture))
            {
                throw new RecordingFault("The page's picture and sound no longer come.");
            }

            await Task.Delay(LookAgain, _clock, cancellationToken);
            closedFor = _signals.IsClosed ? closedFor + LookAgain : TimeSpan.Zero;
        }
    }

    private async Task<bool> IsTrueAsync(string expression, CancellationToken cancellationToken, string? of = null)
    {
        using var patience = new CancellationTokenSource(LookPatience, _clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return (await EvaluateAsync(of ?? _page!, expression, limit.Token)).ValueKind is JsonValueKind.True;
        }
        catch (DevToolsException)
        {
            return false; // The page is just going from one address to another.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false; // It is busy.
        }
    }

    private async Task<JsonElement> EvaluateAsync(string session, string expression, CancellationToken cancellationToken)
    {
        // To capture takes a person's gesture; to the page none is pretended.
        var answer = await DevTools.AskAsync(
            "Runtime.evaluate",
            new JsonObject
            {
                ["expression"] = expression, ["awaitPromise"] = true, ["returnByValue"] = true, ["userGesture"] = session == _capture,
            },
            session,
            cancellationToken);
        if (answer.TryGetProperty("exceptionDetails", out var fault))
        {
            throw new DevToolsException(
                fault.TryGetProperty("exception", out var exception) && TextOf(exception, "description") is { Length: > 0 } description
                    ? Cut(description.Split('\n')[0])
                    : "a script failed");
        }

        return answer.TryGetProperty("result", out var result) && result.TryGetProperty("value", out var value) ? value : default;
    }

    private void Take(DevToolsEvent happened)
    {
        switch (happened.Method)
        {
            case "Fetch.requestPaused" when happened.Session == _capture:
                Answer(happened.Parameters);
                break;

            case "Page.loadEventFired" when _isLoading && happened.Session == _page:
                _loaded.TrySetResult();
                break;

            case "Page.javascriptDialogOpening" when happened.Session == _page:
                // Nobody is there to answer, and the page stands still until somebody does.
                Tell("Page.handleJavaScriptDialog", new JsonObject { ["accept"] = true });
                break;

            case "Inspector.targetCrashed":
                _crashed.TrySetResult(new RecordingFault(
                    happened.Session == _capture ? "What captured the page has crashed." : "The page has crashed."));
                break;
        }
    }

    private void Answer(JsonElement paused) => Tell(
        "Fetch.fulfillRequest",
        new JsonObject
        {
            ["requestId"] = TextOf(paused, "requestId"),
            ["responseCode"] = 200,
            ["responseHeaders"] = new JsonArray(new JsonObject { ["name"] = "content-type", ["value"] = "text/html" }),
            ["body"] = "",
        },
        _capture);

    // What the browser thinks of it is of no interest.
    private void Tell(string method, JsonObject parameters, string? session = null) =>
        _ = DevTools.AskAsync(method, parameters, session ?? _page, _ending.Token).ContinueWith(
            static told => _ = told.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    private static string TextOf(JsonElement of, string name) =>
        of.ValueKind is JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";

    private static string Quote(string text) => JsonSerializer.Serialize(text, PageJson.Default.String);

    // It may come from the page.
    private static string Cut(string text) =>
        new([.. (text.Length <= MaxFaultLength ? text : text[..MaxFaultLength]).Select(static each => char.IsControl(each) ? ' ' : each)]);
}

/// <summary>How text is written into scripts.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class PageJson : System.Text.Json.Serialization.JsonSerializerContext;
