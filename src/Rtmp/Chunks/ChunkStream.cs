using Roomcast.Media.Buffers;
using Roomcast.Rtmp.Messages;

namespace Roomcast.Rtmp.Chunks;

/// <summary>What a chunk reader remembers of one chunk stream: the last header, and the message it is in the middle of.</summary>
internal sealed class ChunkStream
{
    public uint TimestampMs { get; set; }

    /// <summary>What a type 3 chunk that begins a message adds to the timestamp.</summary>
    public uint StepMs { get; set; }

    public int Length { get; set; }

    public RtmpMessageType Type { get; set; }

    public uint StreamId { get; set; }

    /// <summary>Whether the last header of type 0, 1 or 2 had an extended timestamp.</summary>
    public bool IsExtended { get; set; }

    /// <summary>The extended timestamp field as it stood in that header.</summary>
    public uint ExtendedField { get; set; }

    /// <summary>The message being put together; null between messages.</summary>
    public MediaBuffer? Body { get; set; }

    public int Filled { get; set; }
}
