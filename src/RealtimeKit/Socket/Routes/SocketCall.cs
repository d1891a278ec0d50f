using Google.Protobuf;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.RealtimeKit.Socket.Connection;
using Roomcast.RealtimeKit.Socket.Messages;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>One request of a client while the session's loop deals with it.</summary>
internal sealed class SocketCall(SocketConnection connection, SessionRoom room, SessionPeer peer, SocketEvent number, string? id)
{
    /// <summary>The session.</summary>
    public SessionRoom Room => room;

    /// <summary>Who asks.</summary>
    public SessionPeer Peer => peer;

    /// <summary>Answers with the request's own event and id.</summary>
    public void Reply(IMessage? message = null) => ReplyOn(number, message);

    /// <summary>Answers with another event, as two of the client's requests want it.</summary>
    public void ReplyOn(SocketEvent other, IMessage? message) => connection.Send(SocketEnvelope.Write(other, id, message));

    /// <summary>Answers with an error.</summary>
    public void Refuse(SessionException refusal) => connection.Refuse(number, id, refusal);

    /// <summary>Answers later, with what comes of it.</summary>
    public Answer<T> Later<T>(Func<T, IMessage?> form) => new(outcome => Reply(form(outcome)), Refuse);

    /// <summary>Answers later, and nothing when it goes well.</summary>
    public Answer<T> Silently<T>() => new(_ => { }, Refuse);
}
