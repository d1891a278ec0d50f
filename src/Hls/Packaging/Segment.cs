namespace Roomcast.Hls.Packaging;

/// <summary>What a playlist says in front of a segment's first part.</summary>
/// <param name="Msn">The media sequence number.</param>
/// <param name="IsDiscontinuity">Whether EXT-X-DISCONTINUITY stands before it.</param>
/// <param name="InitNumber">The initialisation section that it needs.</param>
/// <param name="ProgramDateTime">The wall clock at its first frame.</param>
internal sealed record SegmentHead(long Msn, bool IsDiscontinuity, int InitNumber, DateTimeOffset ProgramDateTime);

/// <summary>One finished segment. All but where its bytes lie is immutable.</summary>
internal sealed class Segment
{
    private readonly Lock _lock = new();
    private ReadOnlyMemory<byte>[]? _pieces;
    private ISpilledSegment? _spilled;
    private bool _isDropped;

    /// <summary>Makes a segment whose bytes are in memory.</summary>
    public Segment(SegmentHead head, long units, Part[] parts, SegmentMemory memory, bool isIndependent)
    {
        Head = head;
        Units = units;
        Parts = parts;
        IsIndependent = isIndependent;
        Length = memory.Length;
        Reserved = memory.Reserved;
        _pieces = memory.ToPieces();
    }

    /// <summary>Makes a segment without media: EXT-X-GAP.</summary>
    public Segment(SegmentHead head, long units)
    {
        Head = head;
        Units = units;
        Parts = [];
        IsGap = true;
        IsIndependent = true;
        _isDropped = true;
    }

    /// <summary>What stands in front of it.</summary>
    public SegmentHead Head { get; }

    /// <summary>Its media sequence number.</summary>
    public long Msn => Head.Msn;

    /// <summary>Its length, in units of <see cref="Segmenting.HlsClock"/>.</summary>
    public long Units { get; }

    /// <summary>Its parts; empty for one that had none.</summary>
    public Part[] Parts { get; }

    /// <summary>Whether it begins with a keyframe.</summary>
    public bool IsIndependent { get; }

    /// <summary>Whether there is no media for this time.</summary>
    public bool IsGap { get; }

    /// <summary>Bytes of media.</summary>
    public long Length { get; }

    /// <summary>Memory that it takes while in memory, in bytes.</summary>
    public long Reserved { get; }

    /// <summary>Its lines in a playlist without parts, rendered once. Set before anybody sees the segment.</summary>
    public byte[] Text { get; set; } = [];

    /// <summary>Its lines with parts, rendered once. Set before anybody sees the segment.</summary>
    public byte[] TextWithParts { get; set; } = [];

    /// <summary>Whether its bytes are in memory, and nobody has begun to put them away.</summary>
    public bool IsInMemory
    {
        get
        {
            lock (_lock)
            {
                return _pieces is not null;
            }
        }
    }

    /// <summary>Whether putting it away has begun. Only the stream's writer uses it.</summary>
    public bool IsSpilling { get; set; }

    /// <summary>The pieces in memory, or null.</summary>
    public ReadOnlyMemory<byte>[]? Pieces
    {
        get
        {
            lock (_lock)
            {
                return _pieces;
            }
        }
    }

    /// <summary>The whole segment for a viewer; null when it is gone.</summary>
    public MediaPayload? ToPayload()
    {
        lock (_lock)
        {
            return _pieces is not null ? new MediaPayload(_pieces)
                : _spilled is not null ? new MediaPayload(_spilled, 0, Length)
                : null;
        }
    }

    /// <summary>One part for a viewer; null when there is none of this index, or it is gone.</summary>
    public MediaPayload? ToPayload(int index)
    {
        if ((uint)index >= (uint)Parts.Length)
        {
            return null;
        }

        var part = Parts[index];
        lock (_lock)
        {
            if (_pieces is null)
            {
                return _spilled is null ? null : new MediaPayload(_spilled, part.Offset, part.Length);
            }

            // A part never lies across two pieces.
            var offset = part.Offset;
            foreach (var piece in _pieces)
            {
                if (offset < piece.Length)
                {
                    return new MediaPayload([piece.Slice((int)offset, part.Length)]);
                }

                offset -= piece.Length;
            }

            return null;
        }
    }

    /// <summary>Lets go of the memory because the bytes were put away.</summary>
    /// <returns>False when the segment was dropped meanwhile: the caller deletes what was put away.</returns>
    public bool TryMoveTo(ISpilledSegment spilled)
    {
        lock (_lock)
        {
            if (_isDropped)
            {
                return false;
            }

            _spilled = spilled;
            _pieces = null;
            return true;
        }
    }

    /// <summary>Throws the bytes away.</summary>
    /// <returns>Whether this let go of memory.</returns>
    public bool Drop()
    {
        ISpilledSegment? spilled;
        bool wasInMemory;
        lock (_lock)
        {
            if (_isDropped)
            {
                return false;
            }

            _isDropped = true;
            wasInMemory = _pieces is not null;
            spilled = _spilled;
            _pieces = null;
            _spilled = null;
        }

        spilled?.Delete();
        return wasInMemory;
    }
}
