using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;
using StoredMessage = Roomcast.Meetings.Records.ChatMessage;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>The chat.</summary>
internal static class ChatRoutes
{
    public static void AddTo(SocketRouteTable routes)
    {
        routes.On(SocketEvent.GetMessages, call => call.Room.Chat.ReadHistory(call.Peer, call.Later<ChatPage>(ListOf)));
        routes.On(SocketEvent.SendMessage, SendChatMessageToRoomRequest.Parser, (call, request) =>
            call.Room.Chat.Send(call.Peer, KindOf(request.PayloadType), request.Payload, call.Refuse));
        routes.On(SocketEvent.SendMessageToPeers, SendChatMessageToPeersRequest.Parser, (call, request) =>
            call.Room.Chat.SendTo(call.Peer, request.PeerIds, KindOf(request.PayloadType), request.Payload, call.Refuse));
        routes.On(SocketEvent.EditMessage, EditChatMessageRequest.Parser, (call, request) => call.Room.Chat.Edit(
            call.Peer,
            IdOf(request.ChatId),
            request.HasPayloadType ? KindOf(request.PayloadType) : null,
            request.Payload,
            call.Later<StoredMessage>(message => new EditChatMessageResponse { Message = WireForms.Of(message) })));
        routes.On(SocketEvent.DeleteMessage, DeleteChatMessageRequest.Parser, (call, request) => call.Room.Chat.Delete(
            call.Peer,
            IdOf(request.ChatId),
            call.Later<StoredMessage>(message => new DeleteChatMessageResponse { ChatId = message.Id.ToString() })));
        routes.On(SocketEvent.PinMessage, PinChatMessageRequest.Parser, (call, request) => call.Room.Chat.Pin(
            call.Peer,
            IdOf(request.ChatId),
            request.Pinned,
            call.Later<StoredMessage>(message => new PinChatMessageResponse
            {
                ChatId = message.Id.ToString(),
                Pinned = message.IsPinned,
                Message = WireForms.Of(message),
            })));
        routes.On(SocketEvent.GetMessagePage, GetPaginatedChatMessageRoomRequest.Parser, (call, request) =>
        {
            var query = Around(request.TimeStamp, request.Size, request.From, request.Reversed) with
            {
                IsPinnedOnly = request.Filters is { HasPinned: true, Pinned: true },
                IsPublicOnly = request.Filters is null,
                PrivateWith = request.Filters is { HasUserId: true, UserId: var userId } ? UserOf(userId) : null,
            };
            call.Room.Chat.Read(call.Peer, query, call.Later<ChatPage>(page => new GetPaginatedChatMessageRoomResponse
            {
                Messages = { page.Messages.Select(WireForms.Of) },
                Next = page.HasMore,
            }));
        });
        routes.On(SocketEvent.SearchMessages, SearchChatMessagesRequest.Parser, (call, request) => call.Room.Chat.Read(
            call.Peer,
            Around(request.TimeStamp, request.Size, request.From, request.Reversed) with { Search = request.SearchTerm },
            call.Later<ChatPage>(ListOf)));
    }

    private static GetChatMessagesResponse ListOf(ChatPage page) => new() { Messages = { page.Messages.Select(WireForms.Of) } };

    // Before a moment means the ones next to it, so the newest of them.
    private static ChatQuery Around(ulong timestampMs, int size, int from, bool isBefore)
    {
        var at = timestampMs is > 0 and < 253_402_300_800_000 ? DateTimeOffset.FromUnixTimeMilliseconds((long)timestampMs) : (DateTimeOffset?)null;
        return new ChatQuery
        {
            Viewer = default,
            Before = isBefore ? at : null,
            After = isBefore ? null : at,
            TakesNewest = isBefore,
            Skip = from,
            Size = size <= 0 ? ChatQuery.MaxSize : size,
        };
    }

    private static ChatMessageKind KindOf(int payloadType) => payloadType is >= 0 and <= (int)ChatMessageKind.Custom
        ? (ChatMessageKind)payloadType
        : throw new SessionException(SessionFault.Invalid, "there is no such kind of message");

    private static ChatMessageId IdOf(string text) =>
        ChatMessageId.TryParse(text, out var id) ? id : throw new SessionException(SessionFault.NotFound, "there is no such message");

    private static ParticipantId UserOf(string text) =>
        ParticipantId.TryParse(text, out var id) ? id : throw new SessionException(SessionFault.NotFound, "there is no such participant");
}
