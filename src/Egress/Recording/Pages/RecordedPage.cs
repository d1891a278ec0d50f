using System.Text;
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
    /// <summary>How long a page may take to be loaded, and one with the SDK to ask to be recorded after that.</summary>
    public static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);

    // A page may bring the SDK only after it was loaded.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);
    private const int LooksBeforePlain = 3;

    // The SDK connects again when it was cut off without meaning it.
    private static readonly TimeSpan ClosedPatience = TimeSpan.FromSeconds(5);

    // No server has such a name (RFC 6761 section 6.4): what is asked of it is answered here.
    private const string CaptureAddress = "https://capture.invalid/";
    private const string HasSdk = "window.realtimeKitRecordingSdk === true || window.dyteRecordingSdk === true";
    private const string IsMeetingOver = "(window.realtimeKitRecording ?? window.dyteRecording)?.isMeetingEnded?.() === true";

    private static readonly string CaptureScript = ReadScript();

    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ending = new();
    private readonly PageSignals _signals = new();
    private readonly PageWish _wish;
    private readonly IPageStage _stage;
    private readonly PageGuest _guest;
    private readonly PageGuard _guard;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly string _title = $"page{Guid.NewGuid():N}";
    private readonly Action _left;
    private Task _running = Task.CompletedTask;
    private PageBrowser? _browser;
    private string? _page;
    private string? _capturing;
    private string? _frame;

    public RecordedPage(PageWish wish, PageServer server, IPageStage stage, PageGuest guest, RecordingPageOptions options, Action left, TimeProvider clock, ILogger logger)
    {
        _wish = wish;
        _stage = stage;
        _guest = guest;
        _left = left;
        _clock = clock;
        _logger = logger;
        _guard = new PageGuard(server, options.AllowedNetworks, _signals);
    }

    /// <summary>Ends when the page is to be recorded; fails with a <see cref="RecordingFault"/> when it cannot be.</summary>
    public Task Started => _started.Task;

    /// <summary>Ends when the page wants to be recorded no more; fails with a <see cref="RecordingFault"/> when it cannot be any more.</summary>
    public Task Completion => _running;

    /// <summary>Starts the browser and shows the page.</summary>
    /// <param name="program">The browser's program.</param>
    /// <param name="profile">A folder that does not exist yet.</param>
    /// <param name="keyDigest">As <see cref="PageServer.KeyDigest"/>.</param>
    /// <exception cref="RecordingFault">The browser cannot be started.</exception>
    public void Start(string program, string profile, ReadOnlyMemory<byte> keyDigest)
    {
        _browser = PageBrowser.Start(program, profile, new PageLook(_wish.Width, _wish.Height, _title, _guard.Port, keyDigest), Take);
        _running = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        await _guard.DisposeAsync();
        _guest.Dispose();
        await _stage.DisposeAsync();
        _ending.Dispose();
        _left();
    }

    private static string ReadScript()
    {
        using var script = typeof(RecordedPage).Assembly.GetManifestResourceStream(typeof(RecordedPage), "capture.js")!;
        using var reader = new StreamReader(script);
        return reader.ReadToEnd();
    }

    private async Task RunAsync()
    {
        var ending = _ending.Token;
        try
        {
            var ended = _browser!.WhenEndedAsync(ending);
            var recording = RecordAsync(ending);
            if (await Task.WhenAny(recording, _failed.Task, ended) == ended && !ended.IsCanceled)
            {
                RecordingLog.BrowserEnded(_logger, _wish.RecordingId, await ended);
                throw new RecordingFault("The browser that showed the page has ended.");
            }

            await (_failed.Task.IsFaulted ? _failed.Task : recording);
        }
        catch (DevToolsException fault)
        {
            Fail(new RecordingFault($"The page cannot be shown: {fault.Message}", fault));
        }
        catch (IOException fault)
        {
            Fail(new RecordingFault($"The page's media cannot be taken: {fault.Message}", fault));
        }
        catch (RecordingFault fault)
        {
            Fail(fault);
        }
        finally
        {
            _started.TrySetCanceled(CancellationToken.None);
        }

        await _failed.Task.WaitAsync(TimeSpan.Zero, _clock, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_failed.Task.IsFaulted)
        {
            await _failed.Task;
        }
    }
}
