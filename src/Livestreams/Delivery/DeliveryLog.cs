using Microsoft.Extensions.Logging;
using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Delivery;

/// <summary>What delivery logs. Event ids 2200 to 2299.</summary>
internal static partial class DeliveryLog
{
    [LoggerMessage(2201, LogLevel.Warning, "The window of livestream {LivestreamId} is shorter than set: memory is full, and segments cannot be put on disk.")]
    public static partial void WindowShortened(ILogger logger, LivestreamId livestreamId);

    [LoggerMessage(2202, LogLevel.Warning, "A segment could not be written to {Folder}; further ones are counted and not logged.")]
    public static partial void SegmentNotWritten(ILogger logger, Exception fault, string folder);

    [LoggerMessage(2203, LogLevel.Warning, "Old segments in {Folder} could not be deleted.")]
    public static partial void FolderNotEmptied(ILogger logger, Exception fault, string folder);

    [LoggerMessage(2204, LogLevel.Warning, "A request for livestream {LivestreamId}, with {Held} held, was not held: the bound of {Bound} is reached. Further ones are counted and not logged for a minute.")]
    public static partial void TooManyHeld(ILogger logger, LivestreamId livestreamId, int held, HoldBound bound);

    [LoggerMessage(2205, LogLevel.Warning, "Segments are no longer put into {Folder}: {FreeMiB} MiB are free there, and {FloorMiB} MiB are left to others (min_free_disk). Windows are shortened as memory fills.")]
    public static partial void DiskNearlyFull(ILogger logger, string folder, long freeMiB, long floorMiB);
}
