using System.Collections.Immutable;

namespace Roomcast.Egress.Composition.Layouts;

/// <summary>Says where everybody in a scene is shown. Pure: the same scene, size and predecessor give the same tiles.</summary>
/// <remarks>
/// Tiles never overlap, lie inside the picture, and are even in place and size. They stand in the order in which peers came. Where
/// there are more peers than tiles, those who were seen stay, and who speaks (or is chosen by a host) takes the last tile if
/// they would not be seen otherwise.
/// </remarks>
public static class SceneArrangement
{
    /// <summary>Most tiles at once, in any layout.</summary>
    public const int MaxTiles = 25;

    /// <summary>Smallest side of a picture that can be arranged.</summary>
    public const int MinSide = 128;

    /// <summary>Lays a scene out.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="width">Width of the picture, even, <see cref="MinSide"/> or more.</param>
    /// <param name="height">Height of the picture, even, <see cref="MinSide"/> or more.</param>
    /// <param name="previous">The tiles before; empty at first.</param>
    public static ImmutableArray<SceneTile> Arrange(Scene scene, int width, int height, ImmutableArray<SceneTile> previous)
    {
        ArgumentNullException.ThrowIfNull(scene);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, MinSide);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, MinSide);
        ArgumentOutOfRangeException.ThrowIfNotEqual(width & 1, 0, nameof(width));
        ArgumentOutOfRangeException.ThrowIfNotEqual(height & 1, 0, nameof(height));
        var whole = new TileArea(0, 0, width, height);
        var before = previous.IsDefault ? [] : previous.Select(static tile => new Seat(tile.PeerId, tile.IsScreen)).ToList();
        if (scene.Peers.Any(static peer => peer.IsUnseen))
        {
            scene = scene with { Peers = scene.Peers.RemoveAll(static peer => peer.IsUnseen) };
        }

        var cameras = scene.Peers.Select(static peer => new Seat(peer.Id, false)).ToList();
        var screens = scene.Peers.Where(static peer => peer.Screen is { IsPaused: false }).Select(static peer => new Seat(peer.Id, true)).ToList();
        if (cameras.Count == 0)
        {
            return [];
        }

        var screen = FirstScreen(scene, screens, before);
        return LayoutOf(scene, screen) switch
        {
            SceneLayout.ScreenShare => WithStrip(whole, screen!, [.. screens.Where(seat => seat != screen), .. cameras], scene, before),
            SceneLayout.Speaker => WithStrip(whole, Foremost(scene), [.. screens, .. cameras], scene, before),
            SceneLayout.Spotlight => [Alone(whole, Chosen(scene) ?? Foremost(scene))],
            SceneLayout.Single => [Alone(whole, screen ?? Chosen(scene) ?? Foremost(scene))],
            _ => Grid(whole, Seated([.. screens, .. cameras], Math.Clamp(scene.MostTiles, 1, MaxTiles), scene, before)),
        };
    }

    private static SceneLayout LayoutOf(Scene scene, Seat? screen) => scene.Layout switch
    {
        SceneLayout.Automatic when screen is not null => SceneLayout.ScreenShare,
        SceneLayout.Automatic when Chosen(scene) is not null => SceneLayout.Spotlight,
        SceneLayout.ScreenShare when screen is null => SceneLayout.Grid,
        var layout => layout,
    };

    /// <summary>The screen that stays large while others are shared too: the one that was, else that of who was chosen, else the first.</summary>
    private static Seat? FirstScreen(Scene scene, List<Seat> screens, List<Seat> before) =>
        screens.Find(seat => before.Count > 0 && before[0] == seat)
        ?? screens.Find(seat => seat.PeerId == scene.SpotlightId)
        ?? screens.FirstOrDefault();

    private static Seat? Chosen(Scene scene) => CameraOf(scene, scene.SpotlightId);

    private static Seat Foremost(Scene scene) => CameraOf(scene, scene.SpeakerId) ?? new Seat(scene.Peers[0].Id, false);

    private static Seat? CameraOf(Scene scene, string? peerId) =>
        peerId is not null && scene.Peers.Any(peer => peer.Id == peerId) ? new Seat(peerId, false) : null;

    private static SceneTile Alone(TileArea whole, Seat seat) => new(seat.PeerId, seat.IsScreen, whole, IsEdgeless: true);

    /// <summary>Chooses who is seen when not all can be.</summary>
    private static List<Seat> Seated(List<Seat> all, int capacity, Scene scene, List<Seat> before)
    {
        if (all.Count <= capacity)
        {
            return all;
        }

        var seated = before.Where(all.Contains).Take(capacity).ToList();
        seated.AddRange(all.Where(seat => !seated.Contains(seat)).Take(capacity - seated.Count).ToList());
        var chosen = Chosen(scene);
        if (chosen is not null && all.Contains(chosen) && !seated.Contains(chosen))
        {
            seated[^1] = chosen;
        }

        if (CameraOf(scene, scene.SpeakerId) is { } speaker && all.Contains(speaker) && !seated.Contains(speaker))
        {
            var last = capacity > 1 && seated[^1] == chosen ? capacity - 2 : capacity - 1;
            seated[last] = speaker;
        }

        return seated;
    }

    private static ImmutableArray<SceneTile> Grid(TileArea whole, List<Seat> seats)
    {
        if (seats.Count == 1)
        {
            return [Alone(whole, seats[0])];
        }

        var gap = GapOf(whole);
        var best = GridShape.Best(whole, gap, seats.Count);
        var tiles = ImmutableArray.CreateBuilder<SceneTile>(seats.Count);
        var top = TileArea.Even((whole.Height - (best.Rows * (best.Height + gap)) + gap) / 2);
        for (var index = 0; index < seats.Count; index++)
        {
            var (row, column) = Math.DivRem(index, best.Columns);
            var inRow = Math.Min(best.Columns, seats.Count - (row * best.Columns));
            var left = TileArea.Even((whole.Width - (inRow * (best.Width + gap)) + gap) / 2);
            var area = new TileArea(left + (column * (best.Width + gap)), top + (row * (best.Height + gap)), best.Width, best.Height);
            tiles.Add(new SceneTile(seats[index].PeerId, seats[index].IsScreen, area, IsEdgeless: false));
        }

        return tiles.MoveToImmutable();
    }

    /// <summary>One large, the others in a strip: at its right, or below where the picture is not wider than high.</summary>
    private static ImmutableArray<SceneTile> WithStrip(TileArea whole, Seat main, List<Seat> all, Scene scene, List<Seat> before)
    {
        var others = all.Where(seat => seat != main).ToList();
        if (others.Count == 0)
        {
            return [Alone(whole, main)];
        }

        var gap = GapOf(whole);
        var strip = StripShape.Of(whole, gap);
        var seats = Seated(others, Math.Min(strip.Capacity, MaxTiles - 1), scene, before);
        var tiles = ImmutableArray.CreateBuilder<SceneTile>(seats.Count + 1);
        tiles.Add(new SceneTile(main.PeerId, main.IsScreen, strip.Main(main.IsScreen), IsEdgeless: false));
        for (var index = 0; index < seats.Count; index++)
        {
            tiles.Add(new SceneTile(seats[index].PeerId, seats[index].IsScreen, strip.Tile(index, seats.Count), IsEdgeless: false));
        }

        return tiles.MoveToImmutable();
    }

    private static int GapOf(TileArea whole) => Math.Max(2, TileArea.Even(Math.Min(whole.Width, whole.Height) / 90));

    private sealed record Seat(string PeerId, bool IsScreen);
}
