using Roomcast.Transcripts.Speech;

namespace Roomcast.Transcripts.Services;

/// <summary>What helps to understand speech.</summary>
/// <param name="Language">BCP 47, for example <c>en-US</c>; null when not known.</param>
/// <param name="Keywords">Words that may be said; may be empty.</param>
public sealed record SpeechHints(string? Language, IReadOnlyList<string> Keywords);

/// <summary>Writes down speech. Thread-safe.</summary>
public interface ITranscriber
{
    /// <summary>Writes down one piece.</summary>
    /// <returns>What was said; empty for nothing.</returns>
    /// <exception cref="AiServiceException">It cannot be had.</exception>
    Task<string> TranscribeAsync(AiService service, SpeechPiece piece, SpeechHints hints, CancellationToken cancellationToken);
}

/// <summary>How a summary is wanted.</summary>
/// <param name="Type">The kind of meeting, as the owner named it, for example <c>team_meeting</c>.</param>
/// <param name="IsMarkdown">Whether it may have headings and lists.</param>
/// <param name="WordLimit">Most words, 150 to 1,000.</param>
public sealed record SummaryWish(string Type, bool IsMarkdown, int WordLimit);

/// <summary>Summarises transcripts. Thread-safe.</summary>
public interface ISummariser
{
    /// <summary>Summarises one.</summary>
    /// <param name="service">Where.</param>
    /// <param name="transcript">A line for each thing said: <c>Name: text</c>.</param>
    /// <param name="wish">How.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The summary; never empty.</returns>
    /// <exception cref="AiServiceException">It cannot be had.</exception>
    Task<string> SummariseAsync(AiService service, string transcript, SummaryWish wish, CancellationToken cancellationToken);
}
