using Microsoft.Extensions.Logging;

namespace Roomcast.Meetings.Blobs;

/// <summary>What chat files log. Event ids 5080 to 5099.</summary>
internal static partial class ChatFileLog
{
    [LoggerMessage(5080, LogLevel.Warning, "A chat file could not be stored in {Folder}.")]
    public static partial void NotStored(ILogger logger, Exception fault, string folder);

    [LoggerMessage(5081, LogLevel.Warning, "Old chat files in {Folder} could not be deleted.")]
    public static partial void NotDeleted(ILogger logger, Exception fault, string folder);

    [LoggerMessage(5082, LogLevel.Warning, "Old chat messages could not be deleted; it is tried again later.")]
    public static partial void NotCleared(ILogger logger, Exception fault);
}
