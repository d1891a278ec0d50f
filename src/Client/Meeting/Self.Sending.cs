using Roomcast.Client.Media;
using Roomcast.Client.Wire;
using Roomcast.Media;

namespace Roomcast.Client.Meeting;

/// <content>What is sent, as it is enabled, allowed and agreed with the server.</content>
public sealed partial class Self
{
    /// <summary>Publishes what is enabled: after joining, after each reconnection, and with each stage.</summary>
    internal async Task PublishAsync(CancellationToken cancellationToken)
    {
        await _change.WaitAsync(cancellationToken).ConfigureAwait(false);
        var agreed = new List<LocalTrack>();
        try
        {
            foreach (var (track, permission) in ((LocalTrack?, string)[])
                [(_audio, Permissions.CanProduceAudio), (_video, Permissions.CanProduceVideo), (_screen, Permissions.CanProduceScreenShare)])
            {
                if (track is null)
                {
                    continue;
                }

                track.ProducerId = null;
                if (track.IsWanted && IsAllowed(permission))
                {
                    await AgreeAsync(track, cancellationToken).ConfigureAwait(false);
                    agreed.Add(track);
                }
                else
                {
                    track.IsWanted &= Stage is not StageStatus.OnStage; // Off the stage again: the wish is for the next one.
                    Note(track, isEnabled: false);
                }
            }
        }
        finally
        {
            // Sound and pictures begin together, once the server takes both.
            foreach (var track in agreed)
            {
                Begin(track);
                Note(track, track.IsWanted); // The source may be over already.
            }

            _change.Release();
        }
    }

    /// <summary>Sends nothing: there is no stage, or it was left. What was on is on again with the next one.</summary>
    /// <param name="closes">Whether the server is to end what is published; not so where it has done so by itself.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async Task RestAsync(bool closes, CancellationToken cancellationToken)
    {
        await _change.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var track in (LocalTrack?[])[_audio, _video, _screen])
            {
                if (track is not null)
                {
                    await track.StopAsync().ConfigureAwait(false);
                    Note(track, isEnabled: false);
                    if (closes)
                    {
                        await CloseAsync(track, cancellationToken).ConfigureAwait(false);
                    }

                    track.ProducerId = null;
                }
            }
        }
        finally
        {
            _change.Release();
        }
    }

    /// <summary>Takes a host's switching off. Off the stage nothing is sent anyway, and the wish is for the next one.</summary>
    internal void OnMuted(string producerId)
    {
        if (Stage is not StageStatus.OnStage)
        {
            return; // The server's holding back of what is not on stage looks the same.
        }

        foreach (var track in (LocalTrack?[])[_audio, _video, _screen])
        {
            if (track is not null && track.ProducerId == producerId)
            {
                track.IsWanted = false;
                _ = track.StopAsync();
                Note(track, isEnabled: false);
            }
        }
    }

    internal void SetPermissions(Permissions permissions)
    {
        Permissions = permissions;
        _link.Raise(this, nameof(PermissionsUpdated), () => PermissionsUpdated.CallEach(permissions));
    }

    internal void SetState(RoomState state, bool isAgain = false)
    {
        if (RoomState == state)
        {
            return;
        }

        RoomState = state;
        _link.Raise(this, nameof(RoomState), () =>
        {
            switch (state)
            {
                case RoomState.Joined:
                    RoomJoined.CallEach(isAgain);
                    break;
                case RoomState.Waitlisted:
                    Waitlisted.CallEach();
                    break;
                default:
                    RoomLeft.CallEach(state);
                    break;
            }
        });
    }

    private bool IsAllowed(string permission) => permission == "ALLOWED" || (permission == "CAN_REQUEST" && Stage is StageStatus.OnStage);

    private LocalTrack? Use(LocalTrack? track, TrackKind kind, IFrameSource? source)
    {
        if (source is null)
        {
            throw new RealtimeKitException(RealtimeKitError.WrongState, "The device has no source of its kind.");
        }

        if (track is null)
        {
            return new LocalTrack(kind, isScreenShare: false, source, _link);
        }

        track.Source = source;
        return track;
    }

    private async Task ChangeAsync(LocalTrack? track, string what, string permission, bool isEnabled, CancellationToken cancellationToken)
    {
        if (track is null)
        {
            throw new RealtimeKitException(RealtimeKitError.WrongState, $"There is no source for {what}.");
        }

        if (isEnabled && RoomState is RoomState.Joined && !IsAllowed(permission))
        {
            throw new RealtimeKitException(RealtimeKitError.NotAllowed, $"The preset does not allow to send {what}.");
        }

        await _change.WaitAsync(cancellationToken).ConfigureAwait(false);
        var before = track.IsWanted;
        try
        {
            track.IsWanted = isEnabled;

            // Off the stage the wish is kept, and nothing is sent.
            var isOffStage = RoomState is RoomState.Joined && Stage is not StageStatus.OnStage;
            if (RoomState is RoomState.Joined && _media.IsOpen && !isOffStage)
            {
                if (isEnabled)
                {
                    await AgreeAsync(track, cancellationToken).ConfigureAwait(false);
                    Begin(track);
                }
                else
                {
                    await track.StopAsync().ConfigureAwait(false);
                    if (track.IsScreenShare)
                    {
                        await _media.UnpublishAsync(track, cancellationToken).ConfigureAwait(false);
                    }
                    else
                    {
                        await _media.SetPausedAsync(track, isPaused: true, cancellationToken).ConfigureAwait(false);
                    }
                }
            }

            Note(track, track.IsWanted && !isOffStage); // The source may be over already.
        }
        catch
        {
            track.IsWanted = before;
            throw;
        }
        finally
        {
            _change.Release();
        }
    }

    private Task AgreeAsync(LocalTrack track, CancellationToken cancellationToken) => track.ProducerId is null
        ? _media.PublishAsync(track, isPaused: false, cancellationToken)
        : _media.SetPausedAsync(track, isPaused: false, cancellationToken);

    private void Begin(LocalTrack track) => track.Start(() =>
    {
        track.IsWanted = false;
        Note(track, isEnabled: false);
        _ = PauseAsync(track);
    });

    private async Task CloseAsync(LocalTrack track, CancellationToken cancellationToken)
    {
        try
        {
            await _media.UnpublishAsync(track, cancellationToken).ConfigureAwait(false);
        }
        catch (RealtimeKitException)
        {
            // The socket is gone for the moment, or the server does not know the track any more: nothing of it is sent.
        }
    }

    private async Task PauseAsync(LocalTrack track)
    {
        try
        {
            await _media.SetPausedAsync(track, isPaused: true, CancellationToken.None).ConfigureAwait(false);
        }
        catch (RealtimeKitException)
        {
            // The socket is gone for the moment; what is not enabled is not published anew.
        }
    }

    private void Note(LocalTrack track, bool isEnabled)
    {
        if (track == _audio && AudioEnabled != isEnabled)
        {
            AudioEnabled = isEnabled;
            _link.Raise(this, nameof(AudioUpdated), () => AudioUpdated.CallEach(isEnabled));
        }
        else if (track == _video && VideoEnabled != isEnabled)
        {
            VideoEnabled = isEnabled;
            _link.Raise(this, nameof(VideoUpdated), () => VideoUpdated.CallEach(isEnabled));
        }
        else if (track == _screen && ScreenShareEnabled != isEnabled)
        {
            ScreenShareEnabled = isEnabled;
            _link.Raise(this, nameof(ScreenShareUpdated), () => ScreenShareUpdated.CallEach(isEnabled));
        }
    }
}
