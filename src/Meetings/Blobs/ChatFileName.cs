using System.Globalization;
using System.Text;

namespace Roomcast.Meetings.Blobs;

/// <summary>What a file's own name becomes before it stands in an address and in a header.</summary>
internal static class ChatFileName
{
    public const int MaxLength = 120;

    /// <summary>
    /// Keeps letters, digits and a few signs of the last part of a path and makes everything else an underscore. The result is
    /// never empty, never begins with a dot, and has at most <see cref="MaxLength"/> characters; its ending is kept.
    /// </summary>
    public static string Clean(string name)
    {
        name = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        if (name.Length > 4 * MaxLength)
        {
            name = name[..(2 * MaxLength)] + name[^MaxLength..];
        }

        var clean = new StringBuilder();
        foreach (var rune in name.EnumerateRunes())
        {
            var isKept = Rune.IsLetterOrDigit(rune) || rune.Value is '.' or '-' or '_' or '(' or ')' or ' '
                || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
            clean.Append(isKept ? rune.ToString() : "_");
        }

        var text = clean.ToString().Trim(' ', '.');
        if (text.Length > MaxLength)
        {
            var ending = EndingOf(text) is { Length: > 0 and <= 10 } known ? "." + known : "";
            var keep = MaxLength - ending.Length;
            text = text[..(char.IsHighSurrogate(text[keep - 1]) ? keep - 1 : keep)] + ending;
        }

        return text.Length == 0 ? "file" : text;
    }

    /// <summary>What stands after the last dot; empty when there is none.</summary>
    public static string EndingOf(string name) => name[(name.LastIndexOf('.') is var dot and >= 0 ? dot + 1 : name.Length)..];
}
