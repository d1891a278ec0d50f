using System.Buffers;
using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.Aac;
using Roomcast.Media.Codecs.Opus;
using Roomcast.TestKit;

namespace Roomcast.Media.Tests.Codecs;

public sealed class AudioTests
{
    [Theory]
    [InlineData("1210", "mp4a.40.2", 44_100, 2, 1_024)] // LC
    [InlineData("1190", "mp4a.40.2", 48_000, 2, 1_024)]
    [InlineData("1194", "mp4a.40.2", 48_000, 2, 960)] // frameLengthFlag
    [InlineData("120856e500", "mp4a.40.2", 44_100, 1, 1_024)] // sync extension, no SBR
    [InlineData("131056e598", "mp4a.40.5", 48_000, 2, 2_048)] // sync extension, SBR at twice 24 kHz
    [InlineData("2b11880000", "mp4a.40.5", 48_000, 2, 2_048)] // explicit: 5, 24 kHz, stereo, 48 kHz, LC
    [InlineData("eb098800", "mp4a.40.29", 48_000, 2, 2_048)] // PS: a mono core becomes stereo
    [InlineData("f8e84000", "mp4a.40.39", 44_100, 2, 512)] // ELD by the escape
    [InlineData("1780bb8010", "mp4a.40.2", 96_000, 2, 1_024)] // the rate itself, in 24 bits
    [InlineData("11b8", "mp4a.40.2", 48_000, 8, 1_024)] // configuration 7 is 7.1
    public void An_AudioSpecificConfig_tells_type_rate_and_channels(string hex, string codec, int rateHz, int channels, int samples)
    {
        Assert.True(AacConfiguration.TryRead(Convert.FromHexString(hex), out var aac, out var fault), fault.ToString());
        Assert.Equal((codec, rateHz, channels, samples), (aac.CodecString, aac.SampleRateHz, aac.Channels, aac.SamplesPerFrame));
    }

    [Fact]
    public void Channels_may_be_told_by_a_program_config_element()
    {
        // LC, 48 kHz, configuration 0, then: tag, LC, 48 kHz; one pair in front, none at the side, one pair behind, one LFE.
        var bits = "00010" + "0011" + "0000" + "000"
            + "0000" + "01" + "0011" + "0001" + "0000" + "0001" + "01" + "000" + "0000" + "000"
            + "1" + "0000" + "1" + "0001" + "0000";
        bits = bits.PadRight((bits.Length + 7) / 8 * 8, '0') + "00000000";

        Assert.True(AacConfiguration.TryRead(FromBits(bits), out var aac, out var fault), fault.ToString());

        Assert.Equal((48_000, 5), (aac.SampleRateHz, aac.Channels));
    }

    [Theory]
    [InlineData("", TrackFault.Truncated)]
    [InlineData("12", TrackFault.Truncated)]
    [InlineData("2b11", TrackFault.Truncated)]
    [InlineData("f94090", TrackFault.Unsupported)] // MP3 in MPEG-4
    [InlineData("1690", TrackFault.Malformed)] // reserved frequency index 13
    [InlineData("1250", TrackFault.Malformed)] // reserved channel configuration 10
    [InlineData("0000", TrackFault.Unsupported)]
    public void Wrong_ones_are_refused_with_their_reason(string hex, TrackFault expected)
    {
        Assert.False(AacConfiguration.TryRead(Convert.FromHexString(hex), out _, out var fault));
        Assert.Equal(expected, fault);
    }

    [Theory]
    [InlineData(44_100, 2, "1210")]
    [InlineData(48_000, 1, "1188")]
    [InlineData(48_000, 8, "11b8")]
    [InlineData(50_000, 2, "178061a810")]
    public void Low_complexity_is_built(int rateHz, int channels, string expected)
    {
        var built = AacConfiguration.BuildLowComplexity(rateHz, channels);
        Assert.Equal(expected, Convert.ToHexStringLower(built.Bytes.Span));
        Assert.True(AacConfiguration.TryRead(built.Bytes, out var read, out _));
        Assert.Equal((rateHz, channels, 1_024), (read.SampleRateHz, read.Channels, read.SamplesPerFrame));
    }

