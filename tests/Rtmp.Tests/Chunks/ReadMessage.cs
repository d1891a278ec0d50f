using System.Buffers;
using Roomcast.Rtmp.Chunks;
using Roomcast.Rtmp.Connection;
using Roomcast.Rtmp.Messages;

namespace Roomcast.Rtmp.Tests.Chunks;

/// <summary>A message with its body as an array, which tests can keep.</summary>
internal sealed record ReadMessage(RtmpMessageType Type, uint TimestampMs, uint StreamId, byte[] Body)
{
    public bool Equals(ReadMessage? other) =>
        other is not null && Type == other.Type && TimestampMs == other.TimestampMs && StreamId == other.StreamId && Body.AsSpan().SequenceEqual(other.Body);

    public override int GetHashCode() => HashCode.Combine(Type, TimestampMs, StreamId, Body.Length);

    /// <summary>Reads all messages of some bytes, however they are cut. Chunk sizes are followed, as a connection does.</summary>
    public static List<ReadMessage> AllOf(ReadOnlySequence<byte> bytes, RtmpLimits? limits = null, RtmpFault expected = RtmpFault.None, int? chunkSize = null)
    {
        using var reader = new ChunkReader(limits ?? new RtmpLimits()) { MaxMessageBytes = 1 << 20 };
        reader.ChunkSize = chunkSize ?? reader.ChunkSize;
        var messages = AllOf(reader, bytes);
        Assert.Equal(expected, reader.Fault);
        return messages;
    }

    public static List<ReadMessage> AllOf(ChunkReader reader, ReadOnlySequence<byte> bytes)
    {
        var messages = new List<ReadMessage>();
        foreach (var piece in bytes)
        {
            var rest = piece.Span;
            while (reader.TryRead(rest, out var message, out var used))
            {
                rest = rest[used..];
                messages.Add(new ReadMessage(message.Type, message.TimestampMs, message.StreamId, message.Body.Span.ToArray()));
                message.Body.Release();
                if (message.Type is RtmpMessageType.SetChunkSize)
                {
                    reader.ChunkSize = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(messages[^1].Body);
                }
            }
        }

        return messages;
    }
}
