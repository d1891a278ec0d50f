using Roomcast.Storage;

namespace Roomcast.Meetings.Records;

/// <summary>Is handed what is kept of sessions, inside the transaction that keeps it: what it writes there is kept with it or not at all.</summary>
/// <remarks>A call may come again when the transaction is run again. What it throws undoes the transaction.</remarks>
public interface ISessionFacts
{
    /// <summary>A session has begun; one that goes on after a restart has not.</summary>
    Task BeganAsync(DatabaseTransaction transaction, SessionRecord session);

    /// <summary>A peer has joined, or joined again.</summary>
    Task JoinedAsync(DatabaseTransaction transaction, SessionRecord session, PeerRecord peer);

    /// <summary>A peer has left.</summary>
    Task LeftAsync(DatabaseTransaction transaction, SessionRecord session, PeerRecord peer);

    /// <summary>A session has ended; everybody was told to have left before.</summary>
    Task EndedAsync(DatabaseTransaction transaction, SessionRecord session);
}
