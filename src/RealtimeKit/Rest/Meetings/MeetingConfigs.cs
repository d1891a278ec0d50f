using System.Text.Json.Nodes;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Recordings;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Meetings;

/// <summary>The two configurations of a meeting: how it is transcribed and summarised, and how it is recorded.</summary>
internal static class MeetingConfigs
{
    /// <summary>The field of the first.</summary>
    public const string AiField = "ai_config";

    /// <summary>The field of the second.</summary>
    public const string RecordingField = "recording_config";

    private const int MaxTextLength = 1_024;
    private const int MaxKeyLength = 16_384;

    /// <summary>What is written and never read back.</summary>
    private static readonly string[] Secrets = ["access_key", "secret", "password", "private_key"];

    /// <summary>Whom what is secret is shown to.</summary>
    private static readonly string[] StoragePlace = ["type", "host", "port"];

    /// <summary>The shape of <c>ai_config</c>.</summary>
    public static JsonShape Ai { get; } = JsonShape.Object(
        ("transcription", JsonShape.Object(
            ("language", JsonShape.Text(8, IsLanguage, "a language code of 2 to 8 characters, such as en-US")),
            ("keywords", JsonShape.List(100, JsonShape.Text(256))),
            ("profanity_filter", JsonShape.Flag()))),
        ("summarization", JsonShape.Object(
            ("summary_type", JsonShape.Word(
                "general", "team_meeting", "sales_call", "client_check_in", "interview", "daily_standup", "one_on_one_meeting", "lecture", "code_review")),
            ("text_format", JsonShape.Word("plain_text", "markdown")),
            ("word_limit", JsonShape.Whole(150, 1_000)))));

    /// <summary>The shape of a picture over a corner.</summary>
    public static JsonShape Watermark { get; } = JsonShape.Object(
        ("url", JsonShape.Address("http", "https")),
        ("position", JsonShape.Word("left top", "right top", "left bottom", "right bottom")),
        ("size", JsonShape.Object(
            ("width", JsonShape.Whole(1, int.MaxValue)),
            ("height", JsonShape.Whole(1, int.MaxValue)))));

    /// <summary>The shape of what stands before the names of files. The names of the longest files must fit a disk.</summary>
    public static JsonShape Prefix { get; } = JsonShape.Text(
        RecordingPlan.MaxPrefixLength,
        text => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'),
        $"at most {RecordingPlan.MaxPrefixLength} letters, digits, _ and -");

    /// <summary>The shape of <c>recording_config</c>.</summary>
    public static JsonShape Recording { get; } = JsonShape.Object(
        ("max_seconds", JsonShape.Whole(60, 86_400)),
        ("file_name_prefix", Prefix),
        ("video_config", JsonShape.Object(
            ("codec", JsonShape.Word("H264", "VP8", "VP9")),
            ("width", JsonShape.Whole(1, 1_920)),
            ("height", JsonShape.Whole(1, 1_920)),
            ("export_file", JsonShape.Flag()),
            ("watermark", Watermark))),
        ("audio_config", JsonShape.Object(
            ("codec", JsonShape.Word("AAC", "MP3")),
            ("channel", JsonShape.Word("mono", "stereo")),
            ("export_file", JsonShape.Flag()))),
        ("storage_config", JsonShape.Object(
            ("type", JsonShape.Word("aws", "azure", "digitalocean", "gcs", "sftp", "cloudflare")),
            ("access_key", JsonShape.Text(MaxTextLength)),
            ("secret", JsonShape.Text(MaxKeyLength)),
            ("bucket", JsonShape.Text(MaxTextLength)),
            ("region", JsonShape.Text(MaxTextLength)),
            ("path", JsonShape.Text(MaxTextLength)),
            ("auth_method", JsonShape.Word("KEY", "PASSWORD")),
            ("username", JsonShape.Text(MaxTextLength)),
            ("password", JsonShape.Text(MaxTextLength)),
            ("host", JsonShape.Text(MaxTextLength)),
            ("port", JsonShape.Whole(1, 65_535)),
            ("private_key", JsonShape.Text(MaxKeyLength)),
            ("account_id", JsonShape.Text(MaxTextLength)),
            ("host_key_fingerprint", JsonShape.Text(MaxTextLength)))),
        ("realtimekit_bucket_config", JsonShape.Object(["enabled"], ("enabled", JsonShape.Flag()))),
        ("live_streaming_config", JsonShape.Object(("rtmp_url", JsonShape.Address("rtmp", "rtmps")))));

