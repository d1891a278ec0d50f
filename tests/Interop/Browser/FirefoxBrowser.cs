using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Roomcast.Interop.Browser;

/// <summary>
/// A headless Firefox of its own, with a fresh profile and its own make-believe camera and microphone, driven over
/// WebDriver BiDi (W3C), which it speaks by itself.
/// </summary>
public sealed class FirefoxBrowser : IBrowserDriver, IAsyncDisposable
{
    private const string Executable = "/usr/bin/firefox-esr";
    private const string ListensAt = "WebDriver BiDi listening on ";

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode?>> _waiting = new();
    private readonly ConcurrentDictionary<int, string> _contexts = new();
    private readonly ConcurrentQueue<(string Context, string Text)> _complaints = new();
    private Task _reading = Task.CompletedTask;
    private int _lastRequest;
    private int _lastPage;

    private FirefoxBrowser(Process process) => _process = process;

    /// <summary>Starts a browser.</summary>
    /// <param name="profile">An empty folder, or one with the certificates that are trusted (cert9.db).</param>
    /// <param name="toneHz">What the microphone hears.</param>
    public static async Task<FirefoxBrowser> StartAsync(string profile, int toneHz)
    {
        if (!File.Exists(Executable))
        {
            throw new FileNotFoundException($"{Executable} is missing. On Debian: apt-get install firefox-esr.");
        }

        Directory.CreateDirectory(profile);
        await File.WriteAllLinesAsync(Path.Combine(profile, "user.js"), Preferences(toneHz));
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(Executable, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            },
        };
        process.Start();
        var browser = new FirefoxBrowser(process);
        try
        {
            using var patience = new CancellationTokenSource(StartPatience);
            var address = await AddressOfAsync(process, patience.Token);
            await browser._socket.ConnectAsync(new Uri(address + "/session"), patience.Token);
            browser._reading = Task.Run(browser.ReadAnswersAsync);
            await browser.CommandAsync("session.new", new JsonObject { ["capabilities"] = new JsonObject() });
            await browser.CommandAsync("session.subscribe", new JsonObject { ["events"] = new JsonArray("log.entryAdded") });
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a tab on an address.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="width">CSS pixels.</param>
    /// <param name="height">CSS pixels.</param>
    /// <param name="script">What runs before the page's own scripts.</param>
    public async Task<BrowserPage> OpenAsync(Uri address, int width, int height, string? script = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        var context = (await CommandAsync("browsingContext.create", new JsonObject { ["type"] = "tab" }))!["context"]!.GetValue<string>();
        if (script is not null)
        {
            await CommandAsync("script.addPreloadScript", new JsonObject
            {
                ["functionDeclaration"] = $"() => {{ {script} }}",
                ["contexts"] = new JsonArray(context),
            });
        }

        var name = Interlocked.Increment(ref _lastPage);
        _contexts[name] = context;
        await CommandAsync("browsingContext.setViewport", new JsonObject
        {
            ["context"] = context,
            ["viewport"] = new JsonObject { ["width"] = width, ["height"] = height },
        });
        await CommandAsync("browsingContext.navigate", new JsonObject { ["context"] = context, ["url"] = address.AbsoluteUri, ["wait"] = "interactive" });
        return new BrowserPage(this, name);
    }

    /// <inheritdoc/>
    public async Task<JsonNode?> AskAsync(string act, JsonObject request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var context = _contexts[request["page"]!.GetValue<int>()];
        string Text(string name) => request[name]!.GetValue<string>();
        switch (act)
        {
            case "evaluate":
                return await EvaluateAsync(context, Text("script"));
            case "wait":
                return await WaitAsync(context, Text("script"), TimeSpan.FromMilliseconds(request["timeoutMs"]!.GetValue<double>()));
            case "click":
                await WaitAsync(
                    context, $"document.querySelector({Quote(Text("selector"))})?.disabled === false", TimeSpan.FromSeconds(60));
                return await EvaluateAsync(context, $"document.querySelector({Quote(Text("selector"))}).click()");
            case "screenshot":
                var picture = await CommandAsync("browsingContext.captureScreenshot", new JsonObject { ["context"] = context });
                await File.WriteAllBytesAsync(Text("path"), Convert.FromBase64String(picture!["data"]!.GetValue<string>()));
                return null;
            case "complaints":
                return new JsonArray([.. _complaints.Where(each => each.Context == context).Select(each => JsonValue.Create(each.Text))]);
            case "close":
                await CommandAsync("browsingContext.close", new JsonObject { ["context"] = context, ["promptUnload"] = false });
                return null;
            default:
                throw new InvalidOperationException($"Firefox is not driven to {act} here.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(StopPatience);
        try
        {
            if (_socket.State is WebSocketState.Open)
            {
                await CommandAsync("browser.close", []).WaitAsync(patience.Token);
            }

            await _process.WaitForExitAsync(patience.Token);
        }
        catch (Exception fault) when (fault is InvalidOperationException or OperationCanceledException or WebSocketException)
        {
            _process.Kill(entireProcessTree: true);
        }

        _socket.Abort();
        await _reading;
        _socket.Dispose();
        _process.Dispose();
        _writing.Dispose();
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text);

    private static IEnumerable<string> Preferences(int toneHz)
    {
        (string Name, string Value)[] preferences =
        [
            ("media.navigator.streams.fake", "true"),
            ("media.navigator.permission.disabled", "true"),
            ("media.navigator.audio.fake_frequency", toneHz.ToString(CultureInfo.InvariantCulture)),
            ("media.autoplay.default", "0"),

            ("media.peerconnection.ice.obfuscate_host_addresses", "false"),
            ("datareporting.policy.dataSubmissionEnabled", "false"),
            ("browser.shell.checkDefaultBrowser", "false"),
            ("network.captive-portal-service.enabled", "false"),
            ("network.connectivity-service.enabled", "false"),
            ("app.update.enabled", "false"),
            ("media.gmp-manager.updateEnabled", "false"),
        ];
        return preferences.Select(each => $"user_pref(\"{each.Name}\", {each.Value});");
    }

    private static async Task<string> AddressOfAsync(Process process, CancellationToken cancellationToken)
    {
        _ = Task.Run(() => process.StandardOutput.ReadToEndAsync(CancellationToken.None), CancellationToken.None);
        var said = new List<string>();
        while (await process.StandardError.ReadLineAsync(cancellationToken) is { } line)
        {
            said.Add(line);
            if (line.Contains(ListensAt, StringComparison.Ordinal))
            {
                _ = Task.Run(() => process.StandardError.ReadToEndAsync(CancellationToken.None), CancellationToken.None);
                return line[(line.IndexOf(ListensAt, StringComparison.Ordinal) + ListensAt.Length)..].Trim();
            }
        }

        throw new InvalidOperationException($"Firefox ended before it could be driven:\n{string.Join('\n', said)}");
    }

    private async Task<JsonNode?> EvaluateAsync(string context, string script)
    {
        var outcome = await CommandAsync("script.evaluate", new JsonObject
        {
            ["expression"] = $"(async () => JSON.stringify((await ({script.Trim().TrimEnd(';')})) ?? null))()",
            ["target"] = new JsonObject { ["context"] = context },
            ["awaitPromise"] = true,
            ["userActivation"] = true,
        });
        return outcome!["type"]!.GetValue<string>() == "success"
            ? JsonNode.Parse(outcome["result"]!["value"]!.GetValue<string>())
            : throw new InvalidOperationException(outcome["exceptionDetails"]!["text"]!.GetValue<string>());
    }

    private async Task<JsonNode?> WaitAsync(string context, string script, TimeSpan patience)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (await EvaluateAsync(context, $"({script}) === true") is not JsonValue value || !value.GetValue<bool>())
        {
            if (TimeProvider.System.GetElapsedTime(began) > patience)
            {
                throw new InvalidOperationException($"Not true within {patience}: {script}.");
            }

            await Task.Delay(LookInterval);
        }

        return null;
    }

    private async Task<JsonNode?> CommandAsync(string method, JsonObject parameters)
    {
        var id = Interlocked.Increment(ref _lastRequest);
        var answer = new TaskCompletionSource<JsonNode?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        var message = JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters });
        await _writing.WaitAsync();
        try
        {
            await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            _writing.Release();
        }

        return await answer.Task;
    }

