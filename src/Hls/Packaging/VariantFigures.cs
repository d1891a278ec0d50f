namespace Roomcast.Hls.Packaging;

/// <summary>What the multivariant playlist says of a rendition.</summary>
/// <param name="Codecs">CODECS.</param>
/// <param name="Width">Pixels; 0 without a picture.</param>
/// <param name="Height">Pixels; 0 without a picture.</param>
/// <param name="FrameRate">Frames in a second; 0 when unknown.</param>
/// <param name="PeakBps">Bit rate of the heaviest segment.</param>
/// <param name="AverageBps">Bit rate of all segments that are kept.</param>
internal sealed record VariantFigures(string Codecs, int Width, int Height, double FrameRate, long PeakBps, long AverageBps);
