namespace Roomcast.Server.Live;

/// <summary>Event ids 4060-4079.</summary>
internal static partial class LiveLog
{
    [LoggerMessage(4060, LogLevel.Error, "{News} was lost: more happened than could be acted on.")]
    public static partial void NewsLost(ILogger logger, string news);

    [LoggerMessage(4061, LogLevel.Information, "Livestream {LivestreamId} shows session {SessionId} of meeting {MeetingId}.")]
    public static partial void Began(ILogger logger, string livestreamId, string sessionId, string meetingId);

    [LoggerMessage(4062, LogLevel.Information, "Livestream {LivestreamId} of meeting {MeetingId} is stopped: {Reason}.")]
    public static partial void Stopped(ILogger logger, string livestreamId, string meetingId, string reason);

    [LoggerMessage(4063, LogLevel.Warning, "Livestream {LivestreamId} of meeting {MeetingId} has failed: {Reason}")]
    public static partial void Failed(ILogger logger, string livestreamId, string meetingId, string reason);

    [LoggerMessage(4064, LogLevel.Warning, "Meeting {MeetingId} does not go live although it was to: {Reason}")]
    public static partial void NotStarted(ILogger logger, string meetingId, string reason);

    [LoggerMessage(4065, LogLevel.Error, "{News} of meeting {MeetingId} could not be acted on.")]
    public static partial void NewsFailed(ILogger logger, Exception fault, string news, string meetingId);

    [LoggerMessage(4066, LogLevel.Error, "The composed picture of meeting {MeetingId} could not be handed to livestream {LivestreamId}.")]
    public static partial void PumpFailed(ILogger logger, Exception fault, string meetingId, string livestreamId);

    [LoggerMessage(4067, LogLevel.Information, "Livestream {LivestreamId} of meeting {MeetingId} is off air until the server is back.")]
    public static partial void OffAirUntilRestart(ILogger logger, string livestreamId, string meetingId);

    [LoggerMessage(4068, LogLevel.Warning, "Meeting {MeetingId} is not recorded although it was to be: {Reason}")]
    public static partial void NotRecorded(ILogger logger, string meetingId, string reason);

    [LoggerMessage(4069, LogLevel.Warning, "A picture at {Host} is not shown: {Reason}")]
    public static partial void NoPicture(ILogger logger, string host, string reason);
}
