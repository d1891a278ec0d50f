using Roomcast.Accounts;
using Roomcast.Livestreams.Meetings;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Records;
using Roomcast.Storage;

namespace Roomcast.Livestreams;

/// <summary>The door to livestreams for those who manage them: make, find, list, change, delete and measure.</summary>
/// <remarks>
/// Every read and change names the app, so that one app never sees another's livestreams: an id of another app is answered
/// as one that does not exist. Figures of a session on air are those of this moment, not those last stored.
/// </remarks>
public sealed class LivestreamDirectory
{
    private static readonly ViewersReport NoViewers = new(0, new Dictionary<string, int>(), []);

    private readonly LivestreamStore _livestreams;
    private readonly LivestreamSessionStore _sessions;
    private readonly LivestreamAnalytics _analytics;
    private readonly OnAirLivestreams _onAir;

    internal LivestreamDirectory(
        LivestreamStore livestreams, LivestreamSessionStore sessions, LivestreamAnalytics analytics, OnAirLivestreams onAir)
    {
        _analytics = analytics;
        _livestreams = livestreams;
        _sessions = sessions;
        _onAir = onAir;
    }

    /// <summary>Makes an independent livestream with a fresh id and stream key.</summary>
    /// <param name="appId">The app it is for.</param>
    /// <param name="name">1 to 256 characters, or null.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task<Livestream> CreateAsync(AppId appId, string? name, CancellationToken cancellationToken) =>
        _livestreams.CreateAsync(appId, name, meetingId: null, isManual: false, cancellationToken);

