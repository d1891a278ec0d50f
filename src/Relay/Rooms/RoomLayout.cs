using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Layouts;
using Roomcast.Meetings.Sessions.Following;

namespace Roomcast.Relay.Rooms;

/// <summary>Where everybody is shown: what the composition shows, or would show, of a room.</summary>
internal sealed class RoomLayout
{
    private const int Width = 1_280;
    private const int Height = 720;

    private readonly HashSet<string> _guests = new(StringComparer.Ordinal);
    private ImmutableArray<SceneTile> _tiles = [];

    /// <summary>Lays it out anew.</summary>
    /// <returns>Whether anything is elsewhere than it was.</returns>
    public bool Arrange(IEnumerable<RosterPeer> onStage, SessionTraits traits, SceneDirection direction)
    {
        RosterPeer[] peers = [.. onStage];
        _guests.Clear();
        _guests.UnionWith(peers.Where(peer => peer.IsGuest).Select(peer => peer.PeerId));
        var scene = direction.Apply(new Scene
        {
            Peers = [.. peers.OrderBy(peer => peer.JoinedAt).ThenBy(peer => peer.PeerId, StringComparer.Ordinal).Select(PeerOf)],
            SpeakerId = traits.SpeakerId,
            SpotlightId = traits.PinnedId,
        });
        var tiles = SceneArrangement.Arrange(scene, Width, Height, _tiles);
        var isOther = !tiles.SequenceEqual(_tiles);
        _tiles = tiles;
        return isOther;
    }

    /// <summary>The position of a member; off the canvas when it has no tile.</summary>
    public string PositionOf(string peerId, bool isScreen)
    {
        var index = _tiles.IndexOf(_tiles.FirstOrDefault(tile => tile.PeerId == peerId && tile.IsScreen == isScreen)!);
        return index < 0 ? PositionNames.OffCanvas : PositionNames.OfSeat(index);
    }

    /// <summary>As controllers read it: places in percent of the canvas.</summary>
    public JsonObject Write(string name, string roomId, string sessionId) => new()
    {
        ["id"] = name,
        ["name"] = name,
        ["room_id"] = roomId,
        ["room_session_id"] = sessionId,
        ["layers"] = new JsonArray(
        [
            .. _tiles.Select((tile, index) => (JsonNode)new JsonObject
            {
                ["member_id"] = _guests.Contains(tile.PeerId) ? null : tile.IsScreen ? Member.ScreenIdOf(tile.PeerId) : tile.PeerId,
                ["layer_index"] = index,
                ["z_index"] = 0,
                ["x"] = Percent(tile.Area.Left, Width),
                ["y"] = Percent(tile.Area.Top, Height),
                ["width"] = Percent(tile.Area.Width, Width),
                ["height"] = Percent(tile.Area.Height, Height),
                ["reservation"] = null,
                ["position"] = _guests.Contains(tile.PeerId) ? PositionNames.Playback : PositionNames.OfSeat(index),
                ["playing_file"] = _guests.Contains(tile.PeerId),
                ["visible"] = true,
            }),
        ]),
    };

    private static double Percent(int pixels, int whole) => Math.Round(pixels * 100.0 / whole, 3);

    // The arrangement asks only whether there is a picture, not where it comes from.
    private static ScenePeer PeerOf(RosterPeer peer) => new(peer.PeerId, peer.Name)
    {
        Camera = peer.HasCamera ? new SceneTrack(1, SceneCodec.Vp8, 96) : null,
        Screen = peer.HasScreen ? new SceneTrack(2, SceneCodec.Vp8, 96) : null,
    };
}
