using Roomcast.Livestreams.Records;
using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>A livestream session as this API tells it.</summary>
internal record LivestreamSessionResponse
{
    public required Guid Id { get; init; }

    public required Guid LivestreamId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public required DateTimeOffset? InvokedTime { get; init; }

    public required DateTimeOffset? StartedTime { get; init; }

    public required DateTimeOffset? StoppedTime { get; init; }

    public required double IngestSeconds { get; init; }

    public required double ViewerSeconds { get; init; }

    public required string? ErrMessage { get; init; }

    public static LivestreamSessionResponse Of(LivestreamSession session) => new()
    {
        Id = session.Id.Value,
        LivestreamId = session.LivestreamId.Value,
        CreatedAt = session.CreatedAt,
        UpdatedAt = session.UpdatedAt,
        InvokedTime = session.InvokedAt,
        StartedTime = session.StartedAt,
        StoppedTime = session.StoppedAt,
        IngestSeconds = Seconds.Rounded(session.IngestSeconds),
        ViewerSeconds = Seconds.Rounded(session.ViewerSeconds),
        ErrMessage = session.ErrorMessage,
    };
}
