using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Following;

namespace Roomcast.Relay.Rooms;

/// <summary>Somebody on stage, or the screen that somebody shows, as controllers know it. What differs between two of them is told.</summary>
internal sealed record Member
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Type { get; init; }

    /// <summary>Whose screen it is; empty for a person.</summary>
    public string ParentId { get; init; } = "";

    public bool IsAudioMuted { get; init; }

    public bool IsVideoMuted { get; init; }

    public bool IsVisible { get; init; }

    public bool IsDeaf { get; init; }

    public bool HasHandUp { get; init; }

    public bool IsTalking { get; init; }

    public double InputVolume { get; init; }

    public double InputSensitivity { get; init; } = Egress.Composition.PeerDirection.UsualSensitivity;

    public string RequestedPosition { get; init; } = PositionNames.Auto;

    public string CurrentPosition { get; init; } = PositionNames.OffCanvas;

    /// <summary>A JSON object.</summary>
    public string Meta { get; init; } = "{}";

    /// <summary>The id of the screen that a peer shows: its own, and the same each time.</summary>
    public static string ScreenIdOf(string peerId)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"screen of {peerId}"))[..16];
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }

    /// <summary>As controllers read it.</summary>
    public JsonObject Write(MeetingId meetingId, SessionId sessionId, IReadOnlyList<string>? updated = null)
    {
        var written = new JsonObject
        {
            ["id"] = Id,
            ["room_id"] = meetingId.ToString(),
            ["room_session_id"] = sessionId.ToString(),
            ["name"] = Name,
            ["type"] = Type,
            ["parent_id"] = ParentId,
            ["requested_position"] = RequestedPosition,
            ["current_position"] = CurrentPosition,
            ["visible"] = IsVisible,
            ["audio_muted"] = IsAudioMuted,
            ["video_muted"] = IsVideoMuted,
            ["deaf"] = IsDeaf,
            ["handraised"] = HasHandUp,
            ["talking"] = IsTalking,
            ["input_volume"] = InputVolume,
            ["output_volume"] = 0,
            ["input_sensitivity"] = InputSensitivity,
            ["meta"] = JsonNode.Parse(Meta),
        };
        if (updated is not null)
        {
            written["updated"] = new JsonArray([.. updated.Select(name => (JsonNode)name)]);
        }

        return written;
    }

    /// <summary>The names of what is not as it was. Talking has an event of its own.</summary>
    public IReadOnlyList<string> DifferencesTo(Member before)
    {
        var names = new List<string>();
        Add(Name != before.Name, "name");
        Add(IsAudioMuted != before.IsAudioMuted, "audio_muted");
        Add(IsVideoMuted != before.IsVideoMuted, "video_muted");
        Add(IsVisible != before.IsVisible, "visible");
        Add(IsDeaf != before.IsDeaf, "deaf");
        Add(HasHandUp != before.HasHandUp, "handraised");
        Add(InputVolume != before.InputVolume, "input_volume");
        Add(InputSensitivity != before.InputSensitivity, "input_sensitivity");
        Add(RequestedPosition != before.RequestedPosition, "requested_position");
        Add(Meta != before.Meta, "meta");
        return names;

        void Add(bool differs, string name)
        {
            if (differs)
            {
                names.Add(name);
            }
        }
    }
}
