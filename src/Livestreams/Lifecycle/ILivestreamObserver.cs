using Roomcast.Accounts;
using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>Which livestream something happened to.</summary>
/// <param name="Id">The livestream.</param>
/// <param name="AppId">Its app.</param>
/// <param name="MeetingId">The meeting it shows; null for an independent livestream.</param>
public sealed record ObservedLivestream(LivestreamId Id, AppId AppId, Guid? MeetingId);

/// <summary>Learns of all livestreams of this server: when a player can play them, and when they end.</summary>
/// <remarks>Called by each livestream's loop, which must not be held up: no call blocks or throws. Every one that is registered is told.</remarks>
public interface ILivestreamObserver
{
    /// <summary>A player can play it from now on, and its status says so.</summary>
    void WentLive(ObservedLivestream livestream);

    /// <summary>It is off air. A publisher that was away for less than the grace time did not end it.</summary>
    /// <param name="livestream">Which.</param>
    /// <param name="error">The fault that ended it; null when it was stopped or its publisher did not return.</param>
    void WentOffAir(ObservedLivestream livestream, string? error);
}
