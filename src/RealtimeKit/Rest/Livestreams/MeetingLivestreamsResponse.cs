using System.Text.Json.Serialization;
using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>What stopping says.</summary>
internal sealed record StoppedLivestreamResponse(string Message);

/// <summary>
/// The livestreams of a meeting and their sessions. The published schema has <c>livestreams</c> and an object <c>sessions</c>, its
/// example one livestream and a list; here each reader finds what it looks for.
/// </summary>
internal sealed record MeetingLivestreamsResponse
{
    public required IReadOnlyList<LivestreamResponse> Livestreams { get; init; }

    /// <summary>The newest, left out when there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LivestreamResponse? Livestream { get; init; }

    /// <summary>The newest session, or an object without fields.</summary>
    public required object Sessions { get; init; }

    /// <summary>The newest session, left out when there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LivestreamSessionResponse? Session { get; init; }

    public required IReadOnlyList<LivestreamSessionResponse> SessionList { get; init; }

    public required PagingResponse Paging { get; init; }

    public static MeetingLivestreamsResponse Of(
        LivestreamResponse[] livestreams, LivestreamSessionResponse[] sessions, PagingResponse paging) => new()
    {
        Livestreams = livestreams,
        Livestream = livestreams.FirstOrDefault(),
        Sessions = sessions.Length > 0 ? sessions[0] : new NoSession(),
        Session = sessions.FirstOrDefault(),
        SessionList = sessions,
        Paging = paging,
    };
}

/// <summary>Stands where a session would, as an object without fields.</summary>
internal sealed record NoSession;

/// <summary>The livestream sessions that showed one session: the fields of the newest, with the page beside them.</summary>
internal sealed record LivestreamSessionsResponse : LivestreamSessionResponse
{
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    public LivestreamSessionsResponse(IReadOnlyList<LivestreamSessionResponse> page, PagingResponse paging)
        : base(page[0])
    {
        Data = page;
        Sessions = page;
        Paging = paging;
    }

    public IReadOnlyList<LivestreamSessionResponse> Data { get; }

    public IReadOnlyList<LivestreamSessionResponse> Sessions { get; }

    public PagingResponse Paging { get; }
}

/// <summary>The same where there are none.</summary>
internal sealed record EmptyLivestreamSessionsResponse(
    IReadOnlyList<LivestreamSessionResponse> Data, IReadOnlyList<LivestreamSessionResponse> Sessions, PagingResponse Paging);
