namespace Roomcast.Media.Codecs;

/// <summary>How a picture's numbers become colours, by the code points of ITU-T H.273.</summary>
/// <param name="Primaries">Colour primaries; 2 is unspecified.</param>
/// <param name="Transfer">Transfer characteristics; 2 is unspecified.</param>
/// <param name="Matrix">Matrix coefficients; 2 is unspecified.</param>
/// <param name="IsFullRange">Whether samples use the whole range rather than the studio range.</param>
public readonly record struct ColourDescription(byte Primaries, byte Transfer, byte Matrix, bool IsFullRange)
{
    /// <summary>Nothing is known: the three code points 2, studio range.</summary>
    public static ColourDescription Unspecified => new(2, 2, 2, false);
}
