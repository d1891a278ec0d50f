using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>
/// A page of livestreams in the shape that the published schema and the official client have, an object with the fields of one
/// livestream: here the page's first, with the whole page beside it.
/// </summary>
internal sealed record LivestreamListResponse : LivestreamResponse
{
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    public LivestreamListResponse(IReadOnlyList<LivestreamResponse> page, PagingResponse paging)
        : base(page[0])
    {
        Livestreams = page;
        Paging = paging;
    }

    public IReadOnlyList<LivestreamResponse> Livestreams { get; }

    public PagingResponse Paging { get; }
}

/// <summary>The same for a page without livestreams.</summary>
internal sealed record EmptyLivestreamListResponse(IReadOnlyList<LivestreamResponse> Livestreams, PagingResponse Paging);
