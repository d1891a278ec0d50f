namespace Roomcast.Meetings.Sessions.Features;

/// <summary>A poll as one peer sees it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Question">The question.</param>
/// <param name="CreatorName">The name of who began it.</param>
/// <param name="CreatorUserId">Who began it; empty when nobody in the session did.</param>
/// <param name="Options">The answers.</param>
/// <param name="IsAnonymous">Whether nobody learns who voted for what.</param>
/// <param name="HidesVotes">Whether nobody is shown who voted for what.</param>
/// <param name="VoterUserIds">Who has voted; of an anonymous poll or one that hides votes, only the peer itself.</param>
public sealed record PollView(
    string Id,
    string Question,
    string CreatorName,
    string CreatorUserId,
    IReadOnlyList<PollOptionView> Options,
    bool IsAnonymous,
    bool HidesVotes,
    IReadOnlyList<string> VoterUserIds);

/// <summary>One answer of a poll.</summary>
/// <param name="Text">The answer.</param>
/// <param name="Count">How many voted for it.</param>
/// <param name="Votes">Who they are; empty where that is not told.</param>
public sealed record PollOptionView(string Text, int Count, IReadOnlyList<PollVoteView> Votes);

/// <summary>Who voted.</summary>
/// <param name="UserId">The participant.</param>
/// <param name="Name">The name it went by.</param>
public sealed record PollVoteView(string UserId, string Name);
