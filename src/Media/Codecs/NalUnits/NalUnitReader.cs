namespace Roomcast.Media.Codecs.NalUnits;

/// <summary>Walks the NAL units of a frame that carries each behind its length (ISO/IEC 14496-15 section 4.3.3).</summary>
/// <remarks>
/// A unit longer than what is left ends the walk and sets <see cref="IsMalformed"/>. Empty units, which some encoders
/// send as padding, are passed over.
/// </remarks>
public ref struct NalUnitReader
{
    private readonly int _lengthSize;
    private ReadOnlySpan<byte> _rest;

    /// <summary>Starts at the first unit.</summary>
    /// <param name="payload">The frame.</param>
    /// <param name="lengthSize">Bytes of each length, 1 to 4.</param>
    public NalUnitReader(ReadOnlySpan<byte> payload, int lengthSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lengthSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthSize, 4);
        _rest = payload;
        _lengthSize = lengthSize;
        IsMalformed = false;
    }

    /// <summary>Whether the walk ended at a length that the frame does not hold.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Takes the next unit.</summary>
    /// <param name="nalUnit">The unit without its length; never empty.</param>
    /// <returns>False at the end, and at a malformed length.</returns>
    public bool TryRead(out ReadOnlySpan<byte> nalUnit)
    {
        nalUnit = default;
        while (!_rest.IsEmpty)
        {
            if (_rest.Length < _lengthSize)
            {
                return Fail();
            }

            uint length = 0;
            foreach (var value in _rest[.._lengthSize])
            {
                length = (length << 8) | value;
            }

            if (length > (uint)(_rest.Length - _lengthSize))
            {
                return Fail();
            }

            nalUnit = _rest.Slice(_lengthSize, (int)length);
            _rest = _rest[(_lengthSize + (int)length)..];
            if (!nalUnit.IsEmpty)
            {
                return true;
            }
        }

        return false;
    }

    private bool Fail()
    {
        IsMalformed = true;
        _rest = default;
        return false;
    }
}
