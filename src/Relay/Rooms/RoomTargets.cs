using Microsoft.Extensions.Logging;
using Roomcast.Egress.Push;
using Roomcast.Egress.Push.Records;
using Roomcast.Storage;

namespace Roomcast.Relay.Rooms;

/// <summary>Streams sessions to the targets of their meetings: one run for each target, from when both are there until either is not.</summary>
internal sealed class RoomTargets(MeetingTargetStore store, SessionPushes pushes, ILogger<RoomTargets> logger)
{
    /// <summary>Brings the streams of a session in line with its meeting's targets. Called after each change of them, and when it has begun.</summary>
    public async Task FollowAsync(Room room)
    {
        ArgumentNullException.ThrowIfNull(room);
        try
        {
            // Whoever has changed something reads after it, so the last to have come knows of all changes.
            var turn = room.NextTurn();
            var targets = await store.ListAsync(room.MeetingId.Value, CancellationToken.None);
            await room.DoAsync(each => each.Follow(targets, turn, pushes));
        }
        catch (StorageException fault)
        {
            RelayLog.TargetsUnknown(logger, fault, room.SessionId.ToString());
        }
    }
}
