namespace Roomcast.Meetings.Records;

/// <summary>Text made comparable: folded by the program, since the engines do not agree on how to do it.</summary>
internal static class SearchText
{
    /// <summary>The escape character of <see cref="Containing"/>.</summary>
    public const char Escape = '!';

#pragma warning disable CA1308 // Text is folded for comparing only; the stored columns are made with the same.
    public static string Fold(string text) => text.ToLowerInvariant();
#pragma warning restore CA1308

    /// <summary>A LIKE pattern for folded text that contains this, whatever its case and whatever wildcards are in it.</summary>
    public static string Containing(string text) =>
        "%" + Fold(text)
            .Replace("!", "!!", StringComparison.Ordinal)
            .Replace("%", "!%", StringComparison.Ordinal)
            .Replace("_", "!_", StringComparison.Ordinal) + "%";

    /// <summary>Takes out what PostgreSQL refuses in text.</summary>
    public static string Storable(string text) => text.Replace("\0", "", StringComparison.Ordinal);
}
