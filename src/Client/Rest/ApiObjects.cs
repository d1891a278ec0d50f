using System.Text.Json;
using System.Text.Json.Serialization;

namespace Roomcast.Client.Rest;

/// <summary>One customer's space.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is called.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record AppInfo(string Id, string? Name, DateTimeOffset CreatedAt);

/// <summary>A meeting.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Title">What it is called.</param>
/// <param name="Status">ACTIVE or INACTIVE.</param>
/// <param name="PersistChat">Whether messages outlast the session.</param>
/// <param name="RecordOnStart">Whether each session is recorded by itself.</param>
/// <param name="LiveStreamOnStart">Whether each session goes live by itself.</param>
/// <param name="TranscribeOnEnd">Whether sessions are transcribed.</param>
/// <param name="SummarizeOnEnd">Whether sessions are summarised.</param>
/// <param name="SessionKeepAliveTimeInSecs">How long a session waits for somebody to come back, in seconds.</param>
/// <param name="AiConfig">How it is transcribed and summarised; null in lists.</param>
/// <param name="RecordingConfig">How it is recorded.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
public sealed record MeetingInfo(
    string Id,
    string? Title,
    string? Status,
    bool PersistChat,
    bool RecordOnStart,
    bool LiveStreamOnStart,
    bool TranscribeOnEnd,
    bool SummarizeOnEnd,
    double SessionKeepAliveTimeInSecs,
    AiConfig? AiConfig,
    RecordingConfig? RecordingConfig,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>Somebody who may join a meeting.</summary>
/// <param name="Id">Their id.</param>
/// <param name="CustomParticipantId">What the application calls them.</param>
/// <param name="PresetName">Their preset.</param>
/// <param name="Name">What others see.</param>
/// <param name="Picture">Address of their picture.</param>
/// <param name="Token">What they join with: a secret. In answers to adding and changing only.</param>
/// <param name="CreatedAt">When they were added.</param>
/// <param name="UpdatedAt">When they were changed last.</param>
public sealed record ParticipantInfo(
    string Id,
    string CustomParticipantId,
    string PresetName,
    string? Name,
    string? Picture,
    string? Token,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    /// <summary>Says who, and not with what token.</summary>
    public override string ToString() => $"participant {Id}";
}

/// <summary>A participant that was deleted.</summary>
/// <param name="CustomParticipantId">What the application called them.</param>
/// <param name="PresetId">Their preset.</param>
/// <param name="CreatedAt">When they were added.</param>
/// <param name="UpdatedAt">When they were changed last.</param>
public sealed record DeletedParticipant(string CustomParticipantId, string? PresetId, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>A preset. Its three parts are as the API's document describes them; lists leave them undefined.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Config">What its participants see and send.</param>
/// <param name="Permissions">What they may do.</param>
/// <param name="Ui">How it looks.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
public sealed record PresetInfo(
    string Id, string Name, JsonElement Config, JsonElement Permissions, JsonElement Ui, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>One time a meeting took or takes place.</summary>
/// <param name="Id">Its id.</param>
/// <param name="AssociatedId">The meeting.</param>
/// <param name="MeetingDisplayName">What the meeting is called.</param>
/// <param name="OrganizationId">The app.</param>
/// <param name="Type">meeting, livestream or participant.</param>
/// <param name="Status">LIVE or ENDED.</param>
/// <param name="LiveParticipants">How many are in it now.</param>
/// <param name="MaxConcurrentParticipants">How many were in it at most.</param>
/// <param name="MinutesConsumed">Minutes of all participants together.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When it ended; null while it is live.</param>
/// <param name="CreatedAt">When it was noted.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
/// <param name="BreakoutRooms">The sessions of the meetings that are connected with it; null unless asked for.</param>
/// <param name="Meta">What else is told of it; undefined when nothing is.</param>
public sealed record SessionInfo(
    string Id,
    string? AssociatedId,
    string? MeetingDisplayName,
    string? OrganizationId,
    string? Type,
    string? Status,
    int LiveParticipants,
    int MaxConcurrentParticipants,
    double MinutesConsumed,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    IReadOnlyList<SessionInfo>? BreakoutRooms,
    JsonElement Meta);

/// <summary>Something that happened to a presence.</summary>
/// <param name="Id">Its id.</param>
/// <param name="EventName">PEER_CREATED, PEER_JOINING or PEER_LEAVING.</param>
/// <param name="PeerId">The presence.</param>
/// <param name="ParticipantId">The participant.</param>
/// <param name="PresetViewType">How their preset sees the meeting.</param>
/// <param name="SessionId">The session.</param>
/// <param name="SocketSessionId">The connection.</param>
/// <param name="MinutesConsumed">Minutes since they came.</param>
/// <param name="CreatedAt">When it happened.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
public sealed record PeerEvent(
    string Id,
    string? EventName,
    string? PeerId,
    string? ParticipantId,
    string? PresetViewType,
    string? SessionId,
    string? SocketSessionId,
    double? MinutesConsumed,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>One presence of somebody in a session.</summary>
/// <param name="Id">The presence.</param>
/// <param name="UserId">The participant.</param>
/// <param name="CustomParticipantId">What the application calls them.</param>
/// <param name="DisplayName">What others saw.</param>
/// <param name="PresetName">Their preset.</param>
/// <param name="Duration">How long they were there, in minutes.</param>
/// <param name="JoinedAt">When they came.</param>
/// <param name="LeftAt">When they went; null while they are there.</param>
/// <param name="CreatedAt">When it was noted; null in consolidated lists.</param>
/// <param name="UpdatedAt">When it was changed last; null in consolidated lists.</param>
/// <param name="SessionId">The session; null in lists of one.</param>
/// <param name="Role">What they were there as; null where it is not told.</param>
/// <param name="PeerEvents">What happened to the presence; null unless asked for.</param>
/// <param name="PeerReport">Figures of the call, as the API's document describes them; undefined in lists.</param>
public sealed record SessionParticipant(
    string Id,
    string? UserId,
    string? CustomParticipantId,
    string? DisplayName,
    string? PresetName,
    double Duration,
    DateTimeOffset? JoinedAt,
    DateTimeOffset? LeftAt,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? UpdatedAt,
    string? SessionId,
    string? Role,
    IReadOnlyList<PeerEvent>? PeerEvents,
    JsonElement PeerReport);

/// <summary>A recording.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status">INVOKED, RECORDING, PAUSED, UPLOADING, UPLOADED or ERRORED.</param>
/// <param name="SessionId">The session.</param>
/// <param name="OutputFileName">What its file is called.</param>
/// <param name="DownloadUrl">Where it can be had; null until then.</param>
/// <param name="AudioDownloadUrl">Where its sound can be had.</param>
/// <param name="DownloadUrlExpiry">Until when.</param>
/// <param name="FileSize">Its length in bytes.</param>
/// <param name="RecordingDuration">How long it is, in seconds.</param>
/// <param name="InvokedTime">When it was asked for.</param>
/// <param name="StartedTime">When it began.</param>
/// <param name="StoppedTime">When it ended.</param>
/// <param name="StartReason">Why it began; null in lists.</param>
/// <param name="StopReason">Why it ended; null in lists, and before.</param>
/// <param name="StorageConfig">Where it is put, without secrets; null for the server's own place.</param>
/// <param name="Meeting">The meeting; in lists only.</param>
/// <param name="MeetingId">The meeting; in answers to starting a recording of tracks only.</param>
/// <param name="Type">TRACK for a recording of tracks; null otherwise.</param>
public sealed record RecordingInfo(
    string Id,
    string Status,
    string? SessionId,
    string? OutputFileName,
    string? DownloadUrl,
    string? AudioDownloadUrl,
    DateTimeOffset? DownloadUrlExpiry,
    long? FileSize,
    double? RecordingDuration,
    DateTimeOffset? InvokedTime,
    DateTimeOffset? StartedTime,
    DateTimeOffset? StoppedTime,
    RecordingReason? StartReason,
    RecordingReason? StopReason,
    StorageConfig? StorageConfig,
    MeetingInfo? Meeting,
    string? MeetingId,
    string? Type);

/// <summary>A livestream.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is called.</param>
/// <param name="MeetingId">The meeting; null for independent ones.</param>
/// <param name="Status">LIVE, IDLE, ERRORED or INVOKED.</param>
/// <param name="Disabled">Whether it takes no media.</param>
/// <param name="IngestServer">Where one publishes to.</param>
/// <param name="StreamKey">The secret one publishes with; null for tokens that may only read.</param>
/// <param name="PlaybackUrl">Where it is watched.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
public sealed record LivestreamInfo(
    string Id,
    string? Name,
    string? MeetingId,
    string? Status,
    bool Disabled,
    string? IngestServer,
    string? StreamKey,
    string? PlaybackUrl,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? UpdatedAt)
{
    /// <summary>Says which, and not with what key.</summary>
    public override string ToString() => $"livestream {Id}";
}

/// <summary>One time on air of a livestream.</summary>
/// <param name="Id">Its id.</param>
/// <param name="LivestreamId">The livestream.</param>
/// <param name="InvokedTime">When it was asked for.</param>
/// <param name="StartedTime">When it began.</param>
/// <param name="StoppedTime">When it ended; null while it is on air.</param>
/// <param name="IngestSeconds">How long media came in.</param>
/// <param name="ViewerSeconds">How long all viewers together watched.</param>
/// <param name="ErrMessage">What went wrong.</param>
/// <param name="CreatedAt">When it was noted.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
public sealed record LivestreamSessionInfo(
    string Id,
    string? LivestreamId,
    DateTimeOffset? InvokedTime,
    DateTimeOffset? StartedTime,
    DateTimeOffset? StoppedTime,
    double IngestSeconds,
    double ViewerSeconds,
    string? ErrMessage,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? UpdatedAt);

/// <summary>A livestream with a time on air.</summary>
/// <param name="Livestream">The livestream.</param>
/// <param name="Session">The newest time; null when it never was on air.</param>
/// <param name="Sessions">The newest times, newest first; null where only one is told. <see cref="LivestreamsApi.ListSessionsAsync"/> has all.</param>
public sealed record LivestreamDetail(LivestreamInfo Livestream, LivestreamSessionInfo? Session, IReadOnlyList<LivestreamSessionInfo>? Sessions);

/// <summary>Figures of all livestreams of a time.</summary>
/// <param name="Date">The day; null for the whole time.</param>
/// <param name="Count">How many there were.</param>
/// <param name="TotalIngestSeconds">How long media came in.</param>
/// <param name="TotalViewerSeconds">How long all viewers together watched.</param>
public sealed record LivestreamFigures(string? Date, long Count, double TotalIngestSeconds, double TotalViewerSeconds);

/// <summary>Where events are posted to.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Url">The address.</param>
/// <param name="Events">Which events.</param>
/// <param name="Enabled">Whether they are posted.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
public sealed record WebhookInfo(
    string Id, string Name, string Url, IReadOnlyList<string> Events, bool Enabled, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>What an act upon a session has done.</summary>
/// <param name="Action">kick, kick-all, mute, mute-all or create-poll.</param>
/// <param name="Participants">Whom it was done to; null where all are meant.</param>
/// <param name="KickedParticipantsCount">How many were removed.</param>
/// <param name="MutedParticipantsCount">How many were muted.</param>
/// <param name="Poll">The poll that was made; null otherwise.</param>
public sealed record SessionAction(
    string? Action, IReadOnlyList<ActedParticipant>? Participants, int? KickedParticipantsCount, int? MutedParticipantsCount, PollInfo? Poll);

/// <summary>Somebody to whom something was done.</summary>
/// <param name="Id">The participant.</param>
/// <param name="Name">What others see.</param>
/// <param name="Email">Their address; null when not known.</param>
/// <param name="Picture">Address of their picture.</param>
/// <param name="CreatedAt">When they were added.</param>
/// <param name="UpdatedAt">When they were changed last.</param>
public sealed record ActedParticipant(string Id, string? Name, string? Email, string? Picture, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>A poll.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Question">What is asked.</param>
/// <param name="Options">What can be answered.</param>
/// <param name="Anonymous">Whether nobody is told who voted.</param>
/// <param name="HideVotes">Whether nobody is told how it stands.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="Voted">The participants who voted.</param>
public sealed record PollInfo(
    string Id, string? Question, IReadOnlyList<PollOptionInfo>? Options, bool Anonymous, bool HideVotes, string? CreatedBy, IReadOnlyList<string>? Voted);

/// <summary>An answer to choose in a poll.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Count">How often it was chosen.</param>
/// <param name="Votes">Who chose it.</param>
public sealed record PollOptionInfo(string? Text, int Count, IReadOnlyList<PollVoteInfo>? Votes);

/// <summary>Somebody who voted.</summary>
/// <param name="Id">The participant.</param>
/// <param name="Name">What they are called.</param>
public sealed record PollVoteInfo(string Id, string? Name);

/// <summary>Sessions and recordings, day by day.</summary>
/// <param name="SessionStats">Sessions.</param>
/// <param name="RecordingStats">Recordings.</param>
public sealed record DaywiseFigures(SessionFigures? SessionStats, RecordingFigures? RecordingStats);

/// <summary>Figures of sessions.</summary>
/// <param name="SessionsCount">How many there were.</param>
/// <param name="SessionsMinutesConsumed">Minutes of all participants together.</param>
/// <param name="DayStats">Each day.</param>
public sealed record SessionFigures(long SessionsCount, double SessionsMinutesConsumed, IReadOnlyList<SessionDay>? DayStats);

/// <summary>Sessions of a day.</summary>
/// <param name="Day">The day.</param>
/// <param name="TotalSessions">How many there were.</param>
/// <param name="TotalSessionMinutes">Minutes of all participants together.</param>
public sealed record SessionDay(string? Day, long TotalSessions, double TotalSessionMinutes);

/// <summary>Figures of recordings.</summary>
/// <param name="RecordingCount">How many there were.</param>
/// <param name="RecordingMinutesConsumed">How long all were, in minutes.</param>
/// <param name="DayStats">Each day.</param>
public sealed record RecordingFigures(long RecordingCount, double RecordingMinutesConsumed, IReadOnlyList<RecordingDay>? DayStats);

/// <summary>Recordings of a day.</summary>
/// <param name="Day">The day.</param>
/// <param name="TotalRecordings">How many there were.</param>
/// <param name="TotalRecordingMinutes">How long all were, in minutes.</param>
public sealed record RecordingDay(string? Day, long TotalRecordings, double TotalRecordingMinutes);

/// <summary>A file that can be had for a time.</summary>
/// <param name="Url">Where.</param>
/// <param name="Expiry">Until when.</param>
public sealed record DownloadLink(string Url, DateTimeOffset Expiry);

/// <summary>Where of a list a page stands.</summary>
/// <param name="StartOffset">The first item of the page, from 1; 0 when it is empty.</param>
/// <param name="EndOffset">The last item of the page.</param>
/// <param name="TotalCount">How many there are altogether.</param>
public sealed record PageInfo(int StartOffset, int EndOffset, int TotalCount);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AppInfo))]
[JsonSerializable(typeof(MeetingInfo))]
[JsonSerializable(typeof(MeetingRequest))]
[JsonSerializable(typeof(ParticipantInfo))]
[JsonSerializable(typeof(ParticipantRequest))]
[JsonSerializable(typeof(DeletedParticipant))]
[JsonSerializable(typeof(PresetInfo))]
[JsonSerializable(typeof(PresetRequest))]
[JsonSerializable(typeof(SessionInfo))]
[JsonSerializable(typeof(SessionParticipant))]
[JsonSerializable(typeof(RecordingInfo))]
[JsonSerializable(typeof(RecordingRequest))]
[JsonSerializable(typeof(LivestreamInfo))]
[JsonSerializable(typeof(LivestreamSessionInfo))]
[JsonSerializable(typeof(LivestreamDetail))]
[JsonSerializable(typeof(DaywiseFigures))]
[JsonSerializable(typeof(LivestreamRequest))]
[JsonSerializable(typeof(LivestreamFigures))]
[JsonSerializable(typeof(WebhookInfo))]
[JsonSerializable(typeof(WebhookRequest))]
[JsonSerializable(typeof(ParticipantSelection))]
[JsonSerializable(typeof(SessionAction))]
[JsonSerializable(typeof(PollRequest))]
[JsonSerializable(typeof(PageInfo))]
[JsonSerializable(typeof(NameRequest))]
[JsonSerializable(typeof(ActionRequest))]
[JsonSerializable(typeof(MuteAllRequest))]
[JsonSerializable(typeof(OutputInfo))]
[JsonSerializable(typeof(OutputRequest))]
[JsonSerializable(typeof(DeliveryInfo))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class ApiJson : JsonSerializerContext;
