namespace Roomcast.Meetings.Presets;

/// <summary>The presets every app begins with. Their owner may change and delete them like any other.</summary>
public static class BuiltInPresets
{
    private static readonly ProducePermission Allowed = new() { CanProduce = Permission.Allowed };
    private static readonly ProducePermission OnRequest = new() { CanProduce = Permission.CanRequest };
    private static readonly ProducePermission Never = new() { CanProduce = Permission.NotAllowed };

    private static readonly MediaPermissions EveryMedia = new() { Audio = Allowed, Video = Allowed, Screenshare = Allowed };
    private static readonly MediaPermissions EveryMediaOnRequest = new() { Audio = OnRequest, Video = OnRequest, Screenshare = OnRequest };
    private static readonly MediaPermissions CameraAndMicrophone = new() { Audio = Allowed, Video = Allowed, Screenshare = Never };
    private static readonly MediaPermissions MicrophoneOnly = new() { Audio = Allowed, Video = Never, Screenshare = Never };

    private static readonly PublicChatPermissions WholePublicChat = new() { CanSend = true, Text = true, Files = true };
    private static readonly PublicChatPermissions PublicText = new() { CanSend = true, Text = true };
    private static readonly ChatPermissions WholeChat = new()
    {
        Public = WholePublicChat,
        Private = new PrivateChatPermissions { CanSend = true, CanReceive = true, Text = true, Files = true },
    };

    private static readonly PresetPermissions Host = new()
    {
        AcceptWaitingRequests = true,
        CanAcceptProductionRequests = true,
        AcceptStageRequests = true,
        CanChangeParticipantPermissions = true,
        CanEditDisplayName = true,
        CanLivestream = true,
        CanRecord = true,
        CanSpotlight = true,
        DisableParticipantAudio = true,
        DisableParticipantVideo = true,
        DisableParticipantScreensharing = true,
        KickParticipant = true,
        PinParticipant = true,
        Media = EveryMedia,
        Chat = WholeChat,
        ConnectedMeetings = new ConnectedMeetingPermissions
        {
            CanAlterConnectedMeetings = true,
            CanSwitchConnectedMeetings = true,
            CanSwitchToParentMeeting = true,
        },
        Plugins = new PluginPermissions { CanStart = true, CanClose = true, CanEditConfig = true },
        Polls = new PollPermissions { CanCreate = true, CanView = true, CanVote = true },
    };

    private static readonly PresetPermissions Member = new()
    {
        CanEditDisplayName = true,
        Media = EveryMedia,
        Chat = WholeChat,
        ConnectedMeetings = new ConnectedMeetingPermissions { CanSwitchToParentMeeting = true },
        Polls = new PollPermissions { CanView = true, CanVote = true },
    };

    private static readonly PresetPermissions Guest = Member with
    {
        Media = CameraAndMicrophone,
        Chat = new ChatPermissions { Public = PublicText },
        WaitingRoomType = WaitingRoomType.SkipOnAccept,
    };

    private static readonly PresetPermissions Audience = Member with
    {
        Media = EveryMediaOnRequest,
        Chat = new ChatPermissions { Public = PublicText },
        StageAccess = Permission.CanRequest,
    };

    private static readonly PresetContent GroupCallParticipant = Make(ViewType.GroupCall, Member);
    private static readonly PresetContent WebinarViewer = Make(ViewType.Webinar, Audience);
    private static readonly PresetContent LivestreamViewer = Make(ViewType.Livestream, Audience);
    private static readonly PresetContent AudioRoomParticipant = Make(ViewType.AudioRoom, Member with { Media = MicrophoneOnly });

    /// <summary>All of them by name, in the order in which they are made.</summary>
    public static IReadOnlyList<KeyValuePair<string, PresetContent>> All { get; } =
    [
        new("group_call_host", Make(ViewType.GroupCall, Host)),
        new("group_call_participant", GroupCallParticipant),
        new("group_call_guest", Make(ViewType.GroupCall, Guest)),
        new("webinar_presenter", Make(ViewType.Webinar, Host with { StageAccess = Permission.Allowed })),
        new("webinar_viewer", WebinarViewer),
        new("livestream_host", Make(ViewType.Livestream, Host with { StageAccess = Permission.Allowed })),
        new("livestream_viewer", LivestreamViewer),
        new("audio_room_host", Make(ViewType.AudioRoom, Host with { Media = MicrophoneOnly })),
        new("audio_room_participant", AudioRoomParticipant),
    ];

    internal static PresetContent DefaultsOf(ViewType viewType) => viewType switch
    {
        ViewType.GroupCall => GroupCallParticipant,
        ViewType.Webinar => WebinarViewer,
        ViewType.Livestream => LivestreamViewer,
        ViewType.AudioRoom => AudioRoomParticipant,
        _ => throw new ArgumentOutOfRangeException(nameof(viewType), viewType, "Not a kind of meeting."),
    };

    private static PresetContent Make(ViewType viewType, PresetPermissions permissions) => new()
    {
        Config = new PresetConfig { ViewType = viewType },
        Permissions = permissions,
    };
}
