using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.Tokens;

/// <summary>What became of a participant token that was shown.</summary>
/// <param name="Verdict">What it is worth.</param>
/// <param name="Participant">Whose it is, when it is valid.</param>
/// <param name="ExpiresAt">When it ends, when it is valid.</param>
public readonly record struct ParticipantAdmissionResult(
    ParticipantTokenVerdict Verdict, Participant? Participant, DateTimeOffset ExpiresAt);

/// <summary>Issues participant tokens, and finds the participant of one that is shown.</summary>
public sealed class ParticipantAdmission(
    ParticipantTokens tokens, ParticipantStore participants, OwnParticipants own, IOptions<ParticipantTokenOptions> options, TimeProvider clock)
{
    /// <summary>Issues a token for a participant as it is now.</summary>
    public string Issue(Participant participant) => tokens.Issue(participant, clock.GetUtcNow(), options.Value.Lifetime);

    /// <summary>Issues a fresh token; where the options say so, earlier ones are worth nothing from then on. Null when there is no such participant.</summary>
    public async Task<string?> RefreshAsync(Participant participant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(participant);
        var current = options.Value.RefreshReplaces
            ? await participants.ReplaceTokensAsync(participant.AppId, participant.MeetingId, participant.Id, cancellationToken)
            : await participants.FindAsync(participant.AppId, participant.MeetingId, participant.Id, cancellationToken);
        return current is null ? null : Issue(current);
    }

    /// <summary>Lets a program of the server's own take part in a meeting, hidden from everybody in it.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="meetingId">The meeting; it exists.</param>
    /// <param name="id">The participant's id; used for no other.</param>
    /// <param name="name">What it is called where hidden ones are listed.</param>
    /// <returns>It, and its token.</returns>
    public (Participant Participant, string Token) Lend(AppId appId, MeetingId meetingId, Guid id, string name)
    {
        var participant = own.Add(appId, meetingId, new ParticipantId(id), name, StoredTime.Now(clock));
        return (participant, Issue(participant));
    }

    /// <summary>Makes the token of one of the server's own worth nothing. Whoever is in the meeting by it is to be removed then.</summary>
    public void EndLent(ParticipantId id) => own.Remove(id);

    /// <summary>Whether a participant whose token was valid is still there: it may have been deleted since.</summary>
    public async Task<bool> IsThereAsync(Participant participant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(participant);
        return participant.IsOwn
            ? own.Find(participant.AppId, participant.MeetingId, participant.Id) is not null
            : await participants.FindAsync(participant.AppId, participant.MeetingId, participant.Id, cancellationToken) is not null;
    }

    /// <summary>Finds whose token it is. A token of a deleted participant, or a replaced one, is worth nothing at once.</summary>
    /// <param name="token">As sent; anything at all.</param>
    /// <param name="meetingId">The meeting it is shown for; null where the token itself says which.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<ParticipantAdmissionResult> AuthenticateAsync(
        string? token, MeetingId? meetingId, CancellationToken cancellationToken)
    {
        var verdict = tokens.Read(token, clock.GetUtcNow(), out var claims);
        if (verdict != ParticipantTokenVerdict.Valid)
        {
            return Refused(verdict);
        }

        if (meetingId is { } wanted && claims!.MeetingId != wanted)
        {
            return Refused(ParticipantTokenVerdict.OtherMeeting);
        }

        var participant = own.Find(claims!.AppId, claims.MeetingId, claims.ParticipantId)
            ?? await participants.FindAsync(claims.AppId, claims.MeetingId, claims.ParticipantId, cancellationToken);
        return participant is null ? Refused(ParticipantTokenVerdict.UnknownParticipant)
            : claims.Generation < participant.TokenGeneration ? Refused(ParticipantTokenVerdict.Replaced)
            : new ParticipantAdmissionResult(ParticipantTokenVerdict.Valid, participant, claims.ExpiresAt);
    }

    private static ParticipantAdmissionResult Refused(ParticipantTokenVerdict verdict) => new(verdict, null, default);
}
