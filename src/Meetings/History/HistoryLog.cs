using Microsoft.Extensions.Logging;

namespace Roomcast.Meetings.History;

/// <summary>What the history of sessions logs. Event ids 5210 to 5219.</summary>
internal static partial class HistoryLog
{
    [LoggerMessage(5210, LogLevel.Warning, "The file {FileName} of a session could not be deleted; it is tried again later.")]
    public static partial void NotDeleted(ILogger logger, Exception fault, string fileName);

    [LoggerMessage(5211, LogLevel.Warning, "What sessions left could not be cleared; it is tried again later.")]
    public static partial void NotCleared(ILogger logger, Exception fault);

    [LoggerMessage(5212, LogLevel.Warning, "{Count} files of sessions could not be deleted, {FileName} first; they are tried again later.")]
    public static partial void SomeNotDeleted(ILogger logger, Exception fault, int count, string fileName);
}
