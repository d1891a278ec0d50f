namespace Roomcast.Meetings.Sessions.Events;

/// <summary>The livestream of a session, as its peers are told of it.</summary>
/// <param name="LivestreamId">The livestream.</param>
/// <param name="MeetingId">The meeting it shows.</param>
/// <param name="AppId">The app.</param>
/// <param name="Name">Its name; may be empty.</param>
/// <param name="PlaybackUrl">Where it is played.</param>
/// <param name="IsManual">Whether the customer's own encoder publishes.</param>
public sealed record SessionLivestream(
    Guid LivestreamId, Guid MeetingId, Guid AppId, string Name, string PlaybackUrl, bool IsManual);

/// <summary>The session is to be livestreamed; there is nothing to play so far.</summary>
public sealed record LivestreamInvoked(SessionLivestream Livestream) : SessionEvent;

/// <summary>The session is live: a player can play it.</summary>
public sealed record LivestreamStarted(SessionLivestream Livestream) : SessionEvent;

/// <summary>The session is live no longer.</summary>
public sealed record LivestreamStopped(SessionLivestream Livestream) : SessionEvent;

/// <summary>A fault ended the livestream of the session, or kept it from beginning.</summary>
public sealed record LivestreamFailed(SessionLivestream Livestream, string Error) : SessionEvent;
