using Microsoft.Extensions.Logging;

namespace Roomcast.Egress.Recording;

/// <summary>What recordings log. Event ids 6200 to 6299.</summary>
internal static partial class RecordingLog
{
    [LoggerMessage(6200, LogLevel.Information, "Recording {RecordingId} of session {SessionId} was asked for.")]
    public static partial void Asked(ILogger logger, RecordingId recordingId, Guid sessionId);

    [LoggerMessage(6201, LogLevel.Information, "Recording {RecordingId} records.")]
    public static partial void Began(ILogger logger, RecordingId recordingId);

    [LoggerMessage(6202, LogLevel.Information, "Recording {RecordingId} stopped ({Reason}) after {DurationSeconds:F1} s of media.")]
    public static partial void Stopped(ILogger logger, RecordingId recordingId, RecordingStopReason reason, double durationSeconds);

    [LoggerMessage(6203, LogLevel.Information, "Recording {RecordingId} is stored: {FileBytes} bytes.")]
    public static partial void Stored(ILogger logger, RecordingId recordingId, long fileBytes);

    [LoggerMessage(6204, LogLevel.Error, "Recording {RecordingId} ended with a fault: {Reason}")]
    public static partial void Failed(ILogger logger, Exception? fault, RecordingId recordingId, string reason);

    [LoggerMessage(6205, LogLevel.Warning, "Recording {RecordingId} could not be uploaded (attempt {Attempt}); it is tried again. {Reason}")]
    public static partial void UploadRetried(ILogger logger, RecordingId recordingId, int attempt, string reason);

    [LoggerMessage(6206, LogLevel.Warning, "Recording {RecordingId} was left behind when the server stopped; what is on the disk is repaired and uploaded.")]
    public static partial void Repairing(ILogger logger, RecordingId recordingId);

    [LoggerMessage(6207, LogLevel.Error, "A change of recording {RecordingId} could not be kept; it is tried again.")]
    public static partial void NotKept(ILogger logger, Exception fault, RecordingId recordingId);

    [LoggerMessage(6208, LogLevel.Warning, "Recording {RecordingId} lost {DroppedFrames} frames: they could not be written as fast as they came.")]
    public static partial void Dropped(ILogger logger, RecordingId recordingId, long droppedFrames);

    [LoggerMessage(6209, LogLevel.Warning, "The files of {Count} recordings whose time is over could not be deleted, {RecordingId} first; they are tried again later.")]
    public static partial void SomeNotDeleted(ILogger logger, Exception fault, int count, RecordingId recordingId);

    [LoggerMessage(6210, LogLevel.Warning, "The unfinished recordings could not be looked up; it is tried again.")]
    public static partial void NotLookedUp(ILogger logger, Exception fault);

    [LoggerMessage(6211, LogLevel.Warning, "The watermark of recording {RecordingId} is not shown: {Reason}")]
    public static partial void NoWatermark(ILogger logger, RecordingId recordingId, string reason);

    [LoggerMessage(6212, LogLevel.Information, "Recording {RecordingId} is encoded anew.")]
    public static partial void Converting(ILogger logger, RecordingId recordingId);

    [LoggerMessage(6213, LogLevel.Information, "Recording {RecordingId} was encoded anew: {DurationSeconds:F1} s of media in {TakenSeconds:F1} s.")]
    public static partial void Converted(ILogger logger, RecordingId recordingId, double durationSeconds, double takenSeconds);

    [LoggerMessage(6215, LogLevel.Warning, "Recording {RecordingId} left out {DroppedMessages} messages: they were too many, too large together, or no text.")]
    public static partial void DroppedMessages(ILogger logger, RecordingId recordingId, long droppedMessages);

    [LoggerMessage(6214, LogLevel.Warning, "Recording {RecordingId} was not encoded anew: {Reason} The converter said: {Said}")]
    public static partial void NotConverted(ILogger logger, RecordingId recordingId, string reason, string said);

    [LoggerMessage(6216, LogLevel.Warning, "A recording cannot be encoded as it was asked for: {Reason} The converter said: {Said}")]
    public static partial void CannotConvert(ILogger logger, string reason, string said);

    [LoggerMessage(6219, LogLevel.Warning, "A recording of meeting {MeetingId} does not begin: {Reason}")]
    public static partial void NotBegun(ILogger logger, Exception? fault, Guid meetingId, string reason);

    [LoggerMessage(6218, LogLevel.Error, "A part of a recorded page could not be ended.")]
    public static partial void PageNotEnded(ILogger logger, Exception fault);

    [LoggerMessage(6217, LogLevel.Warning, "The browser that recording {RecordingId} showed its page in has ended: {Said}")]
    public static partial void BrowserEnded(ILogger logger, RecordingId recordingId, string said);
}
