using Roomcast.Media.Codecs.Aac;
using Roomcast.Media.Codecs.Av1;
using Roomcast.Media.Codecs.H264;
using Roomcast.Media.Codecs.H265;
using Roomcast.Media.Codecs.NalUnits;
using Roomcast.Media.Codecs.Opus;
using Roomcast.Media.Codecs.Vp9;
using Roomcast.TestKit;

namespace Roomcast.Fuzz.Media;

/// <summary>Frames of every codec, each read as if it were every other one too.</summary>
public sealed class FramePayloadFuzz
{
    private static readonly AvcConfiguration Avc =
        AvcConfiguration.TryRead(CodecSamples.AvcHigh, out var avc, out _) ? avc : throw new InvalidOperationException();

    private static readonly HevcConfiguration Hevc =
        HevcConfiguration.TryRead(CodecSamples.HevcMain, out var hevc, out _) ? hevc : throw new InvalidOperationException();

    private static readonly Av1Configuration Av1 =
        Av1Configuration.TryRead(CodecSamples.Av1Main, out var av1, out _) ? av1 : throw new InvalidOperationException();

    [Fact]
    public void No_frame_breaks_a_reader() => FuzzRun.Of("frame", Seeds, bytes =>
    {
        var copy = new byte[bytes.Length];
        for (var lengthSize = 1; lengthSize <= 4; lengthSize++)
        {
            H264AccessUnit.TryInspect(bytes, lengthSize, out _);
            H265AccessUnit.TryInspect(bytes, lengthSize, out _);
            H264AccessUnit.TryCopyWithoutDelimiters(bytes, lengthSize, copy, out _);
            if (AnnexB.TryGetAnnexBLength(bytes, lengthSize, out var length))
            {
                Assert.True(AnnexB.TryFromLengthPrefixed(bytes, lengthSize, new byte[length], out var written));
                Assert.Equal(length, written);
            }
        }

        var prefixed = new byte[AnnexB.LengthPrefixedLength(bytes)];
        Assert.Equal(prefixed.Length, AnnexB.ToLengthPrefixed(bytes, prefixed));
        Av1TemporalUnit.TryInspect(bytes, out _);
        Av1TemporalUnit.TryCopyWithoutDelimiters(bytes, copy, out _);
        Avc.TryUpdateFrom(bytes, out _);
        Hevc.TryUpdateFrom(bytes, out _);
        Av1.TryUpdateFrom(bytes, out _);
        Vp9FrameHeader.TryRead(bytes, out _);
        OpusPacket.TryReadSamples(bytes, out _);
        AdtsHeader.TryRead(bytes, out var adts);
        adts.ToConfiguration();
    });

    private static IEnumerable<byte[]> Seeds =>
    [
        [.. Prefix(Avc.SequenceParameterSets[0].ToArray()), .. Prefix(Avc.PictureParameterSets[0].ToArray()), .. Prefix([0x65, 0x88, 0x84])],
        [.. Prefix([0x09, 0xF0]), .. Prefix([0x06, 0x04, 0x01, 0xAA, 0x06, 0x01, 0xC4, 0x80]), .. Prefix([0x41, 0x9A])],
        [.. CodecSamples.HevcMainSets.SelectMany(Prefix), .. Prefix([0x26, 1, 0xAF])],
        [0, 0, 0, 1, 0x09, 0xF0, 0, 0, 1, 0x67, 0x64, 0, 0, 3, 1, 0, 0, 1, 0x65, 0x88],
        [0x12, 0x00, .. CodecSamples.Av1Main[4..], 0x32, 0x02, 0x10, 0x00],
        [0x82, 0x49, 0x83, 0x42, 0x40, 0x13, 0xF0, 0x0B, 0x30],
        Convert.FromHexString("fff1508001bffc211004"),
        [0xFF, 0x06, 1, 2, 3],
    ];

    private static byte[] Prefix(byte[] nalUnit) => [0, 0, 0, (byte)nalUnit.Length, .. nalUnit];
}
