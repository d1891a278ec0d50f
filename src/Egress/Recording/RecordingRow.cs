using System.Text.Json;
using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Egress.Recording;

/// <summary>A recording as its row.</summary>
internal sealed class RecordingRow
{
    private static readonly (RecordingStatus Status, string Word)[] Statuses =
    [
        (RecordingStatus.Invoked, "INVOKED"), (RecordingStatus.Recording, "RECORDING"), (RecordingStatus.Paused, "PAUSED"),
        (RecordingStatus.Uploading, "UPLOADING"), (RecordingStatus.Uploaded, "UPLOADED"), (RecordingStatus.Errored, "ERRORED"),
    ];

    private static readonly (RecordingStopReason Reason, string Word)[] StopReasons =
    [
        (RecordingStopReason.Asked, "ASKED"), (RecordingStopReason.MaxLength, "MAX_LENGTH"),
        (RecordingStopReason.SessionEnded, "SESSION_ENDED"), (RecordingStopReason.AllPeersLeft, "ALL_PEERS_LEFT"),
        (RecordingStopReason.InternalError, "INTERNAL_ERROR"), (RecordingStopReason.ServerStopped, "SERVER_STOPPED"),
    ];

    public Guid Id { get; init; }

    public Guid AppId { get; init; }

    public Guid MeetingId { get; init; }

    public Guid SessionId { get; init; }

    public string Kind { get; init; } = "";

    public string Status { get; init; } = "";

    public string OutputFileName { get; init; } = "";

    public string StartReason { get; init; } = "";

    public string? Starter { get; init; }

    public string? StopReason { get; init; }

    public string? Stopper { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? StoppedAt { get; init; }

    public long DurationMs { get; init; }

    public long? FileSize { get; init; }

    public string? MediaFile { get; init; }

    public string? AudioFile { get; init; }

    public string? TrackFiles { get; init; }

    public DateTimeOffset? LinksExpireAt { get; init; }

    public string? ErrorMessage { get; init; }

    public string Plan { get; init; } = "";

    public string Node { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public static string Write(RecordingStatus status) => Statuses.First(known => known.Status == status).Word;

    public static string Write(RecordingKind kind) => kind is RecordingKind.Tracks ? "TRACKS" : "COMPOSITE";

    public static RecordingRow Of(RecordingRecord recording) => new()
    {
        Id = recording.Id.Value,
        AppId = recording.AppId.Value,
        MeetingId = recording.MeetingId,
        SessionId = recording.SessionId,
        Kind = Write(recording.Kind),
        Status = Write(recording.Status),
        OutputFileName = recording.OutputFileName,
        StartReason = recording.StartReason is RecordingStartReason.OnStart ? "ON_START" : "ASKED",
        Starter = Write(recording.Starter),
        StopReason = recording.StopReason is { } reason ? StopReasons.First(known => known.Reason == reason).Word : null,
        Stopper = Write(recording.Stopper),
        StartedAt = recording.StartedAt,
        StoppedAt = recording.StoppedAt,
        DurationMs = (long)recording.Duration.TotalMilliseconds,
        FileSize = recording.FileSize,
        MediaFile = recording.MediaFile,
        AudioFile = recording.AudioFile,
        TrackFiles = recording.TrackFiles.Count == 0
            ? null
            : JsonSerializer.Serialize(recording.TrackFiles, RecordingJson.Default.IReadOnlyListRecordedTrackFile),
        LinksExpireAt = recording.LinksExpireAt,
        ErrorMessage = recording.ErrorMessage,
        Plan = recording.Plan.Write(),
        Node = recording.Node,
        CreatedAt = recording.CreatedAt,
        UpdatedAt = recording.UpdatedAt,
    };

    public RecordingRecord ToRecord() => new()
    {
        Id = new RecordingId(Id),
        AppId = new AppId(AppId),
        MeetingId = MeetingId,
        SessionId = SessionId,
        Kind = Kind is "TRACKS" ? RecordingKind.Tracks : RecordingKind.Composite,
        Status = Read(Statuses, Status),
        OutputFileName = OutputFileName,
        StartReason = StartReason is "ON_START" ? RecordingStartReason.OnStart : RecordingStartReason.Asked,
        Starter = ReadCaller(Starter),
        StopReason = StopReason is null ? null : Read(StopReasons, StopReason),
        Stopper = ReadCaller(Stopper),
        StartedAt = StartedAt,
        StoppedAt = StoppedAt,
        Duration = TimeSpan.FromMilliseconds(DurationMs),
        FileSize = FileSize,
        MediaFile = MediaFile,
        AudioFile = AudioFile,
        TrackFiles = TrackFiles is null
            ? []
            : JsonSerializer.Deserialize(TrackFiles, RecordingJson.Default.IReadOnlyListRecordedTrackFile) ?? [],
        LinksExpireAt = LinksExpireAt,
        ErrorMessage = ErrorMessage,
        Plan = RecordingPlan.Read(Plan),
        Node = Node,
        CreatedAt = CreatedAt,
        UpdatedAt = UpdatedAt,
    };

    private static T Read<T>((T Value, string Word)[] words, string text)
    {
        foreach (var (value, word) in words)
        {
            if (word == text)
            {
                return value;
            }
        }

        throw new StorageException(StorageFailure.Corrupted, $"A recording has the unknown word '{text}'.");
    }

    private static string? Write(RecordingCaller? caller) =>
        caller is null ? null : JsonSerializer.Serialize(caller, RecordingJson.Default.RecordingCaller);

    private static RecordingCaller? ReadCaller(string? text) =>
        text is null ? null : JsonSerializer.Deserialize(text, RecordingJson.Default.RecordingCaller);
}
