using System.Buffers.Binary;
using System.Globalization;
using Roomcast.Media;
using Roomcast.Media.Codecs.Av1;
using Roomcast.Media.Codecs.H265;
using Roomcast.Media.Codecs.NalUnits;
using Roomcast.Media.Containers.Flv;
using Roomcast.Rtmp.Connection;

namespace Roomcast.TestKit.Rtmp;

/// <summary>What FFmpeg is to encode.</summary>
public sealed record EncodedMediaOptions
{
    /// <summary>How long it is; default 4 s.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>The picture's codec: H.264, H.265 or AV1; null for none.</summary>
    public Codec? Picture { get; init; } = Codec.H264;

    /// <summary>The sound's codec; null for none.</summary>
    public Codec? Sound { get; init; } = Codec.Aac;

    /// <summary>Width in pixels; default 640.</summary>
    public int Width { get; init; } = 640;

    /// <summary>Height in pixels; default 360.</summary>
    public int Height { get; init; } = 360;

    /// <summary>Pictures a second; default 30.</summary>
    public int FrameRate { get; init; } = 30;

    /// <summary>Pictures from one keyframe to the next; default 60.</summary>
    public int KeyframeEvery { get; init; } = 60;

    /// <summary>B-frames in a row; H.264 only; default 0.</summary>
    public int BFrames { get; init; }

    /// <summary>Bits a second of the picture; default 600,000.</summary>
    public int PictureBitrateBps { get; init; } = 600_000;
}

/// <summary>Has FFmpeg encode real media: what comes out can be decoded at the far end.</summary>
/// <remarks>
/// FFmpeg before 6.1 writes no Enhanced RTMP, so other codecs than H.264 and AAC are taken from its raw outputs and put into
/// FLV tags here.
/// </remarks>
public static class EncodedMedia
{
    private const int OpusFrameMs = 20;

