using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Those who follow the session from outside. They are told of the stage after each step of the loop that changed it.</summary>
internal sealed class Followers(SessionRoom room)
{
    private readonly List<SessionFollowing> _followers = [];
    private int _onStage = -1;

    /// <summary>Begins to be followed.</summary>
    /// <exception cref="SessionException">There are as many followers as may be.</exception>
    public SessionFollowing Add(ISessionFollower follower, Func<SessionFollowing, ValueTask> leave)
    {
        if (_followers.Count == SessionLimits.MaxFollowers
            || (!follower.IsComposition && _followers.Count(static each => !each.Follower.IsComposition) == SessionLimits.MaxOtherFollowers))
        {
            throw new SessionException(
                SessionFault.TooMany,
                $"a session has at most {SessionLimits.MaxFollowers} recordings of its tracks, transcripts and compositions at once, of which one place is kept for a composition");
        }

        var side = room.Media.Side;
        var following = new SessionFollowing(follower, leave);
        _followers.Add(following);
        _ = following.ListenAsync(side);
        return following;
    }

    public void Remove(SessionFollowing following) => _followers.Remove(following);

    /// <summary>The media side began anew.</summary>
    public void Listen(IMediaSide side)
    {
        foreach (var following in _followers)
        {
            _ = following.ListenAsync(side);
        }
    }

    /// <summary>Tells of the stage where it is not as it was.</summary>
    public void Refresh()
    {
        if (room.SessionId is not { } sessionId)
        {
            return;
        }

        var onStage = room.Joined.Count(IsShown);
        if (onStage != _onStage)
        {
            _onStage = onStage;
            foreach (var observer in room.Parts.Observers())
            {
                observer.StageChanged(room.Meeting.Id, sessionId, onStage);
            }
        }

        if (_followers.Count == 0)
        {
            return;
        }

        var stage = new StageView(
            room.Meeting.Id,
            sessionId,
            [
                .. room.Joined.Where(IsShown).OrderBy(peer => peer.JoinedAt).ThenBy(peer => peer.Id, StringComparer.Ordinal).Select(peer =>
                    new StagePeer(peer.Id, peer.Name, peer.Picture, [.. peer.Producers.Values.OrderBy(producer => producer.Id, StringComparer.Ordinal)])),
            ],
            room.Media.Speakers is [var speaker, ..] ? speaker : null,
            room.Host.Pinned is { Length: > 0 } pinned ? pinned : null);
        foreach (var following in _followers)
        {
            if (!stage.Equals(following.LastStage))
            {
                following.LastStage = stage;
                following.Follower.OnStage(stage);
            }
        }
    }

    /// <summary>The session has ended.</summary>
    public void End()
    {
        foreach (var following in _followers)
        {
            _ = following.EndAsync();
            following.Follower.OnEnded();
        }

        _followers.Clear();
        _onStage = -1;
    }

    private static bool IsShown(SessionPeer peer) =>
        peer.Stage is StageState.On && !peer.May.HiddenParticipant && peer.May.RecorderType is RecorderType.None;
}
