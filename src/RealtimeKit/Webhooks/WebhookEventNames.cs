namespace Roomcast.RealtimeKit.Webhooks;

/// <summary>The events of this API, as webhooks name them.</summary>
internal static class WebhookEventNames
{
    public const string MeetingStarted = "meeting.started";
    public const string MeetingEnded = "meeting.ended";
    public const string ParticipantJoined = "meeting.participantJoined";
    public const string ParticipantLeft = "meeting.participantLeft";
    public const string ChatSynced = "meeting.chatSynced";
    public const string Recording = "recording.statusUpdate";
    public const string Livestreaming = "livestreaming.statusUpdate";
    public const string Transcript = "meeting.transcript";
    public const string Summary = "meeting.summary";

    /// <summary>All of them, in the order of the published list.</summary>
    public static readonly string[] All =
        [MeetingStarted, MeetingEnded, ParticipantJoined, ParticipantLeft, ChatSynced, Recording, Livestreaming, Transcript, Summary];

    // What some documents of this API call two of them.
    private static readonly Dictionary<string, string> OtherSpellings = new(StringComparer.Ordinal)
    {
        ["session.started"] = MeetingStarted,
        ["session.ended"] = MeetingEnded,
    };

    /// <summary>The event that a caller means; null for none.</summary>
    public static string? Find(string text) =>
        OtherSpellings.GetValueOrDefault(text) ?? Array.Find(All, name => name == text);
}
