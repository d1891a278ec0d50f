namespace Roomcast.Meetings.Sessions.Features;

/// <summary>A meeting next to others.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Title">Its title.</param>
public sealed record ConnectedMeeting(string Id, string Title);

/// <summary>A participant of a connected meeting.</summary>
/// <param name="UserId">The participant.</param>
/// <param name="Name">The name it goes by.</param>
/// <param name="CustomId">The participant's id in the customer's own words.</param>
/// <param name="PresetId">Its preset.</param>
/// <param name="Picture">Address of its picture; may be empty.</param>
public sealed record ConnectedParticipant(string UserId, string Name, string CustomId, string PresetId, string Picture);

/// <summary>A meeting with those who are in it.</summary>
public sealed record ConnectedAttendance(ConnectedMeeting Meeting, IReadOnlyList<ConnectedParticipant> Participants);

/// <summary>The parent meeting and those made from it, with those who are in them.</summary>
public sealed record ConnectedView(ConnectedAttendance Parent, IReadOnlyList<ConnectedAttendance> Meetings);

/// <summary>Who goes to another meeting.</summary>
/// <param name="UserId">The participant.</param>
/// <param name="PresetId">The preset it has there; null for the one it has here.</param>
public sealed record ConnectedMove(string UserId, string? PresetId);

/// <summary>Why somebody did not go to another meeting.</summary>
/// <param name="UserId">The participant, as it was named.</param>
/// <param name="Reason">A sentence for whoever asked.</param>
public sealed record ConnectedMoveFailure(string UserId, string Reason);
