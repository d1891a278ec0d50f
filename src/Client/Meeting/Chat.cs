using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text.Json;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>What a message holds.</summary>
public enum ChatMessageType
{
    /// <summary>Text.</summary>
    Text,

    /// <summary>The address of an image.</summary>
    Image,

    /// <summary>The address of a file, with its name and size.</summary>
    File,

    /// <summary>Something of the application's own, as JSON.</summary>
    Custom,
}

/// <summary>A message. Immutable; one that is edited is another object under the same id.</summary>
/// <param name="Id">Its id.</param>
/// <param name="UserId">The participant who sent it.</param>
/// <param name="DisplayName">What they were called.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Text">The text; for images the address; for files and others JSON.</param>
/// <param name="Time">When it was sent.</param>
/// <param name="IsEdited">Whether it was changed.</param>
/// <param name="IsPinned">Whether it is pinned.</param>
/// <param name="TargetUserIds">Whom it is for; empty for all.</param>
public sealed record ChatMessageItem(
    string Id,
    string UserId,
    string DisplayName,
    ChatMessageType Type,
    string Text,
    DateTimeOffset Time,
    bool IsEdited,
    bool IsPinned,
    IReadOnlyList<string> TargetUserIds)
{
    /// <summary>Address of the image or the file; null for others.</summary>
    public string? Link => Type switch
    {
        ChatMessageType.Image => Text,
        ChatMessageType.File => ReadFile("link"),
        _ => null,
    };

    /// <summary>Name of the file; null for others.</summary>
    public string? FileName => Type is ChatMessageType.File ? ReadFile("name") : null;

    private string? ReadFile(string name)
    {
        try
        {
            using var file = JsonDocument.Parse(Text);
            return file.RootElement.ValueKind is JsonValueKind.Object && file.RootElement.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
                ? value.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A change of the chat.</summary>
/// <param name="Action">add, edit, delete or pin.</param>
/// <param name="Message">The message, as it is now; for deleted ones as it was.</param>
/// <param name="Messages">All messages now.</param>
public sealed record ChatUpdate(string Action, ChatMessageItem Message, IReadOnlyList<ChatMessageItem> Messages);

/// <summary>The messages of the meeting.</summary>
public sealed class Chat
{
    /// <summary>Longest text, in characters.</summary>
    public const int MaxTextLength = 2_000;

    private const int MaxMessages = 10_000;

    private readonly MeetingLink _link;
    private readonly ClientHttp _http;
    private readonly string _ownUserId;
    private ImmutableList<ChatMessageItem> _messages = [];

    internal Chat(MeetingLink link, ClientHttp http, string ownUserId)
    {
        _link = link;
        _http = http;
        _ownUserId = ownUserId;
    }

    /// <summary>A message came, was changed or deleted.</summary>
    public event Action<ChatUpdate>? ChatUpdated;

    /// <summary>The messages, oldest first.</summary>
    public IReadOnlyList<ChatMessageItem> Messages => _messages;

    /// <summary>The messages that are pinned.</summary>
    public IReadOnlyList<ChatMessageItem> Pinned => [.. _messages.Where(message => message.IsPinned)];

    /// <summary>Sends text to all. It stands among <see cref="Messages"/> afterwards.</summary>
    /// <param name="text">1 to <see cref="MaxTextLength"/> characters.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task SendTextMessageAsync(string text, CancellationToken cancellationToken = default) => SendTextMessageAsync(text, [], cancellationToken);

    /// <summary>Sends text to some, by the ids of their presences.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task SendTextMessageAsync(string text, IReadOnlyCollection<string> peerIds, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(text.Length, MaxTextLength, nameof(text));
        return SendAsync(ChatMessageType.Text, text, peerIds, cancellationToken);
    }

    /// <summary>Uploads an image and sends its address.</summary>
    /// <param name="name">Its file name; its ending says what it is: gif, jpeg, jpg or png.</param>
    /// <param name="image">Its bytes.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public async Task SendImageMessageAsync(string name, ReadOnlyMemory<byte> image, CancellationToken cancellationToken = default) =>
        await SendAsync(ChatMessageType.Image, await UploadAsync(name, image, cancellationToken).ConfigureAwait(false), [], cancellationToken).ConfigureAwait(false);

    /// <summary>Uploads a file and sends its address.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public async Task SendFileMessageAsync(string name, ReadOnlyMemory<byte> file, CancellationToken cancellationToken = default)
    {
        var link = await UploadAsync(name, file, cancellationToken).ConfigureAwait(false);
        var payload = JsonSerializer.Serialize(new ChatFile(link, name, file.Length), ClientJson.Default.ChatFile);
        await SendAsync(ChatMessageType.File, payload, [], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Changes the text of an own message.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task EditTextMessageAsync(string id, string text, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(text.Length, MaxTextLength, nameof(text));
        return _link.AskAsync(
            SocketEvent.EditMessage,
            new EditChatMessageRequest { ChatId = id, PayloadType = (int)ChatMessageType.Text, Payload = text },
            cancellationToken);
    }

    /// <summary>Deletes a message.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task DeleteMessageAsync(string id, CancellationToken cancellationToken = default) =>
        _link.AskAsync(SocketEvent.DeleteMessage, new DeleteChatMessageRequest { ChatId = id }, cancellationToken);

    /// <summary>Pins a message.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task PinAsync(string id, CancellationToken cancellationToken = default) => PinAsync(id, isPinned: true, cancellationToken);

    /// <summary>Takes the pin from a message.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task UnpinAsync(string id, CancellationToken cancellationToken = default) => PinAsync(id, isPinned: false, cancellationToken);

    /// <summary>Reads messages before a time, newest last.</summary>
    /// <param name="before">The time.</param>
    /// <param name="count">How many at most, 1 to 100.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<IReadOnlyList<ChatMessageItem>> GetMessagesAsync(DateTimeOffset before, int count, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 100);
        var page = await _link.AskAsync(
            SocketEvent.GetMessagePage,
            new GetPaginatedChatMessageRoomRequest { TimeStamp = (ulong)before.ToUnixTimeMilliseconds(), Size = count, Reversed = true },
            GetPaginatedChatMessageRoomResponse.Parser,
            cancellationToken).ConfigureAwait(false);
        return [.. page.Messages.Select(ItemOf).OrderBy(message => message.Time)];
    }

    internal void Handle(SocketEvent number, SocketMessage message)
    {
        switch (number)
        {
            case SocketEvent.GetMessages when Envelope.TryRead(message, GetChatMessagesResponse.Parser, out var all):
                Volatile.Write(ref _messages, [.. all.Messages.Take(MaxMessages).Select(ItemOf)]);
                break;
            case SocketEvent.SendMessage when Envelope.TryRead(message, SendChatMessageToRoomResponse.Parser, out var sent) && sent.Message is { } added:
                Put(ItemOf(added), "add");
                break;
            case SocketEvent.SendMessageToPeers when Envelope.TryRead(message, SendChatMessageToPeersResponse.Parser, out var sent) && sent.Message is { } added:
                Put(ItemOf(added), "add");
                break;
            case SocketEvent.EditMessage when Envelope.TryRead(message, EditChatMessageResponse.Parser, out var edited) && edited.Message is { } changed:
                Put(ItemOf(changed), "edit");
                break;
            case SocketEvent.PinMessage when Envelope.TryRead(message, PinChatMessageResponse.Parser, out var pinned) && pinned.Message is { } changed:
                Put(ItemOf(changed), "pin");
                break;
            case SocketEvent.DeleteMessage when Envelope.TryRead(message, DeleteChatMessageResponse.Parser, out var deleted):
                Remove(deleted.ChatId);
                break;
            default:
                break;
        }
    }

    private static ChatMessageItem ItemOf(ChatMessage message) => new(
        message.ChatId,
        message.UserId,
        message.DisplayName,
        message.PayloadType is >= 0 and <= 3 ? (ChatMessageType)message.PayloadType : ChatMessageType.Custom,
        message.Payload,
        DateTimeOffset.FromUnixTimeMilliseconds(message.HasCreatedAtMs
            ? (long)Math.Min(message.CreatedAtMs, 253_402_300_799_000)
            : (long)Math.Min(message.CreatedAt, 253_402_300_799) * 1_000),
        message.IsEdited,
        message.Pinned,
        [.. message.TargetUserIds]);

    private Task SendAsync(ChatMessageType type, string payload, IReadOnlyCollection<string> peerIds, CancellationToken cancellationToken)
    {
        if (peerIds.Count == 0)
        {
            return _link.DoAsync(
                SocketEvent.SendMessage,
                new SendChatMessageToRoomRequest { PayloadType = (int)type, Payload = payload },
                told => (SocketEvent)told.Event is SocketEvent.SendMessage
                    && Envelope.TryRead(told, SendChatMessageToRoomResponse.Parser, out var sent) && IsOwn(sent.Message, type, payload),
                isFenced: false,
                cancellationToken);
        }

        var request = new SendChatMessageToPeersRequest { PayloadType = (int)type, Payload = payload };
        request.PeerIds.AddRange(peerIds.Append(_link.PeerId).Distinct());
        return _link.DoAsync(
            SocketEvent.SendMessageToPeers,
            request,
            told => (SocketEvent)told.Event is SocketEvent.SendMessageToPeers
                && Envelope.TryRead(told, SendChatMessageToPeersResponse.Parser, out var sent) && IsOwn(sent.Message, type, payload),
            isFenced: false,
            cancellationToken);
    }

    // What is sent comes back to the sender as to everybody else, once it is kept.
    private bool IsOwn(ChatMessage? message, ChatMessageType type, string payload) =>
        message is not null && message.UserId == _ownUserId && message.PayloadType == (int)type && message.Payload == payload;

    private Task PinAsync(string id, bool isPinned, CancellationToken cancellationToken) => _link.AskAsync(
        SocketEvent.PinMessage, new PinChatMessageRequest { ChatId = id, Pinned = isPinned }, cancellationToken);

    private async Task<string> UploadAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        using var reserved = await _http.SendAsync(
            HttpMethod.Post,
            "/v2/meetings/chat-upload",
            JsonContentOf(new ChatUpload(_link.MeetingId, name)),
            cancellationToken).ConfigureAwait(false);
        using var content = new ReadOnlyMemoryContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        await _http.PutAsync(new Uri(ClientHttp.TextOf(reserved, "put_location")), content, cancellationToken).ConfigureAwait(false);
        return ClientHttp.TextOf(reserved, "get_location");
    }

    private static StringContent JsonContentOf(ChatUpload upload) =>
        new(JsonSerializer.Serialize(upload, ClientJson.Default.ChatUpload), new MediaTypeHeaderValue("application/json"));

    private void Put(ChatMessageItem item, string action)
    {
        ImmutableInterlocked.Update(ref _messages, messages =>
        {
            var at = messages.FindIndex(message => message.Id == item.Id);
            var changed = at >= 0 ? messages.SetItem(at, item) : messages.Add(item);
            return changed.Count > MaxMessages ? changed.RemoveAt(0) : changed;
        });
        var all = _messages;
        _link.Raise(() => ChatUpdated.CallEach(new ChatUpdate(action, item, all)));
    }

    private void Remove(string id)
    {
        if (_messages.Find(message => message.Id == id) is { } item)
        {
            ImmutableInterlocked.Update(ref _messages, messages => messages.RemoveAll(message => message.Id == id));
            var all = _messages;
            _link.Raise(() => ChatUpdated.CallEach(new ChatUpdate("delete", item, all)));
        }
    }
}
