using Roomcast.Livestreams.Records;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>
/// One time on air as the store is to have it: its session, the changes of the livestream's status, and the figures. It outlives
/// the media, for an end that the store refuses is kept here until the store takes it.
/// </summary>
/// <remarks>The livestream's loop calls what writes. Figures may be read by anyone.</remarks>
internal sealed class StoredAiring
{
    private readonly LivestreamId _livestreamId;
    private readonly Guid? _meetingSessionId;
    private readonly DateTimeOffset _invokedAt;
    private readonly OnAirSettings _settings;

    private volatile Func<LivestreamSessionId, LivestreamFigures> _figures;
    private volatile LivestreamSession? _session;
    private volatile bool _isClosed;
    private DateTimeOffset? _endedAt;
    private string? _error;
    private bool _isStartStored;

    public StoredAiring(
        ObservedLivestream livestream,
        DateTimeOffset invokedAt,
        DateTimeOffset startedAt,
        Func<LivestreamSessionId, LivestreamFigures> figures,
        OnAirSettings settings)
    {
        _livestreamId = livestream.Id;
        _meetingSessionId = livestream.MeetingId is { } meetingId ? settings.MeetingSessions?.Find(meetingId) : null;
        _invokedAt = invokedAt;
        StartedAt = startedAt;
        _figures = figures;
        _settings = settings;
    }

    /// <summary>When it became playable.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>Whether nothing of it is left to store, ever.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>The figures to store; null while there is no session to store them with, and when the last ones are stored.</summary>
    public LivestreamFigures? FiguresToStore() => _session is { } session && !_isClosed ? _figures(session.Id) : null;

    /// <summary>It is over: the figures are final from now on. A second call keeps the first end.</summary>
    /// <param name="endedAt">When.</param>
    /// <param name="error">The fault that ended it, or null.</param>
    public void End(DateTimeOffset endedAt, string? error)
    {
        if (_endedAt is not null)
        {
            return;
        }

        // The airing is let go of with them.
        var last = _figures(default);
        _figures = id => last with { SessionId = id };
        _endedAt = endedAt;
        _error = error;
    }

    /// <summary>
    /// Stores what is not stored so far. False when the store failed, which is logged: it is to be called again then. Calling it
    /// once too often does nothing.
    /// </summary>
    public async Task<bool> TryStoreAsync()
    {
        try
        {
            await StoreStartAsync();
            if (_endedAt is { } endedAt && !_isClosed)
            {
                await StoreEndAsync(endedAt);
            }

            return true;
        }
        catch (StorageException fault) when (fault.Failure is StorageFailure.Constraint)
        {
            // The livestream was deleted before its start was stored: trying again will never help.
            LivestreamLog.NotStorable(_settings.Logger, fault, _livestreamId);
            _isClosed = true;
            return true;
        }
        catch (StorageException fault)
        {
            LivestreamLog.StoreFailed(_settings.Logger, fault, _livestreamId);
            return false;
        }
    }

    private async Task StoreStartAsync()
    {
        if (_isStartStored || _isClosed)
        {
            return;
        }

        var session = _session ??= await _settings.Sessions.OpenAsync(_livestreamId, _meetingSessionId, _invokedAt, CancellationToken.None);
        await _settings.Sessions.StartAsync(session.Id, StartedAt, CancellationToken.None);
        await _settings.Livestreams.SetStatusAsync(_livestreamId, LivestreamStatus.Live, CancellationToken.None);
        _isStartStored = true;
    }

    private async Task StoreEndAsync(DateTimeOffset endedAt)
    {
        var session = _session!;
        await _settings.Sessions.StoreFiguresAsync([_figures(session.Id)], CancellationToken.None);
        await _settings.Sessions.CloseAsync(session.Id, endedAt, _error, CancellationToken.None);
        await _settings.Livestreams.SetStatusAsync(
            _livestreamId, _error is null ? LivestreamStatus.Idle : LivestreamStatus.Errored, CancellationToken.None);
        _isClosed = true;
    }
}
