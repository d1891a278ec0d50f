using System.Collections.Immutable;
using System.Globalization;
using Roomcast.Egress.Composition.Layouts;

namespace Roomcast.Interop.Meetings;

/// <summary>How two people and a screen are laid out, by name.</summary>
internal enum StampedLayout
{
    /// <summary>The first is not to be seen.</summary>
    None,

    /// <summary>The first alone.</summary>
    Alone,

    /// <summary>Both side by side.</summary>
    Two,

    /// <summary>The second's screen large, both in the strip.</summary>
    Screen,
}

/// <summary>What one composed picture shows.</summary>
/// <param name="Layout">Where the first person was found.</param>
/// <param name="First">The stamp of the first person's picture; null when it cannot be read.</param>
/// <param name="Second">That of the second, where the layout has them.</param>
/// <param name="Screen">That of the second's screen, where the layout has it.</param>
internal readonly record struct StampedLook(StampedLayout Layout, int? First, int? Second, int? Screen);

/// <summary>Tells by the pictures themselves how a composition of 1280 by 720 is laid out.</summary>
internal static class StampedLayouts
{
    public const int Width = 640;
    public const int Height = 360;

    private const int ScreenColour = 2;

    /// <summary>
    /// The tiles of a layout: the screen first where there is one, then the people. Written down in pixels and not asked of the server's
    /// own arrangement, which is what is judged by them.
    /// </summary>
    public static ImmutableArray<SceneTile> TilesOf(StampedLayout layout) => layout switch
    {
        StampedLayout.Alone => [new("first", IsScreen: false, new TileArea(0, 0, 1_280, 720), IsEdgeless: true)],
        StampedLayout.Two =>
        [
            new("first", IsScreen: false, new TileArea(8, 124, 628, 470), IsEdgeless: false),
            new("second", IsScreen: false, new TileArea(644, 124, 628, 470), IsEdgeless: false),
        ],
        StampedLayout.Screen =>
        [
            new("second", IsScreen: true, new TileArea(8, 8, 1_000, 704), IsEdgeless: false),
            new("first", IsScreen: false, new TileArea(1_016, 212, 256, 144), IsEdgeless: false),
            new("second", IsScreen: false, new TileArea(1_016, 364, 256, 144), IsEdgeless: false),
        ],
        _ => throw new ArgumentOutOfRangeException(nameof(layout)),
    };

    /// <summary>The place of the first person in a layout, in pixels of a picture of a width.</summary>
    public static StampedPlace FirstOf(StampedLayout layout, int width) =>
        StampedPlace.Of(TilesOf(layout).First(tile => tile is { PeerId: "first", IsScreen: false }), width);

    /// <summary>Reads a picture of <see cref="Width"/> by <see cref="Height"/> in YUV 4:2:0.</summary>
    public static StampedLook Read(ReadOnlySpan<byte> yuv)
    {
        foreach (var layout in (StampedLayout[])[StampedLayout.Alone, StampedLayout.Two, StampedLayout.Screen])
        {
            if (StampedPicture.Read(yuv, Width, Height, FirstPlaces[(int)layout], participant: 0) is { } first)
            {
                return new StampedLook(
                    layout,
                    first,
                    layout is StampedLayout.Alone ? null : StampedPicture.Read(yuv, Width, Height, SecondPlaces[(int)layout], participant: 1),
                    layout is StampedLayout.Screen ? StampedPicture.Read(yuv, Width, Height, ScreenPlace, ScreenColour) : null);
            }
        }

        return default;
    }

    /// <summary>Plays some seconds of an address and reads each picture; none when it cannot be played just now.</summary>
    public static Task<IReadOnlyList<StampedLook>> WatchAsync(string address, TimeSpan length) =>
        ReadAsync(address, "-t", length.TotalSeconds.ToString(CultureInfo.InvariantCulture));

    /// <summary>Reads each picture of a file or an address.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="how">More arguments of FFmpeg, for what it writes.</param>
    public static Task<IReadOnlyList<StampedLook>> ReadAsync(string address, params IEnumerable<string> how) =>
        StampedPicture.DecodeAsync(address, Width, Height, Read, how);

    private static readonly StampedPlace[] FirstPlaces =
        [null!, FirstOf(StampedLayout.Alone, Width), FirstOf(StampedLayout.Two, Width), FirstOf(StampedLayout.Screen, Width)];

    private static readonly StampedPlace[] SecondPlaces =
        [null!, null!, .. new[] { StampedLayout.Two, StampedLayout.Screen }.Select(layout =>
            StampedPlace.Of(TilesOf(layout).First(tile => tile is { PeerId: "second", IsScreen: false }), Width))];

    private static readonly StampedPlace ScreenPlace = StampedPlace.Of(TilesOf(StampedLayout.Screen).First(tile => tile.IsScreen), Width);
}
