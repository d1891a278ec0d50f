using Microsoft.Extensions.Logging;

namespace Roomcast.Transcripts;

/// <summary>What transcripts log. Event ids 4400 to 4499.</summary>
internal static partial class TranscriptLog
{
    [LoggerMessage(4400, LogLevel.Information, "Speech in session {SessionId} is written down by {Service}.")]
    public static partial void Began(ILogger logger, string sessionId, string service);

    [LoggerMessage(4401, LogLevel.Information, "The transcript of session {SessionId} is there: {Lines} lines.")]
    public static partial void Ended(ILogger logger, string sessionId, int lines);

    [LoggerMessage(4402, LogLevel.Warning, "Speech in session {SessionId} could not be written down: {Reason}")]
    public static partial void NotWritten(ILogger logger, string sessionId, string reason);

    [LoggerMessage(4403, LogLevel.Warning, "The summary of session {SessionId} could not be made: {Reason}")]
    public static partial void NotSummarised(ILogger logger, string sessionId, string reason);

    [LoggerMessage(4404, LogLevel.Error, "The transcript of session {SessionId} failed.")]
    public static partial void Failed(ILogger logger, Exception fault, string sessionId);

    [LoggerMessage(4405, LogLevel.Warning, "Old transcripts could not be deleted; it is tried again later.")]
    public static partial void NotCleared(ILogger logger, Exception fault);

    [LoggerMessage(4406, LogLevel.Warning, "{Lost} packets or pieces of speech in session {SessionId} were lost: the server, or the service, does not keep up.")]
    public static partial void PacketsLost(ILogger logger, string sessionId, long lost);

    [LoggerMessage(4407, LogLevel.Error, "The summary of session {SessionId} failed.")]
    public static partial void SummaryFailed(ILogger logger, Exception fault, string sessionId);

    [LoggerMessage(4408, LogLevel.Warning, "Summaries that are to be made could not be looked up; it is tried again soon.")]
    public static partial void NotLookedUp(ILogger logger, Exception fault);

    [LoggerMessage(4409, LogLevel.Warning, "What was said in session {SessionId} could not be stored; it is tried again soon.")]
    public static partial void NotStored(ILogger logger, Exception fault, string sessionId);

    [LoggerMessage(4410, LogLevel.Error, "A piece of speech in session {SessionId} could not be written down.")]
    public static partial void PieceFailed(ILogger logger, Exception fault, string sessionId);

    [LoggerMessage(4411, LogLevel.Warning, "Why speech in session {SessionId} could not be written down was not stored; it will be with the end of the session.")]
    public static partial void ErrorNotKept(ILogger logger, Exception fault, string sessionId);
}
