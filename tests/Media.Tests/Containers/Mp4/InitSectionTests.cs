using Roomcast.Media.Codecs;
using Roomcast.Media.Containers.Mp4;
using Roomcast.TestKit;

namespace Roomcast.Media.Tests.Containers.Mp4;

public sealed class InitSectionTests
{
    [Theory]
    [InlineData(Codec.H264, "avc1", 90_000)]
    [InlineData(Codec.H265, "hvc1", 90_000)]
    [InlineData(Codec.Av1, "av01", 90_000)]
    [InlineData(Codec.Vp9, "vp09", 90_000)]
    [InlineData(Codec.Aac, "mp4a", 44_100)]
    [InlineData(Codec.Opus, "Opus", 48_000)]
    public void A_track_comes_back_as_it_was(Codec codec, string sampleEntry, int timescale)
    {
        var track = TrackOf(4, codec);
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Mp4InitSection.Write([track]), out var tracks));

        var read = Assert.Single(tracks);
        Assert.Equal((5, sampleEntry, timescale, "und"), (read.TrackNumber, read.SampleEntry, read.TimescaleHz, read.Language));
        Assert.Equal((track.Width, track.Height, track.Channels), (read.Width, read.Height, read.Channels));
        Assert.Equal(track.Configuration.ToArray(), read.Configuration.ToArray());
        Assert.True(read.TryToTrack(out var again, out var fault), fault.ToString());
        Assert.True(again.IsSameFormatAs(track));
    }

    [Fact]
    public void Several_tracks_keep_their_order_and_numbers()
    {
        Track[] tracks = [TrackOf(2, Codec.Aac), TrackOf(0, Codec.H264), TrackOf(1, Codec.Opus)];
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Mp4InitSection.Write(tracks), out var read));
        Assert.Equal([3, 1, 2], read.Select(track => track.TrackNumber));
    }

    [Fact]
    public void Pixel_shape_and_colours_of_the_parameter_set_are_told()
    {
        Assert.True(TrackFactory.TryCreate(0, Codec.H264, CodecSamples.AvcInterlaced, out var track, out _));
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Mp4InitSection.Write([track]), out var tracks));
        Assert.Equal(new SampleAspectRatio(16, 11), tracks[0].SampleAspectRatio);
        Assert.True(tracks[0].Colour!.Value.IsFullRange);
        Assert.Equal(720u * 65_536 * 16 / 11, tracks[0].ShownWidth);

        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Mp4InitSection.Write([TrackOf(0, Codec.H264)]), out tracks));
        Assert.Equal(new ColourDescription(1, 1, 1, false), tracks[0].Colour);
        Assert.Equal(642u * 65_536, tracks[0].ShownWidth);
    }

    [Fact]
    public void Parameter_sets_of_H265_are_marked_as_complete_for_hvc1()
    {
        var record = CodecSamples.HevcMain;
        for (var at = 23; at < record.Length;)
        {
            record[at] &= 0x7F;
            at += 5 + record[at + 4];
        }

        Assert.True(TrackFactory.TryCreate(0, Codec.H265, record, out var track, out _));
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Mp4InitSection.Write([track]), out var tracks));
        Assert.Equal(CodecSamples.HevcMain, tracks[0].Configuration.ToArray());
    }

    [Fact]
    public void A_lone_track_is_CMAF_and_several_are_not()
    {
        Assert.Equal(["iso6", "mp41", "cmfc"], Brands(Mp4InitSection.Write([TrackOf(0, Codec.H264)])));
        Assert.Equal(["iso6", "mp41"], Brands(Mp4InitSection.Write([TrackOf(0, Codec.H264), TrackOf(1, Codec.Aac)])));
        Assert.Equal(["iso6", "mp41", "cmfc", "av01"], Brands(Mp4InitSection.Write([TrackOf(0, Codec.Av1)])));
    }

    [Fact]
    public void A_configuration_that_cannot_be_read_is_our_own_fault_and_thrown()
    {
        var track = new Track { Id = 0, Codec = Codec.H264, Configuration = new byte[3], CodecString = "avc1" };
        Assert.Throws<ArgumentException>(() => Mp4InitSection.Write([track]));
    }

    private static string[] Brands(byte[] init)
    {
        var reader = new Mp4BoxReader(init);
        Assert.True(reader.TryRead(out var box));
        Assert.True(box.Is("ftyp"u8));
        var brands = box.Body[8..].ToArray();
        return [.. brands.Chunk(4).Select(brand => System.Text.Encoding.ASCII.GetString(brand))];
    }

    private static Track TrackOf(int id, Codec codec)
    {
        byte[] keyframe = [0x82, 0x49, 0x83, 0x42, 0x40, 0x13, 0xF0, 0x0B, 0x30];
        var configuration = codec switch
        {
            Codec.H264 => CodecSamples.AvcHigh,
            Codec.H265 => CodecSamples.HevcMain,
            Codec.Av1 => CodecSamples.Av1Main,
            Codec.Vp9 => CodecSamples.Vp9,
            Codec.Aac => CodecSamples.AacLowComplexity,
            _ => CodecSamples.OpusStereo,
        };
        Track? track;
        TrackFault fault;
        var isMade = codec is Codec.Vp9
            ? TrackFactory.TryCreateVp9(id, configuration, keyframe, out track, out fault)
            : TrackFactory.TryCreate(id, codec, configuration, out track, out fault);
        return isMade ? track! : throw new InvalidOperationException(fault.ToString());
    }
}
