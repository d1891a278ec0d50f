using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions;

/// <content>What is done to a session from outside of it: by the API, for the customer that owns the meeting.</content>
public sealed partial class MeetingSession
{
    private static readonly TimeSpan KeepPatience = TimeSpan.FromSeconds(5);

    /// <summary>Who has joined. Null when no session is under way.</summary>
    internal Task<IReadOnlyList<PeerView>?> ListPeersAsync(CancellationToken cancellationToken) =>
        AskLiveAsync<IReadOnlyList<PeerView>>(room => [.. room.Joined.Where(peer => !peer.IsGuest).Select(peer => peer.View)], cancellationToken);

    /// <summary>Removes participants, with all their peers.</summary>
    /// <returns>Those who were there; null when no session is under way.</returns>
    internal Task<IReadOnlyList<Participant>?> KickAsync(ParticipantChoice who, CancellationToken cancellationToken) =>
        AskLiveAsync(
            room =>
            {
                var peers = Named(room, who);
                foreach (var peer in peers)
                {
                    room.Host.Remove(peer);
                }

                return ParticipantsOf(peers);
            },
            cancellationToken);

    /// <summary>Removes everybody, which ends the session at once. Whoever is told of it finds it ended, unless the storage takes long.</summary>
    /// <returns>How many participants were removed; null when no session is under way.</returns>
    internal async Task<int?> KickAllAsync(CancellationToken cancellationToken)
    {
        var kept = Task.CompletedTask;
        var removed = await AskLiveAsync<object>(
            room =>
            {
                var count = room.Host.RemoveAll();
                kept = room.Journal.WhenDone();
                return count;
            },
            cancellationToken);
        await kept.WaitAsync(KeepPatience, _parts.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return removed as int?;
    }

    /// <summary>Mutes participants: their microphones.</summary>
    /// <returns>Those who are there; null when no session is under way.</returns>
    internal Task<IReadOnlyList<Participant>?> MuteAsync(ParticipantChoice who, CancellationToken cancellationToken) =>
        AskLiveAsync(
            room =>
            {
                var peers = Named(room, who);
                foreach (var peer in peers)
                {
                    room.Media.HoldBack(peer, new MediaChoice(Audio: true, Video: false, Screen: false), initiatorPeerId: "");
                }

                return ParticipantsOf(peers);
            },
            cancellationToken);

    /// <summary>Mutes everybody: all microphones.</summary>
    /// <param name="mayUnmute">Whether they may go on by themselves; otherwise their permission to speak is taken.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>How many participants are there; null when no session is under way.</returns>
    internal async Task<int?> MuteAllAsync(bool mayUnmute, CancellationToken cancellationToken) =>
        await AskLiveAsync<object>(
            room =>
            {
                var peers = room.Joined.Where(peer => !peer.IsGuest).ToArray();
                foreach (var peer in peers)
                {
                    room.Media.HoldBack(peer, new MediaChoice(Audio: true, Video: false, Screen: false), initiatorPeerId: "");
                }

                var members = peers.Select(peer => peer.Member).Distinct().ToArray();
                if (!mayUnmute)
                {
                    foreach (var member in members)
                    {
                        room.Permissions.Replace(member, WithoutAudio(member.Preset));
                    }
                }

                return members.Length;
            },
            cancellationToken) as int?;

    /// <summary>Begins a poll in nobody's name. Null when no session is under way.</summary>
    /// <exception cref="SessionException">It has too few or too many answers, texts are too long, or there are too many polls.</exception>
    internal Task<Poll?> CreatePollAsync(PollRequest poll, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(poll);
        return AskLiveAsync(room => room.Polls.Add(poll, creatorName: "", creator: null), cancellationToken);
    }

    /// <summary>The meeting was changed.</summary>
    internal Task ApplyAsync(Meeting meeting, CancellationToken cancellationToken) => AskAsync(
        room =>
        {
            room.Change(meeting);
            return room.Meeting;
        },
        cancellationToken);

    /// <summary>A participant, or which preset it has, was changed.</summary>
    internal Task ApplyAsync(Participant participant, Preset preset, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(participant);
        return AskAsync<object>(
            room =>
            {
                if (room.Members.TryGetValue(participant.Id.ToString(), out var member))
                {
                    member.Participant = participant;
                    if (member.Preset.Id != preset.Id || member.Preset.UpdatedAt != preset.UpdatedAt)
                    {
                        room.Permissions.Replace(member, preset);
                    }
                }

                return room;
            },
            cancellationToken);
    }

    /// <summary>A preset was changed: it holds at once for all who have it.</summary>
    internal Task ApplyAsync(Preset preset, CancellationToken cancellationToken) => AskAsync<object>(
        room =>
        {
            // Of two changes at nearly the same time the older may be told last.
            foreach (var member in room.Members.Values.Where(
                member => member.Preset.Id == preset.Id && member.Preset.UpdatedAt <= preset.UpdatedAt))
            {
                room.Permissions.Replace(member, preset);
            }

            return room;
        },
        cancellationToken);

    /// <summary>A participant was deleted: it is removed, and its connections are closed.</summary>
    internal Task RemoveAsync(ParticipantId participantId, CancellationToken cancellationToken) => AskAsync<object>(
        room =>
        {
            var userId = participantId.ToString();
            foreach (var peer in room.Peers.Values.Where(peer => peer.UserId == userId).ToArray())
            {
                room.Host.Remove(peer);
            }

            return room;
        },
        cancellationToken);

    /// <summary>Begins to follow the session. Null when no session is under way, or another one than was meant.</summary>
    /// <exception cref="SessionException">There are as many followers as may be.</exception>
    internal Task<SessionFollowing?> FollowAsync(SessionId sessionId, ISessionFollower follower, CancellationToken cancellationToken) =>
        AskLiveAsync(
            room => room.SessionId == sessionId ? room.Followers.Add(follower, following => PostAsync(() => room.Followers.Remove(following))) : null!,
            cancellationToken);

    /// <summary>Tells everybody who has joined what happened outside of the session.</summary>
    internal Task TellAsync(SessionEvent happened, CancellationToken cancellationToken) => AskAsync<object>(
        room =>
        {
            if (happened is RecordingChanged recording)
            {
                room.TellRecording(recording);
            }
            else if (happened is TranscriptHeard)
            {
                room.TellReaders(happened);
            }
            else
            {
                room.TellJoined(happened);
            }

            return room;
        },
        cancellationToken);

    /// <summary>What a participant may do here. Null when it has no peer.</summary>
    internal Task<PresetPermissions?> FindPermissionsAsync(ParticipantId participantId, CancellationToken cancellationToken) => AskAsync(
        room => room.Joined.FirstOrDefault(peer => peer.Member.Participant.Id == participantId)?.May, cancellationToken);

    private static Preset WithoutAudio(Preset preset)
    {
        var media = preset.Permissions.Media with { Audio = new ProducePermission { CanProduce = Permission.NotAllowed } };
        return preset with { Content = preset.Content with { Permissions = preset.Permissions with { Media = media } } };
    }

    private static List<SessionPeer> Named(SessionRoom room, ParticipantChoice who) =>
    [
        .. room.Peers.Values.Where(peer => peer.State is PresenceState.Joined or PresenceState.Waiting
            && who.Includes(peer.Member.Participant.Id, peer.Member.Participant.CustomId)),
    ];

    private static IReadOnlyList<Participant> ParticipantsOf(IEnumerable<SessionPeer> peers) =>
        [.. peers.Select(peer => peer.Member.Participant).DistinctBy(participant => participant.Id)];

    private Task<T?> AskLiveAsync<T>(Func<SessionRoom, T> question, CancellationToken cancellationToken)
        where T : class =>
        AskAsync(room => room.SessionId is null ? null : question(room), cancellationToken)!;
}
