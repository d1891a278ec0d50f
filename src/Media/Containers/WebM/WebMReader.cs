using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Roomcast.Media.Containers.WebM;

/// <summary>A track of a WebM file.</summary>
/// <param name="Number">What blocks call it, 1 or more.</param>
/// <param name="Kind">Sound or picture.</param>
/// <param name="CodecName">Its codec as the file names it, for example <c>V_VP8</c>.</param>
/// <param name="Codec">The codec, where it is one that <see cref="WebMCodec"/> knows; otherwise null.</param>
/// <param name="Width">Pixels across; 0 for sound.</param>
/// <param name="Height">Pixels down; 0 for sound.</param>
/// <param name="Channels">Channels of sound; 0 for pictures.</param>
public sealed record WebMTrack(int Number, TrackKind Kind, string CodecName, WebMCodec? Codec, int Width, int Height, int Channels)
{
    /// <summary>By how much players turn all pictures clockwise: 0, 90, 180 or 270. What a file says between them, or of other turns, is 0.</summary>
    public int RotationDegrees { get; init; }
}

/// <summary>A frame of a WebM file.</summary>
/// <param name="Track">Whose.</param>
/// <param name="Time">When it is shown or heard, from the beginning of the file.</param>
/// <param name="Duration">How long it lasts; zero when the file does not say.</param>
/// <param name="IsKeyframe">Whether the file says that decoding can start here.</param>
/// <param name="Data">The frame; belongs to whoever takes it.</param>
public readonly record struct WebMFrame(WebMTrack Track, TimeSpan Time, TimeSpan Duration, bool IsKeyframe, ReadOnlyMemory<byte> Data);

/// <summary>Reads WebM, or Matroska with the same things in it, as it arrives: frame after frame.</summary>
/// <remarks>
/// <para>Sources: RFC 8794 (EBML), RFC 9559 (Matroska). Segments and clusters are entered, so that their lengths may be unknown,
/// as in files that are written while they are sent; whatever else is not needed is passed over. Never throws on the bytes.</para>
/// <para>Left out: lacing, encryption and compression of blocks, which end the reading with a fault. Not thread-safe.</para>
/// </remarks>
public sealed class WebMReader
{
    /// <summary>Largest frame that is taken, in bytes.</summary>
    public const int MaxFrame = 4 << 20;

    /// <summary>Most tracks of a file.</summary>
    public const int MaxTracks = 64;

    private const int MaxHeader = 4 << 10;
    private const int MaxInformation = 64 << 10;
    private const int MaxTrackList = 1 << 20;
    private const int MaxSide = 16_384;
    private const int MaxChannels = 8;
    private const int BlockGroupRoom = 64 << 10;
    private const int BlockHeadLength = 3; // Behind the track's number: time and flags.

    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(7);

    private readonly List<WebMTrack> _tracks = [];
    private ulong _skipped;
    private ulong _scaleNs = 1_000_000;
    private ulong? _clusterTime;
    private bool _hasHeader;

    /// <summary>The tracks; empty until they were read.</summary>
    public IReadOnlyList<WebMTrack> Tracks => _tracks;

    /// <summary>What is wrong; empty while nothing is.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>Reads the next frame.</summary>
    /// <param name="input">The bytes that follow those used up so far; moved behind what was used.</param>
    /// <param name="frame">The frame, when it is <c>Done</c>.</param>
    /// <returns>
    /// <c>NeedMoreData</c> to be called again with more, whose beginning is what was not used; <c>InvalidData</c> when it cannot go on
    /// (<see cref="Fault"/>).
    /// </returns>
    public OperationStatus TryRead(ref SequenceReader<byte> input, out WebMFrame frame)
    {
        frame = default;
        while (Fault.Length == 0)
        {
            if (!TrySkip(ref input) || !TryReadHead(input, out var id, out var length, out var headLength))
            {
                return Fault.Length == 0 ? OperationStatus.NeedMoreData : OperationStatus.InvalidData;
            }

            if (!_hasHeader && id != WebMIds.Header)
            {
                return Fail("It does not begin with a header of EBML.");
            }

            if (id is WebMIds.Segment or WebMIds.Cluster)
            {
                // Entered, whatever its length: what follows says by its own id where it belongs.
                input.Advance(headLength);
                _clusterTime = null;
                continue;
            }

            if (length is not { } known)
            {
                return Fail($"Element {id:X} has no length.");
            }

            if (MaxOf(id) is not { } most)
            {
                input.Advance(headLength);
                _skipped = known;
                continue;
            }

            if (known > (ulong)most)
            {
                return Fail($"Element {id:X} has {known} bytes; it may have {most}.");
            }

            if (input.Remaining < headLength + (long)known)
            {
                return OperationStatus.NeedMoreData;
            }

            var body = input.UnreadSequence.Slice(headLength, (long)known);
            var isFrame = Take(id, body.IsSingleSegment ? body.FirstSpan : body.ToArray(), out frame);
            input.Advance(headLength + (long)known);
            if (isFrame)
            {
                return OperationStatus.Done;
            }
        }

        return OperationStatus.InvalidData;
    }

