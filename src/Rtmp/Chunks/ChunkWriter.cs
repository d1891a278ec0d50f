using System.Buffers;
using System.Buffers.Binary;
using Roomcast.Rtmp.Messages;

namespace Roomcast.Rtmp.Chunks;

/// <summary>Cuts messages into chunks, with the shortest header that the chunk stream's last one allows.</summary>
/// <remarks>Source: RTMP 1.0, section 5.3. One per connection; not thread-safe.</remarks>
internal sealed class ChunkWriter
{
    private const uint ExtendedMark = 0xFF_FFFF;

    private readonly Sent?[] _streams = new Sent?[64];

    /// <summary>Largest body of one chunk, in bytes. The peer must have been told before the next message.</summary>
    public int ChunkSize { get; set; } = 128;

    /// <summary>
    /// Whether chunks of type 3 repeat an extended timestamp, as the specification says. rtmpdump and older versions of OBS
    /// do not; a test publisher may imitate them.
    /// </summary>
    public bool RepeatsExtendedTimestamp { get; init; } = true;

    /// <summary>Writes one message, whose body may come in two pieces.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="chunkStreamId">2 to 63.</param>
    /// <param name="type">What it is.</param>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestampMs">Milliseconds, modulo 2^32.</param>
    /// <param name="head">First part of the body.</param>
    /// <param name="rest">The rest of it; may be empty.</param>
    public void Write(
        IBufferWriter<byte> output,
        int chunkStreamId,
        RtmpMessageType type,
        uint streamId,
        uint timestampMs,
        ReadOnlySpan<byte> head,
        ReadOnlySpan<byte> rest)
    {
        var length = head.Length + rest.Length;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 0xFF_FFFF);
        var field = WriteHeader(output, chunkStreamId, type, streamId, timestampMs, length);

        Span<byte> continuation = stackalloc byte[5];
        continuation[0] = (byte)(0xC0 | chunkStreamId);
        BinaryPrimitives.WriteUInt32BigEndian(continuation[1..], field);
        continuation = continuation[..(field >= ExtendedMark && RepeatsExtendedTimestamp ? 5 : 1)];

        var room = ChunkSize;
        for (var part = 0; part < 2; part++)
        {
            var bytes = part == 0 ? head : rest;
            while (!bytes.IsEmpty)
            {
                if (room == 0)
                {
                    output.Write(continuation);
                    room = ChunkSize;
                }

                var take = Math.Min(room, bytes.Length);
                output.Write(bytes[..take]);
                bytes = bytes[take..];
                room -= take;
            }
        }
    }

    /// <returns>What the timestamp field says: the absolute time or the step.</returns>
    private uint WriteHeader(
        IBufferWriter<byte> output, int chunkStreamId, RtmpMessageType type, uint streamId, uint timestampMs, int length)
    {
        var last = _streams[chunkStreamId];
        var step = last is null ? 0 : unchecked(timestampMs - last.TimestampMs);
        int format;
        if (last is null || last.StreamId != streamId || step >= ExtendedMark || type is not (RtmpMessageType.Audio or RtmpMessageType.Video))
        {
            // The first, or time goes back, or a step so large that readers disagree on what an extended one means. What is
            // not media is rare, and whole headers are what the plainest readers expect there.
            format = 0;
        }
        else if (last.Length != length || last.Type != type)
        {
            format = 1;
        }
        else
        {
            format = last.StepMs == step ? 3 : 2;
        }

        var field = format == 0 ? timestampMs : step;
        last ??= _streams[chunkStreamId] = new Sent();

        // After a type 0 header no step is known: readers disagree on what type 3 would then repeat.
        last.StepMs = format == 0 ? null : step;
        last.TimestampMs = timestampMs;
        last.Length = length;
        last.Type = type;
        last.StreamId = streamId;

        var header = output.GetSpan(16);
        header[0] = (byte)((format << 6) | chunkStreamId);
        var at = 1;
        if (format < 3)
        {
            WriteUInt24(header[at..], Math.Min(field, ExtendedMark));
            at += 3;
        }

        if (format < 2)
        {
            WriteUInt24(header[at..], (uint)length);
            header[at + 3] = (byte)type;
            at += 4;
        }

        if (format == 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header[at..], streamId);
            at += 4;
        }

        if (field >= ExtendedMark)
        {
            BinaryPrimitives.WriteUInt32BigEndian(header[at..], field);
            at += 4;
        }

        output.Advance(at);
        return field;
    }

    private static void WriteUInt24(Span<byte> target, uint value)
    {
        target[0] = (byte)(value >> 16);
        target[1] = (byte)(value >> 8);
        target[2] = (byte)value;
    }

    private sealed class Sent
    {
        public uint TimestampMs { get; set; }

        public uint? StepMs { get; set; }

        public int Length { get; set; }

        public RtmpMessageType Type { get; set; }

        public uint StreamId { get; set; }
    }
}
