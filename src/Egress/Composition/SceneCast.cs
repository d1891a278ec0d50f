using Roomcast.Egress.Composition.Wire;

namespace Roomcast.Egress.Composition;

/// <summary>Chooses who has a place in a scene where more are on stage than can be composed.</summary>
/// <remarks>
/// First come those whom a host put first and who speaks, then those whose place was directed, who shares a screen, who is to be heard, who
/// shows a camera, and then the others. Among equals who had a place keeps it, and then the scene's order decides. Those chosen stand in
/// that order too. Not thread-safe; one for each composition.
/// </remarks>
public sealed class SceneCast
{
    private HashSet<string> _before = [];

    /// <summary>A scene with <see cref="WireJson.MaxPeers"/> peers at most; the same one where no more are in it.</summary>
    /// <param name="scene">As it is to look.</param>
    /// <param name="isPlaced">Whether the place of a peer, by its id, was directed; null when none is.</param>
    public Scene Of(Scene scene, Func<string, bool>? isPlaced = null)
    {
        ArgumentNullException.ThrowIfNull(scene);
        if (scene.Peers.Length <= WireJson.MaxPeers)
        {
            _before = [.. scene.Peers.Select(static peer => peer.Id)];
            return scene;
        }

        var chosen = scene.Peers
            .Select((peer, number) => (Peer: peer, Number: number, Rank: RankOf(peer, scene, isPlaced)))
            .OrderBy(static each => each.Rank)
            .ThenBy(each => !_before.Contains(each.Peer.Id))
            .ThenBy(static each => each.Number)
            .Take(WireJson.MaxPeers)
            .OrderBy(static each => each.Number)
            .Select(static each => each.Peer)
            .ToArray();
        _before = [.. chosen.Select(static peer => peer.Id)];
        return scene with { Peers = [.. chosen] };
    }

    private static int RankOf(ScenePeer peer, Scene scene, Func<string, bool>? isPlaced)
    {
        if (peer.Id == scene.SpotlightId || peer.Id == scene.SpeakerId)
        {
            return 0;
        }

        if (isPlaced?.Invoke(peer.Id) is true)
        {
            return 1;
        }

        return peer switch
        {
            { IsUnseen: false, Screen.IsPaused: false } => 2,
            _ when IsHeard(peer.Microphone) || IsHeard(peer.ScreenSound) => 3,
            { IsUnseen: false, Camera.IsPaused: false } => 4,
            { IsUnseen: false } => 5,
            _ => 6,
        };
    }

    private static bool IsHeard(SceneTrack? sound) => sound is { IsPaused: false, GainDb: > SceneTrack.SilentDb };
}
