using System.Buffers;
using System.Buffers.Binary;
using Roomcast.Media.Codecs.Opus;
using static Roomcast.Media.Containers.WebM.EbmlWriter;

namespace Roomcast.Media.Containers.WebM;

/// <summary>What a WebM file of one track holds.</summary>
public enum WebMCodec
{
    /// <summary>Opus sound, 48 kHz.</summary>
    Opus,

    /// <summary>VP8 pictures.</summary>
    Vp8,
}

/// <summary>Writes a WebM file of one track, cluster by cluster, so that what is written plays whatever happens next.</summary>
/// <remarks>
/// Sources: RFC 9559 (Matroska), RFC 8794 (EBML), the WebM container guidelines, and RFC 7845 for the Opus header. The front is of
/// a fixed length: <see cref="Finish"/> gives it again with the duration and the length known, to be written over the first one,
/// and cues to be written at the end. Not thread-safe.
/// </remarks>
public sealed class WebMWriter
{
    private const int TimestampUnitNs = 1_000_000;
    private const long UnknownLength = 0x01FF_FFFF_FFFF_FFFF;
    private const int MaxCues = 100_000;
    private const int ClusterRoom = 32;

    private static readonly TimeSpan MaxCluster = TimeSpan.FromSeconds(2); // What is lost at most with the process.
    private static readonly TimeSpan LongestCluster = TimeSpan.FromSeconds(30); // A block counts from its cluster in 16 bits with a sign.

    private readonly IBufferWriter<byte> _output;
    private readonly ArrayBufferWriter<byte> _cluster = new();
    private readonly List<(long TimeMs, long Position)> _cues = [];
    private readonly WebMCodec _codec;
    private readonly int _width;
    private readonly int _height;
    private readonly int _channels;
    private readonly int _rotationDegrees;

    private long _position;
    private long _clusterTimeMs = -1;
    private long _endMs;
    private bool _clusterHasKeyframe;

