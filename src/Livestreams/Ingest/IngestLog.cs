using Microsoft.Extensions.Logging;
using Roomcast.Livestreams.Records;
using Roomcast.Rtmp.Connection;
using Roomcast.Transports.Tcp;

namespace Roomcast.Livestreams.Ingest;

internal static partial class IngestLog // Event ids 2100-2199. Stream keys, applications and addresses with them are never arguments.
{
    [LoggerMessage(2100, LogLevel.Information, "Livestream {LivestreamId} is published by {Encoder} over {Protocol} from {RemoteAddress}.")]
    public static partial void Admitted(ILogger logger, LivestreamId livestreamId, string encoder, string protocol, string remoteAddress);

    [LoggerMessage(2101, LogLevel.Warning, "A publish over {Protocol} from {RemoteAddress} by {Encoder} was refused: {Reason}")]
    public static partial void Refused(ILogger logger, string protocol, string remoteAddress, string encoder, string reason);

    [LoggerMessage(2102, LogLevel.Information, "Livestream {LivestreamId} receives {Tracks}.")]
    public static partial void TracksFound(ILogger logger, LivestreamId livestreamId, string tracks);

    [LoggerMessage(2103, LogLevel.Warning, "The publisher of livestream {LivestreamId} sends what is not carried and was disconnected: {Reason}")]
    public static partial void Rejected(ILogger logger, LivestreamId livestreamId, string reason);

    [LoggerMessage(2104, LogLevel.Information, "The publisher of livestream {LivestreamId} has left ({Reason}): {Frames} frames, {DroppedFrames} dropped, {Jumps} jumps of its clock.")]
    public static partial void Left(ILogger logger, LivestreamId livestreamId, string reason, long frames, long droppedFrames, long jumps);

    [LoggerMessage(2105, LogLevel.Debug, "A connection over {Protocol} from {RemoteAddress} broke the protocol: {Fault}.")]
    public static partial void ProtocolBroken(ILogger logger, string protocol, string remoteAddress, RtmpFault fault);

    [LoggerMessage(2106, LogLevel.Debug, "A connection over {Protocol} from {RemoteAddress} ended before it published: {End}.")]
    public static partial void NeverPublished(ILogger logger, string protocol, string remoteAddress, TcpEnd end);

    [LoggerMessage(2107, LogLevel.Error, "Whether a publish over {Protocol} from {RemoteAddress} is allowed could not be found out.")]
    public static partial void AdmissionFailed(ILogger logger, Exception fault, string protocol, string remoteAddress);
}
