namespace Roomcast.Meetings.Sessions.Events;

/// <summary>How a recording of the session stands, as its peers are told.</summary>
public enum SessionRecordingState
{
    /// <summary>It begins; nothing is recorded so far.</summary>
    Starting,

    /// <summary>It records.</summary>
    Recording,

    /// <summary>It is held.</summary>
    Paused,

    /// <summary>It is over.</summary>
    Over,
}

/// <summary>A recording of the session has come to another state.</summary>
/// <param name="RecordingId">Which.</param>
/// <param name="OfTracks">Whether each track is recorded for itself, and not the composed picture.</param>
/// <param name="State">How it stands.</param>
/// <param name="Error">The fault that ended it; empty for none.</param>
public sealed record RecordingChanged(Guid RecordingId, bool OfTracks, SessionRecordingState State, string Error) : SessionEvent;
