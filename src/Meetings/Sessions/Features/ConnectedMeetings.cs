using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>The meetings next to this one: a parent and those made from it, between which participants go.</summary>
public sealed class ConnectedMeetings(SessionRoom room)
{
    private MeetingFamily Family => room.Parts.Family.Of(room.Meeting);

    /// <summary>The session under way in the meeting that this one was made next to; null where there is none.</summary>
    internal SessionId? ParentSessionId =>
        Family.ParentId is var parent && parent != room.Meeting.Id ? room.Parts.Family.FindSession(parent)?.SessionId : null;

    /// <summary>The connected meetings and who is in them.</summary>
    public void Read(SessionPeer peer, Answer<ConnectedView> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.ReadConnected);
        View(answer);
    }

    /// <summary>Makes meetings next to this one.</summary>
    public void Create(SessionPeer peer, IReadOnlyList<string> titles, Answer<IReadOnlyList<ConnectedMeeting>> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(titles);
        room.Require(peer, SessionAct.AlterConnected);
        if (titles.Count == 0 || Family.Children.Count + titles.Count > SessionLimits.MaxConnectedMeetings)
        {
            throw new SessionException(SessionFault.TooMany, $"there are 1 to {SessionLimits.MaxConnectedMeetings} connected meetings");
        }

        foreach (var title in titles)
        {
            Texts.Check(title, "the title", SessionLimits.MaxNameLength);
        }

        var meeting = room.Meeting;
        room.Ask(() => room.Parts.Family.CreateAsync(meeting, titles), new(
            made =>
            {
                answer.Give(made);
                TellFamily(() => new ConnectedCreated(made), except: peer);
            },
            answer.Refuse));
    }

    /// <summary>Deletes meetings next to this one. Who is in them goes back to the parent meeting.</summary>
    public void Delete(SessionPeer peer, IReadOnlyCollection<string> meetingIds, Answer<IReadOnlyList<ConnectedMeeting>> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(meetingIds);
        room.Require(peer, SessionAct.AlterConnected);
        SessionRoom.CheckCount(meetingIds.Count);
        var meeting = room.Meeting;
        var family = Family;
        room.Ask(() => room.Parts.Family.DeleteAsync(meeting, meetingIds), new(
            gone =>
            {
                answer.Give(gone);
                TellAll(family, () => new ConnectedDeleted(gone), except: peer);
                foreach (var child in gone)
                {
                    Elsewhere(child.Id, other => other.Connected.SendEverybodyTo(family.ParentId));
                }
            },
            answer.Refuse));
    }

    /// <summary>Moves participants from one of the meetings to another.</summary>
    public void Move(
        SessionPeer peer, string sourceId, string destinationId, IReadOnlyList<ConnectedMove> moves, Answer<bool> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(moves);
        var family = Family;
        var isSelf = moves.Count > 0 && moves.All(move => move.UserId == peer.UserId) && sourceId == room.Meeting.Id.ToString();
        room.Require(peer, !isSelf || SessionRoom.May(peer, SessionAct.AlterConnected) ? SessionAct.AlterConnected
            : destinationId == family.Parent.Id ? SessionAct.SwitchToParent
            : SessionAct.SwitchConnected);
        SessionRoom.CheckCount(moves.Count);
        if (!family.All.Any(meeting => meeting.Id == sourceId)
            || !family.All.Any(meeting => meeting.Id == destinationId)
            || !MeetingId.TryParse(destinationId, out var destination))
        {
            throw new SessionException(SessionFault.NotFound, "these meetings are not connected");
        }

        // Nobody gives itself another preset by going next door.
        var allowed = SessionRoom.May(peer, SessionAct.AlterConnected) ? moves : [.. moves.Select(move => move with { PresetId = null })];
        if (sourceId == room.Meeting.Id.ToString())
        {
            Send(allowed, destination);
        }
        else
        {
            Elsewhere(sourceId, other => other.Connected.Send(allowed, destination));
        }

        answer.Give(true);
    }

    /// <summary>Everybody who may join the meeting, at most a hundred.</summary>
    public void ListParticipants(SessionPeer peer, Answer<IReadOnlyList<Participant>> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.ListParticipants);
        var meeting = room.Meeting;
        room.Ask(() => room.Parts.Family.ListParticipantsAsync(meeting), answer);
    }

    /// <summary>Tells everybody in some of the connected meetings.</summary>
    internal void TellOthers(IReadOnlyCollection<string> meetingIds, Func<SessionEvent> happened, SessionPeer except)
    {
        foreach (var meeting in Family.All.Where(meeting => meetingIds.Contains(meeting.Id)))
        {
            Tell(meeting, happened, except);
        }
    }

    /// <summary>Does something in each of the other connected meetings that has a session.</summary>
    internal void InOthers(Action<SessionRoom> step)
    {
        foreach (var meeting in Family.All.Where(meeting => meeting.Id != room.Meeting.Id.ToString()))
        {
            Elsewhere(meeting.Id, step);
        }
    }

    /// <summary>Tells the connected meetings that somebody came or went.</summary>
    internal void TellChange()
    {
        if (!Family.Children.IsEmpty)
        {
            View(new(view => TellFamily(() => new ConnectedChanged(view), except: null), _ => { }));
        }
    }

    private IReadOnlyList<ConnectedParticipant> Participants() =>
    [
        .. room.Joined.DistinctBy(peer => peer.UserId).Select(peer => new ConnectedParticipant(
            peer.UserId, peer.Name, peer.Member.Participant.CustomId, peer.Preset.Id.ToString(), peer.Picture)),
    ];

    private void View(Answer<ConnectedView> answer)
    {
        var family = Family;
        var here = Participants();
        var hereId = room.Meeting.Id.ToString();
        room.Ask(
            async () =>
            {
                var all = new List<ConnectedAttendance>();
                foreach (var meeting in family.All)
                {
                    all.Add(new ConnectedAttendance(meeting, meeting.Id == hereId ? here : await ParticipantsOfAsync(meeting)));
                }

                return new ConnectedView(all[0], all[1..]);
            },
            answer);
    }

    private async Task<IReadOnlyList<ConnectedParticipant>> ParticipantsOfAsync(ConnectedMeeting meeting) =>
        Find(meeting.Id) is { } session
            ? await session.AskAsync(other => other.Connected.Participants(), CancellationToken.None) ?? []
            : [];

    private void Send(IReadOnlyList<ConnectedMove> moves, MeetingId destination)
    {
        foreach (var move in moves)
        {
            if (room.JoinedOf([move.UserId]) is not [var first, ..] peers)
            {
                continue;
            }

            var participant = first.Member.Participant;
            room.Ask(() => room.Parts.Family.InviteAsync(participant, destination, move.PresetId), new(
                token =>
                {
                    foreach (var peer in peers.Where(peer => peer.IsJoined && token is not null))
                    {
                        peer.Link?.Tell(new Transferred(destination.ToString(), token!));
                    }
                },
                _ => { }));
        }
    }

    private void SendEverybodyTo(MeetingId destination) =>
        Send([.. room.Joined.Select(peer => peer.UserId).Distinct().Select(user => new ConnectedMove(user, null))], destination);

    private void TellFamily(Func<SessionEvent> happened, SessionPeer? except) => TellAll(Family, happened, except);

    private void TellAll(MeetingFamily family, Func<SessionEvent> happened, SessionPeer? except)
    {
        foreach (var meeting in family.All)
        {
            Tell(meeting, happened, except);
        }
    }

    private void Tell(ConnectedMeeting meeting, Func<SessionEvent> happened, SessionPeer? except)
    {
        if (meeting.Id == room.Meeting.Id.ToString())
        {
            room.TellJoined(happened(), except);
        }
        else
        {
            // An event of its own for each session: their loops fill in its wire form side by side.
            Elsewhere(meeting.Id, other => other.TellJoined(happened()));
        }
    }

    private MeetingSession? Find(string meetingId) =>
        MeetingId.TryParse(meetingId, out var id) ? room.Parts.Family.FindSession(id) : null;

    private void Elsewhere(string meetingId, Action<SessionRoom> step)
    {
        if (Find(meetingId) is { } session)
        {
            _ = session.AskAsync<object>(
                other =>
                {
                    step(other);
                    return other;
                },
                CancellationToken.None);
        }
    }
}