    private static int? MaxOf(uint id) => id switch
    {
        WebMIds.Header => MaxHeader,
        WebMIds.Information => MaxInformation,
        WebMIds.Tracks => MaxTrackList,
        WebMIds.ClusterTime => sizeof(ulong),
        WebMIds.SimpleBlock => MaxFrame + BlockHeadLength + sizeof(ulong),
        WebMIds.BlockGroup => MaxFrame + BlockGroupRoom,
        _ => null,
    };

    private OperationStatus Fail(string fault)
    {
        Fault = fault;
        return OperationStatus.InvalidData;
    }

    private bool TrySkip(ref SequenceReader<byte> input)
    {
        var now = (long)Math.Min(_skipped, (ulong)input.Remaining);
        input.Advance(now);
        _skipped -= (ulong)now;
        return _skipped == 0;
    }

    private bool TryReadHead(SequenceReader<byte> input, out uint id, out ulong? length, out int headLength)
    {
        Span<byte> bytes = stackalloc byte[12];
        var have = (int)Math.Min(input.Remaining, bytes.Length);
        input.UnreadSequence.Slice(0, have).CopyTo(bytes);
        switch (EbmlElement.TryReadHead(bytes[..have], out id, out length, out headLength))
        {
            case OperationStatus.Done:
                return true;
            case OperationStatus.InvalidData:
                Fail("An id or a length is longer than EBML allows.");
                return false;
            default:
                return false;
        }
    }

    private bool Take(uint id, ReadOnlySpan<byte> body, out WebMFrame frame)
    {
        frame = default;
        switch (id)
        {
            case WebMIds.Header:
                TakeHeader(body);
                return false;
            case WebMIds.Information:
                TakeInformation(body);
                return false;
            case WebMIds.Tracks:
                TakeTracks(body);
                return false;
            case WebMIds.ClusterTime:
                _clusterTime = EbmlElement.UIntOf(body);
                return false;
            case WebMIds.SimpleBlock:
                return TakeBlock(body, TimeSpan.Zero, isKeyframe: null, out frame);
            default:
                return TakeGroup(body, out frame);
        }
    }

    private void TakeHeader(ReadOnlySpan<byte> body)
    {
        _hasHeader = true;
        var elements = new EbmlElements(body);
        while (elements.TryRead(out var id, out var value))
        {
            if (id == WebMIds.DocType && !value.SequenceEqual("webm"u8) && !value.SequenceEqual("matroska"u8))
            {
                Fail("It is neither WebM nor Matroska.");
            }
        }

        CheckWhole(elements);
    }

    private void TakeInformation(ReadOnlySpan<byte> body)
    {
        var elements = new EbmlElements(body);
        while (elements.TryRead(out var id, out var value))
        {
            if (id == WebMIds.TimeScale)
            {
                _scaleNs = EbmlElement.UIntOf(value);
                if (_scaleNs is 0 or > 1_000_000_000)
                {
                    Fail($"Its unit of time is {_scaleNs} ns; it may be 1 ns to 1 s.");
                }
            }
        }

        CheckWhole(elements);
    }

    private void TakeTracks(ReadOnlySpan<byte> body)
    {
        _tracks.Clear();
        var elements = new EbmlElements(body);
        while (elements.TryRead(out var id, out var value) && Fault.Length == 0)
        {
            if (id == WebMIds.TrackEntry && ReadTrack(value) is { } track)
            {
                if (_tracks.Count == MaxTracks || _tracks.Exists(other => other.Number == track.Number))
                {
                    Fail($"It has more than {MaxTracks} tracks, or two of one number.");
                    return;
                }

                _tracks.Add(track);
            }
        }

        CheckWhole(elements);
    }

    private WebMTrack? ReadTrack(ReadOnlySpan<byte> body)
    {
        ulong number = 0, type = 0, width = 0, height = 0, channels = 1;
        var rotationDegrees = 0;
        var codec = "";
        var elements = new EbmlElements(body);
        while (elements.TryRead(out var id, out var value))
        {
            switch (id)
            {
                case WebMIds.TrackNumber:
                    number = EbmlElement.UIntOf(value);
                    break;
                case WebMIds.TrackType:
                    type = EbmlElement.UIntOf(value);
                    break;
                case WebMIds.CodecId:
                    codec = Encoding.ASCII.GetString(value[..Math.Min(value.Length, 64)]);
                    break;
                case WebMIds.Encodings:
                    Fail("Its frames are encrypted or compressed.");
                    break;
                case WebMIds.Video:
                    width = UIntIn(value, WebMIds.Width);
                    height = UIntIn(value, WebMIds.Height);
                    rotationDegrees = RotationIn(value);
                    break;
                case WebMIds.Audio:
                    channels = Math.Max(1, UIntIn(value, WebMIds.Channels));
                    break;
            }
        }

        CheckWhole(elements);
        if (type is not (1 or 2))
        {
            return null; // Subtitles and the like.
        }

        var isVideo = type == 1;
        if (number is 0 or > 127 || width > MaxSide || height > MaxSide || channels > MaxChannels || (isVideo && (width == 0 || height == 0)))
        {
            Fail($"Track {number} has no number, or no size that can be used.");
            return null;
        }

        WebMCodec? known = codec switch
        {
            "V_VP8" when isVideo => WebMCodec.Vp8,
            "A_OPUS" when !isVideo => WebMCodec.Opus,
            _ => null,
        };
        return isVideo
            ? new WebMTrack((int)number, TrackKind.Video, codec, known, (int)width, (int)height, 0) { RotationDegrees = rotationDegrees }
            : new WebMTrack((int)number, TrackKind.Audio, codec, known, 0, 0, (int)channels);
    }

