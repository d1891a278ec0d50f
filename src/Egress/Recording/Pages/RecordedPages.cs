using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Storage.Outbound;

namespace Roomcast.Egress.Recording.Pages;

/// <summary>The browsers in which pages are recorded: as many as may be, each with a folder of its own. Thread-safe.</summary>
internal sealed class RecordedPages : IDisposable
{
    // A browser takes a moment to end, and more when it has to be killed.
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(10);

    private readonly RecordingPageOptions _options;
    private readonly IPageHost? _host;
    private readonly string _folder;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _places;
    private int _leaving;

    public RecordedPages(IOptions<RecordingPageOptions> options, IOptions<RecordingOptions> recordings, IPageHost? host, TimeProvider clock, ILogger<RecordedPages> logger)
    {
        _options = options.Value;
        _places = new SemaphoreSlim(_options.MaxPages);
        _host = host;
        _folder = Path.Combine(recordings.Value.Folder, "browsers");
        _clock = clock;
        _logger = logger;
    }

    /// <summary>Deletes what the browsers of an earlier run of the server have left behind.</summary>
    public void Clear()
    {
        // Those that there are now: beside it, others may begin.
        foreach (var left in Directory.Exists(_folder) ? Directory.GetDirectories(_folder) : [])
        {
            _ = PageBrowser.DeleteLeftAsync(left);
        }
    }

    /// <summary>Takes the place of a page, if there is one, or is just being given back.</summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="RecordingFault">This server has no browser, or shows as many pages as it may.</exception>
    public async Task<PagePlace> TakeAsync(CancellationToken cancellationToken)
    {
        if (_host is null || PageBrowser.Find(_options.Browser) is not { } program)
        {
            throw new RecordingFault("This server has no browser to show a page in (recording_browser).");
        }

        return await _places.WaitAsync(Volatile.Read(ref _leaving) > 0 ? LeavePatience : TimeSpan.Zero, cancellationToken)
            ? new PagePlace(this, _host, program)
            : throw new RecordingFault($"The server records as many pages as it may ({_options.MaxPages}).");
    }

    /// <summary>Whether a page of this address may be shown, as far as it tells: what a name stands for is looked at when it is connected to.</summary>
    public bool MayShow(Uri address) =>
        _host?.Server.IsAt(address.DnsSafeHost, address.Port) is true
        || WrittenAddress.Of(address.DnsSafeHost) is not { } written
        || OpenInternet.IsOpen(written, _options.PrivateNetworks);

    /// <inheritdoc/>
    public void Dispose() => _places.Dispose();

    /// <summary>A page's place, and what it holds. Disposing of it gives all back.</summary>
    internal sealed class PagePlace(RecordedPages pages, IPageHost host, string program) : IAsyncDisposable
    {
        private IPageStage? _stage;
        private PageGuest? _guest;
        private RecordedPage? _page;
        private int _isLeaving;

        /// <summary>Opens the place where the page's picture and sound arrive, for a composition to be started.</summary>
        public void OpenStage(RecordingId recordingId) => _stage = host.OpenStage(recordingId);

        /// <summary>Shows the page.</summary>
        /// <param name="record">The recording.</param>
        /// <param name="address">The page's own address.</param>
        /// <param name="frameRate">Pictures a second.</param>
        /// <exception cref="RecordingFault">The browser cannot be started.</exception>
        public RecordedPage Show(RecordingRecord record, Uri address, int frameRate)
        {
            _guest = host.Invite(record.AppId, record.MeetingId, record.Id);
            var wish = new PageWish(record.Id, WithGuest(address, _guest, host.Server), record.Plan.Width, record.Plan.Height, frameRate);
            _page = new RecordedPage(wish, host.Server, _stage!, pages._options.PrivateNetworks, pages._clock, pages._logger);
            Directory.CreateDirectory(pages._folder);
            _page.Start(program, Path.Combine(pages._folder, record.Id.ToString()));
            return _page;
        }

        /// <summary>Says that it is about to be given back, so that whoever asks now waits for it: to be called before others learn of the end.</summary>
        public void Leave()
        {
            if (Interlocked.Exchange(ref _isLeaving, 1) == 0)
            {
                Interlocked.Increment(ref pages._leaving);
            }
        }

        /// <inheritdoc/>
        public async ValueTask DisposeAsync()
        {
            Leave();
            try
            {
                // Each whatever becomes of the others, and first what gives somebody a right.
                await Task.WhenAll(EndAsync(_guest), EndAsync(_page));
                await EndAsync(_stage);
            }
            finally
            {
                pages._places.Release();
                Interlocked.Decrement(ref pages._leaving);
            }

            async Task EndAsync(IAsyncDisposable? part)
            {
                try
                {
                    await (part?.DisposeAsync() ?? default);
                }
                catch (Exception fault)
                {
                    RecordingLog.PageNotEnded(pages._logger, fault);
                }
            }
        }

        // As Cloudflare's recorder tells a page of its meeting, and where this server is besides.
        private static Uri WithGuest(Uri address, PageGuest guest, PageServer server)
        {
            var builder = new UriBuilder(address);
            var own = builder.Query.TrimStart('?');
            builder.Query = $"{own}{(own.Length > 0 ? "&" : "")}authToken={Uri.EscapeDataString(guest.Token)}&baseURI={Uri.EscapeDataString(server.ClientBase)}";
            return builder.Uri;
        }
    }
}
