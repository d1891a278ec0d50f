using System.Buffers.Binary;

namespace Roomcast.Media.Containers.Flv;

/// <summary>The codec numbers and FourCCs of FLV.</summary>
/// <remarks>Source: Video File Format Specification 10.1, annex E.4; Enhanced RTMP v2.</remarks>
internal static class FlvCodecs
{
    public const int ClassicAvc = 7;
    public const int ClassicAac = 10;

    /// <summary>H.265 as hardware encoders without Enhanced RTMP send it, laid out like H.264; never standardised.</summary>
    public const int ClassicHevc = 12;

    public static (Codec? Codec, string Name) OfVideoId(int id) => id switch
    {
        ClassicAvc => (Codec.H264, "H.264"),
        ClassicHevc => (Codec.H265, "H.265"),
        2 => (null, "H.263"),
        3 or 6 => (null, "Screen video"),
        4 or 5 => (null, "VP6"),
        _ => (null, "an unknown video codec"),
    };

    public static (Codec? Codec, string Name) OfSoundFormat(int format) => format switch
    {
        ClassicAac => (Codec.Aac, "AAC"),
        0 or 3 => (null, "PCM"),
        1 => (null, "ADPCM"),
        2 or 14 => (null, "MP3"),
        4 or 5 or 6 => (null, "Nellymoser"),
        7 => (null, "G.711 A-law"),
        8 => (null, "G.711 mu-law"),
        11 => (null, "Speex"),
        _ => (null, "an unknown audio codec"),
    };

    public static (Codec? Codec, string Name) OfVideoFourCc(uint fourCc) => fourCc switch
    {
        Avc1 => (Codec.H264, "H.264"),
        Hvc1 => (Codec.H265, "H.265"),
        Av01 => (Codec.Av1, "AV1"),
        Vp09 => (Codec.Vp9, "VP9"),
        0x76703038 => (null, "VP8"),
        0x76766331 => (null, "H.266"),
        _ => (null, "an unknown video codec"),
    };

    public static (Codec? Codec, string Name) OfAudioFourCc(uint fourCc) => fourCc switch
    {
        Mp4a => (Codec.Aac, "AAC"),
        Opus => (Codec.Opus, "Opus"),
        0x61632D33 => (null, "AC-3"),
        0x65632D33 => (null, "E-AC-3"),
        0x2E6D7033 => (null, "MP3"),
        0x664C6143 => (null, "FLAC"),
        _ => (null, "an unknown audio codec"),
    };

    public static uint FourCcOf(Codec codec) => codec switch
    {
        Codec.H264 => Avc1,
        Codec.H265 => Hvc1,
        Codec.Av1 => Av01,
        Codec.Vp9 => Vp09,
        Codec.Aac => Mp4a,
        Codec.Opus => Opus,
        _ => throw new ArgumentOutOfRangeException(nameof(codec), codec, "FLV has no FourCC for it."),
    };

    private const uint Avc1 = 0x61766331;
    private const uint Hvc1 = 0x68766331;
    private const uint Av01 = 0x61763031;
    private const uint Vp09 = 0x76703039;
    private const uint Mp4a = 0x6D703461;
    private const uint Opus = 0x4F707573;

    public static bool TryReadFourCc(ReadOnlySpan<byte> bytes, ref int at, out uint fourCc)
    {
        if (bytes.Length - at < 4)
        {
            fourCc = 0;
            return false;
        }

        fourCc = BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
        at += 4;
        return true;
    }
}
