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
    internal async ValueTask DirectAsync(MethodCall call, Room room, Func<SceneDirection, SceneDirection> change, params IReadOnlyList<Placing> placings)
    {
        if (!await room.DoAsync(each => Direct(each, change, placings, call.Done)))
        {
            call.RefuseRoom();
        }
    }

    /// <summary>Whether there are all that are to be placed, and are persons; refuses the request otherwise. Called on the room's loop.</summary>
    internal static bool MayPlace(MethodCall call, Room room, IReadOnlyList<Placing> placings)
    {
        foreach (var placing in placings)
        {
            if (!room.HasMember(placing.MemberId) || room.FindPeer(placing.MemberId) is not { } found)
            {
                call.RefuseMember();
                return false;
            }

            if (found.IsScreen)
            {
                call.RefuseScreen();
                return false;
            }
        }

        return true;
    }

    /// <summary>Chooses otherwise for the composition. Called on the room's loop.</summary>
    /// <param name="room">The room.</param>
    /// <param name="change">Makes the new choice of the old one.</param>
    /// <param name="placings">Who is placed then.</param>
    /// <param name="answer">Is called before it is told.</param>
    internal void Direct(Room room, Func<SceneDirection, SceneDirection> change, IReadOnlyList<Placing> placings, Action<JsonObject?> answer)
    {
        var before = directions.Of(room.SessionId.Value);
        directions.Change(
            room.SessionId.Value, direction => placings.Aggregate(change(direction), (all, placing) => all.With(placing.MemberId, placing.Change)));
        room.NotePositions(placings);
        answer(null);
        room.DirectionChanged(before);
    }

    /// <summary>Reads the layout and the positions that something may be begun with. False when the request was refused.</summary>
    /// <param name="call">The request.</param>
    /// <param name="change">What the layout changes; null where neither it nor a position is there.</param>
    /// <param name="placings">The members that are placed.</param>
    internal static bool TryReadLayout(MethodCall call, out Func<SceneDirection, SceneDirection>? change, out IReadOnlyList<Placing> placings)
    {
        (change, placings) = (null, []);
        string? name = null;
        if (call.Has("layout") && (!call.Params.TryText("layout", 64, out name) || !LayoutNames.Has(name)))
        {
            call.Refuse("422", $"layout must be one of {string.Join(", ", LayoutNames.All)}");
            return false;
        }

        if (call.Has("positions") && !TryReadPositions(call, out placings))
        {
            return false;
        }

        if (name is not null || placings.Count > 0)
        {
            change = direction => name is null ? direction : LayoutNames.Choose(direction, name);
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

        IReadOnlyList<Placing> placings = [];
        if (!call.Params.TryGetProperty("positions", out _) || TryReadPositions(call, out placings))
        {
            await PlaceAsync(call, room, placings, direction => LayoutNames.Choose(direction, name));
        }
    }

    private async ValueTask SetPositionsAsync(MethodCall call, Room room)
    {
        if (TryReadPositions(call, out var placings))
        {
            await PlaceAsync(call, room, placings, direction => direction);
        }
    }

    /// <summary>Places members, and chooses otherwise for the composition; answered before it is told.</summary>
    private async ValueTask PlaceAsync(MethodCall call, Room room, IReadOnlyList<Placing> placings, Func<SceneDirection, SceneDirection> change)
    {
        if (!await room.DoAsync(each =>
        {
            if (MayPlace(call, each, placings))
            {
                Direct(each, change, placings, call.Done);
            }
        }))
        {
            call.RefuseRoom();
        }
    }

    private static bool TryReadPositions(MethodCall call, out IReadOnlyList<Placing> placings)
    {
        List<Placing> read = [];
        placings = read;
        if (!call.Params.TryGetProperty("positions", out var given) || given.ValueKind is not JsonValueKind.Object)
        {
            call.Refuse("422", "positions must be an object: a position for each member id");
            return false;
        }

        foreach (var each in given.EnumerateObject())
        {
            if (read.Count == MostPositions || each.Value.ValueKind is not JsonValueKind.String
                || !PositionNames.TryChoose(each.Value.GetString()!, out var change))
            {
                call.Refuse("422", $"positions holds at most {MostPositions}, each auto, standard-N, reserved-N, off-canvas or full-screen");
                return false;
            }

            // Clients that are members name themselves so; a controller has no place.
            if (each.Name != PositionNames.Self)
            {
                read.Add(new Placing(each.Name, each.Value.GetString()!, change));
            }
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
