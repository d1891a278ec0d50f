using Roomcast.Rtmp.Connection;

namespace Roomcast.TestKit.Rtmp;

/// <summary>One audio or video message to publish.</summary>
/// <param name="Kind">Sound or picture.</param>
/// <param name="TimestampMs">Its time on the encoder's clock, modulo 2^32.</param>
/// <param name="Body">The body of an FLV tag.</param>
/// <param name="IsHeader">Whether it is a codec header rather than a frame.</param>
public sealed record PublishMessage(RtmpMediaKind Kind, uint TimestampMs, ReadOnlyMemory<byte> Body, bool IsHeader = false);
