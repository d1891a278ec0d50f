using Microsoft.Extensions.Logging;
using Roomcast.Egress.Push;
using Roomcast.Egress.Push.Records;
using Roomcast.Storage;

namespace Roomcast.Relay.Rooms;

/// <summary>Streams sessions to the targets of their meetings: one run for each target, from when both are there until either is not.</summary>
internal sealed class RoomTargets(MeetingTargetStore store, SessionPushes pushes, TimeProvider time, ILogger<RoomTargets> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(16);

    /// <summary>
    /// Brings the streams of a session in line with its meeting's targets. Called after each change of them, when it has begun, and when a
    /// stream has ended in a session that had no room for all.
    /// </summary>
    public async Task FollowAsync(Room room)
    {
        ArgumentNullException.ThrowIfNull(room);
        for (var pause = FirstPause; ; pause *= 2)
        {
            try
            {
                // Whoever has changed something reads after it, so the last to have come knows of all changes.
                var turn = room.NextTurn();
                var targets = await store.ListAsync(room.MeetingId.Value, CancellationToken.None);
                await room.DoAsync(each => each.Follow(targets, turn, pushes));
                return;
            }
            catch (Exception fault)
            {
                var isTriedAgain = fault is StorageException { IsPassing: true } && pause <= LongestPause;
                RelayLog.TargetsUnknown(logger, fault, room.SessionId.ToString(), isTriedAgain);
                if (!isTriedAgain)
                {
                    return;
                }
            }

            await Task.Delay(pause, time);
        }
    }
}
