using System.Text.Json;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>What the own preset allows. Immutable; replaced when a host changes it.</summary>
public sealed record Permissions
{
    /// <summary>Whether sound may be sent: ALLOWED, NOT_ALLOWED or CAN_REQUEST.</summary>
    public string CanProduceAudio { get; init; } = "NOT_ALLOWED";

    /// <summary>Whether pictures may be sent: ALLOWED, NOT_ALLOWED or CAN_REQUEST.</summary>
    public string CanProduceVideo { get; init; } = "NOT_ALLOWED";

    /// <summary>Whether a screen may be shared: ALLOWED, NOT_ALLOWED or CAN_REQUEST.</summary>
    public string CanProduceScreenShare { get; init; } = "NOT_ALLOWED";

    /// <summary>Whether who waits may be let in.</summary>
    public bool AcceptWaitingRequests { get; init; }

    /// <summary>Whether requests for the stage may be answered.</summary>
    public bool AcceptStageRequests { get; init; }

    /// <summary>Whether the own name may be changed.</summary>
    public bool CanEditDisplayName { get; init; }

    /// <summary>Whether recordings may be started and stopped.</summary>
    public bool CanRecord { get; init; }

    /// <summary>Whether livestreams may be started and stopped.</summary>
    public bool CanLivestream { get; init; }

    /// <summary>Whether others may be muted.</summary>
    public bool DisableParticipantAudio { get; init; }

    /// <summary>Whether others' pictures may be switched off.</summary>
    public bool DisableParticipantVideo { get; init; }

    /// <summary>Whether others may be removed.</summary>
    public bool KickParticipant { get; init; }

    /// <summary>Whether others may be pinned for all.</summary>
    public bool PinParticipant { get; init; }

    /// <summary>Whether the view of others may be led; see <see cref="Meta.SetSelfActiveTabAsync"/>.</summary>
    public bool CanSpotlight { get; init; }

    /// <summary>Whether the permissions of others may be changed.</summary>
    public bool CanChangeParticipantPermissions { get; init; }

    /// <summary>Whether the stage is told from an audience.</summary>
    public bool StageEnabled { get; init; }

    /// <summary>Whether the stage may be joined: ALLOWED, NOT_ALLOWED or CAN_REQUEST.</summary>
    public string StageAccess { get; init; } = "NOT_ALLOWED";

    /// <summary>Whether messages to all may be sent.</summary>
    public bool CanSendChat { get; init; } = true;

    /// <summary>Whether polls may be made.</summary>
    public bool CanCreatePolls { get; init; } = true;

    /// <summary>Whether polls may be voted in.</summary>
    public bool CanVotePolls { get; init; } = true;

    /// <summary>Whether what is said is written down.</summary>
    public bool TranscriptionEnabled { get; init; }

    /// <summary>Reads the permissions of a preset.</summary>
    internal static Permissions Read(JsonElement permissions)
    {
        bool Is(string name, bool otherwise = false, string? under = null) =>
            Find(permissions, under is null ? [name] : [.. under.Split('.'), name]) is { } value
                ? value.ValueKind is JsonValueKind.True
                : otherwise;
        string Produce(string kind) => Find(permissions, "media", kind, "can_produce") is { ValueKind: JsonValueKind.String } value ? value.GetString()! : "NOT_ALLOWED";
        var access = Find(permissions, "stage_access") is { ValueKind: JsonValueKind.String } named ? named.GetString() : null;
        string[] produce = [Produce("audio"), Produce("video"), Produce("screenshare")];
        return new Permissions
        {
            CanProduceAudio = produce[0],
            CanProduceVideo = produce[1],
            CanProduceScreenShare = produce[2],
            AcceptWaitingRequests = Is("accept_waiting_requests"),
            AcceptStageRequests = Is("accept_stage_requests", Is("can_accept_production_requests")),
            CanEditDisplayName = Is("can_edit_display_name"),
            CanRecord = Is("can_record"),
            CanLivestream = Is("can_livestream"),
            DisableParticipantAudio = Is("disable_participant_audio"),
            DisableParticipantVideo = Is("disable_participant_video"),
            KickParticipant = Is("kick_participant"),
            PinParticipant = Is("pin_participant"),
            CanSpotlight = Is("can_spotlight"),
            CanChangeParticipantPermissions = Is("can_change_participant_permissions"),
            StageEnabled = Is("stage_enabled"),
            StageAccess = access is "ALLOWED" or "NOT_ALLOWED" or "CAN_REQUEST" ? access
                : produce.Contains("ALLOWED") ? "ALLOWED"
                : produce.Contains("CAN_REQUEST") ? "CAN_REQUEST"
                : "NOT_ALLOWED",
            CanSendChat = Is("can_send", true, "chat.public"),
            CanCreatePolls = Is("can_create", true, "polls"),
            CanVotePolls = Is("can_vote", true, "polls"),
            TranscriptionEnabled = Is("transcription_enabled"),
        };
    }

    /// <summary>The permissions after a host's change; what the change does not name stays.</summary>
    internal Permissions With(PresetUpdates patch)
    {
        static string Name(StreamPermission? permission, string otherwise) => permission is { HasCanProduce: true }
            ? permission.CanProduce switch
            {
                StreamPermissionType.Allowed => "ALLOWED",
                StreamPermissionType.CanRequest => "CAN_REQUEST",
                _ => "NOT_ALLOWED",
            }
            : otherwise;
        return this with
        {
            CanProduceAudio = Name(patch.Media?.Audio, CanProduceAudio),
            CanProduceVideo = Name(patch.Media?.Video, CanProduceVideo),
            CanProduceScreenShare = Name(patch.Media?.Screenshare, CanProduceScreenShare),
            AcceptWaitingRequests = patch.HasAcceptWaitingRequests ? patch.AcceptWaitingRequests : AcceptWaitingRequests,
            AcceptStageRequests = patch.HasCanAcceptProductionRequests ? patch.CanAcceptProductionRequests : AcceptStageRequests,
            CanEditDisplayName = patch.HasCanEditDisplayName ? patch.CanEditDisplayName : CanEditDisplayName,
            CanRecord = patch.HasCanRecord ? patch.CanRecord : CanRecord,
            CanLivestream = patch.HasCanLivestream ? patch.CanLivestream : CanLivestream,
            DisableParticipantAudio = patch.HasDisableParticipantAudio ? patch.DisableParticipantAudio : DisableParticipantAudio,
            DisableParticipantVideo = patch.HasDisableParticipantVideo ? patch.DisableParticipantVideo : DisableParticipantVideo,
            KickParticipant = patch.HasKickParticipant ? patch.KickParticipant : KickParticipant,
            PinParticipant = patch.HasPinParticipant ? patch.PinParticipant : PinParticipant,
            CanSpotlight = patch.HasCanSpotlight ? patch.CanSpotlight : CanSpotlight,
            CanChangeParticipantPermissions = patch.HasCanChangeParticipantPermissions ? patch.CanChangeParticipantPermissions : CanChangeParticipantPermissions,
            TranscriptionEnabled = patch.HasTranscriptionEnabled ? patch.TranscriptionEnabled : TranscriptionEnabled,
            CanSendChat = patch.Chat?.Public is { HasCanSend: true } chat ? chat.CanSend : CanSendChat,
            CanCreatePolls = patch.Polls is { HasCanCreate: true } create ? create.CanCreate : CanCreatePolls,
            CanVotePolls = patch.Polls is { HasCanVote: true } vote ? vote.CanVote : CanVotePolls,
        };
    }

    private static JsonElement? Find(JsonElement element, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (element.ValueKind is not JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element;
    }
}
