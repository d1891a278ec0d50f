using Google.Protobuf;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Messages;

/// <summary>What happens in a session, as frames.</summary>
internal static class EventForms
{
    /// <summary>The priority that takes a peer out of the order of speakers.</summary>
    public const int Dropped = 229_490_415;

    /// <summary>The frame of an event, made once and kept with it.</summary>
    public static byte[] FrameOf(SessionEvent happened) => (byte[])(happened.WireForm ??= Write(happened));

    private static byte[] Write(SessionEvent happened)
    {
        var (number, message) = FormOf(happened);
        return SocketEnvelope.Write(number, id: null, message);
    }

    private static (SocketEvent Number, IMessage? Message) FormOf(SessionEvent happened) => happened switch
    {
        PeerJoined joined => (SocketEvent.JoinRoom, new PeerInfoResponse { Peer = WireForms.Of(joined.Peer) }),
        PeerLeft left => (SocketEvent.LeaveRoom, new PeerInfoResponse { Peer = WireForms.Of(left.Peer) }),
        PeerCountChanged changed => (SocketEvent.PeerCount, new RoomPeerCountResponse { Count = (ulong)changed.Count }),
        Kicked => (SocketEvent.Kick, null),
        EverybodyKicked => (SocketEvent.KickAll, null),

        WaitingChanged changed => (SocketEvent.GetWaiting, WireForms.WaitingOf(changed.Waiting)),
        LetIn => (SocketEvent.WaitingAccepted, null),
        Rejected => (SocketEvent.WaitingDenied, null),

        StageChanged changed => (SocketEvent.StageChanged, WireForms.StageOf(changed.PeerId, changed.UserId, changed.Stage)),
        StageRequestsChanged changed => (SocketEvent.GetStageRequests, WireForms.StageRequestsOf(changed.Requests)),
        StageGranted => (SocketEvent.GrantStage, null),
        StageDenied => (SocketEvent.DenyStage, null),

        PermissionsChanged changed => (SocketEvent.UpdatePresets, new UpdatePeersPresetResponse
        {
            UpdatePeersPresets = { new UpdatePeerPreset { UserIds = changed.UserId, Patch = PresetPatches.ToMessage(changed.Patch) } },
        }),
        NameChanged changed => (SocketEvent.NameChanged, new PeerDisplayNameEditBroadcastResponse
        {
            ParticipantId = changed.PeerId,
            DisplayName = changed.Name,
        }),
        BroadcastHeard heard => (
            heard.IsTargeted ? SocketEvent.BroadcastToEntity : SocketEvent.Broadcast, WireForms.Of(heard.Message)),

        MessageSent { Message: { IsPrivate: false } message } =>
            (SocketEvent.SendMessage, new SendChatMessageToRoomResponse { Message = WireForms.Of(message) }),
        MessageSent sent => (SocketEvent.SendMessageToPeers, new SendChatMessageToPeersResponse { Message = WireForms.Of(sent.Message) }),
        MessageEdited edited => (SocketEvent.EditMessage, new EditChatMessageResponse { Message = WireForms.Of(edited.Message) }),
        MessageDeleted deleted => (SocketEvent.DeleteMessage, new DeleteChatMessageResponse { ChatId = deleted.MessageId.ToString() }),
        MessagePinned pinned => (SocketEvent.PinMessage, new PinChatMessageResponse
        {
            ChatId = pinned.Message.Id.ToString(),
            Pinned = pinned.Message.IsPinned,
            Message = WireForms.Of(pinned.Message),
        }),

        PollCreated created => (SocketEvent.CreatePoll, new UpdatePollResponse { Poll = WireForms.Of(created.Poll) }),
        PollVoted voted => (SocketEvent.VotePoll, new UpdatePollResponse { Poll = WireForms.Of(voted.Poll) }),
        StoreChanged changed => (
            changed.AreDeleted ? SocketEvent.StoreDelete : SocketEvent.StoreInsert,
            WireForms.StoreOf(changed.Space, changed.Store, changed.Items)),

        MediaPeerJoined joined => (SocketEvent.MediaPeerJoined, new PeerJoinBroadcastResponse { Participant = WireForms.Of(joined.Peer) }),
        MediaPeerLeft left => (SocketEvent.MediaPeerLeft, new PeerLeaveBroadcastResponse { ParticipantId = left.PeerId }),
        ProducerOpened opened => (SocketEvent.ProducerCreated, new PeerProducerCreateBroadcastResponse
        {
            ParticipantId = opened.Producer.PeerId,
            ProducerState = WireForms.Of(opened.Producer),
        }),
        ProducerPaused paused => (SocketEvent.ProducerToggled, new PeerProducerToggleBroadcastResponse
        {
            ParticipantId = paused.Producer.PeerId,
            ProducerState = WireForms.Of(paused.Producer),
            InitiatorParticipantId = paused.InitiatorPeerId,
        }),
        ProducerClosed closed => (SocketEvent.ProducerClosed, new PeerProducerCloseBroadcastResponse
        {
            ParticipantId = closed.Producer.PeerId,
            ProducerState = WireForms.Of(closed.Producer),
        }),
        PinChanged pinned => (SocketEvent.PeerPinned, new GlobalPeerPinningBroadcastResponse { ParticipantId = pinned.PeerId }),
        SpeakersHeard heard => (SocketEvent.SelectedPeersChanged, new SelectedPeersDiffResponse
        {
            Entries =
            {
                heard.PeerIds.Select((peerId, index) => new SelectedPeersDiffEntry { PeerId = peerId, Priority = index + 1 }),
                heard.Dropped.Select(peerId => new SelectedPeersDiffEntry { PeerId = peerId, Priority = Dropped }),
            },
        }),
        MediaRestarted => (SocketEvent.MediaTerminated, new MediaRoomTerminationBroadcastResponse { Reason = "restarted" }),

        RecordingChanged changed => (
            changed.State switch
            {
                SessionRecordingState.Paused => SocketEvent.RecordingPaused,
                SessionRecordingState.Over => SocketEvent.RecordingStopped,
                _ => SocketEvent.RecordingStarted,
            },
            new RecordingEvent
            {
                RecordingId = changed.RecordingId.ToString(),
                ErrMessage = changed.Error,
                RecordingType = WireForms.TypeOf(changed),
            }),

        TranscriptHeard heard => (SocketEvent.Transcript, new MeetingTranscript
        {
            MeetingId = heard.MeetingId.ToString(),
            Transcript = heard.Line,
        }),

        LivestreamInvoked invoked => (SocketEvent.LivestreamInvoked, WireForms.Of(invoked.Livestream, "INVOKED")),
        LivestreamStarted started => (SocketEvent.LivestreamStarted, WireForms.Of(started.Livestream, "LIVE")),
        LivestreamStopped stopped => (SocketEvent.LivestreamStopped, WireForms.Of(stopped.Livestream, "IDLE")),
        LivestreamFailed failed => (SocketEvent.LivestreamFailed, WireForms.Of(failed.Livestream, "ERRORED", failed.Error)),

        ConnectedCreated created => (SocketEvent.ConnectedRoomsCreated, WireForms.CreatedOf(created.Meetings)),
        ConnectedDeleted deleted => (SocketEvent.ConnectedRoomsDeleted, WireForms.DeletedOf(deleted.Meetings)),
        ConnectedChanged changed => (SocketEvent.GetConnectedRooms, WireForms.Of(changed.View)),
        Transferred transferred => (SocketEvent.TransferPeer, new TransferPeer
        {
            MeetingId = transferred.MeetingId,
            AuthToken = transferred.Token,
        }),
        _ => throw new InvalidOperationException($"{happened.GetType().Name} has no form on the socket."),
    };
}
