using Roomcast.Egress.Composition;

namespace Roomcast.Relay.Rooms;

/// <summary>The layouts that can be had, by the names controllers know them by.</summary>
internal static class LayoutNames
{
    /// <summary>The one that holds where none was chosen.</summary>
    public const string Default = "grid-responsive";

    private static readonly (string Name, SceneLayout Layout, int MostTiles)[] Known =
    [
        (Default, SceneLayout.Automatic, 25),
        ("highlight-1-responsive", SceneLayout.Speaker, 25),
        ("full-screen", SceneLayout.Single, 25),
        ("screen-share", SceneLayout.ScreenShare, 25),
        ("1x1", SceneLayout.Grid, 1),
        ("2x1", SceneLayout.Grid, 2),
        ("2x2", SceneLayout.Grid, 4),
        ("3x3", SceneLayout.Grid, 9),
        ("4x4", SceneLayout.Grid, 16),
        ("5x5", SceneLayout.Grid, 25),
    ];

    /// <summary>All of them.</summary>
    public static IEnumerable<string> All => Known.Select(known => known.Name);

    /// <summary>Whether there is one of this name.</summary>
    public static bool Has(string name) => Array.Exists(Known, known => known.Name == name);

    /// <summary>A direction with the layout of a name.</summary>
    public static SceneDirection Choose(SceneDirection direction, string name)
    {
        var known = Array.Find(Known, each => each.Name == name);
        return direction with { Layout = known.Layout, MostTiles = known.MostTiles };
    }

    /// <summary>The name of a direction's layout.</summary>
    public static string Of(SceneDirection direction) =>
        Array.Find(Known, known => known.Layout == direction.Layout && known.MostTiles == direction.MostTiles).Name ?? Default;
}
