using Microsoft.Extensions.Logging;
using Roomcast.Feeds;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>
/// One time on air of one livestream: its feed, the packager that reads it, its viewers, and the session it is stored as.
/// It outlives its publishers.
/// </summary>
/// <remarks>
/// The livestream's loop calls what opens, stores and ends it. Figures may be read by anyone. A packager task of its own
/// reads the feed and is the only one that writes to the packager.
/// </remarks>
internal sealed class Airing : IAsyncDisposable
{
    private readonly LivestreamId _livestreamId;
    private readonly OnAirSettings _settings;
    private readonly FeedSubscription _subscription;
    private readonly Action<Airing> _playable;
    private readonly Action<Airing, Exception> _failed;
    private readonly Lock _publishersLock = new();
    private readonly DateTimeOffset _invokedAt;
    private readonly Task _packaging;

    private FeedIngestPublisher? _publisher;
    private TimeSpan _earlierIngestTime;
    private DateTimeOffset? _playableAt;
    private DateTimeOffset? _endedAt;
    private volatile LivestreamSession? _session;
    private bool _hasStartBeenStored;
    private volatile bool _isDisposed;
    private volatile bool _isPlayable;
    private volatile Exception? _fault;

    public Airing(LivestreamId livestreamId, OnAirSettings settings, Action<Airing> playable, Action<Airing, Exception> failed)
    {
        _livestreamId = livestreamId;
        _settings = settings;
        _playable = playable;
        _failed = failed;
        _invokedAt = StoredTime.Now(settings.Time);
        Clock = new ProgramClock(settings.Time);
        Feed = new Feed();
        Viewers = new LiveViewers(livestreamId, settings.ViewerTokens, settings.ViewerCounting, settings.Time);
        Packager = settings.Packaging.Open(livestreamId, Clock.Start, Viewers);
        _subscription = Feed.TrySubscribe() ?? throw new InvalidOperationException("A new feed takes its first subscriber.");
        _packaging = Task.Run(PackageAsync);
    }

    public Feed Feed { get; }

    public ProgramClock Clock { get; }

    public IPackager Packager { get; }

    public LiveViewers Viewers { get; }

    /// <summary>Whether a player finds something to play.</summary>
    public bool IsPlayable => _isPlayable;

    /// <summary>What the packager failed of; null while it has not.</summary>
    public Exception? Fault => _fault;

    /// <summary>Whether it has ended; players may still fetch what there is.</summary>
    public bool IsOver => _endedAt is not null;

    /// <summary>When it became playable; null before.</summary>
    public DateTimeOffset? StartedAt => _session?.StartedAt;

    /// <summary>Media time received from all its publishers.</summary>
    public TimeSpan IngestTime
    {
        get
        {
            lock (_publishersLock)
            {
                return _earlierIngestTime + (_publisher?.IngestTime ?? TimeSpan.Zero);
            }
        }
    }

    /// <summary>Time watched, of all viewers together.</summary>
    public TimeSpan ViewerTime => TimeSpan.FromSeconds(Viewers.ViewerSeconds);

    /// <summary>Frames that wait to be packaged.</summary>
    public int PackagerQueue => _subscription.QueuedFrames;

    /// <summary>Frames that the packager was too slow for.</summary>
    public long PackagerDropped => _isDisposed ? 0 : _subscription.DroppedFrames;

    /// <summary>Counts a new publisher's media from now on.</summary>
    public void AddPublisher(FeedIngestPublisher publisher)
    {
        lock (_publishersLock)
        {
            _earlierIngestTime += _publisher?.IngestTime ?? TimeSpan.Zero;
            _publisher = publisher;
        }
    }

    /// <summary>The figures to store; null while there is no session.</summary>
    public LivestreamFigures? FiguresToStore() =>
        _session is { } session ? new LivestreamFigures(session.Id, IngestTime.TotalSeconds, ViewerTime.TotalSeconds) : null;

