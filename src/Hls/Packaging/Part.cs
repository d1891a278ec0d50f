namespace Roomcast.Hls.Packaging;

/// <summary>One part of a segment: how long it lasts and which of the segment's bytes it is.</summary>
/// <param name="Units">Its length, in units of <see cref="Segmenting.HlsClock"/>.</param>
/// <param name="IsIndependent">Whether decoding can start with its first frame.</param>
/// <param name="Offset">Where it begins in its segment, in bytes.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct Part(long Units, bool IsIndependent, long Offset, int Length);

/// <summary>A part of the segment that is still growing, with its bytes.</summary>
/// <param name="Part">What it is.</param>
/// <param name="Bytes">Its bytes.</param>
internal readonly record struct OpenPart(Part Part, ReadOnlyMemory<byte> Bytes);
