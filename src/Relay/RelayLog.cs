using Microsoft.Extensions.Logging;

namespace Roomcast.Relay;

/// <summary>Event ids 4200-4299.</summary>
internal static partial class RelayLog
{
    [LoggerMessage(4201, LogLevel.Debug, "A controller was refused: {Reason}.")]
    public static partial void Refused(ILogger logger, string reason);

    [LoggerMessage(4202, LogLevel.Information, "Controller {Protocol} of app {AppId} is connected ({Agent}), {How}.")]
    public static partial void Connected(ILogger logger, string protocol, string appId, string agent, string how);

    [LoggerMessage(4203, LogLevel.Information, "The connection of controller {Protocol} is given up: {Reason}.")]
    public static partial void GivenUp(ILogger logger, string protocol, string reason);

    [LoggerMessage(4204, LogLevel.Error, "Method {Method} failed; the caller was told so.")]
    public static partial void MethodFailed(ILogger logger, Exception fault, string method);

    [LoggerMessage(4205, LogLevel.Error, "A connection of a controller failed.")]
    public static partial void ConnectionFailed(ILogger logger, Exception fault);

    [LoggerMessage(4206, LogLevel.Error, "News of session {SessionId} could not be told to controllers.")]
    public static partial void NewsFailed(ILogger logger, Exception fault, string sessionId);

    [LoggerMessage(4207, LogLevel.Error, "News of session {SessionId} was lost: more happened than could be told.")]
    public static partial void NewsLost(ILogger logger, string sessionId);

    [LoggerMessage(4209, LogLevel.Error, "{Method} {Route} failed; the caller was told so.")]
    public static partial void RestFailed(ILogger logger, Exception fault, string method, string? route);

    [LoggerMessage(4210, LogLevel.Error, "The targets that session {SessionId} is to be streamed to could not be read; tried again: {IsTriedAgain}.")]
    public static partial void TargetsUnknown(ILogger logger, Exception fault, string sessionId, bool isTriedAgain);

    [LoggerMessage(4211, LogLevel.Warning, "Session {SessionId} is not streamed to target {TargetId}: it has as many streams as it may, or the server stops.")]
    public static partial void TargetLeftOut(ILogger logger, string sessionId, string targetId);

    [LoggerMessage(4212, LogLevel.Warning, "The server stops, and not every controller could be told what ended by that.")]
    public static partial void EndsUntold(ILogger logger, Exception fault);

    [LoggerMessage(4208, LogLevel.Warning, "Controller {Protocol} was away for so long that {Count} events are not kept for it.")]
    public static partial void EventsDropped(ILogger logger, string protocol, int count);
}
