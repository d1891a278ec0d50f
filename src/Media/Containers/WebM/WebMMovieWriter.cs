using System.Buffers;
using System.Buffers.Binary;
using static Roomcast.Media.Containers.WebM.EbmlWriter;

namespace Roomcast.Media.Containers.WebM;

/// <summary>The picture of a WebM film.</summary>
/// <param name="IsVp9">Whether it is VP9, and not VP8.</param>
/// <param name="Width">Pixels across, 1 or more.</param>
/// <param name="Height">Pixels down, 1 or more.</param>
/// <param name="FrameRate">Usual pictures per second, 1 or more.</param>
public sealed record WebMPicture(bool IsVp9, int Width, int Height, int FrameRate);

/// <summary>The sound of a WebM film: Vorbis.</summary>
/// <param name="SampleRateHz">Samples per second.</param>
/// <param name="Channels">Channels, 1 or 2.</param>
/// <param name="Headers">The three headers of Vorbis, laced as Xiph does it: a 2, the lengths of the first two, and all three.</param>
public sealed record WebMSound(int SampleRateHz, int Channels, ReadOnlyMemory<byte> Headers);

/// <summary>Writes a WebM file of a picture and, mostly, a sound that one can go anywhere in.</summary>
/// <remarks>
/// Sources: RFC 9559 (Matroska), RFC 8794 (EBML), the WebM container guidelines. The front has a fixed length: <see cref="Finish"/>
/// gives it again with the duration, the length and the place of the cues, to be written over the first one; until then the file is
/// not to be given to anybody. Memory grows by some 16 bytes for each keyframe. Not thread-safe.
/// </remarks>
public sealed class WebMMovieWriter
{
    private const int PictureNumber = 1;
    private const int SoundNumber = 2;
    private const int TimestampUnitNs = 1_000_000;
    private const long UnknownLength = 0x01FF_FFFF_FFFF_FFFF;
    private const int MaxClusterBytes = 8 << 20;
    private const int SegmentHeadLength = 12;
    private const int BlockHeadLength = 4;
    private const ulong Smpte170M = 6; // Of matrix, transfer and primaries alike (ITU-T H.273).
    private const ulong StudioRange = 1;

    // A block counts from its cluster in 16 bits with a sign; a cluster of five seconds is what the guidelines advise.
    private const long MaxClusterMs = 5_000;

    private readonly IBufferWriter<byte> _output;
    private readonly ArrayBufferWriter<byte> _cluster = new(1 << 20);
    private readonly List<(long TimeMs, long Position)> _cues = [];
    private readonly WebMPicture _picture;
    private readonly WebMSound? _sound;
    private readonly int _segmentStart;
    private long _position;
    private long _clusterTimeMs = -1;
    private long _endMs;

