using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Meetings.Sessions;

/// <summary>Hears what becomes of the server's own peer in a session. No call blocks or throws.</summary>
public interface ISessionGuestListener : IMediaSourceListener
{
    /// <summary>It was removed, or the session or its media has ended. It may be told more than once.</summary>
    void OnRemoved();
}

/// <summary>The server's own peer in a session. Disposing of it takes it out.</summary>
public sealed class SessionGuest : IAsyncDisposable
{
    private readonly MediaSource _source;
    private readonly Func<ValueTask> _leave;

    internal SessionGuest(MediaSource source, Func<ValueTask> leave) => (_source, _leave) = (source, leave);

    /// <summary>Sends a packet; as <see cref="MediaSource.Send"/>.</summary>
    public void Send(ReadOnlySpan<byte> packet, bool isRtcp) => _source.Send(packet, isRtcp);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _leave();
}

/// <summary>Lets the server itself take part in sessions: a peer that sends what the server has to show. Thread-safe.</summary>
public sealed class SessionGuests(MeetingSessions sessions)
{
    /// <summary>Enters a session. Everybody in it sees the guest come, and receives what it sends.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="id">The guest's peer id; used for no other.</param>
    /// <param name="name">The name it goes by.</param>
    /// <param name="hasSound">Whether it sends sound.</param>
    /// <param name="hasPicture">Whether it sends a picture.</param>
    /// <param name="listener">Is told what becomes of it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Null when the session is not under way, or is full.</returns>
    public async Task<SessionGuest?> EnterAsync(
        SessionId sessionId, Guid id, string name, bool hasSound, bool hasPicture, ISessionGuestListener listener, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(listener);
        if (sessions.Find(sessionId) is not { } session)
        {
            return null;
        }

        var link = new GuestLink(listener);
        MediaSource? source = null;
        SessionPeer? peer = null;
        try
        {
            if (await session.AskAsync<object>(room => room.SessionId == sessionId ? room.Media.Side : null, cancellationToken) is not Features.IMediaSide side)
            {
                return null;
            }

            source = await side.AddSourceAsync(id.ToString(), hasSound, hasPicture, listener);
            try
            {
                peer = await session.AskAsync(
                    room =>
                    {
                        if (room.SessionId != sessionId || room.Media.Side != side || room.Guests.Add(id, name, link) is not { } guest)
                        {
                            return null;
                        }

                        room.Media.OpenGuest(guest, source.Producers);
                        return guest;
                    },
                    CancellationToken.None);
            }
            finally
            {
                if (peer is null)
                {
                    // Refused, or failed: nobody is left who would take its media out again.
                    await side.LeaveAsync(id.ToString());
                }
            }

            if (peer is null)
            {
                return null;
            }
        }
        catch (MediaException)
        {
            return null; // The room of its media is full, or has just ended.
        }

        var (entered, sent) = (peer, source);
        return new SessionGuest(sent, async () =>
        {
            await sent.DisposeAsync();
            await session.AskAsync<object>(
                room =>
                {
                    room.Guests.Remove(entered);
                    return room;
                },
                CancellationToken.None);
        });
    }

    private sealed class GuestLink(ISessionGuestListener listener) : IPeerLink
    {
        public void Tell(SessionEvent happened)
        {
            if (happened is Kicked or EverybodyKicked or MediaRestarted)
            {
                listener.OnRemoved();
            }
        }

        public void Close(LinkCloseReason reason) => listener.OnRemoved();
    }
}
