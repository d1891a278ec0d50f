using System.Text.Json.Nodes;
using Roomcast.Accounts;
using Roomcast.Relay.Framing;

namespace Roomcast.Relay.Controllers;

/// <summary>Something that happened, as controllers are told of it: one frame for all of them.</summary>
internal sealed class RelayEvent
{
    /// <summary>The channel on which every controller hears of rooms that begin and end.</summary>
    public const string RoomsChannel = "video.rooms";

    // What a controller must hear of however long it was away: without it, it would wait for ever, or go on where nothing is.
    private static readonly HashSet<string> Lasting = new(StringComparer.Ordinal)
    {
        "video.room.started", "video.room.ended", "video.stream.started", "video.stream.ended",
        "video.recording.started", "video.recording.ended", "video.playback.ended",
    };

    /// <summary>Makes one.</summary>
    /// <param name="appId">Whose.</param>
    /// <param name="type">Its name, for example <c>video.stream.started</c>.</param>
    /// <param name="channel">The channel it is told on.</param>
    /// <param name="otherChannel">A further channel whose subscribers hear of it; null for none.</param>
    /// <param name="parameters">What it says.</param>
    /// <param name="at">When it happened.</param>
    public RelayEvent(AppId appId, string type, string channel, string? otherChannel, JsonObject parameters, DateTimeOffset at)
    {
        AppId = appId;
        Type = type;
        Channel = channel;
        OtherChannel = otherChannel;
        Id = Guid.NewGuid().ToString();
        Frame = RelayWriter.Request(Id, "signalwire.event", new JsonObject
        {
            ["event_type"] = type,
            ["event_channel"] = channel,
            ["timestamp"] = WireTime.Of(at),
            ["project_id"] = appId.ToString(),
            ["params"] = parameters,
        });
    }

    public AppId AppId { get; }

    public string Id { get; }

    public string Type { get; }

    public string Channel { get; }

    public string? OtherChannel { get; }

    /// <summary>The frame; the same for all who are told.</summary>
    public byte[] Frame { get; }

    /// <summary>Whether it is kept for those who are away when others no longer are.</summary>
    public bool IsLasting => Lasting.Contains(Type);
}
