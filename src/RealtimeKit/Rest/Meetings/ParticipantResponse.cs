using System.Text.Json.Serialization;
using Roomcast.Meetings.Records;

namespace Roomcast.RealtimeKit.Rest.Meetings;

/// <summary>A participant as this API tells it; with a token where one was issued.</summary>
internal sealed record ParticipantResponse(
    Guid Id,
    string? Name,
    string? Picture,
    string CustomParticipantId,
    string PresetName,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Token)
{
    public static ParticipantResponse Of(Participant participant) => Of(participant, token: null);

    public static ParticipantResponse Of(Participant participant, string? token) => new(
        participant.Id.Value,
        participant.Name,
        participant.Picture,
        participant.CustomId,
        participant.PresetName,
        participant.CreatedAt,
        participant.UpdatedAt,
        token);

    /// <summary>Names it without the token.</summary>
    public override string ToString() => $"Participant {Id}";
}

/// <summary>What deleting a participant answers.</summary>
internal sealed record DeletedParticipantResponse(
    string CustomParticipantId, Guid PresetId, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>What refreshing a token answers.</summary>
internal sealed record RefreshedTokenResponse(string Token)
{
    /// <summary>Says what it is without the token.</summary>
    public override string ToString() => nameof(RefreshedTokenResponse);
}
