using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.TestKit;

namespace Roomcast.Interop.Browser;

/// <summary>A headless Chromium of its own, with a fresh profile, driven over a small Node program (driver/driver.mjs).</summary>
public sealed class ChromiumBrowser : IBrowserDriver, IAsyncDisposable
{
    private const string Executable = "/usr/bin/chromium";

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);
    private static readonly SemaphoreSlim Installing = new(1);

    private static readonly string[] Flags =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
    ];

    private readonly Process _driver;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode?>> _waiting = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Task _reading;
    private int _lastRequest;

    private ChromiumBrowser(Process driver)
    {
        _driver = driver;
        var started = new TaskCompletionSource<JsonNode?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[0] = started;
        _reading = Task.Run(ReadAnswersAsync);
        Started = started.Task;
    }

    private Task<JsonNode?> Started { get; }

    /// <summary>Starts a browser.</summary>
    /// <param name="playsUnasked">Whether pages may play sound before anybody has touched them, as in a browser that knows the site.</param>
    /// <param name="flags">Command line flags beside the usual ones.</param>
    /// <param name="home">The home folder, with the authorities that are trusted; without one, certificates are not looked at.</param>
    public static async Task<ChromiumBrowser> StartAsync(bool playsUnasked = true, IEnumerable<string>? flags = null, string? home = null)
    {
        if (!File.Exists(Executable))
        {
            throw new FileNotFoundException($"{Executable} is missing. On Debian: apt-get install chromium.");
        }

        var folder = RepositoryFiles.PathOf("tests", "Interop", "Browser", "driver");
        await InstallDriverAsync(folder);
        string[] all = [.. Flags, .. flags ?? [], playsUnasked ? "--autoplay-policy=no-user-gesture-required" : "--autoplay-policy=document-user-activation-required"];
        var options = JsonSerializer.Serialize(new { executablePath = Executable, args = all, home });
        var driver = new Process
        {
            StartInfo = new ProcessStartInfo("node", [Path.Combine(folder, "driver.mjs"), options])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            },
        };
        driver.Start();
        var browser = new ChromiumBrowser(driver);
        try
        {
            await browser.Started.WaitAsync(StartPatience);
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
    /// <param name="isTouch">Whether it is a touch screen.</param>
    /// <param name="script">What runs before the page's own scripts.</param>
    /// <param name="files">What is answered from a file instead of from the network, by address.</param>
    public async Task<BrowserPage> OpenAsync(
        Uri address, int width = 1_280, int height = 800, bool isTouch = false, string? script = null, IReadOnlyDictionary<string, string>? files = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        var name = await AskAsync("open", new JsonObject
        {
            ["url"] = address.AbsoluteUri,
            ["width"] = width,
            ["height"] = height,
            ["touch"] = isTouch,
            ["script"] = script,
            ["files"] = JsonSerializer.SerializeToNode(files),
        });
        return new BrowserPage(this, name!.GetValue<int>());
    }

    /// <summary>Closes every page, without asking it.</summary>
    public Task CloseAllAsync() => AskAsync("closeAll", []);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _driver.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }

        using var patience = new CancellationTokenSource(StopPatience);
        try
        {
            await _driver.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _driver.Kill(entireProcessTree: true);
        }

        await _reading;
        _driver.Dispose();
        _writing.Dispose();
    }

    /// <inheritdoc/>
    public async Task<JsonNode?> AskAsync(string act, JsonObject request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var id = Interlocked.Increment(ref _lastRequest);
        var answer = new TaskCompletionSource<JsonNode?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        request["id"] = id;
        request["act"] = act;
        await _writing.WaitAsync();
        try
        {
            await _driver.StandardInput.WriteLineAsync(request.ToJsonString());
            await _driver.StandardInput.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }

        return await answer.Task;
    }

    private static async Task InstallDriverAsync(string folder)
    {
        await Installing.WaitAsync();
        try
        {
            var installed = new FileInfo(Path.Combine(folder, "node_modules", ".package-lock.json"));
            if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
            {
                return;
            }

            // What npm downloads is playwright's driver alone; the browser is the system's.
            using var npm = new Process
            {
                StartInfo = new ProcessStartInfo("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"])
                {
                    WorkingDirectory = folder,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                },
            };
            npm.Start();
            var said = await Task.WhenAll(npm.StandardOutput.ReadToEndAsync(), npm.StandardError.ReadToEndAsync());
            await npm.WaitForExitAsync();
            if (npm.ExitCode != 0)
            {
                throw new InvalidOperationException(
                    $"npm ci in {folder} ended with {npm.ExitCode}. On Debian: apt-get install nodejs npm.\n{string.Concat(said)}");
            }
        }
        finally
        {
            Installing.Release();
        }
    }

    private async Task ReadAnswersAsync()
    {
        while (await _driver.StandardOutput.ReadLineAsync() is { } line)
        {
            if (JsonNode.Parse(line) is not JsonObject answer || !_waiting.TryRemove(answer["id"]!.GetValue<int>(), out var asked))
            {
                continue;
            }

            if (answer["error"] is { } error)
            {
                asked.SetException(new InvalidOperationException(error.GetValue<string>()));
            }
            else
            {
                asked.SetResult(answer["value"]?.DeepClone());
            }
        }

        foreach (var asked in _waiting.Values)
        {
            asked.TrySetException(new InvalidOperationException("The browser's driver has ended."));
        }
    }
}
