using System.Text.RegularExpressions;

namespace Roomcast.Transcripts.Speech;

/// <summary>Covers foul words: of each its first letter stays, and a star for each of the others.</summary>
/// <remarks>
/// Services in the form of OpenAI's API have no such filter, so that it is here. Words are known by the language a meeting is said to be
/// in, as what is foul in one is harmless in another; of a language without a list nothing is covered.
/// </remarks>
internal static partial class FoulWords
{
    private static readonly Lazy<Dictionary<string, Words>> Lists = new(Read);

    /// <summary>The languages that have a list, in ISO 639.</summary>
    public static IReadOnlyCollection<string> Languages => Lists.Value.Keys;

    /// <summary>Covers those of a text.</summary>
    /// <param name="text">What was said.</param>
    /// <param name="language">BCP 47; its region means nothing here.</param>
    public static string Cover(string text, string language) =>
        Lists.Value.TryGetValue(language.Split('-')[0], out var words)
            ? Word().Replace(text, word => words.Hold(Fold(word.Value)) ? Covered(word.Value) : word.Value)
            : text;

    // A letter with its marks is one.
    private static string Covered(string word)
    {
        var letters = System.Globalization.StringInfo.ParseCombiningCharacters(word);
        return string.Concat(word.AsSpan(0, letters.Length > 1 ? letters[1] : word.Length), new string('*', letters.Length - 1));
    }

#pragma warning disable CA1308 // Text is folded for comparing only.
    private static string Fold(string text) => text.ToLowerInvariant();
#pragma warning restore CA1308

    private static Dictionary<string, Words> Read()
    {
        using var stream = typeof(FoulWords).Assembly.GetManifestResourceStream(typeof(FoulWords), "FoulWords.txt")!;
        using var reader = new StreamReader(stream);
        var lists = new Dictionary<string, Words>(StringComparer.OrdinalIgnoreCase);
        while (reader.ReadLine() is { } line)
        {
            if (line is not ['#', ..] && line.Split(':', 2) is [var language, var words])
            {
                lists.Add(language, new Words(Fold(words).Split(' ', StringSplitOptions.RemoveEmptyEntries)));
            }
        }

        return lists;
    }

    [GeneratedRegex(@"[\p{L}\p{M}]+")]
    private static partial Regex Word();

    private sealed class Words(IEnumerable<string> all)
    {
        private readonly HashSet<string> _whole = [.. all.Where(word => !word.EndsWith('*'))];
        private readonly string[] _beginnings = [.. all.Where(word => word.EndsWith('*')).Select(word => word[..^1])];

        public bool Hold(string word) =>
            _whole.Contains(word) || _beginnings.Any(beginning => word.StartsWith(beginning, StringComparison.Ordinal));
    }
}