    /// <summary>Begins a file: its front is in the output.</summary>
    /// <param name="output">Takes what is to be written behind the earlier.</param>
    /// <param name="picture">The picture.</param>
    /// <param name="sound">The sound; null for none.</param>
    public WebMMovieWriter(IBufferWriter<byte> output, WebMPicture picture, WebMSound? sound)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(picture);
        (_output, _picture, _sound) = (output, picture, sound);
        var front = Front(cuesAt: 0, segmentLength: null);
        _segmentStart = front.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x18, 0x53, 0x80, 0x67]) + SegmentHeadLength;
        Emit(front);
    }

    /// <summary>Adds a picture or a sound.</summary>
    /// <param name="isPicture">Which of both.</param>
    /// <param name="time">When it is shown or heard, from the beginning of the file; of each kind not before the one before it.</param>
    /// <param name="isKeyframe">Whether decoding can start here; of a sound it always can.</param>
    /// <param name="payload">The frame or packet.</param>
    public void Add(bool isPicture, TimeSpan time, bool isKeyframe, ReadOnlySpan<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        var timeMs = (long)Math.Round(time.TotalMilliseconds);
        var isCue = isPicture && isKeyframe;
        if (_clusterTimeMs >= 0
            && (isCue || timeMs - _clusterTimeMs is >= MaxClusterMs or <= -MaxClusterMs || _cluster.WrittenCount > MaxClusterBytes))
        {
            CloseCluster();
        }

        if (_clusterTimeMs < 0)
        {
            _clusterTimeMs = timeMs;
            if (isCue)
            {
                _cues.Add((timeMs, _position - _segmentStart));
            }
        }

        // SimpleBlock: track number, time within the cluster, flags.
        Id(_cluster, WebMIds.SimpleBlock);
        Length(_cluster, payload.Length + BlockHeadLength);
        var head = _cluster.GetSpan(BlockHeadLength);
        head[0] = (byte)(0x80 | (isPicture ? PictureNumber : SoundNumber));
        BinaryPrimitives.WriteInt16BigEndian(head[1..], (short)(timeMs - _clusterTimeMs));
        head[3] = isKeyframe || !isPicture ? (byte)0x80 : (byte)0;
        _cluster.Advance(BlockHeadLength);
        _cluster.Write(payload);
        _endMs = Math.Max(_endMs, timeMs);
    }

    /// <summary>Ends the file: the last frames and the cues are in the output.</summary>
    /// <param name="end">When the last frame ends.</param>
    /// <returns>The front as it must stand at the beginning of the file, of the length of the first one.</returns>
    public byte[] Finish(TimeSpan end)
    {
        CloseCluster();
        _endMs = Math.Max(_endMs, (long)Math.Round(end.TotalMilliseconds));
        var cuesAt = _position - _segmentStart;
        if (_cues.Count > 0)
        {
            var cues = new ArrayBufferWriter<byte>();
            foreach (var (timeMs, position) in _cues)
            {
                var track = new ArrayBufferWriter<byte>();
                UInt(track, 0xF7, PictureNumber);
                UInt(track, 0xF1, (ulong)position);
                var point = new ArrayBufferWriter<byte>();
                UInt(point, 0xB3, (ulong)timeMs);
                Element(point, 0xB7, track.WrittenSpan);
                Element(cues, 0xBB, point.WrittenSpan);
            }

            var whole = new ArrayBufferWriter<byte>();
            Element(whole, WebMIds.Cues, cues.WrittenSpan);
            Emit(whole.WrittenSpan);
        }

        return Front(_cues.Count > 0 ? cuesAt : 0, _position - _segmentStart);
    }

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

        var time = new ArrayBufferWriter<byte>();
        UInt(time, WebMIds.ClusterTime, (ulong)_clusterTimeMs);
        var head = new ArrayBufferWriter<byte>();
        Id(head, WebMIds.Cluster);
        Length(head, time.WrittenCount + _cluster.WrittenCount);
        Emit(head.WrittenSpan);
        Emit(time.WrittenSpan);
        Emit(_cluster.WrittenSpan);
        _cluster.ResetWrittenCount();
        _clusterTimeMs = -1;
    }

    private byte[] Front(long cuesAt, long? segmentLength)
    {
        var header = new ArrayBufferWriter<byte>();
        UInt(header, 0x4286, 1); // EBML version
        UInt(header, 0x42F7, 1);
        UInt(header, 0x42F2, 4); // longest id
        UInt(header, 0x42F3, 8); // longest length
        Element(header, 0x4282, "webm"u8);
        UInt(header, 0x4287, 4); // of Matroska, for the colours
        UInt(header, 0x4285, 2);

        var information = new ArrayBufferWriter<byte>();
        UInt(information, WebMIds.TimeScale, TimestampUnitNs);
        Span<byte> duration = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleBigEndian(duration, _endMs);
        Element(information, WebMIds.Duration, duration);
        Element(information, 0x4D80, "Roomcast"u8);
        Element(information, 0x5741, "Roomcast"u8);
        var informationElement = new ArrayBufferWriter<byte>();
        Element(informationElement, WebMIds.Information, information.WrittenSpan);

        var tracks = new ArrayBufferWriter<byte>();
        Element(tracks, WebMIds.TrackEntry, PictureEntry());
        if (_sound is { } sound)
        {
            Element(tracks, WebMIds.TrackEntry, SoundEntry(sound));
        }

        var front = new ArrayBufferWriter<byte>();
        Element(front, WebMIds.Header, header.WrittenSpan);
        Id(front, WebMIds.Segment);
        BinaryPrimitives.WriteInt64BigEndian(
            front.GetSpan(sizeof(long)), segmentLength is { } known ? WebMWriter.SegmentLength(known) : UnknownLength);
        front.Advance(sizeof(long));

        // Where everything is, counted from the segment's first byte; every entry has the same length whatever it says.
        var places = SeekHead(0, 0, 0).Length;
        front.Write(SeekHead(places, places + informationElement.WrittenCount, cuesAt));
        front.Write(informationElement.WrittenSpan);
        Element(front, WebMIds.Tracks, tracks.WrittenSpan);
        return front.WrittenSpan.ToArray();
    }

    private static byte[] SeekHead(long informationAt, long tracksAt, long cuesAt)
    {
        var entries = new ArrayBufferWriter<byte>();
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        foreach (var (id, at) in ((uint, long)[])[(WebMIds.Information, informationAt), (WebMIds.Tracks, tracksAt), (WebMIds.Cues, cuesAt)])
        {
            var entry = new ArrayBufferWriter<byte>();
            BinaryPrimitives.WriteUInt32BigEndian(bytes, id);
            Element(entry, 0x53AB, bytes[..sizeof(uint)]);
            BinaryPrimitives.WriteInt64BigEndian(bytes, at);
            Element(entry, 0x53AC, bytes);
            Element(entries, 0x4DBB, entry.WrittenSpan);
        }

        var head = new ArrayBufferWriter<byte>();
        Element(head, 0x114D_9B74, entries.WrittenSpan);
        return head.WrittenSpan.ToArray();
    }

    private static ArrayBufferWriter<byte> Entry(int number, ulong type, ReadOnlySpan<byte> codec)
    {
        var entry = new ArrayBufferWriter<byte>();
        UInt(entry, WebMIds.TrackNumber, (ulong)number);
        UInt(entry, 0x73C5, (ulong)number); // UID
        UInt(entry, WebMIds.TrackType, type);
        UInt(entry, 0x9C, 0); // no lacing
        Element(entry, 0x22_B59C, "und"u8);
        Element(entry, WebMIds.CodecId, codec);
        return entry;
    }

    private byte[] PictureEntry()
    {
        var entry = Entry(PictureNumber, 1, _picture.IsVp9 ? "V_VP9"u8 : "V_VP8"u8);
        UInt(entry, 0x23_E383, (ulong)(1_000_000_000L / _picture.FrameRate)); // usual duration, ns
        var colour = new ArrayBufferWriter<byte>();
        UInt(colour, 0x55B1, Smpte170M);
        UInt(colour, 0x55B9, StudioRange);
        UInt(colour, 0x55BA, Smpte170M);
        UInt(colour, 0x55BB, Smpte170M);
        var video = new ArrayBufferWriter<byte>();
        UInt(video, WebMIds.Width, (ulong)_picture.Width);
        UInt(video, WebMIds.Height, (ulong)_picture.Height);
        Element(video, 0x55B0, colour.WrittenSpan);
        Element(entry, WebMIds.Video, video.WrittenSpan);
        return entry.WrittenSpan.ToArray();
    }

    private static byte[] SoundEntry(WebMSound sound)
    {
        var entry = Entry(SoundNumber, 2, "A_VORBIS"u8);
        Element(entry, 0x63A2, sound.Headers.Span);
        var audio = new ArrayBufferWriter<byte>();
        Span<byte> rate = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleBigEndian(rate, sound.SampleRateHz);
        Element(audio, 0xB5, rate);
        UInt(audio, WebMIds.Channels, (ulong)sound.Channels);
        Element(entry, WebMIds.Audio, audio.WrittenSpan);
        return entry.WrittenSpan.ToArray();
    }
}
