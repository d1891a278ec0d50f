using Roomcast.Egress.Composition.Layouts;
using Roomcast.Egress.Worker.Drawing;

namespace Roomcast.Egress.Worker.Picture;

/// <summary>A tile of the scene with all that is drawn on it, prepared once for each change of the scene.</summary>
internal sealed class PlacedTile
{
    public required TileArea Area { get; init; }

    /// <summary>Whether its picture is fitted whole, with bars beside it; otherwise it is cut to fill.</summary>
    public required bool IsFitted { get; init; }

    /// <summary>Where its picture comes from; null for a camera that is off.</summary>
    public VideoTrack? Track { get; init; }

    /// <summary>Stands for a picture that is not there. Drawn when it is needed.</summary>
    public required AvatarText Avatar { get; init; }

    /// <summary>What lies on it, the lowest first, and where.</summary>
    public required (Overlay Overlay, int Left, int Top)[] Overlays { get; init; }

    /// <summary>Whether it must be drawn, though its picture has not changed.</summary>
    public bool IsStale { get; set; } = true;
}
