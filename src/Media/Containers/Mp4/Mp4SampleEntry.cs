using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.H265;
using Roomcast.Media.Codecs.Opus;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Writes the sample entry, which names the codec and holds its configuration.</summary>
/// <remarks>Sources: ISO/IEC 14496-12 section 12, 14496-14 section 6.7, 14496-15, and the bindings of AV1, VP9 and Opus.</remarks>
internal static class Mp4SampleEntry
{
    private const int EsDescriptor = 3;
    private const int DecoderConfigDescriptor = 4;
    private const int DecoderSpecificInfo = 5;
    private const int SyncLayerDescriptor = 6;
    private const int DescriptorHeaderLength = 5;
    private const int Mpeg4Audio = 0x40;
    private const int AudioStream = 0x15;
    private const int SyncLayerOfMp4 = 2;

    public static void Write(ref BoxWriter writer, Track track, in VideoFormat format)
    {
        var configuration = track.Configuration.Span;
        switch (track.Codec)
        {
            case Codec.H264:
                WriteVideo(ref writer, "avc1"u8, "avcC"u8, track, format);
                break;
            case Codec.H265:
                WriteVideo(ref writer, "hvc1"u8, "hvcC"u8, track, format);
                break;
            case Codec.Av1:
                WriteVideo(ref writer, "av01"u8, "av1C"u8, track, format);
                break;
            case Codec.Vp9:
                WriteVideo(ref writer, "vp09"u8, "vpcC"u8, track, format);
                break;
            case Codec.Aac:
                var aac = BeginSound(ref writer, "mp4a"u8, track);
                WriteElementaryStream(ref writer, configuration);
                writer.End(aac);
                break;
            case Codec.Opus:
                var opus = BeginSound(ref writer, "Opus"u8, track);
                WriteOpus(ref writer, track);
                writer.End(opus);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(track), track.Codec, "MP4 does not carry this codec.");
        }
    }

    private static void WriteVideo(
        ref BoxWriter writer, ReadOnlySpan<byte> entryType, ReadOnlySpan<byte> configurationType, Track track, in VideoFormat format)
    {
        var entry = BeginEntry(ref writer, entryType);
        writer.Zeros(16);
        writer.UInt16(track.Width);
        writer.UInt16(track.Height);
        writer.UInt32(0x0048_0000); // 72 dots an inch, across and down
        writer.UInt32(0x0048_0000);
        writer.UInt32(0);
        writer.UInt16(1); // frames in a sample
        writer.Zeros(32); // the encoder's name
        writer.UInt16(0x0018); // colour without alpha
        writer.UInt16(0xFFFF);

        var box = track.Codec is Codec.Vp9
            ? writer.BeginFull(configurationType, version: 1, flags: 0)
            : writer.Begin(configurationType);
        var body = writer.Take(track.Configuration.Length);
        if (track.Codec is Codec.H265)
        {
            HevcConfiguration.CopyAsComplete(track.Configuration.Span, body);
        }
        else
        {
            track.Configuration.Span.CopyTo(body);
        }

        writer.End(box);

        if (format.Colour is { } colour)
        {
            var colr = writer.Begin("colr"u8);
            writer.Bytes("nclx"u8);
            writer.UInt16(colour.Primaries);
            writer.UInt16(colour.Transfer);
            writer.UInt16(colour.Matrix);
            writer.UInt8(colour.IsFullRange ? 0x80 : 0);
            writer.End(colr);
        }

        if (!format.SampleAspectRatio.IsSquare)
        {
            var pasp = writer.Begin("pasp"u8);
            writer.Int32(format.SampleAspectRatio.Width);
            writer.Int32(format.SampleAspectRatio.Height);
            writer.End(pasp);
        }

        writer.End(entry);
    }

    private static int BeginSound(ref BoxWriter writer, ReadOnlySpan<byte> type, Track track)
    {
        var entry = BeginEntry(ref writer, type);
        writer.Zeros(8);
        writer.UInt16(track.Channels);
        writer.UInt16(16); // bits of a sample, by convention
        writer.UInt32(0);

        // 16.16 ends at 65,535 Hz; above it the decoder's configuration tells the rate.
        writer.UInt32(track.SampleRateHz <= ushort.MaxValue ? (uint)track.SampleRateHz << 16 : 0);
        return entry;
    }

    private static int BeginEntry(ref BoxWriter writer, ReadOnlySpan<byte> type)
    {
        var entry = writer.Begin(type);
        writer.Zeros(6);
        writer.UInt16(1); // data_reference_index
        return entry;
    }

    private static void WriteElementaryStream(ref BoxWriter writer, ReadOnlySpan<byte> configuration)
    {
        var specificLength = DescriptorHeaderLength + configuration.Length;
        var decoderLength = 13 + specificLength;
        var box = writer.BeginFull("esds"u8, version: 0, flags: 0);
        WriteDescriptor(ref writer, EsDescriptor, 3 + DescriptorHeaderLength + decoderLength + DescriptorHeaderLength + 1);
        writer.UInt16(0); // ES_ID: in a file always 0
        writer.UInt8(0); // no dependency, no URL, no clock reference
        WriteDescriptor(ref writer, DecoderConfigDescriptor, decoderLength);
        writer.UInt8(Mpeg4Audio);
        writer.UInt8(AudioStream);
        writer.Zeros(3 + 4 + 4); // buffer size and bitrates: unknown for live
        WriteDescriptor(ref writer, DecoderSpecificInfo, configuration.Length);
        writer.Bytes(configuration);
        WriteDescriptor(ref writer, SyncLayerDescriptor, 1);
        writer.UInt8(SyncLayerOfMp4);
        writer.End(box);
    }

    // The length in four bytes of seven bits, the form that every reader has seen (ISO/IEC 14496-1 section 8.3.3).
    private static void WriteDescriptor(ref BoxWriter writer, int tag, int length)
    {
        writer.UInt8(tag);
        writer.UInt8(0x80 | (length >> 21));
        writer.UInt8(0x80 | (length >> 14));
        writer.UInt8(0x80 | (length >> 7));
        writer.UInt8(length & 0x7F);
    }

    private static void WriteOpus(ref BoxWriter writer, Track track)
    {
        if (!OpusConfiguration.TryRead(track.Configuration, out var opus, out var fault))
        {
            throw new ArgumentException($"Track {track} has a configuration that cannot be read: {fault}.", nameof(track));
        }

        var box = writer.Begin("dOps"u8);
        opus.WriteDOps(writer.Take(opus.DOpsLength));
        writer.End(box);
    }
}
