using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Meetings.Records;
using Roomcast.Transcripts.Services;
using Roomcast.Transcripts.Speech;

namespace Roomcast.Transcripts;

/// <summary>What a meeting's configuration wants of transcripts and summaries. It was checked when it was kept; what is missing has its default.</summary>
internal static class AiWishes
{
    public static SpeechHints HintsOf(Meeting meeting)
    {
        var transcription = PartOf(meeting, "transcription");
        var words = (transcription?["keywords"] as JsonArray ?? []).Select(TextOf).OfType<string>();
        return new SpeechHints(LanguageOf(transcription), [.. words]);
    }

    /// <summary>What was said, as the meeting wants it told.</summary>
    public static string Told(Meeting meeting, string said)
    {
        var transcription = PartOf(meeting, "transcription");
        return transcription?["profanity_filter"] is JsonValue flag && flag.TryGetValue<bool>(out var isWanted) && isWanted
            ? FoulWords.Cover(said, LanguageOf(transcription))
            : said;
    }

    public static SummaryWish SummaryOf(Meeting meeting)
    {
        var summary = PartOf(meeting, "summarization");
        var limit = summary?["word_limit"] is JsonValue number && number.TryGetValue<int>(out var words) ? words : 500;
        return new SummaryWish(TextOf(summary?["summary_type"]) ?? "general", TextOf(summary?["text_format"]) != "plain_text", limit);
    }

    private static string LanguageOf(JsonObject? transcription) => TextOf(transcription?["language"]) ?? "en-US";

    private static string? TextOf(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static JsonObject? PartOf(Meeting meeting, string part)
    {
        try
        {
            return meeting.Settings.AiConfig is { } config ? JsonNode.Parse(config)?[part] as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
