using Microsoft.Extensions.Logging;

namespace Roomcast.Storage.Blobs;

/// <summary>What blobs log. Event ids 1080 to 1099.</summary>
internal static partial class BlobLog
{
    [LoggerMessage(1080, LogLevel.Warning, "The {Target} did not take a request (attempt {Attempt}); it is sent again. {Reason}")]
    public static partial void Retrying(ILogger logger, string target, int attempt, string reason);

    [LoggerMessage(1081, LogLevel.Warning, "An upload to the {Target} was given up and could not be aborted there: {Name}.")]
    public static partial void NotAborted(ILogger logger, string target, string name);
}
