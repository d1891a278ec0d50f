using Microsoft.Extensions.Logging;

namespace Roomcast.Egress.Composition;

/// <summary>What compositions log. Event ids 6000 to 6099.</summary>
internal static partial class CompositionLog
{
    [LoggerMessage(6001, LogLevel.Information, "Session {SessionId} is composed by process {ProcessId}, ready after {ReadyMs} ms: {Width}x{Height} at {FrameRate} fps.")]
    public static partial void Began(ILogger logger, Guid sessionId, int processId, double readyMs, int width, int height, int frameRate);

    [LoggerMessage(6002, LogLevel.Information, "Session {SessionId} is no longer composed: {Reason}.")]
    public static partial void Ended(ILogger logger, Guid sessionId, string reason);

    [LoggerMessage(6003, LogLevel.Warning, "The composing worker {ProcessId} of session {SessionId} died after {RanMs} ms: {Fault} Another is started in {PauseMs} ms.")]
    public static partial void WorkerDied(ILogger logger, Guid sessionId, int processId, double ranMs, string fault, double pauseMs);

    [LoggerMessage(6004, LogLevel.Error, "The composing workers of session {SessionId} died {Deaths} times in a row, the last: {Fault} No other is started.")]
    public static partial void GaveUp(ILogger logger, Guid sessionId, int deaths, string fault);

    [LoggerMessage(6005, LogLevel.Warning, "Session {SessionId} is not composed: {Reason}")]
    public static partial void Refused(ILogger logger, Guid sessionId, string reason);

    [LoggerMessage(6006, LogLevel.Warning, "A composing worker that was of no more use ended badly.")]
    public static partial void EndedBadly(ILogger logger, Exception fault);
}