    [Fact]
    public void An_ADTS_header_is_read_and_gives_its_configuration()
    {
        var bytes = Convert.FromHexString("fff1508001bffc");
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(OperationStatus.NeedMoreData, AdtsHeader.TryRead(bytes.AsSpan(0, length), out _));
        }

        Assert.Equal(OperationStatus.Done, AdtsHeader.TryRead(bytes, out var header));
        Assert.Equal(new AdtsHeader(2, 44_100, 2, 7, 13, 1), header);
        Assert.Equal("1210", Convert.ToHexStringLower(header.ToConfiguration()!.Bytes.Span));

        bytes[1] = 0xF7; // layer 3
        Assert.Equal(OperationStatus.InvalidData, AdtsHeader.TryRead(bytes, out _));
    }

    [Fact]
    public void OpusHead_and_dOps_are_the_same_in_two_orders()
    {
        Assert.True(OpusConfiguration.TryRead(CodecSamples.OpusStereo, out var opus, out _));
        Assert.Equal((2, 312, 48_000u, 0, 0, 1, 1), (
            opus.Channels, opus.PreSkip, opus.InputSampleRateHz, opus.OutputGain, opus.MappingFamily, opus.StreamCount, opus.CoupledCount));

        var body = new byte[opus.DOpsLength];
        opus.WriteDOps(body);
        Assert.Equal(CodecSamples.OpusStereoDOps, body);

        Assert.True(OpusConfiguration.TryReadDOps(body, out var back, out _));
        Assert.Equal(CodecSamples.OpusStereo, back.Bytes.ToArray());
        Assert.Equal(CodecSamples.OpusStereo, OpusConfiguration.Build(2, 312).Bytes.ToArray());
    }

    [Fact]
    public void OpusHead_with_its_magic_and_with_a_mapping_is_read()
    {
        byte[] head = [.. "OpusHead"u8, 1, 6, 0x38, 1, 0x80, 0xBB, 0, 0, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5];
        Assert.True(OpusConfiguration.TryRead(head, out var opus, out _));
        Assert.Equal((6, 4, 2), (opus.Channels, opus.StreamCount, opus.CoupledCount));
        Assert.Equal(head[8..], opus.Bytes.ToArray());

        for (var length = 0; length < head.Length; length++)
        {
            Assert.False(OpusConfiguration.TryRead(head.AsMemory(0, length), out _, out var fault));
            Assert.True(fault is TrackFault.Truncated or TrackFault.Malformed);
        }

        head[^1] = 6; // a channel from a stream that is not there
        Assert.False(OpusConfiguration.TryRead(head, out _, out var mapping));
        Assert.Equal(TrackFault.Malformed, mapping);
    }

    [Theory]
    [InlineData("fc", 960)] // CELT 20 ms, one frame
    [InlineData("fd", 1_920)] // two frames
    [InlineData("e0", 120)] // CELT 2.5 ms
    [InlineData("1c", 2_880)] // SILK 60 ms
    [InlineData("1f02", 5_760)] // SILK 60 ms, twice: the most there is
    [InlineData("6400", 480)] // hybrid 10 ms, code 0
    [InlineData("ff06", 5_760)] // CELT 20 ms, six times
    public void An_Opus_packet_tells_how_long_it_lasts(string hex, int expected)
    {
        Assert.True(OpusPacket.TryReadSamples(Convert.FromHexString(hex), out var samples));
        Assert.Equal(expected, samples);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ff")] // code 3 without its count
    [InlineData("ff00")] // no frames
    [InlineData("ff07")] // 140 ms
    public void An_Opus_packet_that_breaks_the_rules_is_refused(string hex) =>
        Assert.False(OpusPacket.TryReadSamples(Convert.FromHexString(hex), out _));

    private static byte[] FromBits(string bits) =>
        [.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(8 * i, 8), 2))];
}
