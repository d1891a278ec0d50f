using System.Collections.Concurrent;
using System.Diagnostics;
using Roomcast.Media.Buffers;
using Roomcast.Media.Time;

namespace Roomcast.Media;

/// <summary>One access unit of a track, with its times. Shared by count: whoever keeps it retains it, and releases it once.</summary>
/// <remarks>Immutable between creation and the last release. Counting is thread-safe. Objects are pooled.</remarks>
public sealed class Frame
{
    private const int MaxSpareObjects = 4096;

    private static readonly ConcurrentQueue<Frame> SpareObjects = new();
    private static int _spareCount;

    private MediaBuffer? _buffer;
    private int _offset;
    private int _length;
    private int _owners;

    private Frame()
    {
    }

    /// <summary>The <see cref="Track.Id"/> of its track.</summary>
    public int TrackId { get; private set; }

    /// <summary>When it is decoded. Rises from frame to frame within one track.</summary>
    public MediaTime DecodeTime { get; private set; }

    /// <summary>When it is shown or heard; at or after <see cref="DecodeTime"/> except where a source is out of order.</summary>
    public MediaTime PresentationTime { get; private set; }

    /// <summary>How long it lasts; zero when unknown, which is usual for live video.</summary>
    public TimeSpan Duration { get; private set; }

    /// <summary>Whether decoding can start here. Always true for audio.</summary>
    public bool IsKeyframe { get; private set; }

    /// <summary>Bytes of payload.</summary>
    public int Length => _length;

    /// <summary>The payload in the form that <see cref="Track"/> describes.</summary>
    public ReadOnlyMemory<byte> Payload => Buffer.Memory.Slice(_offset, _length);

    private MediaBuffer Buffer => _buffer ?? throw new InvalidOperationException("The frame was used after its last release.");

    /// <summary>Makes a frame over part of a buffer. The caller owns the frame; the frame adds itself as an owner of the buffer.</summary>
    /// <param name="trackId">The track's id.</param>
    /// <param name="decodeTime">When it is decoded.</param>
    /// <param name="presentationTime">When it is shown.</param>
    /// <param name="duration">How long it lasts, zero when unknown.</param>
    /// <param name="isKeyframe">Whether decoding can start here.</param>
    /// <param name="buffer">Where the payload lies.</param>
    /// <param name="offset">Its first byte.</param>
    /// <param name="length">Its length in bytes.</param>
    public static Frame Create(
        int trackId,
        MediaTime decodeTime,
        MediaTime presentationTime,
        TimeSpan duration,
        bool isKeyframe,
        MediaBuffer buffer,
        int offset,
        int length)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, buffer.Length - offset);

        if (SpareObjects.TryDequeue(out var frame))
        {
            Interlocked.Decrement(ref _spareCount);
        }
        else
        {
            frame = new Frame();
        }

        buffer.Retain();
        frame.TrackId = trackId;
        frame.DecodeTime = decodeTime;
        frame.PresentationTime = presentationTime;
        frame.Duration = duration;
        frame.IsKeyframe = isKeyframe;
        frame._buffer = buffer;
        frame._offset = offset;
        frame._length = length;
        Volatile.Write(ref frame._owners, 1);
        return frame;
    }

    /// <summary>Makes a frame with a copy of <paramref name="payload"/>, for sources that do not hold a buffer.</summary>
    public static Frame CopyOf(
        int trackId,
        MediaTime decodeTime,
        MediaTime presentationTime,
        TimeSpan duration,
        bool isKeyframe,
        ReadOnlySpan<byte> payload)
    {
        var buffer = MediaBuffer.Rent(payload.Length);
        payload.CopyTo(buffer.Span);
        var frame = Create(trackId, decodeTime, presentationTime, duration, isKeyframe, buffer, 0, payload.Length);
        buffer.Release();
        return frame;
    }

    /// <summary>Makes the same frame at another time. It shares the payload; the caller owns it.</summary>
    /// <param name="offset">What to add to its times.</param>
    public Frame ShiftedBy(TimeSpan offset) =>
        Create(TrackId, DecodeTime + offset, PresentationTime + offset, Duration, IsKeyframe, Buffer, _offset, _length);

    /// <summary>Adds an owner, who must call <see cref="Release"/> once.</summary>
    public void Retain()
    {
        var owners = Interlocked.Increment(ref _owners);
        Debug.Assert(owners > 1, "A frame was retained after its last owner let go.");
    }

    /// <summary>Takes one owner away; the last one lets go of the buffer.</summary>
    public void Release()
    {
        var owners = Interlocked.Decrement(ref _owners);
        Debug.Assert(owners >= 0, "A frame was released more often than it was retained.");
        if (owners != 0)
        {
            return;
        }

        var buffer = _buffer!;
        _buffer = null;
        buffer.Release();
        if (Interlocked.Increment(ref _spareCount) <= MaxSpareObjects)
        {
            SpareObjects.Enqueue(this);
        }
        else
        {
            Interlocked.Decrement(ref _spareCount);
        }
    }
}
