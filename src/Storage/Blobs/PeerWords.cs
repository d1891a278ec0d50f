namespace Roomcast.Storage.Blobs;

/// <summary>What a server calls an error, to be told on: it may say anything, and it is read by people.</summary>
internal static class PeerWords
{
    private const int MaxLength = 64;

    /// <summary>The word; null for what is not one word of letters, digits, <c>_</c> and <c>-</c>.</summary>
    public static string? Of(string? text) =>
        text is { Length: > 0 and <= MaxLength } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? text : null;
}
