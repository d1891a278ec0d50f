namespace Roomcast.Meetings.Sessions.Rules;

/// <summary>Why an act of a peer was refused.</summary>
public enum SessionFault
{
    /// <summary>The peer's permissions do not allow it.</summary>
    NotAllowed,

    /// <summary>It needs a peer that has joined, and this one has not, or waits to be let in.</summary>
    NotJoined,

    /// <summary>What it names is not in this session.</summary>
    NotFound,

    /// <summary>What it says is outside the bounds.</summary>
    Invalid,

    /// <summary>Too often in too short a time.</summary>
    TooOften,

    /// <summary>The session holds as many of these as it may.</summary>
    TooMany,

    /// <summary>It does not fit how things stand, for example a vote that was cast already.</summary>
    WrongState,

    /// <summary>The media side could not do it.</summary>
    MediaFailed,

    /// <summary>The storage could not do it.</summary>
    Unavailable,

    /// <summary>The session has ended.</summary>
    Ended,
}

/// <summary>Refuses an act of a peer; nothing has changed.</summary>
public sealed class SessionException : Exception
{
    /// <summary>Refuses, saying why.</summary>
    public SessionException(SessionFault fault, string message)
        : base(message) => Fault = fault;

    /// <summary>Why.</summary>
    public SessionFault Fault { get; }
}
