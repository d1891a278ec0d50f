using System.Text.Json;
using System.Text.Json.Serialization;
using Roomcast.Accounts;
using Roomcast.Livestreams.Meetings;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Records;

/// <summary>A livestream as its row.</summary>
internal sealed class LivestreamRow
{
    private static readonly JsonSerializerOptions Json = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    public Guid Id { get; init; }

    public Guid AppId { get; init; }

    public string? Name { get; init; }

    public Guid? MeetingId { get; init; }

    public string Status { get; init; } = "";

    public bool IsDisabled { get; init; }

    public bool IsManual { get; init; }

    public string? ComposedAs { get; init; }

    public string StreamKey { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Read by those who ask for deleted ones too.</summary>
    public DateTimeOffset? DeletedAt { get; init; }

    public Livestream ToLivestream() => new()
    {
        Id = new LivestreamId(Id),
        AppId = new AppId(AppId),
        Name = Name,
        MeetingId = MeetingId,
        Status = ReadStatus(Status),
        IsDisabled = IsDisabled,
        IsManual = IsManual,
        Composed = ReadComposed(ComposedAs),
        StreamKey = StreamKey,
        CreatedAt = CreatedAt,
        UpdatedAt = UpdatedAt,
    };

    public static string? Write(MeetingLivestreamRequest? composed) => composed is null ? null : JsonSerializer.Serialize(composed, Json);

    // One that a later version wrote may say what this one does not know: then it is composed as usual.
    private static MeetingLivestreamRequest? ReadComposed(string? text)
    {
        try
        {
            return text is null ? null : JsonSerializer.Deserialize<MeetingLivestreamRequest>(text, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static string Write(LivestreamStatus status) => status switch
    {
        LivestreamStatus.Invoked => "INVOKED",
        LivestreamStatus.Live => "LIVE",
        LivestreamStatus.Idle => "IDLE",
        LivestreamStatus.Errored => "ERRORED",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Not a status."),
    };

    private static LivestreamStatus ReadStatus(string text) => text switch
    {
        "INVOKED" => LivestreamStatus.Invoked,
        "LIVE" => LivestreamStatus.Live,
        "IDLE" => LivestreamStatus.Idle,
        "ERRORED" => LivestreamStatus.Errored,
        _ => throw new StorageException(StorageFailure.Corrupted, $"A livestream has the unknown status '{text}'."),
    };
}

/// <summary>A livestream session as its row.</summary>
internal sealed class LivestreamSessionRow
{
    public Guid Id { get; init; }

    public Guid LivestreamId { get; init; }

    public Guid? MeetingSessionId { get; init; }

    public DateTimeOffset? InvokedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? StoppedAt { get; init; }

    public double IngestSeconds { get; init; }

    public double ViewerSeconds { get; init; }

    public string? ErrorMessage { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Read by those who ask for deleted ones too.</summary>
    public DateTimeOffset? DeletedAt { get; init; }

    public LivestreamSession ToSession() => new()
    {
        Id = new LivestreamSessionId(Id),
        LivestreamId = new LivestreamId(LivestreamId),
        MeetingSessionId = MeetingSessionId,
        InvokedAt = InvokedAt,
        StartedAt = StartedAt,
        StoppedAt = StoppedAt,
        IngestSeconds = IngestSeconds,
        ViewerSeconds = ViewerSeconds,
        ErrorMessage = ErrorMessage,
        CreatedAt = CreatedAt,
        UpdatedAt = UpdatedAt,
    };
}
