using Roomcast.Livestreams.Lifecycle;
using Roomcast.Meetings;
using Roomcast.Meetings.Records;

namespace Roomcast.Server.Live;

/// <summary>The sessions under way, for livestream sessions that show them.</summary>
internal sealed class MeetingSessionLookup(IActiveSessions sessions) : IMeetingSessionLookup
{
    public Guid? Find(Guid meetingId) => sessions.Find(new MeetingId(meetingId))?.Value;
}
