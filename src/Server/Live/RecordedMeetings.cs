using System.Collections.Concurrent;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;
using Roomcast.Meetings;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Server.Live;

/// <summary>Sessions of meetings, as recordings know them.</summary>
internal sealed class RecordedMeetings(IActiveSessions sessions, SceneOverlays overlays) : IRecordedSessions, ISessionObserver
{
    private readonly ConcurrentDictionary<Guid, Presence> _present = new();

    public Guid? Find(Guid meetingId) => sessions.Find(new MeetingId(meetingId))?.Value;

    public IDisposable Watch(Guid sessionId, Action<SessionPresence> changed)
    {
        if (_present.TryGetValue(sessionId, out var presence))
        {
            return presence.Watch(changed);
        }

        changed(new SessionPresence(0, HasEnded: true));
        return new Watching(null, changed);
    }

    public RecordedPeer? FindPeer(Guid sessionId, string peerId) =>
        _present.TryGetValue(sessionId, out var presence) ? presence.Peers.GetValueOrDefault(peerId) : null;

    public IDisposable Hear(Guid sessionId, Action<RecordedMessage> heard) => _present.TryGetValue(sessionId, out var presence)
        ? presence.Messages.Watch(heard)
        : new Audience<RecordedMessage>().Watch(heard);

    public void ShowWatermark(Guid sessionId, RecordingId recordingId, SceneWatermark? watermark) =>
        overlays.Set(sessionId, recordingId.Value, watermark);

    public void Began(Meeting meeting, SessionId sessionId, DateTimeOffset startedAt) => _present.TryAdd(sessionId.Value, new Presence());

    public void PeerJoined(MeetingId meetingId, SessionId sessionId, PeerView peer)
    {
        if (_present.TryGetValue(sessionId.Value, out var presence))
        {
            presence.Peers[peer.PeerId] = new RecordedPeer(peer.UserId, peer.CustomId);
        }
    }

    public void CountChanged(MeetingId meetingId, SessionId sessionId, int count)
    {
        if (_present.TryGetValue(sessionId.Value, out var presence))
        {
            presence.Tell(new SessionPresence(count, HasEnded: false));
        }
    }

    public void MessageHeard(MeetingId meetingId, SessionId sessionId, BroadcastMessage message)
    {
        if (_present.TryGetValue(sessionId.Value, out var presence))
        {
            presence.Messages.Tell(new RecordedMessage(message.Type, message.Payload));
        }
    }

    public void StageChanged(MeetingId meetingId, SessionId sessionId, int onStage)
    {
    }

    public void Ended(MeetingId meetingId, SessionId sessionId, SessionEndReason reason)
    {
        overlays.Forget(sessionId.Value);
        if (_present.TryRemove(sessionId.Value, out var presence))
        {
            presence.Tell(new SessionPresence(0, HasEnded: true));
        }
    }

    private sealed class Presence
    {
        private readonly Lock _lock = new();
        private readonly List<Watching> _watchers = [];
        private SessionPresence _last;

        public ConcurrentDictionary<string, RecordedPeer> Peers { get; } = new(StringComparer.Ordinal);

        public Audience<RecordedMessage> Messages { get; } = new();

        public Watching Watch(Action<SessionPresence> changed)
        {
            lock (_lock)
            {
                var watching = new Watching(this, changed);
                _watchers.Add(watching);
                changed(_last);
                return watching;
            }
        }

        public void Tell(SessionPresence presence)
        {
            lock (_lock)
            {
                _last = presence;
                foreach (var watching in _watchers)
                {
                    watching.Changed(presence);
                }
            }
        }

        public void Remove(Watching watching)
        {
            lock (_lock)
            {
                _watchers.Remove(watching);
            }
        }
    }

    /// <summary>Who is told of what happens. They are told one after the other, and nobody once they have left.</summary>
    private sealed class Audience<T>
    {
        private readonly Lock _lock = new();
        private readonly List<Listening> _listeners = [];

        public IDisposable Watch(Action<T> told)
        {
            var listening = new Listening(this, told);
            lock (_lock)
            {
                _listeners.Add(listening);
            }

            return listening;
        }

        public void Tell(T happened)
        {
            lock (_lock)
            {
                foreach (var listener in _listeners)
                {
                    listener.Told(happened);
                }
            }
        }

        private sealed class Listening(Audience<T> audience, Action<T> told) : IDisposable
        {
            public Action<T> Told => told;

            public void Dispose()
            {
                lock (audience._lock)
                {
                    audience._listeners.Remove(this);
                }
            }
        }
    }

    private sealed class Watching(Presence? presence, Action<SessionPresence> changed) : IDisposable
    {
        public Action<SessionPresence> Changed => changed;

        public void Dispose() => presence?.Remove(this);
    }
}
