namespace Roomcast.Egress.Composition.Layouts;

/// <summary>Where one camera or screen of a scene is shown.</summary>
/// <param name="PeerId">Whose, as <see cref="ScenePeer.Id"/>.</param>
/// <param name="IsScreen">Their shared screen, which is fitted whole; otherwise their camera, which is cut to fill, or their avatar.</param>
/// <param name="Area">Where.</param>
/// <param name="IsEdgeless">Whether it is the whole picture, without a gap around it.</param>
public sealed record SceneTile(string PeerId, bool IsScreen, TileArea Area, bool IsEdgeless);
