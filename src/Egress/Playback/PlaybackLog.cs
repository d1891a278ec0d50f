using Microsoft.Extensions.Logging;

namespace Roomcast.Egress.Playback;

/// <summary>Event ids 6300-6399. Sources are named without what may be a secret.</summary>
internal static partial class PlaybackLog
{
    [LoggerMessage(6300, LogLevel.Information, "Playback {Id} of {Source} into session {SessionId} has begun (process {ProcessId}).")]
    public static partial void Began(ILogger logger, Guid id, string source, Guid sessionId, int processId);

    [LoggerMessage(6301, LogLevel.Information, "Playback {Id} of {Source} into session {SessionId} has ended: {Reason}.")]
    public static partial void Ended(ILogger logger, Guid id, string source, Guid sessionId, string reason);

    [LoggerMessage(6302, LogLevel.Warning, "The player of playback {Id} ended by itself: {How}.")]
    public static partial void PlayerDied(ILogger logger, Guid id, string how);

    [LoggerMessage(6303, LogLevel.Error, "Playback {Id} of session {SessionId} ended by a fault of ours.")]
    public static partial void Failed(ILogger logger, Exception fault, Guid id, Guid sessionId);

    [LoggerMessage(6304, LogLevel.Error, "The player of playback {Id} was not started.")]
    public static partial void NotStarted(ILogger logger, Exception fault, Guid id);
}
