using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Peers that are the server's own: they send into the session, and are seen and heard as any other.</summary>
/// <remarks>They are in no record, count as nobody, and keep no session alive.</remarks>
internal sealed class Guests(SessionRoom room)
{
    private static readonly PresetContent OfGuests = new()
    {
        Config = new PresetConfig { ViewType = ViewType.GroupCall },
        Permissions = BuiltInPresets.DefaultsOf(ViewType.GroupCall).Permissions,
    };

    /// <summary>Lets one in. Null when there are as many peers as may be.</summary>
    public SessionPeer? Add(Guid id, string name, IPeerLink link)
    {
        if (room.Peers.Count >= room.Parts.Options.MaxPeers || room.Peers.ContainsKey(id.ToString()))
        {
            return null;
        }

        var now = room.WallClock;
        var preset = new Preset
        {
            Id = new PresetId(id), AppId = room.Meeting.AppId, Name = name, Content = OfGuests, CreatedAt = now, UpdatedAt = now,
        };
        var member = new SessionMember(
            new Participant
            {
                Id = new ParticipantId(id),
                AppId = room.Meeting.AppId,
                MeetingId = room.Meeting.Id,
                CustomId = name,
                Name = name,
                PresetId = preset.Id,
                PresetName = name,
                TokenGeneration = 0,
                CreatedAt = now,
                UpdatedAt = now,
            },
            preset);
        var peer = new SessionPeer(id.ToString(), member)
        {
            IsGuest = true, Link = link, State = PresenceState.Joined, Stage = StageState.On, JoinedAt = now,
        };
        room.Members.Add(member.UserId, member);
        room.Peers.Add(peer.Id, peer);
        room.TellJoined(new PeerJoined(peer.View), except: peer);
        return peer;
    }

    /// <summary>Takes one out again.</summary>
    public void Remove(SessionPeer peer)
    {
        if (room.Peers.GetValueOrDefault(peer.Id) == peer)
        {
            room.Attendance.Depart(peer, PresenceState.Gone);
            room.Members.Remove(peer.UserId);
        }
    }

    /// <summary>The session ends: they go with it.</summary>
    public void End()
    {
        foreach (var peer in room.Peers.Values.Where(peer => peer.IsGuest).ToArray())
        {
            Dismiss(peer);
        }
    }

    /// <summary>Takes one out that did not ask for it, and tells it.</summary>
    public void Dismiss(SessionPeer peer)
    {
        var link = peer.Link;
        Remove(peer);
        link?.Close(LinkCloseReason.Removed);
    }
}
