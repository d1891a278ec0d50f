using Roomcast.Egress.Playback;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;

namespace Roomcast.Server.Live;

/// <summary>Sessions of meetings, for what is played into them: each playback is a guest there.</summary>
internal sealed class SessionPlaybackStage(SessionGuests guests) : IPlaybackStage
{
    /// <summary>The name that playbacks go by.</summary>
    private const string Name = "playback";

    public async ValueTask<IPlaybackSeat?> EnterAsync(
        SessionPlayback playback, bool hasSound, bool hasPicture, IPlaybackListener listener, CancellationToken cancellationToken) =>
        await guests.EnterAsync(
            new SessionId(playback.SessionId), playback.Id, Name, hasSound, hasPicture, new Listener(listener), cancellationToken) is { } guest
            ? new Seat(guest)
            : null;

    private sealed class Seat(SessionGuest guest) : IPlaybackSeat
    {
        public void Send(ReadOnlySpan<byte> packet, bool isRtcp) => guest.Send(packet, isRtcp);

        public ValueTask DisposeAsync() => guest.DisposeAsync();
    }

    private sealed class Listener(IPlaybackListener listener) : ISessionGuestListener
    {
        public void OnKeyframeWanted() => listener.OnKeyframeWanted();

        public void OnRemoved() => listener.OnRemoved();
    }
}
