using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Meetings.Sessions.Loop;

/// <summary>Keeps what happens in sessions: their beginning and end, and who was there.</summary>
internal sealed class SessionRecorder(SessionRecordStore store, PollStore polls, MediaHistoryStore figures)
{
    /// <summary>A session that a restart interrupted is continued when its meeting is joined again within this time.</summary>
    public static readonly TimeSpan ContinueWithin = TimeSpan.FromMinutes(2);

    /// <summary>Begins a session, or goes on with one that was interrupted, and its polls.</summary>
    public async Task<(SessionRecord Session, IReadOnlyList<Poll> Polls)> BeginAsync(
        Meeting meeting, SessionId? parentId, DateTimeOffset startedAt)
    {
        var session = await store.BeginWithinAsync(meeting, parentId, startedAt, ContinueWithin, CancellationToken.None);
        return (session, await polls.ListAsync(session.Id, CancellationToken.None));
    }

    /// <summary>The session of a meeting that a restart interrupted, if a join now would continue it; null when there is none.</summary>
    public async Task<SessionId?> FindInterruptedAsync(MeetingId meetingId, DateTimeOffset now) =>
        await store.FindLiveAsync(meetingId, CancellationToken.None) is { } open && now - open.UpdatedAt <= ContinueWithin ? open.Id : null;

    public void Joined(SessionRoom room, SessionPeer peer)
    {
        var sessionId = room.SessionId!.Value;
        var at = peer.JoinedAt!.Value;
        var joining = new JoiningPeer(
            PeerIdOf(peer),
            peer.Member.Participant.Id,
            peer.Member.Participant.CustomId,
            peer.Name,
            peer.Preset.Name,
            peer.Preset.Config.ViewType) { Client = peer.Link?.Client };
        room.Journal.TryAdd(() => store.JoinAsync(sessionId, joining, at, CancellationToken.None));
    }

    public void Left(SessionRoom room, SessionPeer peer)
    {
        if (room.SessionId is { } sessionId)
        {
            var at = room.WallClock;
            room.Journal.TryAdd(() => store.LeaveAsync(sessionId, PeerIdOf(peer), at, CancellationToken.None));
        }
    }

    public void Ended(SessionRoom room, SessionId sessionId, SessionEndReason reason)
    {
        var at = room.WallClock;
        room.Journal.TryAdd(() => store.EndAsync(sessionId, at, reason, CancellationToken.None));
    }

    /// <summary>Notes how the media of a peer fared.</summary>
    public void Measured(SessionRoom room, SessionId sessionId, PeerId peerId, MediaHistory history) =>
        room.Journal.TryAdd(() => figures.AppendAsync(sessionId, peerId, history, CancellationToken.None));

    /// <summary>Notes how a poll stands.</summary>
    public void PollChanged(SessionRoom room, SessionId sessionId, Poll poll) =>
        room.Journal.TryAdd(() => polls.SaveAsync(sessionId, poll, CancellationToken.None));

    private static PeerId PeerIdOf(SessionPeer peer) => new(Guid.ParseExact(peer.Id, "D"));
}
