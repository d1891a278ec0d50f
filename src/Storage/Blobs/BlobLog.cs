using Microsoft.Extensions.Logging;

namespace Roomcast.Storage.Blobs;

/// <summary>What blobs log. Event ids 1080 to 1099.</summary>
internal static partial class BlobLog
{
    [LoggerMessage(1080, LogLevel.Warning, "Bucket {Bucket} did not take a request (attempt {Attempt}); it is sent again. {Reason}")]
    public static partial void Retrying(ILogger logger, string bucket, int attempt, string reason);

    [LoggerMessage(1081, LogLevel.Warning, "An upload to bucket {Bucket} was given up and could not be aborted there: {Name}.")]
    public static partial void NotAborted(ILogger logger, string bucket, string name);
}
