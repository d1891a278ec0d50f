using System.Collections.Immutable;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>An answer to choose in a poll.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Count">How often it was chosen.</param>
/// <param name="Votes">The names of those who chose it, unless the poll hides them.</param>
public sealed record PollChoice(string Text, int Count, IReadOnlyList<string> Votes);

/// <summary>A poll. Immutable; after a vote it is another object under the same id.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Question">What is asked.</param>
/// <param name="Options">What can be answered.</param>
/// <param name="IsAnonymous">Whether nobody is told who voted.</param>
/// <param name="HidesVotes">Whether nobody is told how it stands.</param>
/// <param name="CreatedBy">The name of whoever made it.</param>
/// <param name="Voted">The participants who voted.</param>
public sealed record PollItem(
    string Id,
    string Question,
    IReadOnlyList<PollChoice> Options,
    bool IsAnonymous,
    bool HidesVotes,
    string CreatedBy,
    IReadOnlyList<string> Voted);

/// <summary>The polls of the meeting.</summary>
public sealed class Polls
{
    private readonly MeetingLink _link;
    private ImmutableList<PollItem> _items = [];

    internal Polls(MeetingLink link) => _link = link;

    /// <summary>A poll was made, or voted in; true when it is new.</summary>
    public event Action<PollItem, bool>? PollsUpdated;

    /// <summary>The polls, oldest first.</summary>
    public IReadOnlyList<PollItem> Items => _items;

    /// <summary>Makes a poll. It stands among <see cref="Items"/> when the server has told everybody.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="options">Two answers or more.</param>
    /// <param name="anonymous">Whether nobody is told who voted.</param>
    /// <param name="hideVotes">Whether nobody is told how it stands.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task CreateAsync(string question, IReadOnlyCollection<string> options, bool anonymous = false, bool hideVotes = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(question);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Count, 2, nameof(options));
        var request = new NewPollRequest { Question = question, Anonymous = anonymous, HideVotes = hideVotes };
        request.Options.AddRange(options);
        return _link.DoAsync(SocketEvent.CreatePoll, request, cancellationToken);
    }

    /// <summary>Votes.</summary>
    /// <param name="pollId">The poll.</param>
    /// <param name="index">Which answer, from 0.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task VoteAsync(string pollId, int index, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return _link.DoAsync(SocketEvent.VotePoll, new VotePollRequest { PollId = pollId, Index = (ulong)index }, cancellationToken);
    }

    internal void Handle(SocketEvent number, SocketMessage message)
    {
        if (number is SocketEvent.GetPolls && Envelope.TryRead(message, GetPollsResponse.Parser, out var all))
        {
            Volatile.Write(ref _items, [.. all.Polls.Select(ItemOf)]);
        }
        else if (number is SocketEvent.CreatePoll or SocketEvent.VotePoll or HostedEvents.PollUpdated
            && Envelope.TryRead(message, UpdatePollResponse.Parser, out var update) && update.Poll is { } poll)
        {
            var item = ItemOf(poll);
            var isNew = true;
            ImmutableInterlocked.Update(ref _items, items =>
            {
                var at = items.FindIndex(known => known.Id == item.Id);
                isNew = at < 0;
                return isNew ? items.Add(item) : items.SetItem(at, item);
            });
            _link.Raise(this, item.Id, () => PollsUpdated.CallEach(item, isNew));
        }
    }

    private static PollItem ItemOf(Poll poll) => new(
        poll.PollId,
        poll.Question,
        [.. poll.Options.Select(option => new PollChoice(option.Text, (int)Math.Min(option.Count, int.MaxValue), [.. option.Votes.Select(vote => vote.Name)]))],
        poll.Anonymous,
        poll.HideVotes,
        poll.CreatedBy,
        [.. poll.Votes]);
}
