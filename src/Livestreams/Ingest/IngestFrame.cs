using Roomcast.Media;
using Roomcast.Media.Buffers;

namespace Roomcast.Livestreams.Ingest;

/// <summary>One good frame as the encoder sent it, before it has a place in the program.</summary>
/// <param name="Track">Its track; another object than before when the parameters changed with it.</param>
/// <param name="Buffer">Where it lies. Whoever holds the frame holds one reference.</param>
/// <param name="Offset">Its first byte.</param>
/// <param name="Length">Its length.</param>
/// <param name="TimestampMs">Its decode time on the encoder's clock.</param>
/// <param name="Nanoseconds">What to add to that.</param>
/// <param name="CompositionTimeMs">How long after that it is shown.</param>
/// <param name="IsKeyframe">Whether decoding can start here.</param>
/// <param name="Samples">Samples of sound.</param>
/// <param name="Arrival">When it arrived.</param>
internal readonly record struct IngestFrame(
    Track Track,
    MediaBuffer Buffer,
    int Offset,
    int Length,
    uint TimestampMs,
    int Nanoseconds,
    int CompositionTimeMs,
    bool IsKeyframe,
    int Samples,
    TimeSpan Arrival)
{
    public TrackKind Kind => Track.Kind;
}
