using System.Runtime.ExceptionServices;
using Roomcast.Client.Meeting;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client;

/// <content>What the server tells, and what is done upon it.</content>
public sealed partial class RealtimeKitClient
{
    /// <summary>Takes a message of the server: changes the state, and has events raised. One at a time.</summary>
    private void Dispatch(SocketMessage message)
    {
        var number = (SocketEvent)message.Event;
        var stageBefore = Stage.Status;
        Participants.Handle(number, message);
        Meta.Handle(number, message);
        Chat.Handle(number, message);
        Polls.Handle(number, message);
        Stores.Handle(number, message);
        Ai.Handle(number, message);
        Stage.Handle(number, message);
        Recording.Handle(number, message);
        Livestream.Handle(number, message);
        ConnectedMeetings.Handle(number, message);
        switch (number)
        {
            case SocketEvent.GetRoom when Envelope.TryRead(message, RoomInfoResponse.Parser, out var info) && info.Room is { } room:
                Meta.SessionId = room.HasRoomUuid ? room.RoomUuid : null;
                Meta.MeetingStartedTimestamp = DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(room.CreatedAt, 253_402_300_799));
                break;
            case SocketEvent.GetPeers when Envelope.TryRead(message, RoomPeersInfoResponse.Parser, out var peers):
                Participants.ApplyAll(peers.Peers);
                break;
            case SocketEvent.CompleteMedia when Envelope.TryRead(message, PeerJoinCompleteResponse.Parser, out var complete):
                Participants.ApplyMedia(complete);
                break;
            case SocketEvent.ProducerToggled when Envelope.TryRead(message, PeerProducerToggleBroadcastResponse.Parser, out var toggled)
                && toggled.ParticipantId == _link.PeerId && toggled.InitiatorParticipantId != _link.PeerId && toggled.ProducerState is { Pause: true } state:
                Self.OnMuted(state.ProducerId);
                break;
            case SocketEvent.StageChanged:
                Self.Stage = Stage.Status;
                if (!message.HasId && Self.IsRoomJoined && (stageBefore is StageStatus.OnStage) != (Stage.Status is StageStatus.OnStage))
                {
                    // A host's doing: our own steps are gone on with by whoever asked for them.
                    _ = PersistAsync(() => FollowStageAsync(_over.Token));
                }

                break;
            case SocketEvent.UpdatePresets when Envelope.TryRead(message, UpdatePeersPresetResponse.Parser, out var presets):
                foreach (var update in presets.UpdatePeersPresets.Where(update => update.UserIds == Self.UserId && update.Patch is not null))
                {
                    Self.SetPermissions(Self.Permissions.With(update.Patch));
                }

                break;
            case SocketEvent.WaitingAccepted:
                _admission?.TrySetResult(true);
                break;
            case SocketEvent.WaitingDenied:
                _admission?.TrySetResult(false);
                _ = EndAsync(RoomState.Rejected, null);
                break;
            case SocketEvent.Kick when !message.HasId:
                _ = EndAsync(RoomState.Kicked, null);
                break;
            case SocketEvent.KickAll when !message.HasId:
                _ = EndAsync(RoomState.Ended, null);
                break;
            case SocketEvent.TransferPeer when ConnectedMeetings.IsFollowed && Envelope.TryRead(message, TransferPeer.Parser, out var transfer):
                _ = FollowTransferAsync(transfer.AuthToken);
                break;
            case SocketEvent.MediaTerminated when Participants.Media.IsEntered:
                _ = ReenterMediaAsync();
                break;
            default:
                break;
        }
    }

    /// <summary>Leaves, and enters the other meeting in the same way.</summary>
    private async Task FollowTransferAsync(string token)
    {
        try
        {
            var options = _options with
            {
                AuthToken = token,
                EventContext = _eventContext,
                IsAudioEnabled = Self.AudioEnabled,
                IsVideoEnabled = Self.VideoEnabled,
            };
            await LeaveAsync(CancellationToken.None).ConfigureAwait(false);
            var other = await InitAsync(options, CancellationToken.None).ConfigureAwait(false);
            await ConnectedMeetings.HandOverAsync(other).ConfigureAwait(false);
            await other.JoinAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is RealtimeKitException or OperationCanceledException or ObjectDisposedException)
        {
            _events.Raise(() => ExceptionDispatchInfo.Throw(fault));
        }
    }

    /// <summary>The server's media has begun anew: everything is agreed with it again, however often it takes.</summary>
    private async Task ReenterMediaAsync()
    {
        try
        {
            // Whoever enters at this moment may have been too early.
            await _entering.WaitAsync(_over.Token).ConfigureAwait(false);
            _entering.Release();
        }
        catch (OperationCanceledException)
        {
            return;
        }

        await PersistAsync(async () =>
        {
            await EnterMediaAsync(isAgain: true, _over.Token).ConfigureAwait(false);
            if (Stage.Status is StageStatus.OnStage)
            {
                await PublishAsync(_over.Token).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }
}
