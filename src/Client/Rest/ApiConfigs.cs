using System.Text.Json.Serialization;

namespace Roomcast.Client.Rest;

/// <summary>How sessions are transcribed and summarised. What is null is left out.</summary>
/// <param name="Transcription">How they are transcribed.</param>
/// <param name="Summarization">How they are summarised.</param>
public sealed record AiConfig(TranscriptionConfig? Transcription = null, SummarizationConfig? Summarization = null);

/// <summary>How sessions are transcribed.</summary>
/// <param name="Language">What is spoken, as a BCP 47 tag of 2 to 8 characters; <c>en-US</c> by default.</param>
/// <param name="Keywords">Words that are to be known.</param>
/// <param name="ProfanityFilter">Whether foul words are covered; false by default.</param>
public sealed record TranscriptionConfig(string? Language = null, IReadOnlyList<string>? Keywords = null, bool? ProfanityFilter = null);

/// <summary>How sessions are summarised.</summary>
/// <param name="SummaryType">general, team_meeting, sales_call, client_check_in, interview, daily_standup, one_on_one_meeting, lecture or code_review.</param>
/// <param name="TextFormat">plain_text or markdown.</param>
/// <param name="WordLimit">How long it is, 150 to 1,000 words; 500 by default.</param>
public sealed record SummarizationConfig(string? SummaryType = null, string? TextFormat = null, int? WordLimit = null);

/// <summary>How each session of a meeting is recorded. What is null is left out.</summary>
public sealed record RecordingConfig
{
    /// <summary>How long it may be, 60 to 86,400 seconds.</summary>
    public int? MaxSeconds { get; init; }

    /// <summary>What its file's name begins with.</summary>
    public string? FileNamePrefix { get; init; }

    /// <summary>How its picture is encoded.</summary>
    public VideoConfig? VideoConfig { get; init; }

    /// <summary>How its sound is encoded.</summary>
    public AudioConfig? AudioConfig { get; init; }

    /// <summary>Where it is put.</summary>
    public StorageConfig? StorageConfig { get; init; }

    /// <summary>Whether the server keeps it.</summary>
    public BucketConfig? RealtimekitBucketConfig { get; init; }

    /// <summary>Where it is pushed to besides.</summary>
    public RtmpConfig? LiveStreamingConfig { get; init; }
}

/// <summary>How the picture of a recording is encoded. What is null is left out.</summary>
/// <param name="Codec">H264, VP8 or VP9; H264 by default.</param>
/// <param name="Width">Pixels across, 1 to 1,920; 1,280 by default.</param>
/// <param name="Height">Pixels down, 1 to 1,920; 720 by default.</param>
/// <param name="ExportFile">Whether there is a file; true by default.</param>
/// <param name="Watermark">A picture on top.</param>
public sealed record VideoConfig(string? Codec = null, int? Width = null, int? Height = null, bool? ExportFile = null, Watermark? Watermark = null);

/// <summary>A picture on top of a recording.</summary>
/// <param name="Url">Where it is.</param>
/// <param name="Position">left top, right top, left bottom or right bottom.</param>
/// <param name="Size">How large it is.</param>
public sealed record Watermark(string? Url = null, string? Position = null, PixelSize? Size = null);

/// <summary>A size in pixels; what is null is the server's choice.</summary>
/// <param name="Width">Across, 1 or more.</param>
/// <param name="Height">Down, 1 or more.</param>
public sealed record PixelSize(int? Width = null, int? Height = null);

/// <summary>How the sound of a recording is encoded. What is null is left out.</summary>
/// <param name="Codec">AAC or MP3; AAC by default.</param>
/// <param name="Channel">stereo or mono; stereo by default.</param>
/// <param name="ExportFile">Whether there is a file of the sound alone; true by default.</param>
public sealed record AudioConfig(string? Codec = null, string? Channel = null, bool? ExportFile = null);

/// <summary>Where a recording is put. The secrets are never answered. What is null is left out.</summary>
public sealed record StorageConfig
{
    /// <summary>aws, azure, digitalocean, gcs, sftp or cloudflare.</summary>
    public string? Type { get; init; }

    /// <summary>The key's name, of azure the account's: a secret.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The key, of gcs the credentials as JSON: a secret.</summary>
    public string? Secret { get; init; }

    /// <summary>The bucket, or the container.</summary>
    public string? Bucket { get; init; }

    /// <summary>Where that is.</summary>
    public string? Region { get; init; }

    /// <summary>The folder.</summary>
    public string? Path { get; init; }

    /// <summary>KEY or PASSWORD, of sftp.</summary>
    public string? AuthMethod { get; init; }

    /// <summary>Who logs in, of sftp.</summary>
    public string? Username { get; init; }

    /// <summary>The password: a secret.</summary>
    public string? Password { get; init; }

    /// <summary>The machine, of sftp.</summary>
    public string? Host { get; init; }

    /// <summary>Its port.</summary>
    public int? Port { get; init; }

    /// <summary>The private key: a secret.</summary>
    public string? PrivateKey { get; init; }

    /// <summary>The account, of cloudflare.</summary>
    public string? AccountId { get; init; }

    /// <summary>What the machine's own key must be, of sftp; any where it is null.</summary>
    public string? HostKeyFingerprint { get; init; }

    /// <summary>Says of what kind, and nothing that is secret.</summary>
    public override string ToString() => $"storage of {Type}";
}

/// <summary>Whether the server keeps a recording.</summary>
/// <param name="Enabled">Whether it does.</param>
public sealed record BucketConfig(bool Enabled);

/// <summary>An address that a recording is pushed to.</summary>
/// <param name="RtmpUrl">rtmp:// or rtmps://, with the stream key: a secret.</param>
public sealed record RtmpConfig(string? RtmpUrl = null)
{
    /// <summary>Says nothing of where it leads: the address holds the key.</summary>
    public override string ToString() => "RTMP address";
}

/// <summary>What a recording carries besides, for players.</summary>
/// <param name="Type">ID3: timed metadata; the recording is a TAR of HLS files then.</param>
public sealed record InteractiveConfig(string Type);

/// <summary>What is recorded of a track.</summary>
/// <param name="MediaKind">audio.</param>
/// <param name="FileNamePrefix">What the files' names begin with.</param>
public sealed record TrackLayer(string? MediaKind = null, string? FileNamePrefix = null);

/// <summary>What recordings of tracks hold.</summary>
/// <param name="Default">The only layer there is.</param>
public sealed record TrackLayers(TrackLayer Default);

/// <summary>Why a recording began or ended.</summary>
/// <param name="Reason">API_CALL, RECORD_ON_START, INTERNAL_ERROR or ALL_PEERS_LEFT.</param>
/// <param name="Caller">Who asked for it; null when nobody did.</param>
public sealed record RecordingReason(string? Reason, RecordingCaller? Caller);

/// <summary>Who asked for something.</summary>
/// <param name="Type">ORGANIZATION or USER.</param>
/// <param name="Name">What they are called.</param>
/// <param name="UserId">The participant; null for an organization.</param>
public sealed record RecordingCaller(string? Type, string? Name, [property: JsonPropertyName("user_Id")] string? UserId);