    /// <summary>Encodes it: a moving test picture with a counter, and a tone.</summary>
    public static async Task<PublishMedia> CreateAsync(EncodedMediaOptions? options = null)
    {
        options ??= new EncodedMediaOptions();
        using var folder = new TemporaryFolder();
        if (options.Picture is null or Codec.H264 && options.Sound is null or Codec.Aac)
        {
            return await EncodeFlvAsync(options, folder.PathOf("media.flv"));
        }

        var messages = new List<PublishMessage>();
        if (options.Picture is { } picture)
        {
            messages.AddRange(picture switch
            {
                Codec.H264 => (await EncodeFlvAsync(options with { Sound = null }, folder.PathOf("picture.flv"))).Messages,
                Codec.H265 => await EncodeHevcAsync(options, folder.PathOf("picture.hevc")),
                Codec.Av1 => await EncodeAv1Async(options, folder.PathOf("picture.ivf")),
                _ => throw new NotSupportedException($"{picture} is not encoded here."),
            });
        }

        if (options.Sound is { } sound)
        {
            messages.AddRange(sound is Codec.Aac
                ? (await EncodeFlvAsync(options with { Picture = null }, folder.PathOf("sound.flv"))).Messages
                : await EncodeOpusAsync(options, folder.PathOf("sound.ogg")));
        }

        // A stable sort: headers come first as all begin at zero.
        return new PublishMedia([.. messages.OrderBy(static message => (message.TimestampMs, !message.IsHeader))]);
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString(CultureInfo.InvariantCulture);

    private static string[] PictureSource(EncodedMediaOptions options) =>
    [
        "-f", "lavfi", "-i", string.Create(CultureInfo.InvariantCulture, $"testsrc2=size={options.Width}x{options.Height}:rate={options.FrameRate}:duration={Seconds(options.Length)}"),
    ];

    private static string[] SoundSource(EncodedMediaOptions options) =>
        ["-f", "lavfi", "-i", $"sine=frequency=440:sample_rate=48000:duration={Seconds(options.Length)}"];

    private static string[] Rate(EncodedMediaOptions options) =>
        ["-b:v", options.PictureBitrateBps.ToString(CultureInfo.InvariantCulture), "-g", options.KeyframeEvery.ToString(CultureInfo.InvariantCulture), "-pix_fmt", "yuv420p"];

    private static async Task<PublishMedia> EncodeFlvAsync(EncodedMediaOptions options, string path)
    {
        List<string> arguments = ["-v", "error"];
        if (options.Picture is not null)
        {
            arguments.AddRange(PictureSource(options));
        }

        if (options.Sound is not null)
        {
            arguments.AddRange(SoundSource(options));
        }

        if (options.Picture is not null)
        {
            arguments.AddRange(["-c:v", "libx264", "-preset", "veryfast", "-sc_threshold", "0", "-bf", options.BFrames.ToString(CultureInfo.InvariantCulture), .. Rate(options)]);
        }

        if (options.Sound is not null)
        {
            arguments.AddRange(["-c:a", "aac", "-b:a", "128k", "-ac", "2"]);
        }

        await FfmpegTool.RunAsync([.. arguments, "-f", "flv", path]);
        return PublishMedia.FromFlvFile(path);
    }

    private static async Task<List<PublishMessage>> EncodeHevcAsync(EncodedMediaOptions options, string path)
    {
        // Delimiters make the frames of the raw stream easy to tell apart.
        await FfmpegTool.RunAsync(
            ["-v", "error", .. PictureSource(options), "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:aud=1:bframes=0:scenecut=0", .. Rate(options), "-f", "hevc", path]);
        var frames = new List<List<byte[]>>();
        List<ReadOnlyMemory<byte>> videoSets = [], sequenceSets = [], pictureSets = [];
        SplitHevc(await File.ReadAllBytesAsync(path), frames, videoSets, sequenceSets, pictureSets);
        if (!HevcConfiguration.TryBuild(videoSets, sequenceSets, pictureSets, out var configuration, out var fault))
        {
            throw new InvalidDataException($"FFmpeg's H.265 cannot be described: {fault}.");
        }

        var messages = new List<PublishMessage> { Picture(Codec.H265, FlvPacketType.SequenceStart, true, 0, configuration.Bytes.Span) };
        for (var i = 0; i < frames.Count; i++)
        {
            var isKeyframe = frames[i].Exists(static unit => HevcNalUnit.TypeOf(unit) is >= HevcNalUnitType.FirstRandomAccess and <= HevcNalUnitType.LastRandomAccess);
            var payload = frames[i].SelectMany(static unit => (byte[])[(byte)(unit.Length >> 24), (byte)(unit.Length >> 16), (byte)(unit.Length >> 8), (byte)unit.Length, .. unit]).ToArray();
            messages.Add(Picture(Codec.H265, FlvPacketType.CodedFrame, isKeyframe, (uint)(i * 1_000L / options.FrameRate), payload));
        }

        return messages;
    }

    private static void SplitHevc(
        byte[] stream,
        List<List<byte[]>> frames,
        List<ReadOnlyMemory<byte>> videoSets,
        List<ReadOnlyMemory<byte>> sequenceSets,
        List<ReadOnlyMemory<byte>> pictureSets)
    {
        const HevcNalUnitType Delimiter = (HevcNalUnitType)35;
        var reader = new AnnexBReader(stream);
        while (reader.TryRead(out var unit))
        {
            var sets = HevcNalUnit.TypeOf(unit) switch
            {
                HevcNalUnitType.VideoParameterSet => videoSets,
                HevcNalUnitType.SequenceParameterSet => sequenceSets,
                HevcNalUnitType.PictureParameterSet => pictureSets,
                _ => null,
            };
            if (HevcNalUnit.TypeOf(unit) is Delimiter)
            {
                frames.Add([]);
            }
            else if (sets is null)
            {
                frames[^1].Add(unit.ToArray());
            }
            else if (sets.Count == 0)
            {
                sets.Add(unit.ToArray());
            }
        }
    }

    private static async Task<List<PublishMessage>> EncodeAv1Async(EncodedMediaOptions options, string path)
    {
        await FfmpegTool.RunAsync(
            ["-v", "error", .. PictureSource(options), "-c:v", "libsvtav1", "-preset", "12", .. Rate(options), "-f", "ivf", path]);
        var messages = new List<PublishMessage>();
        var file = (await File.ReadAllBytesAsync(path)).AsMemory();

        // IVF: a header of 32 bytes, then for each temporal unit its length:32, a time:64, and the unit.
        const int FileHeaderLength = 32;
        const int FrameHeaderLength = 12;
        var rest = file[FileHeaderLength..];
        for (var i = 0; rest.Length >= FrameHeaderLength; i++)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest.Span);
            var time = BinaryPrimitives.ReadInt64LittleEndian(rest.Span[4..]);
            var unit = rest.Slice(FrameHeaderLength, length);
            rest = rest[(FrameHeaderLength + length)..];
            if (i == 0)
            {
                if (!Av1Configuration.TryBuild(unit.Span, out var configuration, out var fault))
                {
                    throw new InvalidDataException($"FFmpeg's AV1 cannot be described: {fault}.");
                }

                messages.Add(Picture(Codec.Av1, FlvPacketType.SequenceStart, true, 0, configuration.Bytes.Span));
            }

            Av1TemporalUnit.TryInspect(unit.Span, out var found);
            messages.Add(Picture(Codec.Av1, FlvPacketType.CodedFrame, found.IsKeyframe, (uint)(time * 1_000 / options.FrameRate), unit.Span));
        }

        return messages;
    }

    private static async Task<List<PublishMessage>> EncodeOpusAsync(EncodedMediaOptions options, string path)
    {
        await FfmpegTool.RunAsync(
            ["-v", "error", .. SoundSource(options), "-c:a", "libopus", "-b:a", "96k", "-ac", "2", "-frame_duration", "20", "-f", "ogg", path]);
        var packets = OggFile.PacketsOf(await File.ReadAllBytesAsync(path));
        var messages = new List<PublishMessage> { Sound(Codec.Opus, FlvPacketType.SequenceStart, 0, packets[0]) };

        // The second packet holds comments.
        for (var i = 2; i < packets.Count; i++)
        {
            messages.Add(Sound(Codec.Opus, FlvPacketType.CodedFrame, (uint)((i - 2) * OpusFrameMs), packets[i]));
        }

        return messages;
    }

    private static PublishMessage Picture(Codec codec, FlvPacketType type, bool isKeyframe, uint timestampMs, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[FlvTagBodyWriter.MaxHeaderLength];
        var length = FlvTagBodyWriter.WriteVideoHeader(header, codec, type, isKeyframe);
        return new PublishMessage(RtmpMediaKind.Video, timestampMs, (byte[])[.. header[..length], .. payload], type is FlvPacketType.SequenceStart);
    }

    private static PublishMessage Sound(Codec codec, FlvPacketType type, uint timestampMs, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[FlvTagBodyWriter.MaxHeaderLength];
        var length = FlvTagBodyWriter.WriteAudioHeader(header, codec, type);
        return new PublishMessage(RtmpMediaKind.Audio, timestampMs, (byte[])[.. header[..length], .. payload], type is FlvPacketType.SequenceStart);
    }
}
