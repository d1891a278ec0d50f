using System.Collections.Concurrent;
using Roomcast.Meetings.Records;

namespace Roomcast.Transcripts;

/// <summary>The sessions that are listened to, each until its transcript has been ended. Thread-safe.</summary>
public sealed class ListenedSessions
{
    private readonly ConcurrentDictionary<SessionId, byte> _all = new();

    /// <summary>Whether somebody listens to a session and will end its transcript.</summary>
    public bool Has(SessionId sessionId) => _all.ContainsKey(sessionId);

    /// <summary>A session is listened to from now on.</summary>
    internal void Add(SessionId sessionId) => _all[sessionId] = 0;

    /// <summary>Its transcript has been ended, or the server stops.</summary>
    internal void Remove(SessionId sessionId) => _all.TryRemove(sessionId, out _);
}
