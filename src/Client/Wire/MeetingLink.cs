using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Wire;

/// <summary>What the parts of a meeting share: who they are, the socket of the moment, and where events go.</summary>
/// <remarks>
/// State is kept in values that are replaced whole, so that reads need no lock; what the server tells is taken one message at a
/// time. Events are raised after the change.
/// </remarks>
internal sealed class MeetingLink(RealtimeKitOptions options, string meetingId, EventQueue events)
{
    private SignalSocket? _socket;

    public RealtimeKitOptions Options => options;

    public string MeetingId => meetingId;

    /// <summary>The presence of this client; another one for each client, the same through reconnections.</summary>
    public string PeerId { get; } = Guid.NewGuid().ToString();

    public TimeProvider Time => options.Time;

    /// <summary>The socket of the moment; null while there is none.</summary>
    public SignalSocket? Socket
    {
        get => Volatile.Read(ref _socket);
        set => Volatile.Write(ref _socket, value);
    }

    /// <summary>Sends a request and waits for its answer.</summary>
    public Task<T> AskAsync<T>(SocketEvent number, IMessage? request, MessageParser<T> parser, CancellationToken cancellationToken = default)
        where T : class, IMessage<T> =>
        (Socket ?? throw Unconnected()).AskAsync(number, request, parser, cancellationToken);

    /// <summary>Sends a request whose answer says nothing.</summary>
    public Task AskAsync(SocketEvent number, IMessage? request, CancellationToken cancellationToken = default) =>
        AskAsync(number, request, Nothing, cancellationToken);

    /// <summary>Has something done that the server answers only when it refuses. Waits until it has dealt with it.</summary>
    public Task DoAsync(SocketEvent number, IMessage? request, CancellationToken cancellationToken = default) =>
        DoAsync(number, request, null, isFenced: true, cancellationToken);

    /// <inheritdoc cref="SignalSocket.DoAsync"/>
    public Task DoAsync(SocketEvent number, IMessage? request, Func<SocketMessage, bool>? isEffect, bool isFenced, CancellationToken cancellationToken = default) =>
        (Socket ?? throw Unconnected()).DoAsync(number, request, isEffect, isFenced, cancellationToken);

    /// <summary>Sends what is not answered.</summary>
    public Task TellAsync(SocketEvent number, IMessage? message, CancellationToken cancellationToken = default) =>
        (Socket ?? throw Unconnected()).TellAsync(number, message, cancellationToken);

    /// <summary>A message to the applications of others, as it is sent.</summary>
    public BroadcastMessage BroadcastOf(string type, ByteString payload, IEnumerable<string> ids)
    {
        var message = new BroadcastMessage
        {
            Type = type,
            Payload = payload,
            Timestamp = (ulong)Time.GetUtcNow().ToUnixTimeMilliseconds(),
            BroadcastType = BroadcastType.Peers,
        };
        message.Ids.AddRange(ids);
        return message;
    }

    /// <inheritdoc cref="EventQueue.Raise(Action)"/>
    public void Raise(Action raise) => events.Raise(raise);

    /// <inheritdoc cref="EventQueue.Raise(object, string, Action)"/>
    public void Raise(object whose, string what, Action raise) => events.Raise(whose, what, raise);

    private static readonly MessageParser<PeerJoinResponse> Nothing = PeerJoinResponse.Parser.WithDiscardUnknownFields(true);

    private static RealtimeKitException Unconnected() => new(RealtimeKitError.Unreachable, "There is no connection to the server at the moment.");
}
