using System.Buffers.Binary;
using System.Globalization;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Composing;
using Roomcast.Egress.Worker.Native;
using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.H264;
using Roomcast.Media.Codecs.NalUnits;

namespace Roomcast.Egress.Worker.Picture;

/// <summary>Encodes pictures as H.264: High profile, closed groups of a fixed length, no B-frames, a steady bitrate, and each at once.</summary>
internal sealed class PictureEncoder : IDisposable
{
    private const int LengthSize = 4;

    private readonly AvCodecContext _encoder;
    private readonly AvPacket _packet = new();
    private readonly IComposerOutput _output;
    private readonly int _frameRate;
    private byte[] _accessUnit = new byte[64 << 10];
    private bool _hasTrack;

    public PictureEncoder(CompositionFormat format, ComposerOptions options, IComposerOutput output)
    {
        _output = output;
        _frameRate = format.FrameRate;
        var bitrate = format.VideoBitrateBps.ToString(CultureInfo.InvariantCulture);
        var group = (int)Math.Round(format.KeyframeInterval.TotalSeconds * format.FrameRate);
        _encoder = AvCodecContext.OpenEncoder("libx264", [
            ("video_size", Invariant($"{format.Width}x{format.Height}")),
            ("pixel_format", "yuv420p"),
            ("time_base", Invariant($"1/{format.FrameRate}")),
            ("profile", "high"),
            ("preset", options.Preset),
            ("tune", "zerolatency"),
            ("threads", Invariant($"{options.EncoderThreads}")),
            ("b", bitrate),
            ("maxrate", bitrate),
            ("bufsize", bitrate), // One second's worth.
            ("g", Invariant($"{group}")),
            ("keyint_min", Invariant($"{group}")),
            ("sc_threshold", "0"),
            ("bf", "0"),
            ("color_range", "tv"),
            ("colorspace", "smpte170m"),
            ("color_primaries", "smpte170m"),
            ("color_trc", "smpte170m"),
        ]);
    }

    /// <summary>Encodes one picture, and gives it to the output.</summary>
    /// <param name="picture">Of the format's size. Its time is set.</param>
    /// <param name="number">The tick's number.</param>
    public void Encode(AvFrame picture, long number)
    {
        picture.Time = number;
        LibAvUtil.Check(_encoder.Send(picture), "Encoding a picture");
        LibAvUtil.Check(_encoder.Receive(_packet), "Taking an encoded picture");
        var stream = _packet.Data;
        if (!_hasTrack)
        {
            _output.TakeTrack(Describe(stream));
            _hasTrack = true;
        }

        var length = Pack(stream);
        _output.TakePicture(_accessUnit.AsSpan(0, length), TimeSpan.FromTicks(number * TimeSpan.TicksPerSecond / _frameRate), _packet.IsKeyframe);
        _packet.Clear();
    }

    public void Dispose()
    {
        _packet.Dispose();
        _encoder.Dispose();
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static Track Describe(ReadOnlySpan<byte> stream)
    {
        var sequenceSets = new List<ReadOnlyMemory<byte>>();
        var pictureSets = new List<ReadOnlyMemory<byte>>();
        var reader = new AnnexBReader(stream);
        while (reader.TryRead(out var unit))
        {
            switch (AvcNalUnit.TypeOf(unit))
            {
                case AvcNalUnitType.SequenceParameterSet:
                    sequenceSets.Add(unit.ToArray());
                    break;
                case AvcNalUnitType.PictureParameterSet:
                    pictureSets.Add(unit.ToArray());
                    break;
                default:
                    break;
            }
        }

        return AvcConfiguration.TryBuild(sequenceSets, pictureSets, out var configuration, out var fault)
            && TrackFactory.TryCreate(CompositionFormat.VideoTrackId, Codec.H264, configuration.Bytes, out var track, out fault)
            ? track
            : throw new CodecLibraryException($"The picture's encoder began with parameter sets that cannot be used ({fault}).");
    }

    /// <summary>Puts lengths in place of start codes, and leaves out what the track's configuration says already.</summary>
    private int Pack(ReadOnlySpan<byte> stream)
    {
        if (_accessUnit.Length < stream.Length * 2)
        {
            _accessUnit = new byte[stream.Length * 4];
        }

        var written = 0;
        var reader = new AnnexBReader(stream);
        while (reader.TryRead(out var unit))
        {
            if (AvcNalUnit.TypeOf(unit) is AvcNalUnitType.SequenceParameterSet or AvcNalUnitType.PictureParameterSet
                or AvcNalUnitType.AccessUnitDelimiter or AvcNalUnitType.SupplementalEnhancement)
            {
                continue;
            }

            BinaryPrimitives.WriteInt32BigEndian(_accessUnit.AsSpan(written), unit.Length);
            unit.CopyTo(_accessUnit.AsSpan(written + LengthSize));
            written += LengthSize + unit.Length;
        }

        return written;
    }
}
