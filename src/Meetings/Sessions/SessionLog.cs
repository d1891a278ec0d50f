using Microsoft.Extensions.Logging;

namespace Roomcast.Meetings.Sessions;

/// <summary>Event ids 5100-5199.</summary>
internal static partial class SessionLog
{
    [LoggerMessage(5101, LogLevel.Information, "Session {SessionId} of meeting {MeetingId} began.")]
    public static partial void Began(ILogger logger, string sessionId, string meetingId);

    [LoggerMessage(5102, LogLevel.Information, "Session {SessionId} of meeting {MeetingId} ended: {Reason}.")]
    public static partial void EndedFor(ILogger logger, string sessionId, string meetingId, Records.SessionEndReason reason);

    [LoggerMessage(5103, LogLevel.Error, "An act of peer {PeerId} in meeting {MeetingId} failed; its connection is closed.")]
    public static partial void ActFailed(ILogger logger, Exception fault, string peerId, string meetingId);

    [LoggerMessage(5104, LogLevel.Error, "A step of the session of meeting {MeetingId} failed.")]
    public static partial void StepFailed(ILogger logger, Exception fault, string meetingId);

    [LoggerMessage(5105, LogLevel.Error, "A record of the session of meeting {MeetingId} could not be kept.")]
    public static partial void JournalFailed(ILogger logger, Exception fault, string meetingId);

    [LoggerMessage(5106, LogLevel.Error, "A media call of peer {PeerId} in meeting {MeetingId} failed.")]
    public static partial void MediaFailed(ILogger logger, Exception fault, string peerId, string meetingId);

    [LoggerMessage(5107, LogLevel.Debug, "Peer {PeerId} in meeting {MeetingId} was refused {Act}: {Fault}.")]
    public static partial void Refused(ILogger logger, string peerId, string meetingId, Rules.SessionAct act, Rules.SessionFault fault);

    [LoggerMessage(5108, LogLevel.Error, "The media room of meeting {MeetingId} failed; its peers enter a new one.")]
    public static partial void MediaRoomFailed(ILogger logger, string meetingId);
}
