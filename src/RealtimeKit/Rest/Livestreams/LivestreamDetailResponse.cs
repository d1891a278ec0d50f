using System.Text.Json.Serialization;
using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>A livestream with a page of its sessions; <c>session</c> is the page's first, left out when there is none.</summary>
internal sealed record LivestreamDetailResponse(
    LivestreamResponse Livestream,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LivestreamSessionResponse? Session,
    IReadOnlyList<LivestreamSessionResponse> Sessions,
    PagingResponse Paging);

/// <summary>A livestream on air, with the session on air.</summary>
internal sealed record ActiveLivestreamResponse(LivestreamResponse Livestream, LivestreamSessionResponse Session);
