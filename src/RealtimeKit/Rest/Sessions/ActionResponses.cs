using System.Text.Json.Serialization;
using Roomcast.Meetings.Records;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>What was done to single participants.</summary>
internal sealed record ParticipantsActionResponse(string Action, AffectedParticipant[] Participants);

/// <summary>One to whom it was done.</summary>
internal sealed record AffectedParticipant(
    Guid Id,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Name,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Picture,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public static AffectedParticipant Of(Participant participant) =>
        new(participant.Id.Value, participant.Name, participant.Picture, participant.CreatedAt, participant.UpdatedAt);
}

/// <summary>What kicking everybody answers.</summary>
internal sealed record KickAllResponse(string Action, int KickedParticipantsCount);

/// <summary>What muting everybody answers.</summary>
internal sealed record MuteAllResponse(string Action, int MutedParticipantsCount);

/// <summary>What making a poll answers.</summary>
internal sealed record CreatedPollResponse(string Action, PollResponse Poll);

/// <summary>A poll.</summary>
internal sealed record PollResponse(
    Guid Id, string Question, PollOptionResponse[] Options, bool Anonymous, bool HideVotes, string CreatedBy, string[] Voted)
{
    public static PollResponse Of(Poll poll) => new(
        poll.Id.Value,
        poll.Question,
        [.. poll.Options.Select(option => new PollOptionResponse(
            option.Text,
            option.Votes.Count,
            poll.IsAnonymous ? [] : [.. option.Votes.Select(vote => new PollVoteResponse(vote.ParticipantId.ToString(), vote.Name))]))],
        poll.IsAnonymous,
        poll.HidesVotes,
        poll.CreatedBy,
        [.. poll.Options.SelectMany(option => option.Votes).Select(vote => vote.ParticipantId.ToString()).Distinct()]);
}

/// <summary>An answer of a poll.</summary>
internal sealed record PollOptionResponse(string Text, int Count, PollVoteResponse[] Votes);

/// <summary>A vote.</summary>
internal sealed record PollVoteResponse(string Id, string Name);
