using Microsoft.Extensions.Logging;
using Roomcast.Feeds;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>
/// One time on air of one livestream: its feed, the packager that reads it, its viewers, and what is to be stored of it.
/// It outlives its publishers.
/// </summary>
/// <remarks>
/// The livestream's loop calls what begins and ends it. Figures may be read by anyone. A packager task of its own
/// reads the feed and is the only one that writes to the packager.
/// </remarks>
internal sealed class Airing : IAsyncDisposable
{
    private readonly ObservedLivestream _livestream;
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
    private volatile StoredAiring? _stored;
    private volatile bool _isDisposed;
    private volatile bool _isPlayable;
    private volatile Exception? _fault;

    public Airing(ObservedLivestream livestream, OnAirSettings settings, Action<Airing> playable, Action<Airing, Exception> failed)
    {
        _livestream = livestream;
        _settings = settings;
        _playable = playable;
        _failed = failed;
        _invokedAt = StoredTime.Now(settings.Time);
        Clock = new ProgramClock(settings.Time);
        Feed = new Feed();
        Viewers = new LiveViewers(livestream.Id, settings.ViewerTokens, settings.ViewerCounting, settings.Time);
        Packager = settings.Packaging.Open(livestream.Id, Clock.Start, Viewers);
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
    public bool IsOver { get; private set; }

    /// <summary>When it became playable; null before.</summary>
    public DateTimeOffset? StartedAt => _stored?.StartedAt;

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

    /// <summary>Begins to keep what is to be stored of it. Called once, when it is playable.</summary>
    public StoredAiring BeginStored()
    {
        if (_playableAt is not { } playableAt)
        {
            throw new InvalidOperationException("Nothing of it can be played.");
        }

        return _stored = new StoredAiring(
            _livestream,
            _invokedAt,
            playableAt,
            id => new LivestreamFigures(id, IngestTime.TotalSeconds, ViewerTime.TotalSeconds),
            _settings);
    }

    /// <summary>Ends the feed; returns when the packager has put ENDLIST out and every held request is answered.</summary>
    /// <param name="error">The fault that ends it, or null.</param>
    public async Task EndAsync(string? error)
    {
        var endedAt = StoredTime.Now(_settings.Time);
        IsOver = true;
        _settings.Feeds.Remove(_livestream.Id, Feed);
        Feed.End();
        await _packaging;
        Viewers.Close();
        _stored?.End(endedAt, error);
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _settings.Metrics.Retire(PackagerDropped);
        _isDisposed = true;
        _settings.Feeds.Remove(_livestream.Id, Feed);
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
            LivestreamLog.PackagingFailed(_settings.Logger, fault, _livestream.Id);
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
