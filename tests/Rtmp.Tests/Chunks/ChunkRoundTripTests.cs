using System.Buffers;
using Roomcast.Media.Buffers;
using Roomcast.Rtmp.Chunks;
using Roomcast.Rtmp.Connection;
using Roomcast.Rtmp.Messages;
using Roomcast.TestKit;

namespace Roomcast.Rtmp.Tests.Chunks;

[Collection(nameof(MediaBuffer))]
public sealed class ChunkRoundTripTests
{
    [Theory]
    [InlineData(1, true)]
    [InlineData(128, true)]
    [InlineData(4_096, true)]
    [InlineData(128, false)]
    [InlineData(60_000, false)]
    public void What_is_written_is_read_back(int chunkSize, bool repeats)
    {
        var random = new Random(chunkSize);
        var writer = new ChunkWriter { ChunkSize = chunkSize, RepeatsExtendedTimestamp = repeats };
        var output = new ArrayBufferWriter<byte>();
        var written = new List<ReadMessage>();
        uint timeMs = 16_776_900; // The 24-bit limit is crossed on the way.
        for (var i = 0; i < 200; i++)
        {
            // What lies in front of a repetition habit: steps, equal steps, steps back, jumps, and equal lengths.
            timeMs = unchecked(timeMs + (uint)(random.Next(10) switch { 0 => -1_000, 1 => 20_000_000, 2 => 0, _ => 23 }));
            var body = new byte[random.Next(4) switch { 0 => 0, 1 => 7, 2 => random.Next(1_000), _ => 500 }];
            random.NextBytes(body);
            if (body.Length > 0)
            {
                body[0] |= 0x80; // Without the habit a body that begins with the timestamp could not be told apart.
            }

            var type = random.Next(3) switch { 0 => RtmpMessageType.Video, 1 => RtmpMessageType.Audio, _ => RtmpMessageType.DataAmf0 };
            var head = random.Next(body.Length + 1);
            writer.Write(output, type is RtmpMessageType.Audio ? 4 : 6, type, 1, timeMs, body.AsSpan(0, head), body.AsSpan(head));
            written.Add(new ReadMessage(type, timeMs, 1, body));
        }

        Assert.Equal(written, ReadMessage.AllOf(new ReadOnlySequence<byte>(output.WrittenMemory), chunkSize: chunkSize));
    }

    [Fact]
    public void The_shortest_header_is_used_for_media()
    {
        var writer = new ChunkWriter();
        Assert.Equal([0x04, 0x44, 0x84, 0xC4, 0xC4, 0x04], new[]
        {
            FirstByte(1_000, 1),
            FirstByte(1_023, 2), // Another length: type 1, and with it a step.
            FirstByte(1_043, 2), // Another step: type 2.
            FirstByte(1_063, 2), // The same step: type 3.
            FirstByte(1_083, 2),
            FirstByte(1_000, 2), // Back in time: type 0.
        });

        int FirstByte(uint timestampMs, int length)
        {
            var output = new ArrayBufferWriter<byte>();
            writer.Write(output, 4, RtmpMessageType.Audio, 1, timestampMs, new byte[length], []);
            return output.WrittenSpan[0];
        }
    }

    [Fact]
    public void A_message_is_cut_where_the_chunk_size_says_whatever_its_two_parts()
    {
        var body = Enumerable.Range(0, 10).Select(i => (byte)i).ToArray();
        var all = Enumerable.Range(0, 11).Select(head =>
        {
            var output = new ArrayBufferWriter<byte>();
            new ChunkWriter { ChunkSize = 4 }.Write(output, 4, RtmpMessageType.Audio, 1, 0, body.AsSpan(0, head), body.AsSpan(head));
            return Convert.ToHexString(output.WrittenSpan);
        });
        Assert.Equal(["0400000000000A080100000000010203C404050607C40809"], all.Distinct());
    }
}