    /// <summary>
    /// A recording configuration after a change. Storage that is of another kind then, or on another machine, is as the change has it:
    /// keys and passwords that were kept are not carried to where they were never given for.
    /// </summary>
    public static JsonObject MergeRecording(JsonObject before, JsonObject change)
    {
        var merged = MergePatch.Apply(before, change);
        if (before["storage_config"] is JsonObject kept && change["storage_config"] is JsonObject given
            && StoragePlace.Any(field => given.ContainsKey(field) && !JsonNode.DeepEquals(kept[field], given[field])))
        {
            merged["storage_config"] = MergePatch.Apply([], given);
        }

        return merged;
    }

    /// <summary>What is wrong with a recording configuration as a whole, after a change: fields that only together make sense.</summary>
    /// <param name="recording">The configuration.</param>
    /// <param name="mayStoreAt">Whether a host may be stored at.</param>
    public static IReadOnlyList<FieldFault> FaultsOf(JsonObject recording, Func<string, bool> mayStoreAt)
    {
        var faults = new List<FieldFault>();
        if (Text(recording["video_config"], "codec") is "VP8" or "VP9" && Text(recording["audio_config"], "codec") is not null)
        {
            Add("audio_config/codec", "cannot be chosen where the video is VP8 or VP9");
        }

        if (recording["storage_config"] is JsonObject storage)
        {
            foreach (var field in RequiredOf(storage).Where(field => string.IsNullOrEmpty(Text(storage, field))))
            {
                Add($"storage_config/{field}", "is required for this kind of storage");
            }

            if (Text(storage, "type") is "azure" && !storage.ContainsKey("region"))
            {
                Add("storage_config/region", "is required for this kind of storage, and may be empty");
            }

            // What else a kind needs may come with the request that starts a recording.
            foreach (var (field, message) in StorageConfigs.FaultsOf(storage, mayStoreAt))
            {
                Add($"storage_config/{field}", message);
            }
        }

        return faults;

        void Add(string path, string message) =>
            faults.Add(FieldFault.InBody($"/{RecordingField}/{path}", $"{path[(path.LastIndexOf('/') + 1)..]} {message}"));
    }

    /// <summary>
    /// What is kept of a configuration that was told before and comes back: an address whose stream key is covered as the one that is meant.
    /// </summary>
    /// <param name="recording">What the configuration becomes.</param>
    /// <param name="stored">What is kept now; null for nothing.</param>
    public static void Uncover(JsonObject? recording, string? stored)
    {
        if (stored is not null && Text(recording?["live_streaming_config"], "rtmp_url") is { } given
            && Text(JsonNode.Parse(stored)!["live_streaming_config"], "rtmp_url") is { } kept && given == Covered(kept))
        {
            recording!["live_streaming_config"]!["rtmp_url"] = kept;
        }
    }

    private static string Covered(string url) =>
        PushAddress.TryParse(url, streamKey: null, out var address, out _) ? address.Covered : $"{new Uri(url).GetLeftPart(UriPartial.Scheme)}***";

    /// <summary>A configuration as it is told: without secrets, the key in an RTMP address covered.</summary>
    public static JsonObject? Told(string? stored)
    {
        if (stored is null)
        {
            return null;
        }

        var told = JsonNode.Parse(stored)!.AsObject();
        if (told["storage_config"] is JsonObject storage)
        {
            foreach (var secret in Secrets)
            {
                storage.Remove(secret);
            }
        }

        if (Text(told["live_streaming_config"], "rtmp_url") is { } url)
        {
            told["live_streaming_config"]!["rtmp_url"] = Covered(url);
        }

        return told;
    }

    private static string[] RequiredOf(JsonObject storage) => (Text(storage, "type"), Text(storage, "auth_method")) switch
    {
        (null, _) => ["type"],
        ("aws" or "digitalocean", _) => ["access_key", "region"],
        ("azure", _) => ["access_key"],
        ("gcs", _) => ["secret"],
        ("sftp", "KEY") => ["private_key"],
        ("sftp", "PASSWORD") => ["password"],
        ("sftp", _) => ["auth_method"],
        _ => ["access_key", "secret", "bucket", "account_id"],
    };

    private static string? Text(JsonNode? node, string field) => node is JsonObject holder ? (string?)holder[field] : null;

    private static bool IsLanguage(string text) =>
        text.Length is >= 2 and <= 8 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') && char.IsAsciiLetter(text[0]);
}
