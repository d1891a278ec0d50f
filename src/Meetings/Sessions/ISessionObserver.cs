using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Meetings.Sessions;

/// <summary>Learns of all sessions of this server: when they begin and end, and how many are in them.</summary>
/// <remarks>Called by each session's loop, which must not be held up: no call blocks or throws. Every one that is registered is told.</remarks>
public interface ISessionObserver
{
    /// <summary>A session has begun: somebody is the first to join.</summary>
    void Began(Meeting meeting, SessionId sessionId, DateTimeOffset startedAt);

    /// <summary>A session goes on that a restart of the server interrupted. To most that is as if it had begun.</summary>
    void Continued(Meeting meeting, SessionId sessionId, DateTimeOffset startedAt) => Began(meeting, sessionId, startedAt);

    /// <summary>The settings of the meeting have changed while its session is under way.</summary>
    void MeetingChanged(Meeting meeting, SessionId sessionId)
    {
    }

    /// <summary>A peer has joined, or joined again.</summary>
    void PeerJoined(MeetingId meetingId, SessionId sessionId, PeerView peer);

    /// <summary>So many peers are in the session now, hidden ones not counted.</summary>
    void CountChanged(MeetingId meetingId, SessionId sessionId, int count);

    /// <summary>So many are on stage now, hidden ones and recorders not counted.</summary>
    void StageChanged(MeetingId meetingId, SessionId sessionId, int onStage);

    /// <summary>An application sent a message to everybody in the session.</summary>
    void MessageHeard(MeetingId meetingId, SessionId sessionId, BroadcastMessage message)
    {
    }

    /// <summary>A session has ended.</summary>
    void Ended(MeetingId meetingId, SessionId sessionId, SessionEndReason reason);

    /// <summary>A session that an earlier life of this server left open has ended, since nobody came back to it. It did not begin here.</summary>
    void EndedUnattended(SessionRecord session)
    {
    }
}
