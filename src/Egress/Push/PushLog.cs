using Microsoft.Extensions.Logging;

namespace Roomcast.Egress.Push;

/// <summary>Event ids 6100-6199. Targets are named with their keys covered.</summary>
internal static partial class PushLog
{
    [LoggerMessage(6100, LogLevel.Information, "{Label} is published to {Target}, attempt {Attempt}.")]
    public static partial void Publishing(ILogger logger, string label, string target, int attempt);

    [LoggerMessage(6101, LogLevel.Information,
        "The push of {Label} to {Target} has ended ({Reason}) after {Bytes} bytes; {DroppedSeconds:F1} s were not sent.")]
    public static partial void Ended(ILogger logger, string label, string target, PushReason reason, long bytes, double droppedSeconds);

    [LoggerMessage(6102, LogLevel.Warning,
        "The push of {Label} to {Target} was rejected ({Reason}: {Detail}); it is not tried again while this livestream is on air.")]
    public static partial void Rejected(ILogger logger, string label, string target, PushReason reason, string? detail);

    [LoggerMessage(6103, LogLevel.Warning,
        "The push of {Label} to {Target} failed ({Reason}: {Detail}), {Failures} times in a row; it is tried again in {WaitSeconds:F1} s.")]
    public static partial void Retrying(
        ILogger logger, string label, string target, PushReason reason, string? detail, int failures, double waitSeconds);

    [LoggerMessage(6104, LogLevel.Warning, "{Target} has taken nothing of {Label} for {Seconds:F0} s.")]
    public static partial void Wedged(ILogger logger, string label, string target, double seconds);

    [LoggerMessage(6105, LogLevel.Error, "The push of {Label} to {Target} ended by a fault of ours.")]
    public static partial void Failed(ILogger logger, Exception fault, string label, string target);

    [LoggerMessage(6106, LogLevel.Error, "The outputs of livestream {LivestreamId} could not be read; it is tried again.")]
    public static partial void OutputsUnreadable(ILogger logger, Exception fault, Guid livestreamId);

    [LoggerMessage(6107, LogLevel.Error, "The outputs of livestream {LivestreamId} could not be read; they stay off this time.")]
    public static partial void OutputsGivenUp(ILogger logger, Exception fault, Guid livestreamId);

    [LoggerMessage(6108, LogLevel.Error, "The push of session {SessionId} to {Target} ended by a fault of ours.")]
    public static partial void SessionPushFailed(ILogger logger, Exception fault, Guid sessionId, string target);
}
