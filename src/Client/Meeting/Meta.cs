namespace Roomcast.Client.Meeting;

/// <summary>What is known of the meeting itself.</summary>
public sealed class Meta
{
    internal Meta(string meetingId, string title, string viewType)
    {
        MeetingId = meetingId;
        MeetingTitle = title;
        ViewType = viewType;
    }

    /// <summary>The meeting.</summary>
    public string MeetingId { get; }

    /// <summary>What it is called.</summary>
    public string MeetingTitle { get; }

    /// <summary>How the own preset sees it: GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM.</summary>
    public string ViewType { get; }

    /// <summary>When the session began; null before joining.</summary>
    public DateTimeOffset? MeetingStartedTimestamp { get; internal set; }

    /// <summary>The session; null before joining.</summary>
    public string? SessionId { get; internal set; }
}
