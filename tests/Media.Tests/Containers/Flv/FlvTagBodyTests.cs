using Roomcast.Media.Containers.Flv;

namespace Roomcast.Media.Tests.Containers.Flv;

public sealed class FlvTagBodyTests
{
    private static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static List<FlvPacket> Read(bool isVideo, byte[] body, FlvReadResult last = FlvReadResult.End)
    {
        var reader = isVideo ? FlvTagBodyReader.OfVideo(body) : FlvTagBodyReader.OfAudio(body);
        var packets = new List<FlvPacket>();
        FlvReadResult result;
        while ((result = reader.TryRead(out var packet)) is FlvReadResult.Packet)
        {
            packets.Add(packet);
        }

        Assert.Equal(last, result);
        Assert.Equal(FlvReadResult.End, reader.TryRead(out _));
        return packets;
    }

    private static FlvPacket One(bool isVideo, string hex) => Assert.Single(Read(isVideo, Hex(hex)));

    [Fact]
    public void Classic_H264_is_read()
    {
        Assert.Equal(
            new FlvPacket { Type = FlvPacketType.SequenceStart, Codec = Codec.H264, CodecName = "H.264", IsKeyframe = true, Offset = 5, Length = 2 },
            One(true, "17 00 000000 AABB"));
        Assert.Equal(
            new FlvPacket { Type = FlvPacketType.CodedFrame, Codec = Codec.H264, CodecName = "H.264", IsKeyframe = true, CompositionTimeMs = 80, Offset = 5, Length = 1 },
            One(true, "17 01 000050 CC"));
        Assert.Equal(-1, One(true, "27 01 FFFFFF CC").CompositionTimeMs);
        Assert.False(One(true, "27 01 000000 CC").IsKeyframe);
        Assert.True(One(true, "47 01 000000 CC").IsKeyframe); // A keyframe that a server made.
        Assert.Equal(FlvPacketType.SequenceEnd, One(true, "17 02 000000").Type);
        Assert.Equal(FlvPacketType.SequenceEnd, One(true, "17 02").Type);
        Assert.Equal(Codec.H265, One(true, "1C 01 000000 CC").Codec); // What hardware without Enhanced RTMP does.
    }

    [Fact]
    public void Classic_AAC_is_read()
    {
        Assert.Equal(
            new FlvPacket { Type = FlvPacketType.SequenceStart, Codec = Codec.Aac, CodecName = "AAC", IsKeyframe = true, Offset = 2, Length = 2 },
            One(false, "AF 00 1210"));
        Assert.Equal(FlvPacketType.CodedFrame, One(false, "AF 01 21").Type);
        Assert.Equal(0, One(false, "AF 01").Length); // An empty payload is a packet; what to make of it is not decided here.
        Assert.Equal(FlvPacketType.Other, One(false, "AF 07 00").Type);
    }

    [Theory]
    [InlineData(true, "22 00", "H.263")]
    [InlineData(true, "13 00", "Screen video")]
    [InlineData(true, "14 00", "VP6")]
    [InlineData(true, "15 00", "VP6")]
    [InlineData(true, "1F 00", "an unknown video codec")]
    [InlineData(false, "2F 00", "MP3")]
    [InlineData(false, "E0 00", "MP3")]
    [InlineData(false, "72 00", "G.711 A-law")]
    [InlineData(false, "82 00", "G.711 mu-law")]
    [InlineData(false, "B2 00", "Speex")]
    [InlineData(false, "5A 00", "Nellymoser")]
    [InlineData(false, "3E 00", "PCM")]
    [InlineData(true, "91 76703038 00", "VP8")]
    [InlineData(true, "91 76766331 00", "H.266")]
    [InlineData(true, "91 78787878 00", "an unknown video codec")]
    [InlineData(false, "91 61632D33 00", "AC-3")]
    [InlineData(false, "91 65632D33 00", "E-AC-3")]
    [InlineData(false, "91 664C6143 00", "FLAC")]
    [InlineData(false, "91 2E6D7033 00", "MP3")]
    public void What_is_not_carried_is_named(bool isVideo, string hex, string name)
    {
        var packet = One(isVideo, hex);
        Assert.Null(packet.Codec);
        Assert.Equal(name, packet.CodecName);
        Assert.Equal(FlvPacketType.CodedFrame, packet.Type);
    }

