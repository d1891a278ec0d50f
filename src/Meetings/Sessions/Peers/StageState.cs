namespace Roomcast.Meetings.Sessions.Peers;

/// <summary>Where a peer stands towards the stage. Where no stage is in force, everybody is on it.</summary>
public enum StageState
{
    /// <summary>Among the audience.</summary>
    Off,

    /// <summary>Has asked to come.</summary>
    Requested,

    /// <summary>May come, and has not yet.</summary>
    Approved,

    /// <summary>On stage.</summary>
    On,
}
