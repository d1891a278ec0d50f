using Roomcast.Media.Buffers;

namespace Roomcast.Rtmp.Messages;

/// <summary>One whole message, put together from its chunks. Whoever takes it releases <see cref="Body"/> once.</summary>
/// <param name="Type">What it is; may be a value the enumeration does not name.</param>
/// <param name="TimestampMs">Milliseconds on the peer's clock, modulo 2^32.</param>
/// <param name="StreamId">The message stream it belongs to; 0 is the connection itself.</param>
/// <param name="Body">Its bytes.</param>
internal readonly record struct RtmpMessage(RtmpMessageType Type, uint TimestampMs, uint StreamId, MediaBuffer Body);
