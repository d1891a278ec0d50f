using Roomcast.Egress.Push;
using Roomcast.Egress.Push.Records;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>An output and how its push stands; the key is never told, whoever asks.</summary>
internal sealed record LivestreamOutputResponse(
    Guid Id,
    string? Name,
    string Url,
    string State,
    string? Reason,
    string? Detail,
    int Attempt,
    DateTimeOffset? Until,
    DateTimeOffset? Since,
    long BytesSent,
    double DroppedSeconds,
    DateTimeOffset CreatedAt)
{
    public static LivestreamOutputResponse Of(LivestreamOutput output, PushStatus status) => new(
        output.Id.Value,
        output.Name,
        output.Address.Covered,
        PushWords.Of(status.State),
        status.Reason is PushReason.None ? null : PushWords.Of(status.Reason),
        status.Detail,
        status.Attempt,
        status.Until,
        status.Since,
        status.BytesSent,
        Math.Round(status.DroppedTime.TotalSeconds, 3),
        output.CreatedAt);
}
