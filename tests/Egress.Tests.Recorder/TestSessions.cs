using System.Collections.Concurrent;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;

namespace Roomcast.Egress.Tests.Recorder;

/// <summary>Sessions that begin and end as a test says.</summary>
public sealed class TestSessions : IRecordedSessions
{
    private readonly ConcurrentDictionary<Guid, Guid> _sessions = new();
    private readonly ConcurrentDictionary<Guid, SessionPresence> _presences = new();
    private readonly List<(Guid SessionId, Action<SessionPresence> Changed)> _watchers = [];
    private readonly ConcurrentDictionary<(Guid SessionId, Action<RecordedMessage> Heard), bool> _hearers = new();

    /// <summary>Whose the peers are.</summary>
    public ConcurrentDictionary<string, RecordedPeer> Peers { get; } = new();

    /// <summary>What is laid over compositions now, and for which recordings.</summary>
    public ConcurrentDictionary<RecordingId, SceneWatermark> Watermarks { get; } = new();

    /// <summary>Begins one with a peer in it.</summary>
    /// <param name="meetingId">The meeting.</param>
    /// <param name="under">The session's id; null for any.</param>
    public Guid Begin(Guid meetingId, Guid? under = null)
    {
        var sessionId = _sessions.GetOrAdd(meetingId, _ => under ?? Guid.NewGuid());
        Set(sessionId, new SessionPresence(1, false));
        return sessionId;
    }

    /// <summary>Says who is in it now.</summary>
    public void Set(Guid sessionId, SessionPresence presence)
    {
        _presences[sessionId] = presence;
        Action<SessionPresence>[] told;
        lock (_watchers)
        {
            told = [.. _watchers.Where(watcher => watcher.SessionId == sessionId).Select(watcher => watcher.Changed)];
        }

        foreach (var changed in told)
        {
            changed(presence);
        }
    }

    /// <inheritdoc/>
    public Guid? Find(Guid meetingId) =>
        _sessions.TryGetValue(meetingId, out var sessionId) && !_presences[sessionId].HasEnded ? sessionId : null;

    /// <inheritdoc/>
    public IDisposable Watch(Guid sessionId, Action<SessionPresence> changed)
    {
        lock (_watchers)
        {
            _watchers.Add((sessionId, changed));
        }

        changed(_presences.TryGetValue(sessionId, out var presence) ? presence : new SessionPresence(0, true));
        return new Watcher(() =>
        {
            lock (_watchers)
            {
                _watchers.Remove((sessionId, changed));
            }
        });
    }

    /// <inheritdoc/>
    public RecordedPeer? FindPeer(Guid sessionId, string peerId) => Peers.GetValueOrDefault(peerId);

    /// <inheritdoc/>
    public IDisposable Hear(Guid sessionId, Action<RecordedMessage> heard)
    {
        _hearers[(sessionId, heard)] = true;
        return new Watcher(() => _hearers.TryRemove((sessionId, heard), out _));
    }

    /// <summary>Sends a message to everybody in a session.</summary>
    public void Say(Guid sessionId, string type, string payload)
    {
        foreach (var (session, heard) in _hearers.Keys)
        {
            if (session == sessionId)
            {
                heard(new RecordedMessage(type, System.Text.Encoding.UTF8.GetBytes(payload)));
            }
        }
    }

    /// <inheritdoc/>
    public void ShowWatermark(Guid sessionId, RecordingId recordingId, SceneWatermark? watermark)
    {
        if (watermark is null)
        {
            Watermarks.TryRemove(recordingId, out _);
        }
        else
        {
            Watermarks[recordingId] = watermark;
        }
    }

    private sealed class Watcher(Action leave) : IDisposable
    {
        public void Dispose() => leave();
    }
}
