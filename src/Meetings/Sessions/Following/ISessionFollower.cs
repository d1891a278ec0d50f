using Roomcast.Meetings.Media;

namespace Roomcast.Meetings.Sessions.Following;

/// <summary>Follows a session from outside of it: who is on stage, and every track that is sent. It is no peer and nobody sees it.</summary>
/// <remarks>
/// <see cref="OnStage"/> and <see cref="OnEnded"/> are called by the session's loop, the rest by the worker of its media; neither
/// must be held up. Where the media side begins anew, <see cref="IMediaListener.OnRoomEnded"/> is called and tracks of a new room
/// follow.
/// </remarks>
public interface ISessionFollower : IMediaListener
{
    /// <summary>Whether it composes the session, and so may take the place that is kept for that; default false.</summary>
    bool IsComposition => false;

    /// <summary>The stage as it is now: at first, and whenever it has changed.</summary>
    void OnStage(StageView stage);

    /// <summary>The session has ended: nothing follows.</summary>
    void OnEnded();
}
