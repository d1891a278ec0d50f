using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Tells who is in the session and how they stand, after each step of the loop that changed it.</summary>
internal sealed class Roster(SessionRoom room)
{
    private readonly Dictionary<string, RosterPeer> _told = new(StringComparer.Ordinal);
    private SessionTraits _traits = SessionTraits.Fresh;

    /// <summary>Tells of what is not as it was.</summary>
    public void Refresh()
    {
        if (room.SessionId is not { } sessionId || room.Parts.RosterObservers() is not { Count: > 0 } observers)
        {
            return;
        }

        var traits = new SessionTraits(
            room.IsLocked,
            room.Media.Speakers is [var speaker, ..] ? speaker : null,
            room.Host.Pinned is { Length: > 0 } pinned ? pinned : null,
            room.Notes) { TalkingIds = room.Media.Talking };
        if (traits != _traits)
        {
            _traits = traits;
            foreach (var observer in observers)
            {
                observer.Changed(sessionId, traits);
            }
        }

        var present = 0;
        foreach (var peer in room.Peers.Values)
        {
            if (!IsOnRoster(peer))
            {
                continue;
            }

            present++;
            if (!_told.TryGetValue(peer.Id, out var before))
            {
                var arrived = _told[peer.Id] = ViewOf(peer);
                foreach (var observer in observers)
                {
                    observer.Arrived(sessionId, arrived);
                }
            }
            else if (!StandsAs(peer, before))
            {
                var now = _told[peer.Id] = ViewOf(peer);
                foreach (var observer in observers)
                {
                    observer.Changed(sessionId, now, before);
                }
            }
        }

        if (present == _told.Count)
        {
            return;
        }

        foreach (var (peerId, gone) in _told.Where(told => !room.Peers.TryGetValue(told.Key, out var peer) || !IsOnRoster(peer)).ToArray())
        {
            _told.Remove(peerId);
            foreach (var observer in observers)
            {
                observer.Departed(sessionId, gone);
            }
        }
    }

    /// <summary>The session has ended.</summary>
    public void End()
    {
        _told.Clear();
        _traits = SessionTraits.Fresh;
    }

    internal static bool IsOnRoster(SessionPeer peer) =>
        peer.IsJoined && !peer.May.HiddenParticipant && peer.May.RecorderType is RecorderType.None;

    private static bool StandsAs(SessionPeer peer, RosterPeer told) =>
        told.Name == peer.Name
        && told.Stage == (peer.Stage ?? StageState.Off)
        && told.JoinedAt == peer.JoinedAt
        && told.HasHandUp == peer.HasHandUp
        && told.HasMicrophone == Sends(peer, MediaKind.Audio, isScreen: false)
        && told.HasCamera == Sends(peer, MediaKind.Video, isScreen: false)
        && told.HasScreen == Sends(peer, MediaKind.Video, isScreen: true)
        && told.IsDeaf == peer.IsDeaf
        && told.Notes == peer.Notes;

    private static RosterPeer ViewOf(SessionPeer peer) => new(
        peer.Id,
        peer.UserId,
        peer.Name,
        peer.Member.Participant.CustomId,
        peer.JoinedAt ?? default,
        peer.Stage ?? StageState.Off,
        Sends(peer, MediaKind.Audio, isScreen: false),
        Sends(peer, MediaKind.Video, isScreen: false),
        Sends(peer, MediaKind.Video, isScreen: true),
        peer.HasHandUp,
        peer.Notes) { IsDeaf = peer.IsDeaf, IsGuest = peer.IsGuest };

    private static bool Sends(SessionPeer peer, MediaKind kind, bool isScreen)
    {
        foreach (var producer in peer.Producers.Values)
        {
            if (producer.Kind == kind && producer.IsScreenShare == isScreen && !producer.IsPaused)
            {
                return true;
            }
        }

        return false;
    }
}