    [Theory]
    [InlineData("68766331", Codec.H265, true)]
    [InlineData("61766331", Codec.H264, true)]
    [InlineData("61763031", Codec.Av1, false)]
    [InlineData("76703039", Codec.Vp9, false)]
    public void Enhanced_video_is_read(string fourCc, Codec codec, bool hasTime)
    {
        Assert.Equal((FlvPacketType.SequenceStart, codec, 5, 2), Facts(One(true, $"90 {fourCc} AABB")));
        var coded = One(true, $"91 {fourCc} 000021 AABB");
        Assert.Equal((FlvPacketType.CodedFrame, codec, hasTime ? 8 : 5, hasTime ? 2 : 5), Facts(coded));
        Assert.Equal(hasTime ? 33 : 0, coded.CompositionTimeMs);
        Assert.Equal(FlvPacketType.SequenceEnd, One(true, $"92 {fourCc}").Type);
        var withoutTime = One(true, $"A3 {fourCc} AABB"); // CodedFramesX, an inter frame.
        Assert.Equal((FlvPacketType.CodedFrame, codec, 5, 2), Facts(withoutTime));
        Assert.False(withoutTime.IsKeyframe);
        Assert.Equal(FlvPacketType.Other, One(true, $"94 {fourCc} 02").Type); // Metadata, such as colorInfo.
        Assert.Equal(FlvPacketType.Other, One(true, $"95 {fourCc} 02").Type); // An MPEG-2 TS descriptor.

        static (FlvPacketType, Codec, int, int) Facts(FlvPacket packet) => (packet.Type, packet.Codec!.Value, packet.Offset, packet.Length);
    }

    [Fact]
    public void Enhanced_audio_is_read()
    {
        Assert.Equal((FlvPacketType.SequenceStart, Codec.Opus, 5, 3), Facts(One(false, "90 4F707573 AABBCC")));
        Assert.Equal((FlvPacketType.CodedFrame, Codec.Opus, 5, 1), Facts(One(false, "91 4F707573 FC")));
        Assert.Equal((FlvPacketType.CodedFrame, Codec.Aac, 5, 1), Facts(One(false, "91 6D703461 21")));
        Assert.Equal(FlvPacketType.SequenceEnd, One(false, "92 4F707573").Type);
        Assert.Equal(FlvPacketType.Other, One(false, "94 4F707573 0102").Type); // The layout of channels.

        static (FlvPacketType, Codec, int, int) Facts(FlvPacket packet) => (packet.Type, packet.Codec!.Value, packet.Offset, packet.Length);
    }

    [Fact]
    public void Commands_and_empty_bodies_are_no_media()
    {
        Assert.Equal(FlvPacketType.Other, One(true, "57 00").Type); // A seek command.
        Assert.Equal(FlvPacketType.Other, One(true, "D1 00").Type); // The same, enhanced.
        Assert.Empty(Read(true, []));
        Assert.Empty(Read(false, [])); // The silence message of old players.
        Assert.Empty(Read(false, [0xAF]));
    }

    [Fact]
    public void Modifiers_are_stepped_over_and_nanoseconds_kept()
    {
        // ModEx with 3 bytes (999,999), then CodedFrames of AV1.
        var packet = One(true, "97 02 0F423F 01 61763031 AA");
        Assert.Equal((999_999, 10, 1), (packet.NanosecondOffset, packet.Offset, packet.Length));

        // Another modifier of 256 bytes in the long form, then the nanoseconds.
        var longModifier = Hex("97 FF 00FF" + new string('0', 512) + "17 02 000064 01 61763031 AA");
        Assert.Equal(100, Assert.Single(Read(true, longModifier)).NanosecondOffset);

        // A larger number than a millisecond holds counts as one that it does.
        Assert.Equal(999_999, One(false, "97 02 FFFFFF 01 4F707573 AA").NanosecondOffset);
    }

    [Fact]
    public void Multitrack_hands_out_each_track()
    {
        // One track, number 3.
        var one = One(true, "96 01 68766331 03 000010 AABB");
        Assert.Equal((3, Codec.H265, 16, 2), (one.TrackIndex, one.Codec, one.CompositionTimeMs, one.Length));

        // Two tracks of one codec.
        var many = Read(false, Hex("95 11 4F707573 00 000002 AABB 01 000001 CC"));
        Assert.Equal([(0, 2), (1, 1)], many.Select(packet => (packet.TrackIndex, packet.Length)));

        // Two tracks of two codecs, one of them not carried.
        var mixed = Read(true, Hex("96 21 61766331 00 000004 000000 AA 76703038 01 000001 CC"));
        Assert.Equal([Codec.H264, null], mixed.Select(packet => packet.Codec));
        Assert.Equal([(0, 1), (1, 1)], mixed.Select(packet => (packet.TrackIndex, packet.Length)));
    }

