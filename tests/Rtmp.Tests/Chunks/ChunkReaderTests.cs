using System.Buffers;
using Roomcast.Media.Buffers;
using Roomcast.Rtmp.Chunks;
using Roomcast.Rtmp.Connection;
using Roomcast.Rtmp.Messages;
using Roomcast.TestKit;

namespace Roomcast.Rtmp.Tests.Chunks;

[Collection(nameof(MediaBuffer))] // Counts buffers over the process.
public sealed class ChunkReaderTests
{
    private static byte[] Hex(params string[] parts) => Convert.FromHexString(string.Concat(parts).Replace(" ", "", StringComparison.Ordinal));

    private static byte[] Body(int length, byte seed = 1)
    {
        var body = new byte[length];
        new Random(seed).NextBytes(body);
        return body;
    }

    private static string H(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);

    private static List<ReadMessage> Read(byte[] bytes, RtmpFault fault = RtmpFault.None, int? chunkSize = null) =>
        ReadMessage.AllOf(new ReadOnlySequence<byte>(bytes), expected: fault, chunkSize: chunkSize);

    [Fact]
    public void Headers_of_all_four_types_are_read()
    {
        var messages = Read(Hex(
            "04 000064 000002 08 01000000 AAAA", // type 0: time 100, length 2, audio, stream 1
            "44 00000A 000001 09 BB", // type 1: 10 later, length 1, video
            "84 000005 CC", // type 2: 5 later
            "C4 DD", // type 3: 5 later again
            "04 000003 000001 08 01000000 EE")); // type 0: time goes back

        Assert.Equal(
            [
                new(RtmpMessageType.Audio, 100, 1, [0xAA, 0xAA]),
                new(RtmpMessageType.Video, 110, 1, [0xBB]),
                new(RtmpMessageType.Video, 115, 1, [0xCC]),
                new(RtmpMessageType.Video, 120, 1, [0xDD]),
                new(RtmpMessageType.Audio, 3, 1, [0xEE]),
            ],
            messages);
    }

