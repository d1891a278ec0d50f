namespace Roomcast.Client.Relay;

/// <summary>What of a room session is told.</summary>
[Flags]
public enum RoomSessionEvents
{
    /// <summary>Nothing besides the end of the session.</summary>
    None = 0,

    /// <summary>Changes of the room itself, and how many are in the audience.</summary>
    Room = 1,

    /// <summary>Who comes, changes and goes.</summary>
    Members = 2,

    /// <summary>Who talks.</summary>
    Talking = 4,

    /// <summary>How members are laid out.</summary>
    Layout = 8,

    /// <summary>Streams.</summary>
    Streams = 16,

    /// <summary>Recordings.</summary>
    Recordings = 32,

    /// <summary>Playbacks.</summary>
    Playbacks = 64,

    /// <summary>All of it.</summary>
    All = Room | Members | Talking | Layout | Streams | Recordings | Playbacks,
}

/// <summary>The names of events on the wire.</summary>
internal static class RelayEventNames
{
    public const string RoomsChannel = "video.rooms";
    public const string RoomStarted = "video.room.started";
    public const string RoomEnded = "video.room.ended";

    private static readonly (RoomSessionEvents Kind, string[] Names)[] Kinds =
    [
        (RoomSessionEvents.Room, ["video.room.updated", "video.room.subscribed", "video.room.audience_count"]),
        (RoomSessionEvents.Members, ["video.member.joined", "video.member.updated", "video.member.left", "video.member.promoted", "video.member.demoted"]),
        (RoomSessionEvents.Talking, ["video.member.talking"]),
        (RoomSessionEvents.Layout, ["video.layout.changed"]),
        (RoomSessionEvents.Streams, ["video.stream.started", "video.stream.ended"]),
        (RoomSessionEvents.Recordings, ["video.recording.started", "video.recording.updated", "video.recording.ended"]),
        (RoomSessionEvents.Playbacks, ["video.playback.started", "video.playback.updated", "video.playback.ended"]),
    ];

    /// <summary>The names to subscribe to.</summary>
    public static IEnumerable<string> Of(RoomSessionEvents events) =>
        Kinds.Where(each => events.HasFlag(each.Kind)).SelectMany(each => each.Names).Prepend(RoomEnded);
}
