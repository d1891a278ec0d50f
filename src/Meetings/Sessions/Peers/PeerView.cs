using Roomcast.Meetings.Presets;

namespace Roomcast.Meetings.Sessions.Peers;

/// <summary>A peer as others are told of it, at one moment.</summary>
/// <param name="PeerId">The presence.</param>
/// <param name="UserId">The participant.</param>
/// <param name="Name">The name it goes by here.</param>
/// <param name="Picture">Address of its picture; may be empty.</param>
/// <param name="CustomId">The participant's id in the customer's own words.</param>
/// <param name="PresetId">Its preset.</param>
/// <param name="PresetName">The preset's name.</param>
/// <param name="Stage">Where it stands towards the stage.</param>
/// <param name="IsWaiting">Whether it waits to be let in.</param>
/// <param name="IsHidden">Whether it wants not to be shown.</param>
/// <param name="Recorder">What kind of recorder it is, if any.</param>
public sealed record PeerView(
    string PeerId,
    string UserId,
    string Name,
    string Picture,
    string CustomId,
    string PresetId,
    string PresetName,
    StageState Stage,
    bool IsWaiting,
    bool IsHidden,
    RecorderType Recorder)
{
    /// <summary>Whether what it says is written down, and it may read the transcript.</summary>
    public bool IsTranscribed { get; init; }
}
