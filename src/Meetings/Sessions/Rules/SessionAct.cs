namespace Roomcast.Meetings.Sessions.Rules;

/// <summary>Everything a peer can do in a session. <see cref="ActRules"/> says what each of them needs.</summary>
public enum SessionAct
{
    /// <summary>Join, or ask to be let in.</summary>
    Join,

    /// <summary>Leave without disconnecting.</summary>
    Leave,

    /// <summary>Read the session's title and beginning.</summary>
    ReadSession,

    /// <summary>Read who is there.</summary>
    ListPeers,

    /// <summary>Search who is there, page by page.</summary>
    SearchPeers,

    /// <summary>Read chat messages.</summary>
    ReadChat,

    /// <summary>Send text to everybody.</summary>
    SendText,

    /// <summary>Send an image, a file or a composed message to everybody.</summary>
    SendFile,

    /// <summary>Send text to some.</summary>
    SendPrivateText,

    /// <summary>Send an image, a file or a composed message to some.</summary>
    SendPrivateFile,

    /// <summary>Change a message of one's own.</summary>
    EditMessage,

    /// <summary>Take back a message of one's own.</summary>
    DeleteMessage,

    /// <summary>Pin a message or take the pin away.</summary>
    PinMessage,

    /// <summary>Read polls.</summary>
    ReadPolls,

    /// <summary>Begin a poll.</summary>
    CreatePoll,

    /// <summary>Vote in a poll.</summary>
    VotePoll,

    /// <summary>Read a store.</summary>
    ReadStore,

    /// <summary>Write to a store, or delete from it.</summary>
    WriteStore,

    /// <summary>Start a plugin for all.</summary>
    StartPlugin,

    /// <summary>Close a plugin for all.</summary>
    ClosePlugin,

    /// <summary>Ask to come on stage, or take that back.</summary>
    RequestStage,

    /// <summary>Come on stage.</summary>
    JoinStage,

    /// <summary>Go off stage oneself.</summary>
    LeaveStage,

    /// <summary>Read, grant and deny requests for the stage.</summary>
    AnswerStageRequests,

    /// <summary>Send others off stage.</summary>
    RemoveFromStage,

    /// <summary>Read who is on stage, may come, or asks to.</summary>
    ReadStage,

    /// <summary>Read who waits, let in, and reject.</summary>
    AnswerWaiting,

    /// <summary>Remove others from the session.</summary>
    Kick,

    /// <summary>Remove everybody, which ends the session.</summary>
    KickAll,

    /// <summary>Mute the microphones of others.</summary>
    MuteAudio,

    /// <summary>Switch off the cameras of others.</summary>
    MuteVideo,

    /// <summary>Stop what others show of their screens.</summary>
    MuteScreen,

    /// <summary>Pin a peer for everybody.</summary>
    PinPeer,

    /// <summary>Change one's own name.</summary>
    EditName,

    /// <summary>Read one's own permissions.</summary>
    ReadOwnPermissions,

    /// <summary>Read the permissions of others.</summary>
    ReadPermissions,

    /// <summary>Change the permissions of others, within one's own.</summary>
    ChangePermissions,

    /// <summary>Send a message of an application to other peers.</summary>
    Broadcast,

    /// <summary>Lead the others' view.</summary>
    Spotlight,

    /// <summary>Send a message of an application to connected meetings.</summary>
    BroadcastToMeetings,

    /// <summary>Enter and leave the media side, open transports.</summary>
    OpenMedia,

    /// <summary>Tell that the transports are there, and learn who sends what.</summary>
    CompleteMedia,

    /// <summary>Send sound.</summary>
    ProduceAudio,

    /// <summary>Send a camera's picture.</summary>
    ProduceVideo,

    /// <summary>Send one's screen.</summary>
    ProduceScreen,

    /// <summary>Pause or close what one sends.</summary>
    StopProducing,

    /// <summary>Receive what others send, and choose how.</summary>
    Consume,

    /// <summary>Tell how loud one speaks.</summary>
    TellActivity,

    /// <summary>Read the connected meetings.</summary>
    ReadConnected,

    /// <summary>Make and delete connected meetings, and move others between them.</summary>
    AlterConnected,

    /// <summary>Go to a connected meeting oneself.</summary>
    SwitchConnected,

    /// <summary>Go back to the parent meeting oneself.</summary>
    SwitchToParent,

    /// <summary>Read everybody who may join the meeting.</summary>
    ListParticipants,
}
