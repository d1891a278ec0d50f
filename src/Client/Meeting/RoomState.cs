namespace Roomcast.Client.Meeting;

/// <summary>Where the own participant stands in the life of a session.</summary>
public enum RoomState
{
    /// <summary>Initialised, and not joined.</summary>
    Init,

    /// <summary>In the waiting room, until somebody lets them in.</summary>
    Waitlisted,

    /// <summary>In the meeting.</summary>
    Joined,

    /// <summary>The connection is lost for the moment, and being made anew.</summary>
    Disconnected,

    /// <summary>Left by themselves.</summary>
    Left,

    /// <summary>Not let in from the waiting room.</summary>
    Rejected,

    /// <summary>Removed by a host.</summary>
    Kicked,

    /// <summary>The meeting was ended for all.</summary>
    Ended,

    /// <summary>The connection could not be made anew.</summary>
    Failed,
}

/// <summary>Where somebody stands towards the stage.</summary>
public enum StageStatus
{
    /// <summary>Not on stage.</summary>
    OffStage,

    /// <summary>Has asked to come on stage.</summary>
    RequestedToJoinStage,

    /// <summary>May come on stage, and has not yet.</summary>
    AcceptedToJoinStage,

    /// <summary>On stage: may send.</summary>
    OnStage,
}
