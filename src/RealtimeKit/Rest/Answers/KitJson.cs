using System.Text.Json.Serialization;
using Roomcast.RealtimeKit.Rest.Analytics;
using Roomcast.RealtimeKit.Rest.Apps;
using Roomcast.RealtimeKit.Rest.Livestreams;
using Roomcast.RealtimeKit.Rest.Meetings;
using Roomcast.RealtimeKit.Rest.Presets;
using Roomcast.RealtimeKit.Rest.Recordings;
using Roomcast.RealtimeKit.Rest.Sessions;
using Roomcast.RealtimeKit.Rest.Tokens;
using Roomcast.RealtimeKit.Rest.Webhooks;

namespace Roomcast.RealtimeKit.Rest.Answers;

/// <summary>How the payloads of this API are written: snake_case, nulls kept, moments in milliseconds.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    Converters = [typeof(TimestampConverter)])]
[JsonSerializable(typeof(PagingResponse))]
[JsonSerializable(typeof(VerifiedTokenResponse))]
[JsonSerializable(typeof(ApiTokenResponse))]
[JsonSerializable(typeof(ApiTokenResponse[]))]
[JsonSerializable(typeof(IssuedApiTokenResponse))]
[JsonSerializable(typeof(AppResponse))]
[JsonSerializable(typeof(AppResponse[]))]
[JsonSerializable(typeof(CreatedAppResponse))]
[JsonSerializable(typeof(LivestreamResponse))]
[JsonSerializable(typeof(LivestreamResponse[]))]
[JsonSerializable(typeof(LivestreamListResponse))]
[JsonSerializable(typeof(EmptyLivestreamListResponse))]
[JsonSerializable(typeof(LivestreamDetailResponse))]
[JsonSerializable(typeof(ActiveLivestreamResponse))]
[JsonSerializable(typeof(LivestreamSessionResponse))]
[JsonSerializable(typeof(LivestreamSessionResponse[]))]
[JsonSerializable(typeof(StoppedLivestreamResponse))]
[JsonSerializable(typeof(MeetingLivestreamsResponse))]
[JsonSerializable(typeof(NoSession))]
[JsonSerializable(typeof(LivestreamSessionsResponse))]
[JsonSerializable(typeof(EmptyLivestreamSessionsResponse))]
[JsonSerializable(typeof(ViewersResponse))]
[JsonSerializable(typeof(PublisherResponse))]
[JsonSerializable(typeof(PlaybackTokenResponse))]
[JsonSerializable(typeof(LivestreamOutputResponse))]
[JsonSerializable(typeof(LivestreamOutputResponse[]))]
[JsonSerializable(typeof(LivestreamTotalsResponse))]
[JsonSerializable(typeof(LivestreamDayResponse[]))]
[JsonSerializable(typeof(MeetingResponse))]
[JsonSerializable(typeof(MeetingResponse[]))]
[JsonSerializable(typeof(ParticipantResponse))]
[JsonSerializable(typeof(ParticipantResponse[]))]
[JsonSerializable(typeof(DeletedParticipantResponse))]
[JsonSerializable(typeof(RefreshedTokenResponse))]
[JsonSerializable(typeof(PresetResponse))]
[JsonSerializable(typeof(PresetListItem[]))]
[JsonSerializable(typeof(SessionResponse))]
[JsonSerializable(typeof(SessionListResponse))]
[JsonSerializable(typeof(SessionParticipantListResponse))]
[JsonSerializable(typeof(OneSessionParticipantResponse))]
[JsonSerializable(typeof(ChatDownloadResponse))]
[JsonSerializable(typeof(TranscriptDownloadResponse))]
[JsonSerializable(typeof(SummaryDownloadResponse))]
[JsonSerializable(typeof(SummaryStatusResponse))]
[JsonSerializable(typeof(AppAnalyticsResponse))]
[JsonSerializable(typeof(AiServicesResponse))]
[JsonSerializable(typeof(ParticipantsActionResponse))]
[JsonSerializable(typeof(KickAllResponse))]
[JsonSerializable(typeof(MuteAllResponse))]
[JsonSerializable(typeof(CreatedPollResponse))]
[JsonSerializable(typeof(RecordingResponse))]
[JsonSerializable(typeof(RecordingResponse[]))]
[JsonSerializable(typeof(TrackRecordingResponse))]
[JsonSerializable(typeof(WebhookResponse))]
[JsonSerializable(typeof(WebhookResponse[]))]
[JsonSerializable(typeof(WebhookEventsResponse))]
[JsonSerializable(typeof(DeliveryResponse[]))]
[JsonSerializable(typeof(DeliveryDetailResponse))]
internal sealed partial class KitJson : JsonSerializerContext;