    /// <summary>By its roll, which counts counterclockwise (RFC 9559 section 5.1.4.1.28, ProjectionPoseRoll).</summary>
    private int RotationIn(ReadOnlySpan<byte> video)
    {
        var roll = FloatOf(ValueIn(ValueIn(video, WebMIds.Projection), WebMIds.Roll));
        return roll is -90 or 270 ? 90 : roll is -180 or 180 ? 180 : roll is -270 or 90 ? 270 : 0;
    }

    private static double FloatOf(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        sizeof(float) => BinaryPrimitives.ReadSingleBigEndian(bytes),
        sizeof(double) => BinaryPrimitives.ReadDoubleBigEndian(bytes),
        _ => 0,
    };

    private ulong UIntIn(ReadOnlySpan<byte> body, uint wanted) => EbmlElement.UIntOf(ValueIn(body, wanted));

    private ReadOnlySpan<byte> ValueIn(ReadOnlySpan<byte> body, uint wanted)
    {
        ReadOnlySpan<byte> found = default;
        var elements = new EbmlElements(body);
        while (elements.TryRead(out var id, out var value))
        {
            found = id == wanted ? value : found;
        }

        CheckWhole(elements);
        return found;
    }

    private bool TakeGroup(ReadOnlySpan<byte> body, out WebMFrame frame)
    {
        frame = default;
        ReadOnlySpan<byte> block = default;
        ulong duration = 0;
        var isKeyframe = true;
        var elements = new EbmlElements(body);
        while (elements.TryRead(out var id, out var value))
        {
            switch (id)
            {
                case WebMIds.Block:
                    block = value;
                    break;
                case WebMIds.BlockDuration:
                    duration = EbmlElement.UIntOf(value);
                    break;
                case WebMIds.Reference:
                    isKeyframe = false;
                    break;
            }
        }

        CheckWhole(elements);
        if (Fault.Length > 0 || TimeOf(duration) is not { } lasts)
        {
            return false;
        }

        return TakeBlock(block, lasts, isKeyframe, out frame);
    }

    private bool TakeBlock(ReadOnlySpan<byte> body, TimeSpan duration, bool? isKeyframe, out WebMFrame frame)
    {
        frame = default;
        if (_clusterTime is not { } clusterTime || _tracks.Count == 0)
        {
            Fail("A frame comes before the tracks, or before its cluster's time.");
            return false;
        }

        if (!EbmlElement.TryReadLength(body, out var number, out var at) || number is null || body.Length <= at + BlockHeadLength)
        {
            Fail("A frame is empty, or has no head.");
            return false;
        }

        var relative = BinaryPrimitives.ReadInt16BigEndian(body[at..]);
        var flags = body[at + 2];
        if ((flags & 0x06) != 0)
        {
            Fail("Its frames are laced: several in one block.");
            return false;
        }

        if (_tracks.Find(track => (ulong)track.Number == number) is not { } whose)
        {
            return false; // Of a track of no use to us.
        }

        var units = relative < 0 ? clusterTime - Math.Min(clusterTime, (ulong)-relative) : clusterTime + Math.Min(ulong.MaxValue - clusterTime, (ulong)relative);
        if (TimeOf(units) is not { } time)
        {
            return false;
        }

        var data = body[(at + BlockHeadLength)..];
        if (data.Length > MaxFrame)
        {
            Fail($"A frame has {data.Length} bytes; it may have {MaxFrame}.");
            return false;
        }

        frame = new WebMFrame(whose, time, duration, isKeyframe ?? (flags & 0x80) != 0, data.ToArray());
        return true;
    }

    private TimeSpan? TimeOf(ulong units)
    {
        var ticks = (Int128)units * _scaleNs / 100;
        if (ticks <= LongestTime.Ticks)
        {
            return TimeSpan.FromTicks((long)ticks);
        }

        Fail("A time is more than a week.");
        return null;
    }

    private void CheckWhole(in EbmlElements elements)
    {
        if (!elements.IsWhole && Fault.Length == 0)
        {
            Fail("An element reaches beyond the one it is in.");
        }
    }
}
