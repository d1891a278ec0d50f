using System.Globalization;
using Google.Protobuf;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.RealtimeKit.Socket.Wire;
using SessionBroadcast = Roomcast.Meetings.Sessions.Events.BroadcastMessage;
using WireBroadcast = Roomcast.RealtimeKit.Socket.Wire.BroadcastMessage;
using WireChat = Roomcast.RealtimeKit.Socket.Wire.ChatMessage;
using WirePoll = Roomcast.RealtimeKit.Socket.Wire.Poll;

namespace Roomcast.RealtimeKit.Socket.Messages;

/// <summary>Our things as the client's messages have them.</summary>
internal static class WireForms
{
    public static Peer Of(PeerView peer) => new()
    {
        PeerId = peer.PeerId,
        UserId = peer.UserId,
        DisplayName = peer.Name,
        StageType = Of(peer.Stage),
        CustomParticipantId = peer.CustomId,
        PresetId = peer.PresetId,
        DisplayPictureUrl = peer.Picture,
        Waitlisted = peer.IsWaiting,

        // An empty recorder type counts as a recorder, whom the client does not show.
        Flags = new PeerFlags
        {
            PresetName = peer.PresetName,
            RecorderType = peer.Recorder.ToString().ToUpperInvariant(),
            HiddenParticipant = peer.IsHidden,
        },
    };

    public static StageType Of(StageState stage) => stage switch
    {
        StageState.On => StageType.OnStage,
        StageState.Approved => StageType.ApprovedStage,
        StageState.Requested => StageType.RequestedStage,
        _ => StageType.OffStage,
    };

    public static PeerStatusUpdate StageOf(string peerId, string userId, StageState stage) =>
        new() { PeerId = peerId, UserId = userId, StageType = Of(stage) };

    public static GetStageRequestsResponse StageRequestsOf(IEnumerable<PeerView> requests) => new()
    {
        StageRequests = { requests.Select(peer => new StageRequest { DisplayName = peer.Name, UserId = peer.UserId, PeerId = peer.PeerId }) },
    };

    public static GetWaitingRoomRequests WaitingOf(IEnumerable<PeerView> waiting) => new()
    {
        Requests =
        {
            waiting.Select(peer => new WaitingRoomRequest
            {
                PeerId = peer.PeerId,
                UserId = peer.UserId,
                DisplayName = peer.Name,
                Picture = peer.Picture,
                CustomParticipantId = peer.CustomId,
                PresetName = peer.PresetName,
            }),
        },
    };

    public static WireBroadcast Of(SessionBroadcast message) => new()
    {
        Type = message.Type,
        Payload = ByteString.CopyFrom(message.Payload.Span),
        Timestamp = (ulong)Math.Max(0, message.TimestampMs),
    };

    public static WireChat Of(Roomcast.Meetings.Records.ChatMessage message) => new()
    {
        ChatId = message.Id.ToString(),
        PeerId = message.PeerId.ToString(),
        UserId = message.ParticipantId.ToString(),
        DisplayName = message.DisplayName,
        Pinned = message.IsPinned,
        IsEdited = message.IsEdited,
        PayloadType = (int)message.Kind,
        Payload = message.Payload,
        TargetUserIds = { message.Targets.Select(target => target.ToString()) },
        CreatedAt = (ulong)message.CreatedAt.ToUnixTimeSeconds(),
        CreatedAtMs = (ulong)message.CreatedAt.ToUnixTimeMilliseconds(),
    };

    public static WirePoll Of(PollView poll) => new()
    {
        PollId = poll.Id,
        CreatedBy = poll.CreatorName,
        CreatedByUserId = poll.CreatorUserId,
        Question = poll.Question,
        Options =
        {
            poll.Options.Select(option => new Wire.PollOption
            {
                Text = option.Text,
                Count = (ulong)option.Count,
                Votes = { option.Votes.Select(vote => new Wire.PollVote { UserId = vote.UserId, Name = vote.Name }) },
            }),
        },
        HideVotes = poll.HidesVotes,
        Anonymous = poll.IsAnonymous,
        Votes = { poll.VoterUserIds },
    };

    public static PluginStoreResponse StoreOf(string space, string store, IEnumerable<StoreItem> items) => new()
    {
        PluginId = space,
        StoreName = store,
        StoreItems =
        {
            items.Select(item => new PluginStoreItem
            {
                Timestamp = item.At.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
                PeerId = item.PeerId,
                StoreKey = item.Key,
                Payload = ByteString.CopyFrom(item.Value.Span),
            }),
        },
    };

