using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>What a host changes of the permissions of others while the session lasts. What is null stays as it is.</summary>
/// <remarks>Nobody can give more than they have: the server refuses it. Words for sending are ALLOWED, NOT_ALLOWED and CAN_REQUEST.</remarks>
public sealed record PermissionsChange
{
    /// <summary>Whether sound may be sent: ALLOWED, NOT_ALLOWED or CAN_REQUEST.</summary>
    public string? CanProduceAudio { get; init; }

    /// <summary>Whether pictures may be sent: ALLOWED, NOT_ALLOWED or CAN_REQUEST.</summary>
    public string? CanProduceVideo { get; init; }

    /// <summary>Whether a screen may be shared: ALLOWED, NOT_ALLOWED or CAN_REQUEST.</summary>
    public string? CanProduceScreenShare { get; init; }

    /// <summary>Whether messages to all may be sent.</summary>
    public bool? CanSendChat { get; init; }

    /// <summary>Whether messages to all may be of text.</summary>
    public bool? CanSendChatText { get; init; }

    /// <summary>Whether messages to all may be of files.</summary>
    public bool? CanSendChatFiles { get; init; }

    /// <summary>Whether messages to some may be sent.</summary>
    public bool? CanSendPrivateChat { get; init; }

    /// <summary>Whether messages to some are received.</summary>
    public bool? CanReceivePrivateChat { get; init; }

    /// <summary>Whether messages to some may be of text.</summary>
    public bool? CanSendPrivateChatText { get; init; }

    /// <summary>Whether messages to some may be of files.</summary>
    public bool? CanSendPrivateChatFiles { get; init; }

    /// <summary>Whether polls may be made.</summary>
    public bool? CanCreatePolls { get; init; }

    /// <summary>Whether polls may be voted in.</summary>
    public bool? CanVotePolls { get; init; }

    /// <summary>Whether polls are seen.</summary>
    public bool? CanViewPolls { get; init; }

    /// <summary>Whether plugins may be activated.</summary>
    public bool? CanStartPlugins { get; init; }

    /// <summary>Whether plugins may be deactivated.</summary>
    public bool? CanClosePlugins { get; init; }

    /// <summary>Whether who waits may be let in.</summary>
    public bool? AcceptWaitingRequests { get; init; }

    /// <summary>Whether requests for the stage may be answered.</summary>
    public bool? AcceptStageRequests { get; init; }

    /// <summary>Whether the own name may be changed.</summary>
    public bool? CanEditDisplayName { get; init; }

    /// <summary>Whether recordings may be started and stopped.</summary>
    public bool? CanRecord { get; init; }

    /// <summary>Whether livestreams may be started and stopped.</summary>
    public bool? CanLivestream { get; init; }

    /// <summary>Whether the view of others may be led.</summary>
    public bool? CanSpotlight { get; init; }

    /// <summary>Whether others may be muted.</summary>
    public bool? DisableParticipantAudio { get; init; }

    /// <summary>Whether others' pictures may be switched off.</summary>
    public bool? DisableParticipantVideo { get; init; }

    /// <summary>Whether others' screens may be switched off.</summary>
    public bool? DisableParticipantScreenShare { get; init; }

    /// <summary>Whether others may be removed.</summary>
    public bool? KickParticipant { get; init; }

    /// <summary>Whether others may be pinned for all.</summary>
    public bool? PinParticipant { get; init; }

    /// <summary>Whether what is said is written down.</summary>
    public bool? TranscriptionEnabled { get; init; }

    /// <summary>Whether the list of those in the meeting is shown.</summary>
    public bool? ShowParticipantList { get; init; }

    /// <summary>Whether the permissions of others may be changed.</summary>
    public bool? CanChangeParticipantPermissions { get; init; }

    /// <summary>Whether connected meetings may be made, deleted and filled.</summary>
    public bool? CanAlterConnectedMeetings { get; init; }

    /// <summary>Whether another connected meeting may be entered.</summary>
    public bool? CanSwitchConnectedMeetings { get; init; }

