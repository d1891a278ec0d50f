using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>The meetings next to this one: a parent and those made from it, between which participants go.</summary>
public sealed class ConnectedMeetings(SessionRoom room)
{
    // Where the peers were last told to go, by peer id, since each joined.
    private readonly Dictionary<string, MeetingId> _sent = new(StringComparer.Ordinal);

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
                TellAll(Family, () => new ConnectedCreated(made));
                TellChange();
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
                TellAll(family, () => new ConnectedDeleted(gone));
                TellChange();
                foreach (var child in gone)
                {
                    Elsewhere(child.Id, other => other.Connected.SendEverybodyTo(family.ParentId));
                }
            },
            answer.Refuse));
    }

    /// <summary>Moves participants from one of the meetings to another.</summary>
    /// <param name="peer">Who asks for it.</param>
    /// <param name="sourceId">The meeting they are in.</param>
    /// <param name="destinationId">The meeting they go to.</param>
    /// <param name="moves">Who.</param>
    /// <param name="answer">Takes those who do not go; empty when all are told to.</param>
    public void Move(
        SessionPeer peer,
        string sourceId,
        string destinationId,
        IReadOnlyList<ConnectedMove> moves,
        Answer<IReadOnlyList<ConnectedMoveFailure>> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(moves);
        var family = Family;
        var isSelf = moves.Count > 0 && moves.All(move => move.UserId == peer.UserId) && sourceId == room.Meeting.Id.ToString();
        room.Require(peer, !isSelf || room.May(peer, SessionAct.AlterConnected) ? SessionAct.AlterConnected
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
        var allowed = room.May(peer, SessionAct.AlterConnected) ? moves : [.. moves.Select(move => move with { PresetId = null })];
        if (sourceId == room.Meeting.Id.ToString())
        {
            Send(allowed, destination, answer.Give);
        }
        else
        {
            _ = SendFromAsync(sourceId, allowed, destination, answer.Give);
        }
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

    /// <summary>A peer has come or gone: from now on it may be told to go once more.</summary>
    internal void Forget(SessionPeer peer) => _sent.Remove(peer.Id);

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
        var family = Family;
        if (family.Children.IsEmpty)
        {
            return;
        }

        // Made of what several sessions say, so it may be late. Where meetings were made or closed in the meantime, another one follows.
        View(new(
            view =>
            {
                foreach (var meeting in family.All)
                {
                    Tell(meeting, () => new ConnectedChanged(view), except: null, isStill: other => ReferenceEquals(other.Connected.Family, family));
                }
            },
            _ => { }));
    }

    private IReadOnlyList<ConnectedParticipant> Participants() =>
    [
        .. room.Joined.Where(peer => !peer.IsGuest).DistinctBy(peer => peer.UserId).Select(peer => new ConnectedParticipant(
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

    /// <summary>Tells those who are here to go, each with a token for where to.</summary>
    /// <param name="moves">Who.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="done">Told on this session's loop who does not go, just before all others are told.</param>
    private void Send(IReadOnlyList<ConnectedMove> moves, MeetingId destination, Action<IReadOnlyList<ConnectedMoveFailure>> done)
    {
        var failures = new List<ConnectedMoveFailure>();
        var transfers = new List<Action>();
        var open = moves.Count;
        if (open == 0)
        {
            done(failures);
            return;
        }

        foreach (var move in moves)
        {
            if (room.JoinedOf([move.UserId]) is not [{ IsGuest: false } first, ..] peers)
            {
                Close(move, "there is no such participant in that meeting");
                continue;
            }

            var participant = first.Member.Participant;
            room.Ask(() => room.Parts.Family.InviteAsync(participant, destination, move.PresetId), new(
                token =>
                {
                    var there = peers.Where(peer => peer.IsJoined).ToList();
                    foreach (var peer in there.Where(_ => token is not null))
                    {
                        transfers.Add(() => Transfer(peer, destination, token!));
                    }

                    Close(move, token is null ? "the preset is not there" : there.Count == 0 ? "the participant has left" : null);
                },
                refusal => Close(move, refusal.Message)));
        }

        void Close(ConnectedMove move, string? reason)
        {
            if (reason is not null)
            {
                failures.Add(new ConnectedMoveFailure(move.UserId, reason));
            }

            if (--open == 0)
            {
                // First the answer: who moves itself hears nothing more here once it is told to go.
                done(failures);
                transfers.ForEach(transfer => transfer());
            }
        }
    }

    /// <summary>The same in another session; what comes of it is told on this one's loop.</summary>
    private async Task SendFromAsync(
        string sourceId, IReadOnlyList<ConnectedMove> moves, MeetingId destination, Action<IReadOnlyList<ConnectedMoveFailure>> done)
    {
        var isAsked = Find(sourceId) is { } session
            && await session.AskAsync<object>(
                other =>
                {
                    other.Connected.Send(moves, destination, failures => _ = room.PostAsync(() => done(failures)).AsTask());
                    return other;
                },
                CancellationToken.None) is not null;
        if (!isAsked)
        {
            await room.PostAsync(() => done([.. moves.Select(move => new ConnectedMoveFailure(move.UserId, "nobody is in that meeting"))]));
        }
    }

    /// <summary>
    /// Tells a peer to go, once: the official client moves people out of a meeting before it closes it, which moves them as well, and
    /// one that is told twice joins twice.
    /// </summary>
    private void Transfer(SessionPeer peer, MeetingId destination, string token)
    {
        if (!_sent.TryGetValue(peer.Id, out var last) || last != destination)
        {
            _sent[peer.Id] = destination;
            peer.Link?.Tell(new Transferred(destination.ToString(), token));
        }
    }

    private void SendEverybodyTo(MeetingId destination) =>
        Send([.. room.Joined.Where(peer => !peer.IsGuest).Select(peer => peer.UserId).Distinct().Select(user => new ConnectedMove(user, null))], destination, static _ => { });

    private void TellAll(MeetingFamily family, Func<SessionEvent> happened)
    {
        foreach (var meeting in family.All)
        {
            Tell(meeting, happened, except: null);
        }
    }

    private void Tell(ConnectedMeeting meeting, Func<SessionEvent> happened, SessionPeer? except, Func<SessionRoom, bool>? isStill = null)
    {
        if (meeting.Id == room.Meeting.Id.ToString())
        {
            TellIn(room);
        }
        else
        {
            // An event of its own for each session: their loops fill in its wire form side by side.
            Elsewhere(meeting.Id, TellIn);
        }

        void TellIn(SessionRoom other)
        {
            if (isStill?.Invoke(other) != false)
            {
                other.TellJoined(happened(), except);
            }
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
