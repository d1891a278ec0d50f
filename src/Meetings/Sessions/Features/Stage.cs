using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Who is on stage, may come, or asks to.</summary>
public sealed class Stage(SessionRoom room)
{
    /// <summary>Asks to come on stage.</summary>
    public void Request(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.RequestStage);
        if (peer.Stage is StageState.Off)
        {
            Move(peer, StageState.Requested);
            TellRequests();
        }
    }

    /// <summary>Takes the request back.</summary>
    public void CancelRequest(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.RequestStage);
        if (peer.Stage is StageState.Requested or StageState.Approved)
        {
            Move(peer, StageState.Off);
            TellRequests();
        }
    }

    /// <summary>All who ask to come, for one who may answer them.</summary>
    public IReadOnlyList<PeerView> ListRequests(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.AnswerStageRequests);
        return Requests();
    }

    /// <summary>Lets participants come on stage, asked or not.</summary>
    public void Grant(SessionPeer peer, IReadOnlyCollection<string> userIds)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(userIds);
        room.Require(peer, SessionAct.AnswerStageRequests);
        foreach (var other in room.JoinedOf(userIds).Where(other => other.Stage is not (StageState.On or StageState.Approved)))
        {
            Move(other, StageState.Approved, isToldToItself: false);
            other.Link?.Tell(new StageGranted());
        }

        TellRequests();
    }

    /// <summary>Denies the stage to participants, also to those who were let come and have not yet.</summary>
    public void Deny(SessionPeer peer, IReadOnlyCollection<string> userIds)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(userIds);
        room.Require(peer, SessionAct.AnswerStageRequests);
        foreach (var other in room.JoinedOf(userIds).Where(other => other.Stage is StageState.Requested or StageState.Approved))
        {
            Move(other, StageState.Off, isToldToItself: false);
            other.Link?.Tell(new StageDenied());
        }

        TellRequests();
    }

    /// <summary>Comes on stage.</summary>
    /// <returns>How the peer stands now. The others are told; the peer itself is not.</returns>
    public StageChanged Join(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.JoinStage);
        return Move(peer, StageState.On, isToldToItself: false);
    }

    /// <summary>Goes off stage.</summary>
    /// <returns>How the peer stands now. The others are told; the peer itself is not.</returns>
    public StageChanged Leave(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.LeaveStage);
        return Move(peer, StageState.Off, isToldToItself: false);
    }

    /// <summary>Sends others off stage. What they send is held back at once, whether they heed it or not.</summary>
    public void Remove(SessionPeer peer, IReadOnlyCollection<string> userIds)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(userIds);
        room.Require(peer, SessionAct.RemoveFromStage);
        foreach (var other in room.JoinedOf(userIds).Where(other => other != peer && other.Stage is not StageState.Off))
        {
            Move(other, StageState.Off);
        }

        TellRequests();
    }

    /// <summary>Lets a peer come on stage or sends it off, for the meeting's owner.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="isOnStage">Whether it may come.</param>
    /// <param name="without">What of its media is held back when it comes, until it switches that on; of no meaning for one that is there.</param>
    /// <returns>Whether a stage is in force for it.</returns>
    internal bool Place(SessionPeer peer, bool isOnStage, MediaChoice without = default)
    {
        if (!StageRules.IsInForce(peer.Preset))
        {
            return false;
        }

        if (isOnStage && peer.Stage is not StageState.On)
        {
            peer.ArrivesWithout = without;
        }

        if (isOnStage && peer.Stage is not (StageState.On or StageState.Approved))
        {
            Move(peer, StageState.Approved, isToldToItself: false);
            peer.Link?.Tell(new StageGranted());
        }
        else if (!isOnStage && peer.Stage is not StageState.Off)
        {
            Move(peer, StageState.Off);
        }

        TellRequests();
        return true;
    }

    /// <summary>Who stands where towards the stage.</summary>
    public ILookup<StageState, string> Read(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.ReadStage);
        return room.Joined.ToLookup(other => other.Stage ?? StageState.Off, other => other.Id);
    }

    /// <summary>Tells a peer that may answer requests of those there are.</summary>
    internal void Welcome(SessionPeer peer)
    {
        if (peer.IsJoined && room.May(peer, SessionAct.AnswerStageRequests) && Requests() is { Count: > 0 } requests)
        {
            peer.Link?.Tell(new StageRequestsChanged(requests));
        }
    }

    internal void TellRequests() => room.TellThoseWhoMay(SessionAct.AnswerStageRequests, new StageRequestsChanged(Requests()));

    private List<PeerView> Requests() =>
        [.. room.Joined.Where(peer => peer.Stage is StageState.Requested).Select(peer => peer.View)];

    private StageChanged Move(SessionPeer peer, StageState to, bool isToldToItself = true)
    {
        // Where there is no stage, everybody stays where everybody is.
        if (!StageRules.IsInForce(peer.Preset))
        {
            return new StageChanged(peer.Id, peer.UserId, StageState.On);
        }

        var wasRequest = peer.Stage is StageState.Requested;
        var moved = new StageChanged(peer.Id, peer.UserId, to);
        if (peer.Stage != to)
        {
            peer.Stage = to;
            peer.ArrivesWithout = to is StageState.Off ? default : peer.ArrivesWithout;
            room.Memory.Keep(peer);
            room.TellJoined(moved, except: isToldToItself ? null : peer);
            room.Media.HoldBackWhatMayNotBeSent(peer);
            if (wasRequest && to is StageState.On)
            {
                TellRequests();
            }
        }

        return moved;
    }
}
