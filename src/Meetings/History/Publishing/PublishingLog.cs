using Microsoft.Extensions.Logging;

namespace Roomcast.Meetings.History.Publishing;

/// <summary>What the publishing of sessions' files logs. Event ids 5600 to 5609.</summary>
internal static partial class PublishingLog
{
    [LoggerMessage(5600, LogLevel.Warning, "The file {Kind} of session {SessionId} could not be made or told of; it is tried again later.")]
    public static partial void NotMade(ILogger logger, Exception fault, string kind, string sessionId);

    [LoggerMessage(5601, LogLevel.Warning, "Files of sessions could not be looked up or told of; it is tried again later.")]
    public static partial void NotPublished(ILogger logger, Exception fault);
}
