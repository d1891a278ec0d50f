using Roomcast.Media;

namespace Roomcast.Hls.Segmenting;

/// <summary>A frame on its way into a part.</summary>
/// <param name="Frame">The frame; whoever holds the sample owns one reference.</param>
/// <param name="DecodeTime">When it is decoded, in units of its track's clock.</param>
/// <param name="Duration">Until the next frame of the track, in units of its track's clock.</param>
/// <param name="CompositionOffset">From decoding to showing, in units of its track's clock.</param>
/// <param name="At">When it is decoded, in units of <see cref="HlsClock"/>.</param>
/// <param name="End">When the next frame of the track is decoded, in units of <see cref="HlsClock"/>.</param>
/// <param name="ArrivedAt">Monotonic time at which it came.</param>
internal readonly record struct Sample(
    Frame Frame, long DecodeTime, long Duration, int CompositionOffset, long At, long End, TimeSpan ArrivedAt)
{
    /// <summary>Its length, in units of <see cref="HlsClock"/>.</summary>
    public long Units => End - At;
}
