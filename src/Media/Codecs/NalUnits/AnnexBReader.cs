namespace Roomcast.Media.Codecs.NalUnits;

/// <summary>Walks the NAL units of a byte stream with start codes (ISO/IEC 14496-10 Annex B).</summary>
/// <remarks>Takes start codes of three and four bytes. Bytes in front of the first start code are passed over.</remarks>
public ref struct AnnexBReader
{
    private static readonly byte[] StartCode = [0, 0, 1];

    private ReadOnlySpan<byte> _rest;

    /// <summary>Starts at the first start code.</summary>
    /// <param name="stream">Whole NAL units; the last one ends with the span.</param>
    public AnnexBReader(ReadOnlySpan<byte> stream)
    {
        var at = stream.IndexOf(StartCode);
        _rest = at < 0 ? default : stream[(at + StartCode.Length)..];
    }

    /// <summary>Takes the next unit.</summary>
    /// <param name="nalUnit">The unit without start code and trailing zeros; never empty.</param>
    /// <returns>False at the end.</returns>
    public bool TryRead(out ReadOnlySpan<byte> nalUnit)
    {
        while (!_rest.IsEmpty)
        {
            var next = _rest.IndexOf(StartCode);
            nalUnit = next < 0 ? _rest : _rest[..next];
            _rest = next < 0 ? default : _rest[(next + StartCode.Length)..];

            // Zeros in front of a start code belong to it (zero_byte, trailing_zero_8bits): a NAL unit never ends with 0.
            nalUnit = nalUnit.TrimEnd((byte)0);
            if (!nalUnit.IsEmpty)
            {
                return true;
            }
        }

        nalUnit = default;
        return false;
    }
}