    private async Task ReadAnswersAsync()
    {
        var buffer = new byte[64 << 10];
        using var message = new MemoryStream();
        try
        {
            while (_socket.State is WebSocketState.Open)
            {
                var part = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                message.Write(buffer, 0, part.Count);
                if (part.EndOfMessage)
                {
                    Take(JsonNode.Parse(message.ToArray().AsSpan(0, (int)message.Length)) as JsonObject);
                    message.SetLength(0);
                }
            }
        }
        catch (Exception fault) when (fault is WebSocketException or ObjectDisposedException or OperationCanceledException or JsonException)
        {
            // It has ended: whoever waits is told below.
        }

        foreach (var asked in _waiting.Values)
        {
            asked.TrySetException(new InvalidOperationException("Firefox has ended."));
        }
    }

    private void Take(JsonObject? message)
    {
        if (message?["id"] is JsonValue id && _waiting.TryRemove(id.GetValue<int>(), out var asked))
        {
            if (message["error"] is { } error)
            {
                asked.SetException(new InvalidOperationException($"{error}: {message["message"]}"));
            }
            else
            {
                asked.SetResult(message["result"]?.DeepClone());
            }
        }
        else if (message?["method"]?.GetValue<string>() == "log.entryAdded" && message["params"] is { } entry
            && entry["level"]?.GetValue<string>() == "error")
        {
            _complaints.Enqueue((entry["source"]?["context"]?.GetValue<string>() ?? "", entry["text"]?.GetValue<string>() ?? ""));
        }
    }
}