    [Fact]
    public void Chunk_stream_ids_of_one_two_and_three_bytes_are_read()
    {
        var messages = Read(Hex(
            "02 000000 000001 08 00000000 01",
            "3F 000000 000001 08 00000000 02", // 63
            "00 00 000000 000001 08 00000000 03", // 64
            "00 FF 000000 000001 08 00000000 04", // 319
            "01 0001 000000 000001 08 00000000 05", // 64 + 0 + 256
            "01 FFFF 000000 000001 08 00000000 06", // 65,599
            "C0 00 07", // 64 again
            "C1 FFFF 08")); // 65,599 again

        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], messages.Select(message => message.Body[0]));
    }

    [Fact]
    public void A_long_message_is_put_together_and_chunk_streams_interleave()
    {
        var video = Body(300);
        var audio = Body(150, 2);
        var messages = Read(Hex(
            "04 000000 00012C 09 01000000", H(video.AsSpan(0, 128)),
            "05 000005 000096 08 01000000", H(audio.AsSpan(0, 128)),
            "C4", H(video.AsSpan(128, 128)),
            "C5", H(audio.AsSpan(128)),
            "C4", H(video.AsSpan(256))));

        Assert.Equal([new(RtmpMessageType.Audio, 5, 1, audio), new(RtmpMessageType.Video, 0, 1, video)], messages);
    }

    [Fact]
    public void The_chunk_size_may_change_between_the_chunks_of_a_message()
    {
        var video = Body(392);
        var singles = string.Concat(video.Skip(384).Select(value => $"C4{value:X2}"));
        var messages = Read(Hex(
            "04 000000 000188 09 01000000", H(video.AsSpan(0, 128)),
            "02 000000 000004 01 00000000 00000100", // 256 from here on
            "C4", H(video.AsSpan(128, 256)),
            "02 000000 000004 01 00000000 00000001", // and 1 from here
            singles));

        Assert.Equal(
            [
                new(RtmpMessageType.SetChunkSize, 0, 0, [0, 0, 1, 0]),
                new(RtmpMessageType.SetChunkSize, 0, 0, [0, 0, 0, 1]),
                new(RtmpMessageType.Video, 0, 1, video),
            ],
            messages);
    }

    [Fact]
    public void A_message_of_no_bytes_is_a_message() =>
        Assert.Equal([new(RtmpMessageType.Audio, 7, 1, []), new(RtmpMessageType.Audio, 7, 1, [1])], Read(Hex("04 000007 000000 08 01000000", "44 000000 000001 08 01")));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Extended_timestamps_are_read_with_and_without_their_repetition(bool repeats)
    {
        var body = Body(300);
        var again = repeats ? "01000000" : "";
        var bytes = Hex(
            "04 FFFFFF 00012C 09 01000000 01000000", H(body.AsSpan(0, 128)), // 16,777,216
            "C4", again, H(body.AsSpan(128, 128)),
            "C4", again, H(body.AsSpan(256)),
            "84 000021", H(body.AsSpan(0, 128)), // 33 ms later: no extended timestamp any more
            "C4", H(body.AsSpan(128, 128)),
            "C4", H(body.AsSpan(256)));
        foreach (var cut in ByteCuts.Of(bytes))
        {
            var messages = ReadMessage.AllOf(cut);
            Assert.Equal(
                [new(RtmpMessageType.Video, 16_777_216, 1, body), new(RtmpMessageType.Video, 16_777_249, 1, body)],
                messages);
        }
    }

    [Fact]
    public void A_body_that_begins_like_the_extended_timestamp_is_told_apart_as_far_as_that_is_possible()
    {
        // Chunks of four bytes at most; the second chunk begins with three bytes of what a repetition would be, then differs.
        var bytes = Hex(
            "02 000000 000004 01 00000000 00000004",
            "04 FFFFFF 00000A 09 01000000 01020304", "A0A1A2A3",
            "C4 01 02 03 05",
            "C4 01 02", // The rest of the body, and also the beginning of a repetition.
            "05 000000 000001 08 01000000 EE");
        foreach (var cut in ByteCuts.Of(bytes))
        {
            var messages = ReadMessage.AllOf(cut);
            Assert.Equal(
                [
                    new(RtmpMessageType.SetChunkSize, 0, 0, [0, 0, 0, 4]),
                    new(RtmpMessageType.Video, 0x0102_0304, 1, [0xA0, 0xA1, 0xA2, 0xA3, 1, 2, 3, 5, 1, 2]),
                    new(RtmpMessageType.Audio, 0, 1, [0xEE]),
                ],
                messages);
        }
    }

    [Fact]
    public void An_extended_step_counts_as_a_step_and_an_absolute_time_in_its_place_as_such()
    {
        // As FFmpeg sends after a jump: a true step of 16,776,216 ms, or more.
        Assert.Equal(
            [11_000u, 11_000u + 20_000_000u],
            Read(Hex("04 002AF8 000001 09 01000000 01", "44 FFFFFF 000001 09 01312D00 02")).Select(message => message.TimestampMs));

        // As some encoders send, against the specification: the absolute time again.
        Assert.Equal(
            [16_777_200u, 16_777_220u],
            Read(Hex("04 FFFFF0 000001 09 01000000 01", "44 FFFFFF 000001 09 01000004 02")).Select(message => message.TimestampMs));
    }

    [Fact]
    public void A_type_3_chunk_that_begins_a_message_repeats_the_step()
    {
        // After type 0 with a small time FFmpeg means that time as the step; after a large one librtmp means no step.
        Assert.Equal([23u, 46u], Read(Hex("04 000017 000001 08 01000000 01", "C4 02")).Select(message => message.TimestampMs));
        Assert.Equal([5_000u, 5_000u], Read(Hex("04 001388 000001 08 01000000 01", "C4 02")).Select(message => message.TimestampMs));
        Assert.Equal([0u, 7u, 14u], Read(Hex("04 000000 000001 08 01000000 01", "84 000007 02", "C4 03")).Select(message => message.TimestampMs));
    }

    [Fact]
    public void Time_wraps_at_32_bits()
    {
        var messages = Read(Hex("04 FFFFFF 000001 08 01000000 FFFFFFF0 01", "84 000020 02"));
        Assert.Equal([0xFFFF_FFF0u, 0x10u], messages.Select(message => message.TimestampMs));
    }

    [Fact]
    public void An_abort_throws_away_what_there_is_of_a_message()
    {
        using var reader = new ChunkReader(new RtmpLimits()) { MaxMessageBytes = 1_000 };
        Assert.Empty(ReadMessage.AllOf(reader, new ReadOnlySequence<byte>(Hex("04 000000 00012C 09 01000000", H(Body(128))))));
        Assert.Equal(300, reader.BufferedBytes);

        reader.Abort(4);
        reader.Abort(77); // Never seen: nothing happens.
        reader.Abort(-1);

        Assert.Equal(0, reader.BufferedBytes);
        var next = ReadMessage.AllOf(reader, new ReadOnlySequence<byte>(Hex("44 000005 000001 09 AA")));
        Assert.Equal([new(RtmpMessageType.Video, 5, 1, [0xAA])], next);
    }

    [Fact]
    public void A_new_header_in_the_middle_of_a_message_begins_another()
    {
        var outstanding = MediaBuffer.Outstanding;
        var messages = Read(Hex("04 000000 00012C 09 01000000", H(Body(128)), "04 000009 000001 08 01000000 AA"));
        Assert.Equal([new(RtmpMessageType.Audio, 9, 1, [0xAA])], messages);
        Assert.Equal(outstanding, MediaBuffer.Outstanding);
    }

    [Fact]
    public void A_stream_may_begin_with_type_1_but_not_with_type_2_or_3()
    {
        Assert.Equal([new(RtmpMessageType.Audio, 9, 0, [0xAA])], Read(Hex("44 000009 000001 08 AA")));
        Assert.Empty(Read(Hex("84 000009 AA"), RtmpFault.ChunkWithoutBeginning));
        Assert.Empty(Read(Hex("C4 AA"), RtmpFault.ChunkWithoutBeginning));
    }

    [Fact]
    public void A_message_over_the_limit_is_refused_by_its_header_alone()
    {
        var outstanding = MediaBuffer.Outstanding;
        var limits = new RtmpLimits { MaxCommandBytes = 1_000 };
        using var reader = new ChunkReader(limits);

        Assert.Empty(ReadMessage.AllOf(reader, new ReadOnlySequence<byte>(Hex("04 000000 0003E9 09 01000000"))));

        Assert.Equal(RtmpFault.MessageTooLarge, reader.Fault);
        Assert.Equal(outstanding, MediaBuffer.Outstanding);
    }

    [Fact]
    public void Unfinished_messages_together_are_limited_by_what_they_announce()
    {
        var outstanding = MediaBuffer.Outstanding;
        var limits = new RtmpLimits { MaxBufferedBytes = 2_000 };
        using (var reader = new ChunkReader(limits) { MaxMessageBytes = 1_000 })
        {
            ReadMessage.AllOf(reader, new ReadOnlySequence<byte>(Hex("04 000000 0003E8 09 01000000", H(Body(128)), "05 000000 0003E8 09 01000000", H(Body(128)))));
            Assert.Equal(RtmpFault.None, reader.Fault);
            Assert.Equal(2_000, reader.BufferedBytes);

            ReadMessage.AllOf(reader, new ReadOnlySequence<byte>(Hex("06 000000 000001 09 01000000")));
            Assert.Equal(RtmpFault.TooMuchBuffered, reader.Fault);
        }

        Assert.Equal(outstanding, MediaBuffer.Outstanding);
    }

    [Fact]
    public void The_number_of_chunk_streams_is_limited()
    {
        var limits = new RtmpLimits { MaxChunkStreams = 3 };
        var bytes = Hex(Enumerable.Range(0, 4).Select(id => $"00 {id:X2} 000000 000001 08 01000000 AA").ToArray());
        Assert.Equal(3, ReadMessage.AllOf(new ReadOnlySequence<byte>(bytes), limits, RtmpFault.TooManyChunkStreams).Count);
    }

    [Fact]
    public void It_reads_the_same_however_the_network_cuts_it()
    {
        var video = Body(300);
        var bytes = Hex(
            "01 0203 000000 00012C 09 01000000", H(video.AsSpan(0, 128)),
            "05 FFFFFF 000002 08 01000000 01020304 AAAA",
            "C1 0203", H(video.AsSpan(128, 128)),
            "45 000017 000003 08 BBBBBB",
            "C1 0203", H(video.AsSpan(256)),
            "C5 CCCCCC");
        var whole = Read(bytes);
        Assert.Equal(4, whole.Count);
        foreach (var cut in ByteCuts.Of(bytes))
        {
            Assert.Equal(whole, ReadMessage.AllOf(cut));
        }
    }

    [Fact]
    public void Reading_media_allocates_nothing()
    {
        using var reader = new ChunkReader(new RtmpLimits()) { MaxMessageBytes = 1 << 20, ChunkSize = 4_096 };
        var body = Body(6_000);
        var first = Hex("04 000000 001770 09 01000000", H(body.AsSpan(0, 4_096)), "C4", H(body.AsSpan(4_096)));
        var later = Hex("84 000021", H(body.AsSpan(0, 4_096)), "C4", H(body.AsSpan(4_096)));
        ReadAll(first);
        for (var i = 0; i < 100; i++)
        {
            ReadAll(later);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            ReadAll(later);
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000, "Reading allocates for each message.");

        void ReadAll(ReadOnlySpan<byte> bytes)
        {
            while (reader.TryRead(bytes, out var message, out var used))
            {
                bytes = bytes[used..];
                message.Body.Release();
            }
        }
    }
}
