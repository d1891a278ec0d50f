using System.Buffers.Binary;
using Roomcast.Media;
using Roomcast.Media.Codecs.Aac;
using Roomcast.Media.Codecs.H265;
using Roomcast.Media.Codecs.Opus;
using Roomcast.Media.Containers.Flv;
using Roomcast.Rtmp.Connection;

namespace Roomcast.TestKit.Rtmp;

/// <summary>What made-up media looks like.</summary>
public sealed record SyntheticMediaOptions
{
    /// <summary>How long it is; default 2 s.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The picture's codec; null for none.</summary>
    public Codec? Picture { get; init; } = Codec.H264;

    /// <summary>The sound's codec; null for none.</summary>
    public Codec? Sound { get; init; } = Codec.Aac;

    /// <summary>Pictures a second; default 30.</summary>
    public int FrameRate { get; init; } = 30;

    /// <summary>Pictures from one keyframe to the next; default 30.</summary>
    public int KeyframeEvery { get; init; } = 30;

    /// <summary>Whether two pictures of three are shown before the one decoded ahead of them, as with B-frames.</summary>
    public bool HasReorderedFrames { get; init; }

    /// <summary>Samples of AAC a second; default 44,100.</summary>
    public int SampleRateHz { get; init; } = 44_100;

    /// <summary>Bytes of a picture; default 2,000.</summary>
    public int PictureBytes { get; init; } = 2_000;

    /// <summary>The first timestamp.</summary>
    public uint StartMs { get; init; }

    /// <summary>When the sound begins, header included; default at once.</summary>
    public TimeSpan SoundFrom { get; init; }

    /// <summary>How tag bodies go beyond the classic form.</summary>
    public FlvExtension Extension { get; init; }

    /// <summary>Another picture size, and with it other codec parameters.</summary>
    public bool IsLarge { get; init; }
}

/// <summary>Makes media that is right in all that a server looks at, and numbered where only a decoder would look.</summary>
/// <remarks>
/// Each frame's payload ends in its number, counted by kind from 0, which <see cref="NumberOf"/> reads back. No decoder will
/// show anything: for that use <see cref="EncodedMedia"/>.
/// </remarks>
public static class SyntheticMedia
{
    private const int NumberLength = 8;
    private const int SamplesPerAacFrame = 1_024;
    private const int OpusFrameMs = 20;

    /// <summary>An avcC of x264, High profile, 640x360.</summary>
    public static ReadOnlyMemory<byte> AvcConfiguration { get; } = Convert.FromHexString(
        "0164001effe1001a6764001eacd940a02ff970110000030001000003003c0f162d9601000668ebe3cb22c0fdf8f800");

    /// <summary>An avcC of x264, Main profile, 1280x720.</summary>
    public static ReadOnlyMemory<byte> LargeAvcConfiguration { get; } = Convert.FromHexString(
        "014d401fffe10019674d401feca02802dd8088000003000800000301e078c18cb001000568ebe3cb20");

    /// <summary>An av1C of libaom, 640x360.</summary>
    public static ReadOnlyMemory<byte> Av1Configuration { get; } = Convert.FromHexString("81010c000a0b0000000cc4ff6736be4010");

    /// <summary>An hvcC of x265's parameter sets, Main profile, 640x360.</summary>
    public static ReadOnlyMemory<byte> HevcConfiguration { get; } = MakeHevcConfiguration();

    /// <summary>Makes it.</summary>
    public static PublishMedia Create(SyntheticMediaOptions? options = null)
    {
        options ??= new SyntheticMediaOptions();
        var messages = new List<(double AtMs, int Order, PublishMessage Message)>();
        if (options.Picture is { } picture)
        {
            AddPictures(options, picture, messages);
        }

        if (options.Sound is { } sound)
        {
            AddSound(options, sound, messages);
        }

        return new PublishMedia([.. messages.OrderBy(static entry => (entry.AtMs, entry.Order)).Select(static entry => entry.Message)]);
    }

