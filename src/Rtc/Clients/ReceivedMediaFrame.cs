using Roomcast.Media;

namespace Roomcast.Rtc.Clients;

/// <summary>A whole frame that a client received: a picture of VP8, or a packet of Opus.</summary>
/// <param name="Mid">The section it came by.</param>
/// <param name="Kind">Sound or picture.</param>
/// <param name="Time">When it was sampled, since the first frame of its track.</param>
/// <param name="Duration">How long it sounds; zero for pictures.</param>
/// <param name="IsKeyframe">Whether decoding can start here; true for sound.</param>
/// <param name="Width">Pixels across in a keyframe; otherwise 0.</param>
/// <param name="Height">Pixels down in a keyframe; otherwise 0.</param>
/// <param name="Data">The frame without RTP; belongs to whoever takes it.</param>
/// <param name="ArrivedAt">When it was whole, in the monotonic time of its transport.</param>
/// <param name="RotationDegrees">By how much a picture is to be turned clockwise to be upright: 0, 90, 180 or 270.</param>
public sealed record ReceivedMediaFrame(
    string Mid,
    TrackKind Kind,
    TimeSpan Time,
    TimeSpan Duration,
    bool IsKeyframe,
    int Width,
    int Height,
    ReadOnlyMemory<byte> Data,
    TimeSpan ArrivedAt,
    int RotationDegrees = 0);
