using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Egress.Composition;
using Roomcast.Meetings.Sessions;
using Roomcast.Relay.Framing;
using Roomcast.Relay.Rooms;

namespace Roomcast.Relay.Methods;

/// <summary>What is done to a room as a whole.</summary>
internal sealed class RoomMethods(SessionSteering steering, SceneDirections directions)
{
    private const int MostPositions = 100;

    public void AddTo(Dictionary<string, RoomMethod> table)
    {
        table["video.room.get"] = (call, room) => ReadAsync(call, room, each => new JsonObject { ["room"] = each.Write(isFull: true, updated: null, call.Connection.SeesSecrets) });
        table["video.members.get"] = (call, room) => ReadAsync(call, room, each => new JsonObject { ["members"] = each.WriteMembers() });
        table["video.list_available_layouts"] = (call, _) => Now(() => call.Done(new JsonObject
        {
            ["layouts"] = new JsonArray([.. LayoutNames.All.Select(name => (JsonNode)name)]),
        }));
        table["video.set_layout"] = SetLayoutAsync;
        table["video.set_position"] = SetPositionsAsync;
        table["video.hide_video_muted"] = (call, room) => DirectAsync(call, room, direction => direction with { HidesWithoutPicture = true });
        table["video.show_video_muted"] = (call, room) => DirectAsync(call, room, direction => direction with { HidesWithoutPicture = false });
        table["video.lock"] = async (call, room) => call.Answer(await steering.LockAsync(room.SessionId, true, CancellationToken.None));
        table["video.unlock"] = async (call, room) => call.Answer(await steering.LockAsync(room.SessionId, false, CancellationToken.None));
        table["video.room.end"] = async (call, room) => call.Answer(await steering.EndAsync(room.SessionId, CancellationToken.None));
        table["video.prioritize_handraise"] = async (call, room) =>
        {
            if (!call.Params.TryBoolean("enable", out var isOn))
            {
                call.Refuse("422", "enable must be true or false");
            }
            else if (!await room.DoAsync(each =>
            {
                each.PutHandsFirst(isOn);
                call.Done();
            }))
            {
                call.RefuseRoom();
            }
        };
        table["video.get_meta"] = (call, room) => ReadAsync(call, room, each => new JsonObject { ["meta"] = JsonNode.Parse(each.Meta) });
        table["video.set_meta"] = (call, room) => NoteAsync(call, room, Notes.Set(call));
        table["video.update_meta"] = (call, room) => NoteAsync(call, room, Notes.Update(call));
        table["video.delete_meta"] = (call, room) => NoteAsync(call, room, Notes.Delete(call));
    }

    /// <summary>Answers with something of the room.</summary>
    internal static async ValueTask ReadAsync(MethodCall call, Room room, Func<Room, JsonObject> read)
    {
        if (!await room.DoAsync(each => call.Done(read(each))))
        {
            call.RefuseRoom();
        }
    }

    internal static ValueTask Now(Action act)
    {
        act();
        return ValueTask.CompletedTask;
    }

    /// <summary>Chooses otherwise for the composition; answered before it is told.</summary>
    internal async ValueTask DirectAsync(MethodCall call, Room room, Func<SceneDirection, SceneDirection> change)
    {
        if (!await room.DoAsync(each => Direct(each, change, call.Done)))
        {
            call.RefuseRoom();
        }
    }

    /// <summary>Chooses otherwise for the composition. Called on the room's loop.</summary>
    /// <param name="room">The room.</param>
    /// <param name="change">Makes the new choice of the old one.</param>
    /// <param name="answer">Is called before it is told.</param>
    internal void Direct(Room room, Func<SceneDirection, SceneDirection> change, Action<JsonObject?> answer)
    {
        var before = directions.Of(room.SessionId.Value);
        directions.Change(room.SessionId.Value, change);
        answer(null);
        room.DirectionChanged(before);
    }

    /// <summary>Reads the layout and the positions that something may be begun with. False when the request was refused.</summary>
    /// <param name="call">The request.</param>
    /// <param name="change">What they change; null when neither is there.</param>
    /// <param name="memberIds">The members that are placed.</param>
    internal static bool TryReadLayout(MethodCall call, out Func<SceneDirection, SceneDirection>? change, out IReadOnlyList<string> memberIds)
    {
        (change, memberIds) = (null, []);
        string? name = null;
        if (call.Has("layout") && (!call.Params.TryText("layout", 64, out name) || !LayoutNames.Has(name)))
        {
            call.Refuse("422", $"layout must be one of {string.Join(", ", LayoutNames.All)}");
            return false;
        }

        List<(string MemberId, Func<PeerDirection, PeerDirection> Change)> positions = [];
        if (call.Has("positions") && !TryReadPositions(call, out positions))
        {
            return false;
        }

        if (name is not null || positions.Count > 0)
        {
            memberIds = [.. positions.Select(position => position.MemberId)];
            change = direction => positions.Aggregate(
                name is null ? direction : LayoutNames.Choose(direction, name), (all, position) => all.With(position.MemberId, position.Change));
        }

        return true;
    }

    private async ValueTask SetLayoutAsync(MethodCall call, Room room)
    {
        if (!call.Params.TryText("name", 64, out var name) || !LayoutNames.Has(name))
        {
            call.Refuse("422", $"name must be one of {string.Join(", ", LayoutNames.All)}");
            return;
        }

        List<(string MemberId, Func<PeerDirection, PeerDirection> Change)> positions = [];
        if (!call.Params.TryGetProperty("positions", out _) || TryReadPositions(call, out positions))
        {
            await PlaceAsync(call, room, positions, direction => LayoutNames.Choose(direction, name));
        }
    }

    private async ValueTask SetPositionsAsync(MethodCall call, Room room)
    {
        if (TryReadPositions(call, out var positions))
        {
            await PlaceAsync(call, room, positions, direction => direction);
        }
    }

    private async ValueTask PlaceAsync(
        MethodCall call,
        Room room,
        List<(string MemberId, Func<PeerDirection, PeerDirection> Change)> positions,
        Func<SceneDirection, SceneDirection> change)
    {
        var isKnown = true;
        if (!await room.DoAsync(each => isKnown = positions.TrueForAll(position => each.HasMember(position.MemberId) && each.FindPeer(position.MemberId) is { IsScreen: false })))
        {
            call.RefuseRoom();
        }
        else if (!isKnown)
        {
            call.RefuseMember();
        }
        else
        {
            await DirectAsync(call, room, direction => positions.Aggregate(change(direction), (all, position) => all.With(position.MemberId, position.Change)));
        }
    }

    private static bool TryReadPositions(MethodCall call, out List<(string MemberId, Func<PeerDirection, PeerDirection> Change)> positions)
    {
        positions = [];
        if (!call.Params.TryGetProperty("positions", out var given) || given.ValueKind is not JsonValueKind.Object)
        {
            call.Refuse("422", "positions must be an object: a position for each member id");
            return false;
        }

        foreach (var each in given.EnumerateObject())
        {
            if (positions.Count == MostPositions || each.Value.ValueKind is not JsonValueKind.String
                || !PositionNames.TryChoose(each.Value.GetString()!, out var change))
            {
                call.Refuse("422", $"positions holds at most {MostPositions}, each auto, standard-N, reserved-N, off-canvas or full-screen");
                return false;
            }

            positions.Add((each.Name, change));
        }

        return true;
    }

    private async ValueTask NoteAsync(MethodCall call, Room room, Func<string, string?>? change)
    {
        if (change is not null)
        {
            call.Answer(await steering.NoteAsync(room.SessionId, change, CancellationToken.None));
        }
    }
}
