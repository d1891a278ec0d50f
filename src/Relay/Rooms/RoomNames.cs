using Roomcast.Accounts;
using Roomcast.Meetings.Records;

namespace Roomcast.Relay.Rooms;

/// <summary>Which room it is, and what it is called.</summary>
/// <param name="AppId">The project.</param>
/// <param name="MeetingId">The meeting.</param>
/// <param name="Title">The meeting's title; empty where it has none.</param>
internal readonly record struct RoomNames(AppId AppId, MeetingId MeetingId, string Title);