    [Theory]
    [InlineData(true, "17")]
    [InlineData(true, "17 01 0000")]
    [InlineData(true, "17 03 000000 AA")]
    [InlineData(true, "91 687663")]
    [InlineData(true, "91 68766331 0000")]
    [InlineData(true, "97")]
    [InlineData(true, "97 FF 00")]
    [InlineData(true, "97 05 000000")]
    [InlineData(true, "96")]
    [InlineData(true, "96 31 61766331 00")] // No such kind of multitrack.
    [InlineData(true, "96 21 617663")]
    [InlineData(false, "95 11 4F707573 00 0000")]
    [InlineData(false, "95 11 4F707573 00 000009 AA")]
    [InlineData(false, "91")]
    public void What_is_cut_or_wrong_is_malformed(bool isVideo, string hex) => Read(isVideo, Hex(hex), FlvReadResult.Malformed);

    [Fact]
    public void Tracks_before_a_malformed_one_are_good()
    {
        var packets = Read(false, Hex("95 11 4F707573 00 000001 AA 01 0000FF CC"), FlvReadResult.Malformed);
        Assert.Equal(0, Assert.Single(packets).TrackIndex);
    }

    [Fact]
    public void A_body_cut_anywhere_is_read_without_fault()
    {
        var body = Hex("97 02 0F423F 06 21 61766331 00 000004 000000 AA 68766331 01 000005 000010 CCDD");
        for (var length = 0; length <= body.Length; length++)
        {
            foreach (var isVideo in new[] { true, false })
            {
                var reader = isVideo ? FlvTagBodyReader.OfVideo(body.AsSpan(0, length)) : FlvTagBodyReader.OfAudio(body.AsSpan(0, length));
                while (reader.TryRead(out var packet) is FlvReadResult.Packet)
                {
                    Assert.InRange(packet.Offset + packet.Length, 0, length);
                }
            }
        }
    }

    [Theory]
    [InlineData(Codec.H264)]
    [InlineData(Codec.H265)]
    [InlineData(Codec.Av1)]
    [InlineData(Codec.Vp9)]
    public void Video_headers_are_read_as_they_were_written(Codec codec)
    {
        foreach (var extension in Extensions())
        {
            foreach (var type in new[] { FlvPacketType.SequenceStart, FlvPacketType.CodedFrame, FlvPacketType.SequenceEnd })
            {
                foreach (var timeMs in new[] { 0, 40, -8_388_608, 8_388_607 })
                {
                    var body = new byte[FlvTagBodyWriter.MaxHeaderLength + 3];
                    var length = FlvTagBodyWriter.WriteVideoHeader(body, codec, type, isKeyframe: timeMs == 0, timeMs, extension);
                    var packet = Assert.Single(Read(true, body[..(length + 3)]));

                    var hasTime = type is FlvPacketType.CodedFrame && codec is Codec.H264 or Codec.H265;
                    Assert.Equal((type, codec, extension.TrackIndex ?? 0, extension.NanosecondOffset), (packet.Type, packet.Codec, packet.TrackIndex, packet.NanosecondOffset));
                    Assert.Equal(type is FlvPacketType.CodedFrame && hasTime ? timeMs : 0, packet.CompositionTimeMs);
                    if (type is not FlvPacketType.SequenceEnd)
                    {
                        Assert.Equal((timeMs == 0, length, 3), (packet.IsKeyframe, packet.Offset, packet.Length));
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(Codec.Aac)]
    [InlineData(Codec.Opus)]
    public void Audio_headers_are_read_as_they_were_written(Codec codec)
    {
        foreach (var extension in Extensions())
        {
            foreach (var type in new[] { FlvPacketType.SequenceStart, FlvPacketType.CodedFrame })
            {
                var body = new byte[FlvTagBodyWriter.MaxHeaderLength + 3];
                var length = FlvTagBodyWriter.WriteAudioHeader(body, codec, type, extension);
                var packet = Assert.Single(Read(false, body[..(length + 3)]));
                Assert.Equal(
                    (type, codec, extension.TrackIndex ?? 0, extension.NanosecondOffset, length, 3),
                    (packet.Type, packet.Codec!.Value, packet.TrackIndex, packet.NanosecondOffset, packet.Offset, packet.Length));
            }
        }
    }

    private static IEnumerable<FlvExtension> Extensions() =>
        [default, new(true), new(true, TrackIndex: 0), new(true, TrackIndex: 255), new(true, NanosecondOffset: 500_000), new(true, 7, 999_999)];
}
