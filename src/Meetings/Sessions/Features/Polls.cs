using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>The polls of a session. A participant votes once, whichever peer it votes from.</summary>
public sealed class Polls(SessionRoom room)
{
    private readonly List<Poll> _polls = [];

    /// <summary>Begins a poll.</summary>
    public void Create(SessionPeer peer, PollRequest wanted)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(wanted);
        room.Require(peer, SessionAct.CreatePoll);
        Add(wanted, peer.Name, peer.Member.Participant.Id);
    }

    /// <summary>Votes.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="pollId">The poll.</param>
    /// <param name="option">The answer, counted from 0.</param>
    public void Vote(SessionPeer peer, string pollId, ulong option)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.VotePoll);
        var at = _polls.FindIndex(poll => poll.Id.ToString() == pollId);
        if (at < 0)
        {
            throw new SessionException(SessionFault.NotFound, "there is no such poll");
        }

        var poll = _polls[at];
        if (option >= (ulong)poll.Options.Count)
        {
            throw new SessionException(SessionFault.Invalid, "the poll has no such answer");
        }

        var voter = peer.Member.Participant.Id;
        if (HasVoted(poll, voter))
        {
            throw new SessionException(SessionFault.WrongState, "you have voted in this poll already");
        }

        _polls[at] = poll with
        {
            Options =
            [
                .. poll.Options.Select((answer, index) => index == (int)option
                    ? answer with { Votes = [.. answer.Votes, new PollVote(voter, peer.Name)] }
                    : answer),
            ],
        };
        Keep(_polls[at]);
        Tell(_polls[at], view => new PollVoted(view));
    }

    /// <summary>All polls; none for a peer that has not joined or may not see them.</summary>
    public IReadOnlyList<PollView> List(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return peer.IsJoined && room.May(peer, SessionAct.ReadPolls) ? [.. _polls.Select(poll => ViewOf(poll, peer))] : [];
    }

    /// <summary>Begins a poll, for a participant or for the API.</summary>
    internal Poll Add(PollRequest wanted, string creatorName, ParticipantId? creator)
    {
        Texts.Check(wanted.Question, "the question", SessionLimits.MaxPollTextLength);
        if (wanted.Options.Count is < 2 or > SessionLimits.MaxPollOptions)
        {
            throw new SessionException(SessionFault.Invalid, $"a poll has 2 to {SessionLimits.MaxPollOptions} answers");
        }

        foreach (var option in wanted.Options)
        {
            Texts.Check(option, "an answer", SessionLimits.MaxPollTextLength);
        }

        if (_polls.Count >= SessionLimits.MaxPolls)
        {
            throw new SessionException(SessionFault.TooMany, $"a session has at most {SessionLimits.MaxPolls} polls");
        }

        var poll = new Poll
        {
            Id = new PollId(Guid.NewGuid()),
            Question = wanted.Question,
            Options = [.. wanted.Options.Select(option => new PollOption(option, []))],
            IsAnonymous = wanted.IsAnonymous,
            HidesVotes = wanted.HidesVotes,
            CreatedBy = creatorName,
            CreatedById = creator,
            CreatedAt = room.WallClock,
        };
        _polls.Add(poll);
        Keep(poll);
        Tell(poll, view => new PollCreated(view));
        return poll;
    }

    /// <summary>Takes the polls of a session that goes on after a restart of the server.</summary>
    internal void Load(IReadOnlyList<Poll> polls) => _polls.AddRange(polls);

    private static bool HasVoted(Poll poll, ParticipantId participant) =>
        poll.Options.Any(option => option.Votes.Any(vote => vote.ParticipantId == participant));

    private static bool IsSecret(Poll poll) => poll.IsAnonymous || poll.HidesVotes;

    private static PollView ViewOf(Poll poll, SessionPeer? viewer) => new(
        poll.Id.ToString(),
        poll.Question,
        poll.CreatedBy,
        poll.CreatedById?.ToString() ?? "",
        [
            .. poll.Options.Select(option => new PollOptionView(
                option.Text,
                option.Votes.Count,
                IsSecret(poll) ? [] : [.. option.Votes.Select(vote => new PollVoteView(vote.ParticipantId.ToString(), vote.Name))])),
        ],
        poll.IsAnonymous,
        poll.HidesVotes,
        !IsSecret(poll) ? [.. poll.Options.SelectMany(option => option.Votes).Select(vote => vote.ParticipantId.ToString())]
        : viewer is not null && HasVoted(poll, viewer.Member.Participant.Id) ? [viewer.UserId]
        : []);

    private void Keep(Poll poll)
    {
        if (room.SessionId is { } sessionId)
        {
            room.Parts.Recorder.PollChanged(room, sessionId, poll);
        }
    }

    private void Tell(Poll poll, Func<PollView, SessionEvent> happened)
    {
        if (!IsSecret(poll))
        {
            room.TellThoseWhoMay(SessionAct.ReadPolls, happened(ViewOf(poll, viewer: null)));
            return;
        }

        // Everybody learns of its own vote alone.
        foreach (var peer in room.Joined.Where(peer => room.May(peer, SessionAct.ReadPolls)))
        {
            peer.Link?.Tell(happened(ViewOf(poll, peer)));
        }
    }
}
