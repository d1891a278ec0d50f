using Microsoft.AspNetCore.Http;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tokens;

namespace Roomcast.RealtimeKit.Client;

/// <summary>What became of a participant token that a web client sent.</summary>
/// <param name="Status">200, or the HTTP status to refuse it with.</param>
/// <param name="Participant">Whose it is.</param>
/// <param name="Meeting">The meeting.</param>
/// <param name="Preset">The participant's preset.</param>
internal readonly record struct AdmittedClient(int Status, Participant? Participant, Meeting? Meeting, Preset? Preset);

/// <summary>Finds out who a web client is, by its participant token.</summary>
internal sealed class ClientAdmission(
    ParticipantAdmission participants, OwnParticipants own, MeetingStore meetings, PresetStore presets)
{
    /// <summary>Whether a client that was admitted still would be: whoever deleted its participant may have found nobody to remove.</summary>
    public Task<bool> IsStillAsync(AdmittedClient admitted, CancellationToken cancellationToken) =>
        participants.IsThereAsync(admitted.Participant!, cancellationToken);

    /// <summary>Checks a token and looks up what belongs to it.</summary>
    /// <param name="token">As sent.</param>
    /// <param name="meetingId">The meeting it is shown for; null where the token says which.</param>
    /// <param name="cancellationToken">Stops the queries.</param>
    public async Task<AdmittedClient> AdmitAsync(string? token, MeetingId? meetingId, CancellationToken cancellationToken)
    {
        var result = await participants.AuthenticateAsync(token, meetingId, cancellationToken);
        if (result.Participant is not { } participant)
        {
            return new AdmittedClient(StatusCodes.Status401Unauthorized, null, null, null);
        }

        var ownPreset = own.FindPreset(participant.Id);
        if (participant.IsOwn && ownPreset is null)
        {
            return new AdmittedClient(StatusCodes.Status401Unauthorized, null, null, null); // It has ended just now.
        }

        var meeting = await meetings.FindAsync(participant.AppId, participant.MeetingId, cancellationToken);
        return meeting is null ? new AdmittedClient(StatusCodes.Status404NotFound, null, null, null)
            : meeting.Status is not MeetingStatus.Active ? new AdmittedClient(StatusCodes.Status403Forbidden, null, null, null)
            : new AdmittedClient(
                StatusCodes.Status200OK,
                participant,
                meeting,
                ownPreset ?? await presets.GetForParticipantAsync(participant, cancellationToken));
    }
}