    /// <summary>Whether the parent meeting may be entered.</summary>
    public bool? CanSwitchToParentMeeting { get; init; }

    internal PresetUpdates ToMessage()
    {
        var message = new PresetUpdates();
        if (StreamOf(CanProduceAudio) is { } audio)
        {
            (message.Media ??= new()).Audio = audio;
        }

        if (StreamOf(CanProduceVideo) is { } video)
        {
            (message.Media ??= new()).Video = video;
        }

        if (StreamOf(CanProduceScreenShare) is { } screen)
        {
            (message.Media ??= new()).Screenshare = screen;
        }

        Set(CanSendChat, value => PublicOf(message).CanSend = value);
        Set(CanSendChatText, value => PublicOf(message).Text = value);
        Set(CanSendChatFiles, value => PublicOf(message).Files = value);
        Set(CanSendPrivateChat, value => PrivateOf(message).CanSend = value);
        Set(CanReceivePrivateChat, value => PrivateOf(message).CanReceive = value);
        Set(CanSendPrivateChatText, value => PrivateOf(message).Text = value);
        Set(CanSendPrivateChatFiles, value => PrivateOf(message).Files = value);
        Set(CanCreatePolls, value => (message.Polls ??= new()).CanCreate = value);
        Set(CanVotePolls, value => (message.Polls ??= new()).CanVote = value);
        Set(CanViewPolls, value => (message.Polls ??= new()).CanView = value);
        Set(CanStartPlugins, value => (message.Plugins ??= new()).CanStart = value);
        Set(CanClosePlugins, value => (message.Plugins ??= new()).CanClose = value);
        Set(AcceptWaitingRequests, value => message.AcceptWaitingRequests = value);
        Set(AcceptStageRequests, value => message.CanAcceptProductionRequests = value);
        Set(CanEditDisplayName, value => message.CanEditDisplayName = value);
        Set(CanRecord, value => message.CanRecord = value);
        Set(CanLivestream, value => message.CanLivestream = value);
        Set(CanSpotlight, value => message.CanSpotlight = value);
        Set(DisableParticipantAudio, value => message.DisableParticipantAudio = value);
        Set(DisableParticipantVideo, value => message.DisableParticipantVideo = value);
        Set(DisableParticipantScreenShare, value => message.DisableParticipantScreensharing = value);
        Set(KickParticipant, value => message.KickParticipant = value);
        Set(PinParticipant, value => message.PinParticipant = value);
        Set(TranscriptionEnabled, value => message.TranscriptionEnabled = value);
        Set(ShowParticipantList, value => message.ShowParticipantList = value);
        Set(CanChangeParticipantPermissions, value => message.CanChangeParticipantPermissions = value);
        Set(CanAlterConnectedMeetings, value => (message.ConnectedMeetings ??= new()).CanAlterConnectedMeetings = value);
        Set(CanSwitchConnectedMeetings, value => (message.ConnectedMeetings ??= new()).CanSwitchConnectedMeetings = value);
        Set(CanSwitchToParentMeeting, value => (message.ConnectedMeetings ??= new()).CanSwitchToParentMeeting = value);
        return message;
    }

    private static void Set(bool? value, Action<bool> set)
    {
        if (value is { } given)
        {
            set(given);
        }
    }

    private static PublicChatPermission PublicOf(PresetUpdates message) => (message.Chat ??= new()).Public ??= new();

    private static PrivateChatPermission PrivateOf(PresetUpdates message) => (message.Chat ??= new()).Private ??= new();

    private static StreamPermission? StreamOf(string? word) => word switch
    {
        null => null,
        "ALLOWED" => new() { CanProduce = StreamPermissionType.Allowed },
        "NOT_ALLOWED" => new() { CanProduce = StreamPermissionType.NotAllowed },
        "CAN_REQUEST" => new() { CanProduce = StreamPermissionType.CanRequest },
        _ => throw new ArgumentException($"'{word}' is none of ALLOWED, NOT_ALLOWED and CAN_REQUEST."),
    };
}
