using System.Buffers;
using System.Buffers.Binary;

namespace Roomcast.Media.Containers.WebM;

/// <summary>The file of a <see cref="WebMWriter"/>, as found: perhaps cut off anywhere, by a crash or a full disk.</summary>
/// <remarks>
/// It is walked element by element; of a cluster only the heads of its frames are read. Never throws on the bytes: it ends where the
/// last whole cluster ends, and what stands behind is a torn tail. Not thread-safe.
/// </remarks>
public sealed class WebMRecordedFile
{
    private const int HeadRoom = 12; // Of an element; with as much of a frame as tells its time.
    private const int BlockHeadLength = 4; // Number of the track in one byte, time, flags.
    private const int MaxFront = 64 << 10;
    private const long LongestTimeMs = 7L * 24 * 3_600_000;

    private readonly Stream _file;
    private readonly byte[] _head = new byte[HeadRoom];
    private long _segmentLengthAt = -1;
    private long _durationAt = -1;

    private WebMRecordedFile(Stream file) => _file = file;

    /// <summary>Bytes up to the end of the last whole cluster, or of the cues behind it; 0 when there is no cluster.</summary>
    public long Length { get; private set; }

    /// <summary>When the last frame begins, from the beginning of the file.</summary>
    public TimeSpan Duration { get; private set; }

    /// <summary>Whether something stands behind the last whole element.</summary>
    public bool IsTorn => _file.Length > Length;

    private long SegmentStart => _segmentLengthAt + sizeof(long);

    /// <summary>Reads how far it is whole.</summary>
    /// <param name="file">The file, seekable; only <see cref="Mend"/> writes it.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static WebMRecordedFile Read(Stream file, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        var recorded = new WebMRecordedFile(file);
        recorded.Walk(cancellationToken);
        return recorded;
    }

    /// <summary>Makes it a file that was ended: without its torn tail, and with its length and duration in front. One that is whole stays as it is.</summary>
    /// <returns>Whether there is anything in it; otherwise it was left alone.</returns>
    /// <exception cref="NotSupportedException">It was not opened for writing too.</exception>
    public bool Mend()
    {
        if (Length == 0)
        {
            return false;
        }

        var bytes = new byte[sizeof(long)];
        var length = WebMWriter.SegmentLength(Length - SegmentStart);
        if (!TryFill(_segmentLengthAt, bytes) || BinaryPrimitives.ReadInt64BigEndian(bytes) != length || IsTorn)
        {
            _file.SetLength(Length);
            BinaryPrimitives.WriteDoubleBigEndian(bytes, Duration.TotalMilliseconds);
            Write(_durationAt, bytes);
            BinaryPrimitives.WriteInt64BigEndian(bytes, length); // Last: by it is known that all was done.
            Write(_segmentLengthAt, bytes);
            _file.Flush();
        }

        return true;
    }

    private void Write(long position, byte[] bytes)
    {
        _file.Position = position;
        _file.Write(bytes);
    }

    private void Walk(CancellationToken cancellationToken)
    {
        if (FindFront() is not { } position)
        {
            return;
        }

        while (TryReadHead(position, _file.Length, out var id, out var body, out var end))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (id is WebMIds.Cluster)
            {
                if (FindLastFrame(body, end) is not { } last)
                {
                    return;
                }

                Duration = last > Duration ? last : Duration;
            }
            else if (id is not WebMIds.Cues || Length == 0)
            {
                return;
            }

            Length = end;
            position = end;
        }
    }

    /// <summary>Finds what is written anew at the end.</summary>
    /// <returns>Where the clusters begin; null when the front is not whole, or none that a writer makes.</returns>
    private long? FindFront()
    {
        if (!TryReadHead(0, _file.Length, out var id, out _, out var position) || id is not WebMIds.Header || position > MaxFront)
        {
            return null;
        }

        // The length of the segment takes eight bytes, and is mostly not known yet.
        if (!TryFill(position, _head) || BinaryPrimitives.ReadUInt32BigEndian(_head) != WebMIds.Segment || _head[sizeof(uint)] != 1)
        {
            return null;
        }

        _segmentLengthAt = position + sizeof(uint);
        position = SegmentStart;
        if (!TryReadHead(position, _file.Length, out id, out var body, out var end) || id is not WebMIds.Information || end > MaxFront
            || FindDuration(body, end) is not { } durationAt)
        {
            return null;
        }

        _durationAt = durationAt;
        return TryReadHead(end, _file.Length, out id, out _, out var clusters) && id is WebMIds.Tracks && clusters <= MaxFront ? clusters : null;
    }

    private long? FindDuration(long position, long end)
    {
        while (TryReadHead(position, end, out var id, out var body, out var next))
        {
            if (id is WebMIds.Duration)
            {
                return next - body == sizeof(double) ? body : null;
            }

            position = next;
        }

        return null;
    }

    /// <returns>The time of the last frame; null when the cluster holds none, or something else.</returns>
    private TimeSpan? FindLastFrame(long position, long end)
    {
        if (!TryReadHead(position, end, out var id, out var body, out var next) || id is not WebMIds.ClusterTime || next - body > sizeof(ulong))
        {
            return null;
        }

        var number = new byte[next - body];
        if (!TryFill(body, number) || EbmlElement.UIntOf(number) is var clusterMs && clusterMs > LongestTimeMs)
        {
            return null;
        }

        TimeSpan? last = null;
        for (position = next; position < end; position = next)
        {
            if (!TryReadHead(position, end, out id, out body, out next) || id is not WebMIds.SimpleBlock || next - body <= BlockHeadLength
                || !TryFill(body, _head.AsSpan(0, BlockHeadLength)))
            {
                return null;
            }

            var at = TimeSpan.FromMilliseconds((long)clusterMs + BinaryPrimitives.ReadInt16BigEndian(_head.AsSpan(1)));
            last = last > at ? last : at;
        }

        return last;
    }

    private bool TryReadHead(long position, long within, out uint id, out long body, out long end)
    {
        id = 0;
        body = 0;
        end = 0;
        var room = (int)Math.Clamp(within - position, 0, HeadRoom);
        if (!TryFill(position, _head.AsSpan(0, room))
            || EbmlElement.TryReadHead(_head.AsSpan(0, room), out id, out var length, out var headLength) is not OperationStatus.Done
            || length is not { } known || known > (ulong)(within - position - headLength))
        {
            return false;
        }

        body = position + headLength;
        end = body + (long)known;
        return true;
    }

    private bool TryFill(long position, Span<byte> bytes)
    {
        _file.Position = position;
        return _file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length;
    }
}