    public static ProducerState Of(MediaProducer producer) => new()
    {
        ProducerId = producer.Id,
        Kind = producer.Kind is MediaKind.Audio ? ProducerKind.Audio : ProducerKind.Video,
        Pause = producer.IsPaused,
        ScreenShare = producer.IsScreenShare,
        AppData = producer.AppData,
        ProducingTransportId = producer.TransportId,
        MimeType = producer.MimeType,
    };

    public static RoomParticipants Of(MediaPeerView peer) => new()
    {
        PeerId = peer.PeerId,
        DisplayName = peer.Name,
        UserId = peer.UserId,
        ProducerStates = { peer.Producers.Select(Of) },
    };

    public static SessionDescription Offer(Target target, string sdp) => new() { Target = target, Type = "offer", Sdp = sdp };

    public static SessionDescription Answer(Target target, string sdp) => new() { Target = target, Type = "answer", Sdp = sdp };

    public static GetConnectedRoomsDumpResponse Of(ConnectedView view) => new()
    {
        ParentMeeting = Of(view.Parent),
        Meetings = { view.Meetings.Select(Of) },
    };

    public static CreateConnectedRoomsResponse CreatedOf(IEnumerable<ConnectedMeeting> meetings) => new()
    {
        Payloads = { meetings.Select(meeting => new CreateRoomResponsePayload { Id = meeting.Id, Title = meeting.Title }) },
    };

    public static DisableConnectedRoomsResponse DeletedOf(IEnumerable<ConnectedMeeting> meetings) => new()
    {
        Payloads =
        {
            meetings.Select(meeting => new DisableConnectedRoomPayload { Id = meeting.Id, Title = meeting.Title, Status = "INACTIVE" }),
        },
    };

    /// <summary>
    /// Who was not moved. The client takes any answer for a failure in whose bytes the word "error" is found, so those who were moved
    /// are not in it: their ids in the customer's words might hold it.
    /// </summary>
    public static MovePeersBetweenRoomsResponse MovedOf(string destinationId, IEnumerable<ConnectedMoveFailure> failures) => new()
    {
        Payloads =
        {
            failures.Select(failure => new MovedPeer
            {
                MeetingId = destinationId,
                CustomParticipantId = failure.UserId,
                Error = new ServiceError { Code = "error", Message = failure.Reason },
            }),
        },
    };

    public static AddedParticipant Of(Participant participant)
    {
        var added = new AddedParticipant { Id = participant.Id.ToString(), CustomParticipantId = participant.CustomId };
        if (participant.Name is { } name)
        {
            added.Name = name;
        }

        if (participant.Picture is { } picture)
        {
            added.Picture = picture;
        }

        return added;
    }

    public static RecordingType TypeOf(RecordingChanged recording) => recording.OfTracks ? RecordingType.Track : RecordingType.Browser;

    public static ActiveRecording Of(RecordingChanged recording) => new()
    {
        RecordingId = recording.RecordingId.ToString(),
        RecordingType = TypeOf(recording),
        RecordingStatus = recording.State switch
        {
            SessionRecordingState.Starting => "STARTING",
            SessionRecordingState.Paused => "PAUSED",
            _ => "RECORDING",
        },
    };

    public static LiveStreamingEvent Of(SessionLivestream livestream, string status, string error = "") => new()
    {
        LivestreamId = livestream.LivestreamId.ToString(),
        ErrMessage = error,
        Name = livestream.Name,
        MeetingId = livestream.MeetingId.ToString(),
        PlaybackUrl = livestream.PlaybackUrl,
        OrgId = livestream.AppId.ToString(),
        RoomName = livestream.MeetingId.ToString(),
        RoomUuid = livestream.MeetingId.ToString(),
        Status = status,
        ManualIngest = livestream.IsManual,
    };

    private static ConnectedMeetingDump Of(ConnectedAttendance attendance) => new()
    {
        Id = attendance.Meeting.Id,
        Title = attendance.Meeting.Title,
        Participants =
        {
            attendance.Participants.Select(participant => new ConnectedMeetingPeer
            {
                Id = participant.UserId,
                DisplayName = participant.Name,
                CustomParticipantId = participant.CustomId,
                PresetId = participant.PresetId,
                DisplayPictureUrl = participant.Picture,
            }),
        },
    };
}
