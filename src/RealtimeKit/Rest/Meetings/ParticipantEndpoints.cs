using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Meetings;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tokens;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Meetings;

/// <summary>The routes of a meeting's participants.</summary>
internal static class ParticipantEndpoints
{
    private const string PresetField = "preset_name";

    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapParticipants(this RouteGroupBuilder app)
    {
        app.MapRead("/meetings/{meeting_id}/participants", ListAsync);
        app.MapPost("/meetings/{meeting_id}/participants", AddAsync);
        app.MapRead("/meetings/{meeting_id}/participants/{participant_id}", GetAsync);
        app.MapPatch("/meetings/{meeting_id}/participants/{participant_id}", UpdateAsync);
        app.MapDelete("/meetings/{meeting_id}/participants/{participant_id}", DeleteAsync);
        app.MapPost("/meetings/{meeting_id}/participants/{participant_id}/token", RefreshTokenAsync);
    }

    private static async Task<KitAnswer> ListAsync(KitRequest request, MeetingStore meetings, ParticipantStore participants)
    {
        var query = request.ReadQuery();
        var wanted = query.ReadPage();
        var order = query.ReadSortOrder();
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await MeetingEndpoints.FindAsync(request, meetings) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        var page = await participants.ListAsync(request.App.Id, meeting.Id, wanted, order, request.Aborted);
        return KitAnswer.Ok(
            page.Items.Select(ParticipantResponse.Of).ToArray(),
            KitJson.Default.ParticipantResponseArray,
            PagingResponse.Of(page));
    }

    private static async Task<KitAnswer> AddAsync(
        KitRequest request,
        MeetingStore meetings,
        PresetStore presets,
        ParticipantStore participants,
        ParticipantAdmission admission,
        IActiveSessions sessions)
    {
        using var body = await request.ReadBodyAsync();
        var customId = body.ReadName("custom_participant_id", isRequired: true, isNullable: false);
        var presetName = body.ReadName(PresetField, isRequired: true, isNullable: false);
        var name = body.ReadName("name", isRequired: false, isNullable: true);
        var picture = body.ReadAddress("picture", "http", "https");
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await MeetingEndpoints.FindAsync(request, meetings) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        if (await presets.FindByNameAsync(request.App.Id, presetName.Value!, request.Aborted) is not { } preset
            || await participants.AddAsync(
                request.App.Id, meeting.Id, customId.Value!, preset.Id, name.Value, picture.Value, request.Aborted) is not { } participant)
        {
            return UnknownPreset();
        }

        // The same person again is a change of the one that is there, who may be in a session.
        if (participant.CreatedAt != participant.UpdatedAt)
        {
            await sessions.ParticipantChangedAsync(participant, request.Aborted);
        }

        return KitAnswer.Created(
            ParticipantResponse.Of(participant, admission.Issue(participant)), KitJson.Default.ParticipantResponse);
    }

    private static async Task<KitAnswer> GetAsync(KitRequest request, ParticipantStore participants) =>
        await FindAsync(request, participants) is { } participant
            ? KitAnswer.Ok(ParticipantResponse.Of(participant), KitJson.Default.ParticipantResponse)
            : KitAnswer.NotFound("participant");

    private static async Task<KitAnswer> UpdateAsync(
        KitRequest request,
        PresetStore presets,
        ParticipantStore participants,
        ParticipantAdmission admission,
        IActiveSessions sessions)
    {
        using var body = await request.ReadBodyAsync();
        var presetName = body.ReadName(PresetField, isRequired: false, isNullable: true);
        var name = body.ReadName("name", isRequired: false, isNullable: true);
        var picture = body.ReadAddress("picture", "http", "https");
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await FindAsync(request, participants) is not { } participant)
        {
            return KitAnswer.NotFound("participant");
        }

        PresetId? presetId = null;
        if (presetName.Value is { } wanted)
        {
            if (await presets.FindByNameAsync(request.App.Id, wanted, request.Aborted) is not { } preset)
            {
                return UnknownPreset();
            }

            presetId = preset.Id;
        }

        var changed = await participants.UpdateAsync(
            request.App.Id,
            participant.MeetingId,
            participant.Id,
            new ParticipantPatch(name.Value, picture.Value, presetId),
            request.Aborted);
        if (changed is null)
        {
            return KitAnswer.NotFound("participant");
        }

        await sessions.ParticipantChangedAsync(changed, request.Aborted);
        return KitAnswer.Ok(ParticipantResponse.Of(changed, admission.Issue(changed)), KitJson.Default.ParticipantResponse);
    }

    private static async Task<KitAnswer> DeleteAsync(KitRequest request, ParticipantStore participants, IActiveSessions sessions)
    {
        if (await FindAsync(request, participants) is not { } found
            || await participants.DeleteAsync(request.App.Id, found.MeetingId, found.Id, request.Aborted) is not { } deleted)
        {
            return KitAnswer.NotFound("participant");
        }

        await sessions.ParticipantDeletedAsync(deleted, request.Aborted);
        return KitAnswer.Ok(
            new DeletedParticipantResponse(deleted.CustomId, deleted.PresetId.Value, deleted.CreatedAt, deleted.UpdatedAt),
            KitJson.Default.DeletedParticipantResponse);
    }

    private static async Task<KitAnswer> RefreshTokenAsync(
        KitRequest request, ParticipantStore participants, ParticipantAdmission admission) =>
        await FindAsync(request, participants) is { } participant
        && await admission.RefreshAsync(participant, request.Aborted) is { } token
            ? KitAnswer.Ok(new RefreshedTokenResponse(token), KitJson.Default.RefreshedTokenResponse)
            : KitAnswer.NotFound("participant");

    private static async Task<Participant?> FindAsync(KitRequest request, ParticipantStore participants) =>
        MeetingId.TryParse(request.PathValue("meeting_id"), out var meetingId)
        && ParticipantId.TryParse(request.PathValue("participant_id"), out var id)
            ? await participants.FindAsync(request.App.Id, meetingId, id, request.Aborted)
            : null;

    private static KitAnswer UnknownPreset() =>
        KitAnswer.Refuse([FieldFault.InBody($"/{PresetField}", $"{PresetField} names no preset of the app")]);
}