    /// <summary>Begins a file: its front is in the output.</summary>
    /// <param name="output">Takes what is to be written behind the earlier; whatever is in it after a call is whole.</param>
    /// <param name="codec">What the track is encoded with.</param>
    /// <param name="width">Pixels across of the first picture, 1 or more; 0 for sound.</param>
    /// <param name="height">Pixels down of the first picture, 1 or more; 0 for sound.</param>
    /// <param name="channels">Channels of sound, 1 or 2; 0 for pictures.</param>
    /// <param name="rotationDegrees">By how much players turn all pictures clockwise: 0, 90, 180 or 270. Width and height are those before that.</param>
    public WebMWriter(IBufferWriter<byte> output, WebMCodec codec, int width, int height, int channels, int rotationDegrees = 0)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (codec is WebMCodec.Vp8)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
            ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
            if (rotationDegrees is not (0 or 90 or 180 or 270))
            {
                throw new ArgumentOutOfRangeException(nameof(rotationDegrees), rotationDegrees, "Pictures are turned by quarters.");
            }
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(channels, 2);
        }

        _output = output;
        _codec = codec;
        _width = width;
        _height = height;
        _channels = channels;
        _rotationDegrees = rotationDegrees;
        Emit(Front(durationMs: 0, segmentLength: null));
    }

    /// <summary>Until the end of the last frame.</summary>
    public TimeSpan Duration => TimeSpan.FromMilliseconds(_endMs);

    /// <summary>Adds a frame.</summary>
    /// <param name="time">When it is shown or heard, from the beginning of the file; not before the one before it.</param>
    /// <param name="duration">How long it lasts, zero when unknown.</param>
    /// <param name="isKeyframe">Whether decoding can start here; true for sound.</param>
    /// <param name="payload">The Opus packet or the VP8 frame.</param>
    public void Add(TimeSpan time, TimeSpan duration, bool isKeyframe, ReadOnlySpan<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        var timeMs = (long)Math.Round(time.TotalMilliseconds);
        if (_clusterTimeMs >= 0)
        {
            var age = TimeSpan.FromMilliseconds(timeMs - _clusterTimeMs);
            if (age >= MaxCluster || timeMs < _clusterTimeMs || age >= LongestCluster || (_codec is WebMCodec.Vp8 && isKeyframe))
            {
                CloseCluster();
            }
        }

        if (_clusterTimeMs < 0)
        {
            _clusterTimeMs = timeMs;
            _clusterHasKeyframe = isKeyframe;
        }

        // SimpleBlock: track number, time within the cluster, flags.
        Id(_cluster, 0xA3);
        Length(_cluster, payload.Length + 4);
        var head = _cluster.GetSpan(4);
        head[0] = 0x81;
        BinaryPrimitives.WriteInt16BigEndian(head[1..], (short)(timeMs - _clusterTimeMs));
        head[3] = isKeyframe ? (byte)0x80 : (byte)0;
        _cluster.Advance(4);
        _cluster.Write(payload);
        _endMs = Math.Max(_endMs, timeMs + (long)Math.Round(duration.TotalMilliseconds));
    }

    /// <summary>Puts the frames into the output that are not there yet.</summary>
    public void Flush() => CloseCluster();

    /// <summary>Ends the file: the last frames and the cues are in the output.</summary>
    /// <returns>The front as it must stand at the beginning of the file, of the length of the first one.</returns>
    public byte[] Finish()
    {
        CloseCluster();
        var cues = new ArrayBufferWriter<byte>();
        foreach (var (timeMs, position) in _cues)
        {
            var point = new ArrayBufferWriter<byte>();
            UInt(point, 0xB3, (ulong)timeMs);
            var track = new ArrayBufferWriter<byte>();
            UInt(track, 0xF7, 1);
            UInt(track, 0xF1, (ulong)position);
            Element(point, 0xB7, track.WrittenSpan);
            Element(cues, 0xBB, point.WrittenSpan);
        }

        if (_cues.Count > 0)
        {
            var whole = new ArrayBufferWriter<byte>();
            Element(whole, 0x1C53_BB6B, cues.WrittenSpan);
            Emit(whole.WrittenSpan);
        }

        var front = Front(_endMs, segmentLength: null);
        return Front(_endMs, _position - (front.Length - SegmentBodyLength(front)));
    }

    /// <summary>A length as the segment has it: in eight bytes, so that one that was not known can be written over.</summary>
    internal static long SegmentLength(long bytes) => 0x0100_0000_0000_0000 | bytes;

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        _output.Write(bytes);
        _position += bytes.Length;
    }

    private void CloseCluster()
    {
        if (_clusterTimeMs < 0)
        {
            return;
        }

        var front = Front(0, null);
        if (_clusterHasKeyframe && _cues.Count < MaxCues)
        {
            _cues.Add((_clusterTimeMs, _position - (front.Length - SegmentBodyLength(front))));
        }

        var time = new ArrayBufferWriter<byte>(ClusterRoom);
        UInt(time, 0xE7, (ulong)_clusterTimeMs);
        var head = new ArrayBufferWriter<byte>(ClusterRoom);
        Id(head, 0x1F43_B675);
        Length(head, time.WrittenCount + _cluster.WrittenCount);
        Emit(head.WrittenSpan);
        Emit(time.WrittenSpan);
        Emit(_cluster.WrittenSpan);
        _cluster.ResetWrittenCount();
        _clusterTimeMs = -1;
    }

    // Whatever of the front lies inside the segment: info and tracks.
    private static int SegmentBodyLength(ReadOnlySpan<byte> front) =>
        front.Length - front.IndexOf((ReadOnlySpan<byte>)[0x18, 0x53, 0x80, 0x67]) - 12;

    private byte[] Front(double durationMs, long? segmentLength)
    {
        var header = new ArrayBufferWriter<byte>();
        UInt(header, 0x4286, 1); // EBML version
        UInt(header, 0x42F7, 1);
        UInt(header, 0x42F2, 4); // longest id
        UInt(header, 0x42F3, 8); // longest length
        Element(header, 0x4282, "webm"u8);
        UInt(header, 0x4287, 4); // of Matroska, for CodecDelay
        UInt(header, 0x4285, 2);

        var information = new ArrayBufferWriter<byte>();
        UInt(information, 0x2A_D7B1, TimestampUnitNs);
        Span<byte> duration = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleBigEndian(duration, durationMs);
        Element(information, 0x4489, duration);
        Element(information, 0x4D80, "Roomcast"u8);
        Element(information, 0x5741, "Roomcast"u8);

        var tracks = new ArrayBufferWriter<byte>();
        Element(tracks, 0xAE, TrackEntry());

        var front = new ArrayBufferWriter<byte>();
        Element(front, 0x1A45_DFA3, header.WrittenSpan);
        Id(front, 0x1853_8067);
        BinaryPrimitives.WriteInt64BigEndian(front.GetSpan(sizeof(long)), segmentLength is { } known ? SegmentLength(known) : UnknownLength);
        front.Advance(sizeof(long));
        Element(front, 0x1549_A966, information.WrittenSpan);
        Element(front, 0x1654_AE6B, tracks.WrittenSpan);
        return front.WrittenSpan.ToArray();
    }

    private byte[] TrackEntry()
    {
        var entry = new ArrayBufferWriter<byte>();
        UInt(entry, 0xD7, 1); // number
        UInt(entry, 0x73C5, 1); // UID
        UInt(entry, 0x9C, 0); // no lacing
        Element(entry, 0x22_B59C, "und"u8);
        if (_codec is WebMCodec.Vp8)
        {
            UInt(entry, 0x83, 1);
            Element(entry, 0x86, "V_VP8"u8);
            var video = new ArrayBufferWriter<byte>();
            UInt(video, 0xB0, (ulong)_width);
            UInt(video, 0xBA, (ulong)_height);
            if (_rotationDegrees != 0)
            {
                Element(video, 0x7670, Projection(_rotationDegrees));
            }

            Element(entry, 0xE0, video.WrittenSpan);
            return entry.WrittenSpan.ToArray();
        }

        UInt(entry, 0x83, 2);
        Element(entry, 0x86, "A_OPUS"u8);
        UInt(entry, 0x56AA, 0); // CodecDelay: what a call sends has no samples to be left out at its beginning
        UInt(entry, 0x56BB, 80_000_000); // SeekPreRoll, 80 ms

        // OpusHead, RFC 7845 section 5.1.
        Span<byte> head = stackalloc byte[19];
        "OpusHead"u8.CopyTo(head);
        head[8] = 1;
        head[9] = (byte)_channels;
        BinaryPrimitives.WriteUInt16LittleEndian(head[10..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(head[12..], OpusConfiguration.SampleRateHz);
        head[16..].Clear();
        Element(entry, 0x63A2, head);
        var audio = new ArrayBufferWriter<byte>();
        Span<byte> rate = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleBigEndian(rate, OpusConfiguration.SampleRateHz);
        Element(audio, 0xB5, rate);
        UInt(audio, 0x9F, (ulong)_channels);
        Element(entry, 0xE1, audio.WrittenSpan);
        return entry.WrittenSpan.ToArray();
    }

    // RFC 9559 section 5.1.4.1.28, Projection: a plain picture, rolled counterclockwise by -180 to 180 degrees.
    private static ReadOnlySpan<byte> Projection(int clockwiseDegrees)
    {
        var projection = new ArrayBufferWriter<byte>();
        UInt(projection, 0x7671, 0); // rectangular
        Span<byte> roll = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleBigEndian(roll, clockwiseDegrees > 180 ? 360 - clockwiseDegrees : -clockwiseDegrees);
        Element(projection, 0x7675, roll);
        return projection.WrittenSpan;
    }
}
