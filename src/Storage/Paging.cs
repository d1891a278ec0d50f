namespace Roomcast.Storage;

/// <summary>Which page of a list is wanted.</summary>
/// <param name="Number">1 or more.</param>
/// <param name="Size">Rows on a page, 1 to 100.</param>
public readonly record struct PageRequest(int Number, int Size)
{
    /// <summary>Rows to pass over.</summary>
    public long Offset => (Number - 1L) * Size;
}

/// <summary>One page of a list.</summary>
/// <param name="Items">The rows of the page, in order; empty past the end.</param>
/// <param name="TotalCount">Rows that match the filters, on all pages.</param>
/// <param name="Request">The page that was asked for.</param>
/// <typeparam name="T">What is listed.</typeparam>
public sealed record Page<T>(IReadOnlyList<T> Items, long TotalCount, PageRequest Request);

/// <summary>Order by age.</summary>
public enum SortOrder
{
    /// <summary>Newest first, the default everywhere.</summary>
    Descending,

    /// <summary>Oldest first.</summary>
    Ascending,
}

/// <summary>A span of time, both ends optional; the start is in it, the end is not.</summary>
/// <param name="From">First moment in the range; null for no bound.</param>
/// <param name="To">First moment after the range; null for no bound.</param>
public readonly record struct TimeRange(DateTimeOffset? From, DateTimeOffset? To);
