using System.Text.Json.Nodes;
using Roomcast.Accounts;
using Roomcast.Relay.Framing;

namespace Roomcast.Relay.Controllers;

/// <summary>Something that happened, as controllers are told of it: one frame for all of them.</summary>
internal sealed class RelayEvent
{
    /// <summary>The channel on which every controller hears of rooms that begin and end.</summary>
    public const string RoomsChannel = "video.rooms";

    /// <summary>A room has begun; its further channel is the room's.</summary>
    public const string RoomStarted = "video.room.started";

    // What a controller must hear of however long it was away: without it, it would wait for ever, or go on where nothing is.
    private static readonly HashSet<string> Lasting = new(StringComparer.Ordinal)
    {
        RoomStarted, "video.room.ended", "video.stream.started", "video.stream.ended",
        "video.recording.started", "video.recording.ended", "video.playback.ended",
    };

    // The names that can be subscribed to: all that this server ever tells.
    private static readonly HashSet<string> Names = new(Lasting, StringComparer.Ordinal)
    {
        "video.room.updated", "video.room.subscribed", "video.room.audience_count", "video.layout.changed",
        "video.member.joined", "video.member.updated", "video.member.left", "video.member.talking", "video.member.promoted", "video.member.demoted",
        "video.recording.updated", "video.playback.started", "video.playback.updated",
    };

    private readonly byte[]? _coveredFrame;
    private int _holders;

    /// <summary>Makes one.</summary>
    /// <param name="appId">Whose.</param>
    /// <param name="type">Its name, for example <c>video.stream.started</c>.</param>
    /// <param name="channel">The channel it is told on.</param>
    /// <param name="otherChannel">A further channel whose subscribers hear of it; null for none.</param>
    /// <param name="parameters">What it says.</param>
    /// <param name="at">When it happened.</param>
    /// <param name="covered">What it says to those who may see no secrets; null where it says the same to all.</param>
    public RelayEvent(
        AppId appId, string type, string channel, string? otherChannel, JsonObject parameters, DateTimeOffset at, JsonObject? covered = null)
    {
        AppId = appId;
        Type = type;
        Channel = channel;
        OtherChannel = otherChannel;
        Id = Guid.NewGuid().ToString();
        At = at;
        Frame = FrameOf(parameters);
        _coveredFrame = covered is null ? null : FrameOf(covered);

        byte[] FrameOf(JsonObject said) => RelayWriter.Request(Id, "signalwire.event", new JsonObject
        {
            ["event_type"] = type,
            ["event_channel"] = channel,
            ["timestamp"] = WireTime.Of(at),
            ["project_id"] = appId.ToString(),
            ["params"] = said,
        });
    }

    /// <summary>Whether there is an event of this name.</summary>
    public static bool IsName(string name) => Names.Contains(name);

    public AppId AppId { get; }

    public string Id { get; }

    public string Type { get; }

    /// <summary>When it happened.</summary>
    public DateTimeOffset At { get; }

    public string Channel { get; }

    public string? OtherChannel { get; }

    /// <summary>The frame; the same for all who are told and may see secrets.</summary>
    public byte[] Frame { get; }

    /// <summary>The bytes of its frames.</summary>
    public int Length => Frame.Length + (_coveredFrame?.Length ?? 0);

    /// <summary>Whether it is kept for those who are away when others no longer are.</summary>
    public bool IsLasting => Lasting.Contains(Type);

    /// <summary>The frame for who may see secrets, or may not; its id is the same.</summary>
    public byte[] FrameFor(bool seesSecrets) => seesSecrets ? Frame : _coveredFrame ?? Frame;

    /// <summary>One more controller keeps it.</summary>
    /// <returns>Whether it is the first.</returns>
    public bool Hold() => Interlocked.Increment(ref _holders) == 1;

    /// <summary>One fewer does.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool LetGo() => Interlocked.Decrement(ref _holders) == 0;
}
