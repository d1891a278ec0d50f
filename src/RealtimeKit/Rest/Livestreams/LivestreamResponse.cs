using Roomcast.Livestreams;
using Roomcast.Livestreams.Records;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>A livestream as this API tells it; <c>ingest_server_tls</c> and <c>watch_url</c> are additions of ours.</summary>
internal record LivestreamResponse
{
    public static readonly IReadOnlyDictionary<string, LivestreamStatus> StatusWords = new Dictionary<string, LivestreamStatus>
    {
        ["INVOKED"] = LivestreamStatus.Invoked,
        ["LIVE"] = LivestreamStatus.Live,
        ["IDLE"] = LivestreamStatus.Idle,
        ["ERRORED"] = LivestreamStatus.Errored,
    };

    public required Guid Id { get; init; }

    public required string? Name { get; init; }

    public required Guid? MeetingId { get; init; }

    public required string Status { get; init; }

    public required bool Disabled { get; init; }

    public required string IngestServer { get; init; }

    public required string? IngestServerTls { get; init; }

    /// <summary>Null for a caller who may only read: whoever has it can go on air.</summary>
    public required string? StreamKey { get; init; }

    public required string PlaybackUrl { get; init; }

    public required string WatchUrl { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public static LivestreamResponse Of(Livestream livestream, KitRequest request, PublicAddresses addresses) => new()
    {
        Id = livestream.Id.Value,
        Name = livestream.Name,
        MeetingId = livestream.MeetingId,
        Status = StatusWords.First(word => word.Value == livestream.Status).Key,
        Disabled = livestream.IsDisabled,
        IngestServer = addresses.IngestServer,
        IngestServerTls = addresses.IngestServerTls,
        StreamKey = request.SeesSecrets ? livestream.StreamKey : null,
        PlaybackUrl = addresses.PlaybackUrl(livestream.Id),
        WatchUrl = addresses.WatchUrl(livestream.Id),
        CreatedAt = livestream.CreatedAt,
        UpdatedAt = livestream.UpdatedAt,
    };

    /// <summary>Says which livestream it is, without the stream key. Sealed, since a derived record would print every field.</summary>
    public sealed override string ToString() => $"livestream {Id}";
}
