using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Rest.Answers;

/// <summary>Which rows a page holds: numbered from 1, both ends included; 0 and 0 for an empty page.</summary>
internal sealed record PagingResponse(long StartOffset, long EndOffset, long TotalCount)
{
    public static PagingResponse Of<T>(Page<T> page) => page.Items.Count == 0
        ? new PagingResponse(0, 0, page.TotalCount)
        : new PagingResponse(page.Request.Offset + 1, page.Request.Offset + page.Items.Count, page.TotalCount);
}
