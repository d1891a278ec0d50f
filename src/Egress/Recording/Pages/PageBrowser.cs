using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Roomcast.Egress.Recording.Pages;

/// <summary>A browser's process without a window, for one page. Disposing of it ends it, with everything that it wrote.</summary>
internal sealed class PageBrowser : IAsyncDisposable
{
    // The shell gives the process its pipe by the numbers it wants it at; when this server is gone, the pipe is closed and the browser ends.
    private const string Shell = "/bin/sh";
    private const string AtItsNumbers = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null";

    // What is above the page in a window: tabs, address, and bars that tell of being automated and shown to others.
    private const int FrameHeight = 240;

    // Which folder of sockets goes with a profile, for a server that starts after one that was killed.
    private const string SocketsPrefix = "roomcast-page-";
    private const string SocketsNote = "sockets";

    private const int MaxErrorText = 2_000;

    // Less shared memory than this, as containers have it, crashes pages; files serve as well, more slowly.
    private const long MinSharedMemory = 512L << 20;
    private const int MaxDiskCacheBytes = 64 << 20;
    private static readonly string[] Programs = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan DeletePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DeleteRetry = TimeSpan.FromMilliseconds(200);

    private readonly Process _process;
    private readonly string _profile;
    private readonly string _sockets;
    private readonly Task<string> _errors;

    private PageBrowser(Process process, string profile, string sockets, Action<DevToolsEvent> happened)
    {
        _process = process;
        _profile = profile;
        _sockets = sockets;
        _errors = ReadErrorsAsync(process.StandardError);
        DevTools = new DevTools(process.StandardInput.BaseStream, process.StandardOutput.BaseStream, happened);
    }

    /// <summary>Its pipe.</summary>
    public DevTools DevTools { get; }

