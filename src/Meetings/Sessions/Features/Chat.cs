using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>The chat of a session. Messages are kept before anybody is told of them, so that their order is the same for all.</summary>
public sealed class Chat(SessionRoom room)
{
    private ChatMessageStore Store => room.Parts.Messages;

    private ChatScope Scope => room.SessionId is { } sessionId
        ? new ChatScope(room.Meeting.Id, sessionId, room.Meeting.Settings.PersistsChat)
        : throw new SessionException(SessionFault.NotJoined, "nobody has joined this meeting");

    /// <summary>Sends to everybody.</summary>
    public void Send(SessionPeer peer, ChatMessageKind kind, string payload, Action<SessionException> refuse)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(payload);
        room.Require(peer, ActOf(kind, isPrivate: false));
        RequireText(kind, peer.May.Chat.Public.Text);
        Check(kind, payload);
        Add(NewMessage(peer, kind, payload, []), refuse);
    }

    /// <summary>Sends to the participants of some peers, through all their peers. Those who may not receive are left out.</summary>
    public void SendTo(
        SessionPeer peer, IReadOnlyCollection<string> peerIds, ChatMessageKind kind, string payload, Action<SessionException> refuse)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(peerIds);
        ArgumentNullException.ThrowIfNull(payload);
        room.Require(peer, ActOf(kind, isPrivate: true));
        RequireText(kind, peer.May.Chat.Private.Text);
        Check(kind, payload);
        if (peerIds.Count > SessionLimits.MaxTargets + 1)
        {
            throw new SessionException(SessionFault.Invalid, $"a message goes to at most {SessionLimits.MaxTargets} others");
        }

        var others = peerIds
            .Select(id => room.Peers.GetValueOrDefault(id))
            .Where(other => other is { IsJoined: true } && other.Member != peer.Member && other.May.Chat.Private.CanReceive)
            .Select(other => other!.Member.Participant.Id)
            .ToHashSet();
        if (others.Count == 0)
        {
            throw new SessionException(SessionFault.NotFound, "nobody of those named is here and may receive messages");
        }

        Add(NewMessage(peer, kind, payload, [peer.Member.Participant.Id, .. others]), refuse);
    }

    /// <summary>The newest messages the peer may read, oldest first; none for one that has not joined.</summary>
    public void ReadHistory(SessionPeer peer, Answer<ChatPage> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        Read(peer, new ChatQuery { Viewer = peer.Member.Participant.Id, TakesNewest = true, Size = SessionLimits.MaxHistory }, answer);
    }

    /// <summary>Messages the peer may read; none for one that has not joined.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="query">Which; the viewer is the peer whatever it says.</param>
    /// <param name="answer">Takes them.</param>
    public void Read(SessionPeer peer, ChatQuery query, Answer<ChatPage> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(query);
        room.Require(peer, SessionAct.ReadChat);
        if (!peer.IsJoined)
        {
            answer.Give(new ChatPage([], false));
            return;
        }

        var scope = Scope;
        var bounded = query with
        {
            Viewer = peer.Member.Participant.Id,
            Size = Math.Clamp(query.Size, 1, ChatQuery.MaxSize),
            Skip = Math.Max(0, query.Skip),
            Search = query.Search is { } text ? Texts.Cut(text, SessionLimits.MaxNameLength) : null,
        };
        room.Ask(() => Store.ListAsync(scope, bounded, CancellationToken.None), answer);
    }

    /// <summary>Changes a message of one's own. The others who may read it are told.</summary>
    public void Edit(SessionPeer peer, ChatMessageId id, ChatMessageKind? kind, string payload, Answer<ChatMessage> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(payload);
        room.Require(peer, SessionAct.EditMessage);
        var scope = Scope;
        var may = peer.May.Chat;
        room.Ask(
            async () =>
            {
                var message = await FindOwnAsync(scope, peer, id);
                var to = kind ?? message.Kind;
                Check(to, payload);
                var (canSend, text, files) = message.IsPrivate
                    ? (may.Private.CanSend, may.Private.Text, may.Private.Files)
                    : (may.Public.CanSend, may.Public.Text, may.Public.Files);
                RequireText(to, text);
                var isAllowed = canSend && (to is ChatMessageKind.Text ? text : files);
                return isAllowed
                    ? await Store.EditAsync(scope, id, to, payload, CancellationToken.None) ?? throw NoMessage()
                    : throw NotAllowed();
            },
            ThenTell(peer, answer, edited => new MessageEdited(edited)));
    }

    /// <summary>Takes back a message of one's own. The others who could read it are told.</summary>
    public void Delete(SessionPeer peer, ChatMessageId id, Answer<ChatMessage> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.DeleteMessage);
        var scope = Scope;
        room.Ask(
            async () =>
            {
                await FindOwnAsync(scope, peer, id);
                return await Store.DeleteAsync(scope, id, CancellationToken.None) ?? throw NoMessage();
            },
            ThenTell(peer, answer, deleted => new MessageDeleted(deleted.Id)));
    }

    /// <summary>Pins a message that the peer may read, or takes the pin away. The others who may read it are told.</summary>
    public void Pin(SessionPeer peer, ChatMessageId id, bool isPinned, Answer<ChatMessage> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.PinMessage);
        var scope = Scope;
        room.Ask(
            async () =>
            {
                if (await Store.FindAsync(scope, id, CancellationToken.None) is not { } message || !MayRead(peer, message))
                {
                    throw NoMessage();
                }

                return await Store.PinAsync(scope, id, isPinned, CancellationToken.None) ?? throw NoMessage();
            },
            ThenTell(peer, answer, pinned => new MessagePinned(pinned)));
    }

    private static SessionAct ActOf(ChatMessageKind kind, bool isPrivate) => (kind is ChatMessageKind.Text, isPrivate) switch
    {
        (true, false) => SessionAct.SendText,
        (true, true) => SessionAct.SendPrivateText,
        (false, false) => SessionAct.SendFile,
        _ => SessionAct.SendPrivateFile,
    };

    private static void Check(ChatMessageKind kind, string payload) => Texts.Check(payload, "the message", kind switch
    {
        ChatMessageKind.Text => SessionLimits.MaxTextLength,
        ChatMessageKind.Image => SessionLimits.MaxAddressLength,
        ChatMessageKind.File or ChatMessageKind.Custom => SessionLimits.MaxComposedLength,
        _ => throw new SessionException(SessionFault.Invalid, "there is no such kind of message"),
    });

    // A composed message may hold both, so it needs both.
    private static void RequireText(ChatMessageKind kind, bool mayText)
    {
        if (kind is ChatMessageKind.Custom && !mayText)
        {
            throw NotAllowed();
        }
    }

    private static SessionException NotAllowed() => new(SessionFault.NotAllowed, "your permissions do not allow this");

    private static bool MayRead(SessionPeer peer, ChatMessage message) =>
        !message.IsPrivate || message.Targets.Contains(peer.Member.Participant.Id);

    private static SessionException NoMessage() => new(SessionFault.NotFound, "there is no such message");

    private async Task<ChatMessage> FindOwnAsync(ChatScope scope, SessionPeer peer, ChatMessageId id) =>
        await Store.FindAsync(scope, id, CancellationToken.None) is { } message && MayRead(peer, message)
            ? message.ParticipantId == peer.Member.Participant.Id
                ? message
                : throw new SessionException(SessionFault.NotAllowed, "this message is another's")
            : throw NoMessage();

    private ChatMessage NewMessage(SessionPeer peer, ChatMessageKind kind, string payload, IReadOnlyList<ParticipantId> targets) => new()
    {
        Id = new ChatMessageId(Guid.NewGuid()),
        MeetingId = room.Meeting.Id,
        SessionId = Scope.SessionId,
        PeerId = new PeerId(Guid.ParseExact(peer.Id, "D")),
        ParticipantId = peer.Member.Participant.Id,
        DisplayName = peer.Name,
        Kind = kind,
        Payload = payload,
        Targets = [.. targets],
        CreatedAt = room.WallClock,
    };

    private void Add(ChatMessage message, Action<SessionException> refuse) => room.Ask(
        () => Store.AddAsync(room.Meeting.AppId, message, room.Meeting.Settings.PersistsChat, CancellationToken.None),
        new(kept => Tell(kept, new MessageSent(kept), except: null), refuse));

    private Answer<ChatMessage> ThenTell(SessionPeer peer, Answer<ChatMessage> answer, Func<ChatMessage, SessionEvent> happened) => new(
        message =>
        {
            answer.Give(message);
            Tell(message, happened(message), except: peer);
        },
        answer.Refuse);

    private void Tell(ChatMessage message, SessionEvent happened, SessionPeer? except)
    {
        foreach (var peer in room.Joined)
        {
            if (peer != except && MayRead(peer, message))
            {
                peer.Link?.Tell(happened);
            }
        }
    }
}