    /// <summary>Makes the livestream of a meeting, with a fresh id and stream key.</summary>
    /// <param name="appId">The app it is for.</param>
    /// <param name="meetingId">The meeting.</param>
    /// <param name="request">How it was asked for.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task<Livestream> CreateForMeetingAsync(
        AppId appId, Guid meetingId, MeetingLivestreamRequest request, CancellationToken cancellationToken) =>
        _livestreams.CreateAsync(appId, meetingId, request, cancellationToken);

    /// <summary>The newest livestream of a meeting that was not stopped, whether or not it is live; null when there is none.</summary>
    public Task<Livestream?> FindOfMeetingAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken) =>
        _livestreams.FindOfMeetingAsync(appId, meetingId, cancellationToken);

    /// <summary>Lists the livestreams of a meeting by page, newest first.</summary>
    public Task<Page<Livestream>> ListOfMeetingAsync(
        AppId appId, Guid meetingId, PageRequest page, CancellationToken cancellationToken) =>
        _livestreams.ListOfMeetingAsync(appId, meetingId, page, cancellationToken);

    /// <summary>Lists the livestream sessions of a meeting by page, newest first, with figures up to this moment.</summary>
    public async Task<Page<LivestreamSession>> ListSessionsOfMeetingAsync(
        AppId appId, Guid meetingId, PageRequest page, CancellationToken cancellationToken)
    {
        var stored = await _sessions.ListOfMeetingAsync(appId, meetingId, page, cancellationToken);
        return stored with { Items = [.. stored.Items.Select(WithFiguresOfNow)] };
    }

    /// <summary>Lists the livestream sessions that showed one session of a meeting, as above.</summary>
    public async Task<Page<LivestreamSession>> ListSessionsOfMeetingSessionAsync(
        AppId appId, Guid meetingSessionId, PageRequest page, CancellationToken cancellationToken)
    {
        var stored = await _sessions.ListOfMeetingSessionAsync(appId, meetingSessionId, page, cancellationToken);
        return stored with { Items = [.. stored.Items.Select(WithFiguresOfNow)] };
    }

    /// <summary>Publishes into a livestream from inside the server, without its stream key.</summary>
    /// <param name="id">The livestream.</param>
    /// <param name="request">Who publishes; the stream key is not looked at.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public ValueTask<IngestAdmission> PublishAsync(LivestreamId id, IngestRequest request, CancellationToken cancellationToken) =>
        _onAir.AdmitAsync(id, request, cancellationToken);

    /// <summary>Whether the server stops: livestreams end now that may go on after the next start.</summary>
    public bool IsStopping => _onAir.IsStopping;

    /// <summary>Ends the livestream of a meeting for good: nobody can publish to it again. False when the app has none of this id.</summary>
    public async Task<bool> RetireAsync(AppId appId, LivestreamId id, CancellationToken cancellationToken)
    {
        if (await _livestreams.UpdateAsync(appId, id, new LivestreamPatch(Name: null, IsDisabled: true), cancellationToken) is not { } livestream)
        {
            return false;
        }

        await _onAir.StopAsync(id, IngestEndReason.Stopped, cancellationToken);
        if (livestream.Status is LivestreamStatus.Invoked)
        {
            // It was never live, so that nothing has set it to idle.
            await _livestreams.SetStatusAsync(id, LivestreamStatus.Idle, cancellationToken);
        }

        return true;
    }

    /// <summary>Ends a livestream because of a fault, which its session keeps. One that was never live gets a session for it.</summary>
    public async Task FailAsync(LivestreamId id, string error, CancellationToken cancellationToken)
    {
        await _onAir.FailAsync(id, error, cancellationToken);
        if (await _livestreams.FindAsync(id, cancellationToken) is { Status: LivestreamStatus.Invoked } livestream)
        {
            var session = await _sessions.OpenAsync(id, meetingSessionId: null, livestream.CreatedAt, cancellationToken);
            await _sessions.CloseAsync(session.Id, session.CreatedAt, error, cancellationToken);
            await _livestreams.SetStatusAsync(id, LivestreamStatus.Errored, cancellationToken);
        }
    }

    /// <summary>Finds one; null when the app has none of this id.</summary>
    public Task<Livestream?> FindAsync(AppId appId, LivestreamId id, CancellationToken cancellationToken) =>
        _livestreams.FindAsync(appId, id, cancellationToken);

    /// <summary>Lists by page.</summary>
    public Task<Page<Livestream>> ListAsync(AppId appId, LivestreamQuery query, CancellationToken cancellationToken) =>
        _livestreams.ListAsync(appId, query, cancellationToken);

    /// <summary>Lists a livestream's sessions, newest first, with figures up to this moment.</summary>
    public async Task<Page<LivestreamSession>> ListSessionsAsync(LivestreamId id, PageRequest page, CancellationToken cancellationToken)
    {
        var stored = await _sessions.ListAsync(id, page, cancellationToken);
        return stored with { Items = [.. stored.Items.Select(WithFiguresOfNow)] };
    }

    /// <summary>Finds a session by its own id; null when the app has none.</summary>
    public async Task<LivestreamSession?> FindSessionAsync(AppId appId, LivestreamSessionId id, CancellationToken cancellationToken) =>
        await _sessions.FindAsync(appId, id, cancellationToken) is { } session ? WithFiguresOfNow(session) : null;

    /// <summary>The session on air; null when there is none.</summary>
    public async Task<LivestreamSession?> FindActiveSessionAsync(LivestreamId id, CancellationToken cancellationToken) =>
        await _sessions.FindOpenAsync(id, cancellationToken) is { } session ? WithFiguresOfNow(session) : null;

    /// <summary>Changes name or disabled; disabling ends a publisher. Null when the app has none of this id.</summary>
    public async Task<Livestream?> UpdateAsync(AppId appId, LivestreamId id, LivestreamPatch patch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(patch);
        var livestream = await _livestreams.UpdateAsync(appId, id, patch, cancellationToken);
        if (livestream is null)
        {
            return null;
        }

        if (_onAir.Find(id) is { } onAir)
        {
            onAir.Name = livestream.Name;
        }

        if (!livestream.IsDisabled)
        {
            return livestream;
        }

        await _onAir.StopAsync(id, IngestEndReason.Stopped, cancellationToken);
        return await _livestreams.FindAsync(appId, id, cancellationToken) ?? livestream;
    }

    /// <summary>Deletes it; one on air is ended first. Its sessions go on counting in the analytics. Returns what was deleted, or null.</summary>
    public async Task<Livestream?> DeleteAsync(AppId appId, LivestreamId id, CancellationToken cancellationToken)
    {
        // Deleted first, so that nobody can publish in between.
        var livestream = await _livestreams.DeleteAsync(appId, id, cancellationToken);
        if (livestream is not null)
        {
            await _onAir.StopAsync(id, IngestEndReason.Stopped, cancellationToken);
        }

        return livestream;
    }

    /// <summary>Gives it a new stream key; an encoder with the old one is ended. Null when the app has none of this id.</summary>
    public async Task<Livestream?> RotateStreamKeyAsync(AppId appId, LivestreamId id, CancellationToken cancellationToken)
    {
        var livestream = await _livestreams.RotateStreamKeyAsync(appId, id, cancellationToken);
        if (livestream is { MeetingId: null } or { IsManual: true })
        {
            // The session lives on for the grace time: the encoder may return with the new key. A composed meeting has no encoder.
            _onAir.Find(id)?.Publisher?.End(IngestEndReason.Stopped);
        }

        return livestream;
    }

    /// <summary>Tells livestreams on air that their app's playback access changed. For new requests it counts at once.</summary>
    public void ApplyPlaybackAccess(App app)
    {
        ArgumentNullException.ThrowIfNull(app);
        _onAir.ApplyPlaybackAccess(app.Id, app.Playback);
    }

    /// <summary>Who watches now; an empty report when it is not on air.</summary>
    public ViewersReport GetViewers(LivestreamId id) => _onAir.Find(id)?.Airing?.Viewers.Report() ?? NoViewers;

    /// <summary>Who publishes now, or null.</summary>
    public PublisherReport? GetPublisher(LivestreamId id) => _onAir.Find(id)?.Publisher?.Describe();

    /// <summary>Figures by UTC day, one row for each day of the range, zeros included; live sessions up to this moment.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="from">First moment.</param>
    /// <param name="to">First moment after the range; at most 366 days after <paramref name="from"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<IReadOnlyList<LivestreamDay>> GetDaysAsync(
        AppId appId, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        await _onAir.TryStoreFiguresAsync(appId, cancellationToken);
        return await _analytics.GetDaysAsync(appId, from, to, cancellationToken);
    }

    /// <summary>Figures of all sessions that started in the range; live sessions up to this moment.</summary>
    public async Task<LivestreamTotals> GetTotalsAsync(AppId appId, TimeRange range, CancellationToken cancellationToken)
    {
        await _onAir.TryStoreFiguresAsync(appId, cancellationToken);
        return await _analytics.GetTotalsAsync(appId, range, cancellationToken);
    }

    private LivestreamSession WithFiguresOfNow(LivestreamSession session)
    {
        if (session.StoppedAt is not null || _onAir.Find(session.LivestreamId) is not { } onAir)
        {
            return session;
        }

        var figures = onAir.FiguresToStore().FirstOrDefault(figures => figures.SessionId == session.Id);
        return session with
        {
            IngestSeconds = Math.Max(session.IngestSeconds, figures.IngestSeconds),
            ViewerSeconds = Math.Max(session.ViewerSeconds, figures.ViewerSeconds),
        };
    }
}
