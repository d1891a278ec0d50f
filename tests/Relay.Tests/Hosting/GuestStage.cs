using System.Collections.Concurrent;
using Roomcast.Egress.Playback;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Relay.Tests.Hosting;

/// <summary>Shows playbacks as guests of sessions, as the server does, and counts what they send.</summary>
public sealed class GuestStage : IPlaybackStage
{
    private SessionGuests? _guests;

    /// <summary>Packets of each playback.</summary>
    public ConcurrentDictionary<Guid, int> Packets { get; } = new();

    public GuestStage With(SessionGuests guests)
    {
        _guests = guests;
        return this;
    }

    public async ValueTask<IPlaybackSeat?> EnterAsync(
        SessionPlayback playback, bool hasSound, bool hasPicture, IPlaybackListener listener, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(playback);
        return await _guests!.EnterAsync(
            new SessionId(playback.SessionId), playback.Id, "playback", hasSound, hasPicture, new Listener(listener), cancellationToken) is { } guest
            ? new Seat(guest, () => Packets.AddOrUpdate(playback.Id, 1, static (_, count) => count + 1))
            : null;
    }

    private sealed class Seat(SessionGuest guest, Action sent) : IPlaybackSeat
    {
        public void Send(ReadOnlySpan<byte> packet, bool isRtcp)
        {
            sent();
            guest.Send(packet, isRtcp);
        }

        public ValueTask DisposeAsync() => guest.DisposeAsync();
    }

    private sealed class Listener(IPlaybackListener listener) : ISessionGuestListener
    {
        public void OnKeyframeWanted() => listener.OnKeyframeWanted();

        public void OnRemoved() => listener.OnRemoved();
    }
}

/// <summary>A peer's connection that keeps what it was told.</summary>
public sealed class HeardLink : IPeerLink
{
    /// <summary>What it was told, in order.</summary>
    public ConcurrentQueue<SessionEvent> Heard { get; } = new();

    public void Tell(SessionEvent happened) => Heard.Enqueue(happened);

    public void Close(LinkCloseReason reason)
    {
    }
}