    /// <summary>Stores that it is live. When the store fails it is logged and may be called again; calling it once too often does nothing.</summary>
    public async Task OpenSessionAsync()
    {
        if (_hasStartBeenStored || _playableAt is not { } playableAt)
        {
            return;
        }

        try
        {
            _session ??= await _settings.Sessions.OpenAsync(_livestreamId, meetingSessionId: null, _invokedAt, CancellationToken.None);
            var session = _session;
            _session = await _settings.Sessions.StartAsync(session.Id, playableAt, CancellationToken.None) ?? session;
            await _settings.Livestreams.SetStatusAsync(_livestreamId, LivestreamStatus.Live, CancellationToken.None);
            _hasStartBeenStored = true;
        }
        catch (StorageException fault)
        {
            LivestreamLog.StoreFailed(_settings.Logger, fault, _livestreamId);
        }
    }

    /// <summary>Ends the feed; returns when the packager has put ENDLIST out and every held request is answered.</summary>
    public async Task EndAsync()
    {
        _endedAt ??= StoredTime.Now(_settings.Time);
        _settings.Feeds.Remove(_livestreamId, Feed);
        Feed.End();
        await _packaging;
        Viewers.Close();
    }

    /// <summary>Stores the end and the last figures, trying a few times.</summary>
    public async Task CloseSessionAsync(string? error)
    {
        const int Attempts = 5;
        await OpenSessionAsync();
        for (var attempt = 1; _session is { } session; attempt++)
        {
            try
            {
                await _settings.Sessions.StoreFiguresAsync([FiguresToStore()!.Value], CancellationToken.None);
                await _settings.Sessions.CloseAsync(session.Id, _endedAt ?? StoredTime.Now(_settings.Time), error, CancellationToken.None);
                await _settings.Livestreams.SetStatusAsync(
                    _livestreamId, error is null ? LivestreamStatus.Idle : LivestreamStatus.Errored, CancellationToken.None);
                _session = null;
            }
            catch (StorageException fault) when (attempt < Attempts)
            {
                LivestreamLog.StoreFailed(_settings.Logger, fault, _livestreamId);
                await Task.Delay(TimeSpan.FromSeconds(1), _settings.Time);
            }
            catch (StorageException fault)
            {
                // The next start of the server closes it as one that was left open.
                LivestreamLog.StoreFailed(_settings.Logger, fault, _livestreamId);
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _settings.Metrics.Retire(PackagerDropped);
        _isDisposed = true;
        _settings.Feeds.Remove(_livestreamId, Feed);
        Feed.End();
        _subscription.Dispose();
        await _packaging;
        Viewers.Close();
        await Packager.DisposeAsync();
    }

    // Never fails: what goes wrong in it ends this livestream, and the loop says so.
    private async Task PackageAsync()
    {
        try
        {
            while (await _subscription.WaitToReadAsync(Packager.QuietUntil))
            {
                while (_subscription.TryRead(out var item))
                {
                    if (item.Kind is FeedItemKind.Ended)
                    {
                        return;
                    }

                    Package(item);
                }
            }
        }
        catch (Exception fault)
        {
            _fault = fault;
            _failed(this, fault);
        }
        finally
        {
            EndPackager();
        }
    }

    private void EndPackager()
    {
        try
        {
            Packager.End();
        }
        catch (Exception fault)
        {
            LivestreamLog.PackagingFailed(_settings.Logger, fault, _livestreamId);
        }
    }

    private void Package(FeedItem item)
    {
        switch (item.Kind)
        {
            case FeedItemKind.Tracks:
                Packager.SetTracks(item.Tracks!);
                break;
            case FeedItemKind.Discontinuity:
                Packager.MarkDiscontinuity();
                break;
            case FeedItemKind.Interrupted:
                Packager.Interrupt();
                break;
            case FeedItemKind.Frame:
                try
                {
                    Packager.Push(item.Frame!);
                }
                finally
                {
                    item.Frame!.Release();
                }

                break;
        }

        if (!_isPlayable && Packager.IsPlayable)
        {
            _playableAt = StoredTime.Now(_settings.Time);
            _isPlayable = true;
            _playable(this);
        }
    }
}
