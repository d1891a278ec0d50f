using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.Sessions.Events;

/// <summary>Something that was said has been written down. Told to those whose preset lets them read the transcript.</summary>
/// <param name="MeetingId">The meeting.</param>
/// <param name="Line">Who said it and what, in one line of comma-separated values.</param>
public sealed record TranscriptHeard(MeetingId MeetingId, string Line) : SessionEvent;