    /// <summary>Finds the program.</summary>
    /// <param name="setting">As <see cref="RecordingPageOptions.Browser"/>.</param>
    /// <returns>Its path; null when there is none.</returns>
    public static string? Find(string setting) => setting switch
    {
        "off" => null,
        "auto" => (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(static folder => Programs.Select(program => Path.Combine(folder, program)))
            .FirstOrDefault(File.Exists),
        _ => File.Exists(setting) ? setting : null,
    };

    /// <summary>Starts one.</summary>
    /// <param name="path">The program.</param>
    /// <param name="profile">A folder that does not exist yet, for all that it writes.</param>
    /// <param name="look">What it is to show, and through what it goes out.</param>
    /// <param name="happened">Called with its events; must not block.</param>
    /// <exception cref="RecordingFault">It cannot be started.</exception>
    public static PageBrowser Start(string path, string profile, PageLook look, Action<DevToolsEvent> happened)
    {
        var sockets = "";
        try
        {
            Directory.CreateDirectory(profile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var start = new ProcessStartInfo(Shell, ["-c", AtItsNumbers, path, .. ArgumentsOf(profile, look)])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };

            // Addresses of sockets have about a hundred characters, which a folder of ours may have by itself.
            sockets = Directory.CreateTempSubdirectory(SocketsPrefix).FullName;
            File.WriteAllText(Path.Combine(profile, SocketsNote), sockets);

            // The server's settings, with their secrets, may stand in its environment; and what a browser writes by habit is to go with it.
            start.Environment.Clear();
            foreach (var (name, value) in EnvironmentOf(profile, sockets))
            {
                start.Environment[name] = value;
            }

            return new PageBrowser(Process.Start(start) ?? throw new Win32Exception(), profile, sockets, happened);
        }
        catch (Exception fault) when (fault is Win32Exception or IOException or UnauthorizedAccessException)
        {
            _ = DeleteAsync(sockets);
            _ = DeleteAsync(profile);
            throw new RecordingFault("The server's browser cannot be started.", fault);
        }
    }

    /// <summary>Waits until it has ended by itself, and says how, for the server's log.</summary>
    public async Task<string> WhenEndedAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        var errors = await _errors.WaitAsync(cancellationToken);
        return string.Create(CultureInfo.InvariantCulture, $"exit code {_process.ExitCode}{(errors.Length == 0 ? "" : ", ")}{errors}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Its pipe closed, it ends with all of its processes; one that does not is killed.
        await DevTools.DisposeAsync();
        using var patience = new CancellationTokenSource(EndPatience);
        await _process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception fault) when (fault is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended already.
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        await DeleteAsync(_sockets);
        await DeleteAsync(_profile);
    }

    /// <summary>Deletes profiles, also while the last processes of a browser still write; what cannot be deleted stays until the server starts again.</summary>
    public static async Task DeleteAsync(string folder)
    {
        for (var rest = DeletePatience; rest > TimeSpan.Zero && Directory.Exists(folder); rest -= DeleteRetry)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                await Task.Delay(DeleteRetry);
            }
        }
    }

    /// <summary>Deletes a profile of an earlier run of the server, with the sockets that went with it.</summary>
    public static async Task DeleteLeftAsync(string profile)
    {
        try
        {
            // A page that has broken out of its browser may have written something else there.
            var sockets = new DirectoryInfo(await File.ReadAllTextAsync(Path.Combine(profile, SocketsNote)));
            if (sockets.Name.StartsWith(SocketsPrefix, StringComparison.Ordinal)
                && sockets.Parent?.FullName == Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.GetTempPath())))
            {
                await DeleteAsync(sockets.FullName);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // It was killed before it had any.
        }

        await DeleteAsync(profile);
    }

    private static IEnumerable<(string Name, string Value)> EnvironmentOf(string profile, string sockets)
    {
        foreach (var name in (string[])["PATH", "LANG", "LC_ALL", "TZ", "FONTCONFIG_FILE", "FONTCONFIG_PATH"])
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                yield return (name, value);
            }
        }

        yield return ("TMPDIR", sockets);
        yield return ("XDG_RUNTIME_DIR", sockets);
        foreach (var name in (string[])["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"])
        {
            yield return (name, profile);
        }
    }

    private static IEnumerable<string> ArgumentsOf(string profile, PageLook look)
    {
        yield return "--headless=new";
        yield return "--remote-debugging-pipe";
        yield return $"--user-data-dir={profile}";
        yield return string.Create(CultureInfo.InvariantCulture, $"--window-size={look.Width},{look.Height + FrameHeight}");

        // By this a page knows that it is recorded: navigator.webdriver is true.
        yield return "--enable-automation";
        yield return "--no-first-run";
        yield return "--no-default-browser-check";
        yield return "--disable-extensions";
        yield return "--disable-sync";
        yield return "--disable-background-networking";
        yield return "--disable-component-update";
        yield return "--disable-breakpad";
        yield return "--hide-scrollbars";
        yield return string.Create(CultureInfo.InvariantCulture, $"--disk-cache-size={MaxDiskCacheBytes}");
        if (!IsSharedMemoryLarge())
        {
            yield return "--disable-dev-shm-usage";
        }

        yield return "--autoplay-policy=no-user-gesture-required";

        // A machine without a sound card has sound all the same, and one with a card is not heard.
        yield return "--disable-audio-output";
        yield return $"--auto-select-tab-capture-source-by-title={look.Title}";

        // Everything goes through the guard, also what is meant for this machine, and names are resolved there. So the browser need not ask
        // whether a page may speak to the networks around: there is nobody to answer.
        yield return string.Create(CultureInfo.InvariantCulture, $"--proxy-server=socks5://127.0.0.1:{look.ProxyPort}");
        yield return "--proxy-bypass-list=<-loopback>";
        yield return "--disable-features=LocalNetworkAccessChecks,MediaRouter,Translate";
        if (look.KeyDigest.Length > 0)
        {
            yield return $"--ignore-certificate-errors-spki-list={Convert.ToBase64String(look.KeyDigest.Span)}";
        }

        // Chromium does not run sandboxed as root, as in most containers.
        if (Environment.IsPrivilegedProcess)
        {
            yield return "--no-sandbox";
        }

        yield return "about:blank";
    }

    private static bool IsSharedMemoryLarge()
    {
        try
        {
            return new DriveInfo("/dev/shm").TotalSize >= MinSharedMemory;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Keeps the first of what it says, and reads the rest away, so that it is never held up by saying it.</summary>
    private static async Task<string> ReadErrorsAsync(StreamReader reader)
    {
        var kept = new char[MaxErrorText];
        var length = await reader.ReadBlockAsync(kept);
        var rest = new char[1_024];
        while (length == kept.Length && await reader.ReadAsync(rest) > 0)
        {
        }

        var said = new string([.. kept.AsSpan(0, length).ToString().Trim().Select(each => char.IsControl(each) ? ' ' : each)]);

        // Addresses may hold what is secret.
        return string.Join(' ', said.Split(' ').Select(static word => word.Contains("://", StringComparison.Ordinal) ? "…" : word));
    }
}

/// <summary>What a browser is to show, and through what it goes out.</summary>
/// <param name="Width">Of the page, in pixels.</param>
/// <param name="Height">Of the page, in pixels.</param>
/// <param name="Title">By which the page is known when its picture is asked for; of letters and digits, and not to be guessed.</param>
/// <param name="ProxyPort">Of the guard on loopback.</param>
/// <param name="KeyDigest">As <see cref="PageServer.KeyDigest"/>.</param>
internal sealed record PageLook(int Width, int Height, string Title, int ProxyPort, ReadOnlyMemory<byte> KeyDigest);
