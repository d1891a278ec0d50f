using System.Buffers;
using Roomcast.Media.Containers.Flv;
using Roomcast.TestKit;

namespace Roomcast.Media.Tests.Containers.Flv;

public sealed class FlvFileTests
{
    private static byte[] Sample()
    {
        var output = new ArrayBufferWriter<byte>();
        FlvFile.WriteHeader(output, hasAudio: true, hasVideo: true);
        FlvFile.WriteTag(output, FlvTagType.Script, 0, [1, 2, 3]);
        FlvFile.WriteTag(output, FlvTagType.Video, 16_777_217, [4, 5], [6]);
        FlvFile.WriteTag(output, FlvTagType.Audio, 0xFFFF_FFFF, []);
        return output.WrittenSpan.ToArray();
    }

    [Fact]
    public void A_file_reads_the_same_however_it_is_cut()
    {
        foreach (var cut in ByteCuts.Of(Sample()))
        {
            var input = new SequenceReader<byte>(cut);
            Assert.Equal(OperationStatus.Done, FlvFile.TryReadHeader(ref input));
            Assert.Equal((new FlvTagHeader(FlvTagType.Script, 3, 0), "010203"), ReadTag(ref input));
            Assert.Equal((new FlvTagHeader(FlvTagType.Video, 3, 16_777_217), "040506"), ReadTag(ref input));
            Assert.Equal((new FlvTagHeader(FlvTagType.Audio, 0, 0xFFFF_FFFF), ""), ReadTag(ref input));
            Assert.True(input.End);
        }

        static (FlvTagHeader, string) ReadTag(ref SequenceReader<byte> input)
        {
            Assert.Equal(OperationStatus.Done, FlvFile.TryReadTag(ref input, 1_000, out var header, out var body));
            return (header, Convert.ToHexString(body.ToArray()));
        }
    }

    [Fact]
    public void A_part_of_a_tag_consumes_nothing()
    {
        var tag = Sample()[13..];
        for (var length = 0; length < 14; length++)
        {
            var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(tag, 0, length));
            Assert.Equal(OperationStatus.NeedMoreData, FlvFile.TryReadTag(ref input, 1_000, out _, out _));
            Assert.Equal(0, input.Consumed);
        }
    }

    [Fact]
    public void The_last_tag_of_a_file_may_lack_its_length()
    {
        var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(Sample()[13..27]));
        Assert.Equal(OperationStatus.Done, FlvFile.TryReadTag(ref input, 1_000, out _, out _));
        Assert.True(input.End);
    }

    [Theory]
    [InlineData("474946383961000000000000000000")] // A GIF.
    [InlineData("464C56010500000000000000000000")] // A header of no length.
    [InlineData("464C560105FFFFFFFF000000000000")]
    public void Another_file_is_refused(string hex)
    {
        var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(Convert.FromHexString(hex)));
        Assert.Equal(OperationStatus.InvalidData, FlvFile.TryReadHeader(ref input));
    }

    [Theory]
    [InlineData("0A0000030000000000000000")] // No such tag.
    [InlineData("2900000300000000000000AA")] // Encrypted.
    [InlineData("0900040000000000000000AA")] // 1,024 bytes, over the cap.
    public void A_wrong_or_oversized_tag_is_refused_by_its_header(string hex)
    {
        var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(Convert.FromHexString(hex)));
        Assert.Equal(OperationStatus.InvalidData, FlvFile.TryReadTag(ref input, 1_000, out _, out _));
    }
}
