using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.Sessions.Peers;

/// <summary>A participant as the session knows it, through all its peers and reconnections. Owned by the session's loop.</summary>
internal sealed class SessionMember(Participant participant, Preset preset)
{
    /// <summary>Who it is, as stored.</summary>
    public Participant Participant { get; set; } = participant;

    /// <summary>What it may do: its preset with what was changed in this session.</summary>
    public Preset Preset { get; set; } = preset;

    /// <summary>Whether somebody let it in, so that it need not wait again in this session.</summary>
    public bool IsLetIn { get; set; }

    public string UserId { get; } = participant.Id.ToString();
}
