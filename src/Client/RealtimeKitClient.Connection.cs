using Roomcast.Client.Meeting;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client;

/// <content>The socket: connecting, entering the room, and connecting anew.</content>
public sealed partial class RealtimeKitClient
{
    private bool NeedsMedia => Meta.ViewType is not ("LIVESTREAM" or "CHAT") || Stage.Status is StageStatus.OnStage;

    private Uri SocketAddress
    {
        get
        {
            var at = ClientHttp.AddressOf(_options, "socket-edge.");
            return new UriBuilder(at)
            {
                Scheme = at.Scheme == "https" ? "wss" : "ws",
                Path = at.AbsolutePath.TrimEnd('/') + "/ws",
                Query = $"roomID={Uri.EscapeDataString(_link.MeetingId)}&peerID={_link.PeerId}&authToken={Uri.EscapeDataString(_options.AuthToken)}"
                    + "&useMediaV2=true&ping=true&capabilities=2&joinWithDetails=true&useCfWorker=true&useStartSession=true",
            }.Uri;
        }
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new SignalSocket(Dispatch, _link.PeerId, _options.Time, _options.RequestTimeout, _options.CertificateValidation);
        try
        {
            await socket.ConnectAsync(SocketAddress, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await socket.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        _link.Socket = socket;
        _watching = WatchAsync(socket);
    }

    private async Task EnterAsync(bool isAgain, CancellationToken cancellationToken)
    {
        await _entering.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (!await AskToEnterAsync(cancellationToken).ConfigureAwait(false))
            {
                Self.SetState(RoomState.Waitlisted);
                if (!await _admission!.Task.WaitAsync(cancellationToken).ConfigureAwait(false))
                {
                    throw new RealtimeKitException(RealtimeKitError.NotAllowed, "The participant was turned away from the waiting room.");
                }
            }

            await Task.WhenAll(
                _link.AskAsync(SocketEvent.GetRoom, null, RoomInfoResponse.Parser, cancellationToken),
                _link.AskAsync(SocketEvent.GetPeers, null, RoomPeersInfoResponse.Parser, cancellationToken),
                _link.AskAsync(SocketEvent.GetMessages, null, GetChatMessagesResponse.Parser, cancellationToken),
                _link.AskAsync(SocketEvent.GetPolls, null, GetPollsResponse.Parser, cancellationToken)).ConfigureAwait(false);
            if (NeedsMedia)
            {
                await EnterMediaAsync(isAgain, cancellationToken).ConfigureAwait(false);
            }

            if (Stage.Status is not StageStatus.OnStage)
            {
                await Self.RestAsync(closes: false, cancellationToken).ConfigureAwait(false);
            }

            _wasJoined = true;
            Self.SetState(RoomState.Joined, isAgain);
            if (Self.Permissions.AcceptWaitingRequests)
            {
                await _link.TellAsync(SocketEvent.GetWaiting, null, cancellationToken).ConfigureAwait(false);
            }

            await ConnectedMeetings.GetConnectedMeetingsAsync(cancellationToken).ConfigureAwait(false);
            await Livestream.LoadAsync(cancellationToken).ConfigureAwait(false);
            if (Self.Permissions.TranscriptionEnabled)
            {
                await Ai.LoadAsync(isAgain, cancellationToken).ConfigureAwait(false);
            }

            if (Participants.Media.IsOpen && Stage.Status is StageStatus.OnStage)
            {
                await PublishAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _entering.Release();
        }

        // Those that went before the state was Joined were nobody's concern.
        foreach (var isSending in (bool[])[true, false])
        {
            if (Participants.Media.HasLost(isSending))
            {
                _ = RenewAsync(isSending);
            }
        }
    }

    /// <summary>Asks to join. False when the server has put the peer into the waiting room.</summary>
    private async Task<bool> AskToEnterAsync(CancellationToken cancellationToken)
    {
        _admission = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var joined = await _link.AskAsync(
            SocketEvent.JoinRoom,
            new JoinRoomRequest
            {
                Peer = new Peer
                {
                    PeerId = _link.PeerId,
                    UserId = Self.UserId,
                    DisplayName = Self.Name,
                    CustomParticipantId = Self.CustomParticipantId ?? "",
                    DisplayPictureUrl = Self.Picture ?? "",
                },
            },
            PeerInfoResponse.Parser,
            cancellationToken).ConfigureAwait(false);
        if (joined.Peer is { Waitlisted: true })
        {
            return false;
        }

        SetStage(Participants.StageOf(joined.Peer?.StageType ?? StageType.Unspecified));
        return true;
    }

    private async Task EnterMediaAsync(bool isAgain, CancellationToken cancellationToken)
    {
        await Participants.Media.OpenAsync(isAgain, cancellationToken).ConfigureAwait(false);
        await _link.AskAsync(SocketEvent.CompleteMedia, new PeerJoinCompleteRequest(), PeerJoinCompleteResponse.Parser, cancellationToken).ConfigureAwait(false);
        Participants.Media.Follow();
    }

    private async Task PublishAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Self.PublishAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RealtimeKitException fault) when (fault.Error is RealtimeKitError.Refused)
        {
            // A transport that was kept through a reconnection, and that the server no longer has.
            await Participants.Media.RenewAsync(isSending: true, cancellationToken).ConfigureAwait(false);
            await Self.PublishAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void SetStage(StageStatus status)
    {
        Self.Stage = status;
        Stage.Set(status);
    }

    /// <summary>Does what follows from where the stage has the participant now: sends on it, and nothing off it.</summary>
    /// <remarks>By turns, and none while the room is entered: a host's doing and our own may meet.</remarks>
    private async Task FollowStageAsync(CancellationToken cancellationToken)
    {
        await _entering.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            bool isOnStage;
            do
            {
                if (!Self.IsRoomJoined)
                {
                    return; // Coming back finds the stage as it is.
                }

                isOnStage = Stage.Status is StageStatus.OnStage;
                await (isOnStage ? MountAsync(cancellationToken) : DismountAsync(cancellationToken)).ConfigureAwait(false);
            }
            while (isOnStage != Stage.Status is StageStatus.OnStage);
        }
        finally
        {
            _entering.Release();
        }
    }

    private async Task MountAsync(CancellationToken cancellationToken)
    {
        if (!Participants.Media.IsEntered)
        {
            // Who watches a livestream has no media side until then, and joins again as web clients do.
            if (!await AskToEnterAsync(cancellationToken).ConfigureAwait(false))
            {
                throw new RealtimeKitException(RealtimeKitError.Refused, "The server has put the participant into the waiting room.");
            }

            await EnterMediaAsync(isAgain: false, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await Participants.Media.OpenTransportAsync(isSending: true, cancellationToken).ConfigureAwait(false); // It may have been lost meanwhile.
        }

        await PublishAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task DismountAsync(CancellationToken cancellationToken)
    {
        await Self.RestAsync(closes: NeedsMedia, cancellationToken).ConfigureAwait(false);
        if (!NeedsMedia && Participants.Media.IsEntered)
        {
            await Participants.LeaveMediaAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the end of a socket, and connects anew unless it was meant.</summary>
    private async Task WatchAsync(SignalSocket socket)
    {
        var isFinal = await socket.Ended.ConfigureAwait(false);
        await socket.DisposeAsync().ConfigureAwait(false);
        if (_link.Socket == socket)
        {
            _link.Socket = null;
        }

        if (_over.IsCancellationRequested)
        {
            return;
        }

        if (isFinal)
        {
            _ = EndAsync(Self.RoomState is RoomState.Init ? RoomState.Failed : RoomState.Left, null);
            return;
        }

        if (_wasJoined)
        {
            Self.SetState(RoomState.Disconnected);
        }

        _ = ReconnectAsync();
    }

    private async Task ReconnectAsync()
    {
        if (Interlocked.Exchange(ref _isReconnecting, 1) != 0)
        {
            return; // The one that is under way meets this loss too.
        }

        var isBack = false;
        try
        {
            isBack = await ConnectAnewAsync().ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
        {
            return; // Left meanwhile.
        }
        finally
        {
            Volatile.Write(ref _isReconnecting, 0);
        }

        if (!isBack)
        {
            await EndAsync(RoomState.Failed, null).ConfigureAwait(false);
        }
        else if (_link.Socket is null && !_over.IsCancellationRequested)
        {
            await ReconnectAsync().ConfigureAwait(false); // Lost again in the very last moment.
        }
    }

    /// <summary>Connects and enters again, however often it takes. False when it will not be.</summary>
    private async Task<bool> ConnectAnewAsync()
    {
        for (var attempt = 0; attempt < ReconnectDelay.MaxAttempts; attempt++)
        {
            try
            {
                await Task.Delay(ReconnectDelay.Before(attempt, Random.Shared.NextDouble()), _options.Time, _over.Token).ConfigureAwait(false);
                if (_link.Socket is null)
                {
                    await ConnectAsync(_over.Token).ConfigureAwait(false);
                }

                await Stores.ReloadAsync(_over.Token).ConfigureAwait(false);
                if (Self.RoomState is RoomState.Waitlisted)
                {
                    _admission?.TrySetResult(true); // Whoever waits asks again on the new socket.
                }

                if (_wasJoined)
                {
                    await EnterAsync(isAgain: true, _over.Token).ConfigureAwait(false);
                }

                return true;
            }
            catch (RealtimeKitException fault) when (fault.Error is RealtimeKitError.InvalidToken or RealtimeKitError.NotFound or RealtimeKitError.NotAllowed)
            {
                return false; // It will not get better.
            }
            catch (Exception fault) when (fault is RealtimeKitException || (fault is ObjectDisposedException && !_over.IsCancellationRequested))
            {
                // Not yet; or a transport went while something was published by it.
            }
        }

        return false;
    }

    /// <summary>Makes a transport anew that was lost, for as long as that takes.</summary>
    private async Task RenewAsync(bool isSending)
    {
        var isMade = false;
        await PersistAsync(async () =>
        {
            if (!Participants.Media.IsEntered)
            {
                return; // Left meanwhile, with the stage.
            }

            isMade |= await Participants.Media.OpenTransportAsync(isSending, _over.Token).ConfigureAwait(false);
            if (isMade && isSending && Stage.Status is StageStatus.OnStage)
            {
                await PublishAsync(_over.Token).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Does something until it is done, or until the meeting is no longer joined: coming back does it all anew.</summary>
    private async Task PersistAsync(Func<Task> act)
    {
        for (var attempt = 0; Self.RoomState is RoomState.Joined; attempt++)
        {
            try
            {
                await act().ConfigureAwait(false);
                return;
            }
            catch (Exception fault) when (fault is RealtimeKitException || (fault is ObjectDisposedException && !_over.IsCancellationRequested))
            {
                await Task.Delay(ReconnectDelay.BoundOf(attempt), _options.Time, _over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task EndAsync(RoomState state, Func<Task>? farewell)
    {
        if (Interlocked.Exchange(ref _isEnding, 1) != 0)
        {
            return;
        }

        _wasJoined = false;
        _endsAs = state;
        await _over.CancelAsync().ConfigureAwait(false);
        _admission?.TrySetCanceled();
        await Self.DisposeAsync().ConfigureAwait(false);
        if (farewell is not null)
        {
            try
            {
                await farewell().ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is RealtimeKitException or OperationCanceledException)
            {
                // The server finds out by the socket's end.
            }
        }

        await Participants.Media.DisposeAsync().ConfigureAwait(false);
        Self.SetState(state);
        Participants.Clear();
        if (_link.Socket is { } socket)
        {
            await socket.CloseAsync().ConfigureAwait(false);
        }
    }
}