    /// <summary>The number at the end of a frame's payload.</summary>
    public static long NumberOf(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadInt64BigEndian(payload[^NumberLength..]) & long.MaxValue;

    /// <summary>The codec header of a picture.</summary>
    public static PublishMessage PictureHeader(SyntheticMediaOptions options, Codec codec)
    {
        ArgumentNullException.ThrowIfNull(options);
        var configuration = codec switch
        {
            Codec.H264 => options.IsLarge ? LargeAvcConfiguration : AvcConfiguration,
            Codec.H265 => HevcConfiguration,
            Codec.Av1 => Av1Configuration,
            _ => throw new NotSupportedException($"No made-up {codec}."),
        };
        return PictureMessage(options, codec, FlvPacketType.SequenceStart, isKeyframe: true, 0, options.StartMs, configuration.Span);
    }

    /// <summary>The codec header of sound.</summary>
    public static PublishMessage SoundHeader(SyntheticMediaOptions options, Codec codec)
    {
        ArgumentNullException.ThrowIfNull(options);
        ReadOnlyMemory<byte> configuration = codec is Codec.Aac
            ? AacConfiguration.BuildLowComplexity(options.SampleRateHz, channels: 2).Bytes
            : (byte[])[.. OpusConfiguration.Magic, .. OpusConfiguration.Build(channels: 2, preSkip: 312).Bytes.Span];
        var at = unchecked(options.StartMs + (uint)options.SoundFrom.TotalMilliseconds);
        return SoundMessage(options, codec, FlvPacketType.SequenceStart, at, configuration.Span);
    }

    private static void AddPictures(SyntheticMediaOptions options, Codec codec, List<(double AtMs, int Order, PublishMessage Message)> messages)
    {
        messages.Add((0, 0, PictureHeader(options, codec)));
        var count = (int)(options.Length.TotalSeconds * options.FrameRate);
        for (var i = 0; i < count; i++)
        {
            var atMs = i * 1_000.0 / options.FrameRate;
            var inKeyframeInterval = i % options.KeyframeEvery;
            var isKeyframe = inKeyframeInterval == 0;
            var offsetMs = options.HasReorderedFrames ? ReorderOffset(inKeyframeInterval) * 1_000 / options.FrameRate : 0;
            var timestampMs = unchecked(options.StartMs + (uint)atMs);
            messages.Add((atMs, 2, PictureMessage(options, codec, FlvPacketType.CodedFrame, isKeyframe, offsetMs, timestampMs, Picture(codec, isKeyframe, i, options.PictureBytes))));
        }
    }

    private static void AddSound(SyntheticMediaOptions options, Codec codec, List<(double AtMs, int Order, PublishMessage Message)> messages)
    {
        messages.Add((options.SoundFrom.TotalMilliseconds, 1, SoundHeader(options, codec)));
        var frameMs = codec is Codec.Aac ? SamplesPerAacFrame * 1_000.0 / options.SampleRateHz : OpusFrameMs;
        var count = (int)Math.Ceiling(options.Length.TotalMilliseconds / frameMs);
        for (var i = 0; i < count; i++)
        {
            var atMs = i * frameMs;
            if (atMs >= options.SoundFrom.TotalMilliseconds)
            {
                var timestampMs = unchecked(options.StartMs + (uint)Math.Round(atMs));
                messages.Add((atMs, 3, SoundMessage(options, codec, FlvPacketType.CodedFrame, timestampMs, Sound(codec, i))));
            }
        }
    }

    // Decoded I P B B P B B …, shown I B B P B B P …: in frames.
    private static int ReorderOffset(int index) => index == 0 ? 1 : index % 3 == 1 ? 3 : 0;

    private static byte[] Picture(Codec codec, bool isKeyframe, long number, int length)
    {
        length = Math.Max(length, 32);
        var payload = new byte[length];
        payload.AsSpan().Fill(0x5A);
        switch (codec)
        {
            case Codec.H264:
                BinaryPrimitives.WriteInt32BigEndian(payload, length - 4);
                payload[4] = isKeyframe ? (byte)0x65 : (byte)0x41;
                break;
            case Codec.H265:
                BinaryPrimitives.WriteInt32BigEndian(payload, length - 4);
                payload[4] = isKeyframe ? (byte)(19 << 1) : (byte)(1 << 1);
                payload[5] = 1;
                break;
            default: // A frame OBU with its size in two bytes.
                payload[0] = 0x32;
                payload[1] = (byte)(0x80 | ((length - 3) & 0x7F));
                payload[2] = (byte)((length - 3) >> 7);
                payload[3] = isKeyframe ? (byte)0x10 : (byte)0x30;
                break;
        }

        WriteNumber(payload, number);
        return payload;
    }

    private static byte[] Sound(Codec codec, long number)
    {
        var payload = new byte[64];
        payload.AsSpan().Fill(0x5A);
        payload[0] = codec is Codec.Aac ? (byte)0x21 : (byte)0xFC; // Opus: one frame of 20 ms, stereo.
        WriteNumber(payload, number);
        return payload;
    }

    // The highest bit is set, so that a small number is no start code.
    private static void WriteNumber(byte[] payload, long number) =>
        BinaryPrimitives.WriteInt64BigEndian(payload.AsSpan(payload.Length - NumberLength), number | long.MinValue);

    private static PublishMessage PictureMessage(
        SyntheticMediaOptions options, Codec codec, FlvPacketType type, bool isKeyframe, int offsetMs, uint timestampMs, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[FlvTagBodyWriter.MaxHeaderLength];
        var length = FlvTagBodyWriter.WriteVideoHeader(header, codec, type, isKeyframe, offsetMs, options.Extension);
        return new PublishMessage(RtmpMediaKind.Video, timestampMs, (byte[])[.. header[..length], .. payload], type is FlvPacketType.SequenceStart);
    }

    private static PublishMessage SoundMessage(
        SyntheticMediaOptions options, Codec codec, FlvPacketType type, uint timestampMs, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[FlvTagBodyWriter.MaxHeaderLength];
        var length = FlvTagBodyWriter.WriteAudioHeader(header, codec, type, options.Extension);
        return new PublishMessage(RtmpMediaKind.Audio, timestampMs, (byte[])[.. header[..length], .. payload], type is FlvPacketType.SequenceStart);
    }

    private static ReadOnlyMemory<byte> MakeHevcConfiguration()
    {
        ReadOnlyMemory<byte> video = Convert.FromHexString("40010c01ffff01600000030090000003000003003f959809");
        ReadOnlyMemory<byte> sequence = Convert.FromHexString(
            "42010101600000030090000003000003003fa00502016965959a4932bc05a020000003002000000303c1");
        ReadOnlyMemory<byte> picture = Convert.FromHexString("4401c172b46240");
        return Media.Codecs.H265.HevcConfiguration.TryBuild([video], [sequence], [picture], out var built, out var fault)
            ? built.Bytes
            : throw new InvalidOperationException($"The parameter sets are wrong: {fault}.");
    }
}
