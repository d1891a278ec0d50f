using System.Text.Json;

namespace Roomcast.Client.Relay;

/// <summary>How the members of a room session are laid out in its composition.</summary>
/// <param name="Id">Its id; empty when the server gives none.</param>
/// <param name="Name">What it is called, for example <c>grid-responsive</c>.</param>
/// <param name="Layers">Its places, from the lowest to the highest.</param>
public sealed record RoomLayout(string Id, string Name, IReadOnlyList<RoomLayoutLayer> Layers)
{
    internal static RoomLayout Read(JsonElement said) => new(
        said.Text("id") ?? "",
        said.Text("name") ?? "",
        [.. (said.Objects("layers") ?? []).Select(RoomLayoutLayer.Read).OrderBy(layer => layer.ZIndex)]);
}

/// <summary>One place of a layout. Lengths are percents of the canvas.</summary>
/// <param name="MemberId">Who is in it; null when it is empty.</param>
/// <param name="Index">Which it is.</param>
/// <param name="ZIndex">What lies over what: higher over lower.</param>
/// <param name="X">From the left.</param>
/// <param name="Y">From the top.</param>
/// <param name="Width">Its width.</param>
/// <param name="Height">Its height.</param>
/// <param name="Position">Its name, for example <c>standard-1</c>; null when it has none.</param>
/// <param name="Reservation">For which name it is kept; null for none.</param>
/// <param name="IsVisible">Whether it is seen.</param>
/// <param name="IsPlayingFile">Whether a playback is in it.</param>
public sealed record RoomLayoutLayer(
    string? MemberId,
    int Index,
    int ZIndex,
    double X,
    double Y,
    double Width,
    double Height,
    string? Position,
    string? Reservation,
    bool IsVisible,
    bool IsPlayingFile)
{
    internal static RoomLayoutLayer Read(JsonElement said) => new(
        said.Text("member_id"),
        Whole(said, "layer_index"),
        Whole(said, "z_index"),
        said.Number("x") ?? 0,
        said.Number("y") ?? 0,
        said.Number("width") ?? 0,
        said.Number("height") ?? 0,
        said.Text("position"),
        said.Text("reservation"),
        said.Flag("visible") ?? true,
        said.Flag("playing_file") ?? false);

    private static int Whole(JsonElement said, string name) => (int)Math.Clamp(said.Number(name) ?? 0, int.MinValue, int.MaxValue);
}
