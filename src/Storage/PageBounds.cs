namespace Roomcast.Storage;

/// <summary>The limits that every list keeps.</summary>
public static class PageBounds
{
    /// <summary>Most rows on a page.</summary>
    public const int MaxSize = 100;

    /// <summary>Refuses a page that no list would answer: a number below 1, or a size outside 1 to <see cref="MaxSize"/>.</summary>
    public static void ThrowIfInvalid(PageRequest page)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(page.Number, 1, nameof(page));
        ArgumentOutOfRangeException.ThrowIfLessThan(page.Size, 1, nameof(page));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(page.Size, MaxSize, nameof(page));
    }
}
