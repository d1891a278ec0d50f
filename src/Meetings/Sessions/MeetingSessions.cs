using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Loop;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions;

/// <summary>The meetings somebody is connected to. One for the process; thread-safe.</summary>
public sealed class MeetingSessions : IHostedService, IDisposable
{
    private static readonly TimeSpan TouchInterval = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<MeetingId, (MeetingSession Session, Task Ran)> _sessions = new();
    private readonly SessionParts _parts;
    private readonly SessionRecordStore _records;
    private readonly List<SessionRecord> _endedUnattended = [];
    private readonly IHostApplicationLifetime? _lifetime;
    private ITimer? _timer;
    private CancellationTokenRegistration _stopping;
    private volatile bool _isDraining;
    private int _isTouching;

    internal MeetingSessions(SessionParts parts, SessionRecordStore records, IHostApplicationLifetime? lifetime)
    {
        _parts = parts;
        _records = records;
        _lifetime = lifetime;
        parts.Family.FindSession = id => TryGet(id, out var session) ? session : null;
    }

    /// <summary>Finds the session of a meeting somebody is connected to.</summary>
    public bool TryGet(MeetingId meetingId, out MeetingSession session)
    {
        var isThere = _sessions.TryGetValue(meetingId, out var entry);
        session = entry.Session;
        return isThere;
    }

    /// <summary>Those of all meetings somebody is connected to, as it is at this moment.</summary>
    internal IReadOnlyList<MeetingSession> All => [.. _sessions.Values.Select(entry => entry.Session)];

    /// <summary>The session of an id; null when it is not under way.</summary>
    public MeetingSession? Find(SessionId sessionId)
    {
        foreach (var (session, _) in _sessions.Values)
        {
            if (session.SessionId == sessionId)
            {
                return session;
            }
        }

        return null;
    }

    /// <summary>Begins to follow a session. Null when it is not under way.</summary>
    /// <exception cref="SessionException">There are as many followers as may be.</exception>
    public async Task<SessionFollowing?> FollowAsync(SessionId sessionId, ISessionFollower follower, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(follower);
        return Find(sessionId) is { } session ? await session.FollowAsync(sessionId, follower, cancellationToken) : null;
    }

    /// <summary>Connects a peer to its meeting. What it may do there is its session's matter.</summary>
    /// <param name="meeting">The meeting; the caller has found it fit to be joined.</param>
    /// <param name="participant">Who.</param>
    /// <param name="preset">The participant's preset.</param>
    /// <param name="peerId">The id the client chose for this presence. Another connection under it is replaced.</param>
    /// <param name="link">The way to the peer.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="SessionException">The server stops, the peer id is another participant's, or there are too many peers.</exception>
    public async Task<(MeetingSession Session, SessionPeer Peer)> ConnectAsync(
        Meeting meeting, Participant participant, Preset preset, string peerId, IPeerLink link, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        ArgumentNullException.ThrowIfNull(participant);
        ArgumentNullException.ThrowIfNull(link);
        while (!_isDraining)
        {
            var session = Open(meeting);
            cancellationToken.ThrowIfCancellationRequested();

            // Not given up halfway: a peer connected with nobody behind it would never go.
            if (await session.TryConnectAsync(meeting, participant, preset, peerId, link) is { } peer)
            {
                return (session, peer);
            }

            // Retired at this moment; its entry goes with the end of its loop.
            if (_sessions.TryGetValue(meeting.Id, out var entry) && entry.Session == session)
            {
                await entry.Ran.WaitAsync(cancellationToken);
                _sessions.TryRemove(new(meeting.Id, entry));
            }
        }

        throw new SessionException(SessionFault.Ended, "the server is stopping");
    }

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _endedUnattended.AddRange(await _records.EndOrphansAsync(SessionRecorder.ContinueWithin, cancellationToken));
        _timer = _parts.Time.CreateTimer(_ => _ = TouchAsync(), null, TouchInterval, TouchInterval);

        // Before the web server waits for its connections to end, which these would not do by themselves.
        _stopping = _lifetime?.ApplicationStopping.Register(() => _ = DrainAsync()) ?? default;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => DrainAsync().WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        _stopping.Dispose();
    }

    private MeetingSession Open(Meeting meeting)
    {
        while (true)
        {
            if (_sessions.TryGetValue(meeting.Id, out var entry))
            {
                return entry.Session;
            }

            var session = new MeetingSession(meeting, _parts);
            var start = new TaskCompletionSource();
            var ran = RunAsync(session, start.Task);
            if (_sessions.TryAdd(meeting.Id, (session, ran)))
            {
                start.SetResult();
                return session;
            }

            start.SetCanceled();
        }

        async Task RunAsync(MeetingSession session, Task start)
        {
            try
            {
                await start;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await session.RunAsync();
            if (_sessions.TryGetValue(meeting.Id, out var entry) && entry.Session == session)
            {
                _sessions.TryRemove(new(meeting.Id, entry));
            }
        }
    }

    private async Task DrainAsync()
    {
        _isDraining = true;
        var sessions = _sessions.Values.ToArray();
        foreach (var (session, _) in sessions)
        {
            await session.DrainAsync();
        }

        await Task.WhenAll(sessions.Select(session => session.Ran));
    }

    private async Task TouchAsync()
    {
        if (Interlocked.Exchange(ref _isTouching, 1) != 0)
        {
            return;
        }

        try
        {
            var live = new List<SessionId>();
            foreach (var (session, _) in _sessions.Values)
            {
                if (session.SessionId is { } id)
                {
                    live.Add(id);
                }
            }

            await _records.TouchAsync(live, CancellationToken.None);

            // One that a killed server left open, and that nobody came back to, ends without a restart or a next join.
            _endedUnattended.AddRange(await _records.EndOrphansAsync(SessionRecorder.ContinueWithin, CancellationToken.None));
            TellOfUnattended();
        }
        catch (Storage.StorageException)
        {
            // The storage has logged it; the next time comes soon.
        }
        finally
        {
            Volatile.Write(ref _isTouching, 0);
        }
    }

    // What the start found is told with the first of these: by then those who want to know have come back.
    private void TellOfUnattended()
    {
        foreach (var session in _endedUnattended)
        {
            foreach (var observer in _parts.Observers())
            {
                observer.EndedUnattended(session);
            }
        }

        _endedUnattended.Clear();
    }
}
