using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Roomcast.Media.Codecs.Vp9;

/// <summary>The VPCodecConfigurationRecord, body of a vpcC box behind its version and flags.</summary>
/// <remarks>Source: VP Codec ISO Media File Format Binding version 1.0. It does not say how large the picture is.</remarks>
public sealed class Vp9Configuration
{
    /* | profile:8 | level:8 | depth:4 | chroma:3 | full range:1 | primaries:8 | transfer:8 | matrix:8 | more length:16 = 0 | */
    private const int Length = 8;

    private Vp9Configuration()
    {
    }

    /// <summary>The record without version and flags.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>0 to 3.</summary>
    public int Profile => Bytes.Span[0];

    /// <summary>Ten times the level, for example 31; 0 when unknown.</summary>
    public int Level => Bytes.Span[1];

    /// <summary>Bits of a sample: 8, 10 or 12.</summary>
    public int BitDepth => Bytes.Span[2] >> 4;

    /// <summary>0 and 1 4:2:0 (vertical, colocated), 2 4:2:2, 3 4:4:4.</summary>
    public int ChromaSubsampling => (Bytes.Span[2] >> 1) & 7;

    /// <summary>How to show the samples.</summary>
    public ColourDescription Colour => new(Bytes.Span[3], Bytes.Span[4], Bytes.Span[5], (Bytes.Span[2] & 1) != 0);

    /// <summary>The codec as the binding writes it, for example <c>vp09.00.31.08</c>, with colours where they are not the usual ones.</summary>
    public string CodecString
    {
        get
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"vp09.{Profile:00}.{Level:00}.{BitDepth:00}");
            var isPlain = ChromaSubsampling <= 1 && Colour is { Primaries: 1 or 2, Transfer: 1 or 2, Matrix: 1 or 2, IsFullRange: false };
            return isPlain
                ? text
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{text}.{ChromaSubsampling:00}.{Colour.Primaries:00}.{Colour.Transfer:00}.{Colour.Matrix:00}.{(Colour.IsFullRange ? 1 : 0):00}");
        }
    }

    /// <summary>Reads a record, with the four bytes of version and flags in front or without.</summary>
    /// <param name="bytes">The record.</param>
    /// <param name="configuration">The record, when right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out Vp9Configuration? configuration, out TrackFault fault)
    {
        configuration = null;

        // Version 1, flags 0: as a record this would be a bit depth of 0, so the two cannot be confused.
        if (bytes.Length >= 4 && bytes.Span[..4].SequenceEqual((ReadOnlySpan<byte>)[1, 0, 0, 0]))
        {
            bytes = bytes[4..];
        }

        if (bytes.Length < Length)
        {
            fault = TrackFault.Truncated;
            return false;
        }

        var read = new Vp9Configuration { Bytes = bytes[..Length] };
        if (read.Profile > 3 || read.BitDepth is not (8 or 10 or 12) || read.ChromaSubsampling > 3)
        {
            fault = TrackFault.Malformed;
            return false;
        }

        configuration = read;
        fault = TrackFault.None;
        return true;
    }
}
