using System.Text.Json.Serialization;

namespace Roomcast.Meetings.Presets;

/// <summary>What the holders of a preset may do. Everything not granted is refused; a new instance grants only being there.</summary>
public sealed record PresetPermissions
{
    /// <summary>Let people in from the waiting room.</summary>
    public bool AcceptWaitingRequests { get; init; }

    /// <summary>Accept requests to send media or to come on stage.</summary>
    public bool CanAcceptProductionRequests { get; init; }

    /// <summary>Accept requests to come on stage.</summary>
    public bool AcceptStageRequests { get; init; }

    /// <summary>Change what others may do.</summary>
    public bool CanChangeParticipantPermissions { get; init; }

    /// <summary>Change the own display name.</summary>
    public bool CanEditDisplayName { get; init; }

    /// <summary>Start and stop a livestream.</summary>
    public bool CanLivestream { get; init; }

    /// <summary>Start and stop a recording.</summary>
    public bool CanRecord { get; init; }

    /// <summary>Show one participant or plugin to everybody.</summary>
    public bool CanSpotlight { get; init; }

    /// <summary>Mute others.</summary>
    public bool DisableParticipantAudio { get; init; }

    /// <summary>Switch off the cameras of others.</summary>
    public bool DisableParticipantVideo { get; init; }

    /// <summary>Stop the shared screens of others.</summary>
    public bool DisableParticipantScreensharing { get; init; }

    /// <summary>Is not seen by others.</summary>
    public bool HiddenParticipant { get; init; }

    /// <summary>Is one of the server's own recorders.</summary>
    public bool IsRecorder { get; init; }

    /// <summary>Which kind of recorder.</summary>
    public RecorderType RecorderType { get; init; }

    /// <summary>Remove others from the session.</summary>
    public bool KickParticipant { get; init; }

    /// <summary>Pin a participant for everybody.</summary>
    public bool PinParticipant { get; init; }

    /// <summary>See who is there.</summary>
    public bool ShowParticipantList { get; init; } = true;

    /// <summary>Whether there is a stage in a group call too.</summary>
    public bool StageEnabled { get; init; }

    /// <summary>Come on stage; null to go by what may be sent, see <see cref="StageAccessInForce"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Permission? StageAccess { get; init; }

    /// <summary>Read the transcript.</summary>
    public bool TranscriptionEnabled { get; init; }

    /// <summary>Whether the holder waits to be let in.</summary>
    public WaitingRoomType WaitingRoomType { get; init; }

    /// <summary>The chat.</summary>
    public ChatPermissions Chat { get; init; } = new();

    /// <summary>Meetings next to this one.</summary>
    public ConnectedMeetingPermissions ConnectedMeetings { get; init; } = new();

    /// <summary>Sending media.</summary>
    public MediaPermissions Media { get; init; } = new();

    /// <summary>Plugins.</summary>
    public PluginPermissions Plugins { get; init; } = new();

    /// <summary>Polls.</summary>
    public PollPermissions Polls { get; init; } = new();

    /// <summary>Coming on stage, with what is left out derived from what may be sent.</summary>
    [JsonIgnore]
    public Permission StageAccessInForce
    {
        get
        {
            if (StageAccess is { } access)
            {
                return access;
            }

            ReadOnlySpan<Permission> media = [Media.Audio.CanProduce, Media.Video.CanProduce, Media.Screenshare.CanProduce];
            return media.Contains(Permission.Allowed) ? Permission.Allowed
                : media.Contains(Permission.CanRequest) ? Permission.CanRequest
                : Permission.NotAllowed;
        }
    }

    /// <summary>Whether there is a stage, in a preset of this kind of meeting.</summary>
    public bool HasStage(ViewType viewType) => StageEnabled || viewType is ViewType.Webinar or ViewType.Livestream;
}

/// <summary>The chat.</summary>
public sealed record ChatPermissions
{
    /// <summary>With everybody.</summary>
    public PublicChatPermissions Public { get; init; } = new();

    /// <summary>With some.</summary>
    public PrivateChatPermissions Private { get; init; } = new();
}

/// <summary>The chat with everybody.</summary>
public sealed record PublicChatPermissions
{
    /// <summary>Send at all.</summary>
    public bool CanSend { get; init; }

    /// <summary>Send text.</summary>
    public bool Text { get; init; }

    /// <summary>Send images and files.</summary>
    public bool Files { get; init; }
}

/// <summary>The chat with some.</summary>
public sealed record PrivateChatPermissions
{
    /// <summary>Send at all.</summary>
    public bool CanSend { get; init; }

    /// <summary>Get messages.</summary>
    public bool CanReceive { get; init; }

    /// <summary>Send text.</summary>
    public bool Text { get; init; }

    /// <summary>Send images and files.</summary>
    public bool Files { get; init; }
}

/// <summary>Meetings next to this one.</summary>
public sealed record ConnectedMeetingPermissions
{
    /// <summary>Make, change and close them, and move others.</summary>
    public bool CanAlterConnectedMeetings { get; init; }

    /// <summary>Go to another of them.</summary>
    public bool CanSwitchConnectedMeetings { get; init; }

    /// <summary>Go back to the main one.</summary>
    public bool CanSwitchToParentMeeting { get; init; }
}

/// <summary>Sending media.</summary>
public sealed record MediaPermissions
{
    /// <summary>From the microphone.</summary>
    public ProducePermission Audio { get; init; } = new();

    /// <summary>From the camera.</summary>
    public ProducePermission Video { get; init; } = new();

    /// <summary>From the screen.</summary>
    public ProducePermission Screenshare { get; init; } = new();
}

/// <summary>Sending one kind of media.</summary>
public sealed record ProducePermission
{
    /// <summary>Whether it may be sent.</summary>
    public Permission CanProduce { get; init; } = Permission.NotAllowed;
}

/// <summary>Plugins.</summary>
public sealed record PluginPermissions
{
    /// <summary>Close them.</summary>
    public bool CanClose { get; init; }

    /// <summary>Start them.</summary>
    public bool CanStart { get; init; }

    /// <summary>Change their configuration.</summary>
    public bool CanEditConfig { get; init; }

    /// <summary>What single plugins allow, by their ids.</summary>
    public PluginConfigDictionary Config { get; init; } = PluginConfigDictionary.Empty;
}

/// <summary>What one plugin allows.</summary>
public sealed record PluginConfig
{
    /// <summary>How far it goes.</summary>
    public PluginAccess AccessControl { get; init; }

    /// <summary>Whether the plugin itself tells viewers from editors.</summary>
    public bool HandlesViewOnly { get; init; }

    /// <summary>Whether it is switched off.</summary>
    public bool Disabled { get; init; }
}

/// <summary>Polls.</summary>
public sealed record PollPermissions
{
    /// <summary>Make one.</summary>
    public bool CanCreate { get; init; }

    /// <summary>See them.</summary>
    public bool CanView { get; init; }

    /// <summary>Vote.</summary>
    public bool CanVote { get; init; }
}
