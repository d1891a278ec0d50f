using Roomcast.Meetings.Sessions.Features;

namespace Roomcast.Meetings.Sessions.Events;

/// <summary>Connected meetings were made.</summary>
public sealed record ConnectedCreated(IReadOnlyList<ConnectedMeeting> Meetings) : SessionEvent;

/// <summary>Connected meetings were deleted.</summary>
public sealed record ConnectedDeleted(IReadOnlyList<ConnectedMeeting> Meetings) : SessionEvent;

/// <summary>Who is in which of the connected meetings has changed.</summary>
public sealed record ConnectedChanged(ConnectedView View) : SessionEvent;

/// <summary>The receiver goes to another meeting.</summary>
/// <param name="MeetingId">Which.</param>
/// <param name="Token">The token to join it with; a secret.</param>
public sealed record Transferred(string MeetingId, string Token) : SessionEvent
{
    /// <summary>Says what it is without the token.</summary>
    public override string ToString() => $"Transferred {{ MeetingId = {MeetingId} }}";
}
