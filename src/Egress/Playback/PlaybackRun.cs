using System.Buffers;
using Microsoft.Extensions.Logging;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;

namespace Roomcast.Egress.Playback;

/// <summary>One playback from its start to its end: its process, its place in the session, and how it stands.</summary>
/// <remarks>Its state moves under its lock, in which it is told, so that nothing is told out of order. Thread-safe.</remarks>
internal sealed class PlaybackRun(
    SessionPlayback playback, PlaybackOptions options, TimeProvider time, ILogger logger, Action<SessionPlayback> changed) : IPlaybackListener, ISessionRun
{
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);

    // Where the player is and where it was said to be differ by its ticks and its way to the server.
    private static readonly TimeSpan PositionTolerance = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _ending = new();

    private readonly PlayerWishes _wishes = new();

    private SessionPlayback _playback = playback;
    private Task _cancelling = Task.CompletedTask;
    private IPlaybackSeat? _seat;
    private long _toldAt = time.GetTimestamp();
    private long _asked;
    private bool _hasBegun;

    /// <inheritdoc/>
    public Guid Id => Playback.Id;

    /// <inheritdoc/>
    public Guid SessionId => Playback.SessionId;

    public SessionPlayback Playback => Volatile.Read(ref _playback);

    /// <summary>Lets it stand still.</summary>
    public void Pause() => Ask(PlayerAct.Pause, 0, now => now with { State = PlaybackState.Paused });

    /// <summary>Lets it go on.</summary>
    public void Resume() => Ask(PlayerAct.Resume, 0, now => now with { State = PlaybackState.Playing });

    /// <summary>Makes it louder or softer, in decibels.</summary>
    public void SetVolume(double volumeDb) => Ask(PlayerAct.Volume, volumeDb, now => now with { VolumeDb = volumeDb });

    /// <summary>Goes elsewhere. False when that is not possible.</summary>
    public bool Seek(TimeSpan position, bool isRelative)
    {
        lock (_lock)
        {
            if (_playback is not { IsSeekable: true, Length: { } length })
            {
                return false;
            }

            var target = isRelative ? PositionNow() + position : position;
            target = target < TimeSpan.Zero ? TimeSpan.Zero : target > length ? length : target;
            Ask(PlayerAct.Seek, target.TotalMilliseconds, now => now with { Position = target });
            return true;
        }
    }

    /// <inheritdoc/>
    public void OnKeyframeWanted() => _wishes.Add(new WireCommand(PlayerAct.Keyframe, 0));

    /// <inheritdoc/>
    public void OnRemoved() => End(error: null);

    /// <summary>Ends it, once.</summary>
    /// <param name="error">Why, where nobody asked for it.</param>
    public void End(string? error)
    {
        lock (_lock)
        {
            if (_playback.State is PlaybackState.Ended)
            {
                return;
            }

            Tell(_playback with { State = PlaybackState.Ended, Position = PositionNow(), EndedAt = time.GetUtcNow(), Error = error });
            _cancelling = _ending.CancelAsync();
        }

        PlaybackLog.Ended(logger, Playback.Id, Playback.Covered, Playback.SessionId, error ?? "it was over, or stopped");
    }

    /// <summary>Plays.</summary>
    public async Task RunAsync(IPlayerLauncher launcher, IPlaybackStage stage)
    {
        IWorker player;
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        starting.CancelAfter(options.StartTimeout);
        try
        {
            player = await launcher.StartAsync(starting.Token);
        }
        catch (CompositionException fault)
        {
            PlaybackLog.NotStarted(logger, fault, Playback.Id);
            End(PlaybackReasons.PlayerFailed);
            return;
        }
        catch (OperationCanceledException)
        {
            End(PlaybackReasons.StartTimedOut);
            return;
        }

        await using (player)
        {
            PlaybackLog.Began(logger, Playback.Id, Playback.Covered, Playback.SessionId, player.ProcessId);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
            var writing = WriteAsync(player.Stream, over.Token);
            var reading = ReadAsync(player.Stream, stage, starting.Token);
            try
            {
                await Task.WhenAny(reading, Task.Delay(Timeout.InfiniteTimeSpan, starting.Token));
                if (Volatile.Read(ref _hasBegun))
                {
                    // The time to begin in is over, and it has begun.
                    await Task.WhenAny(reading, Task.Delay(Timeout.InfiniteTimeSpan, over.Token));
                }

                if (!reading.IsCompleted || (starting.IsCancellationRequested && !Volatile.Read(ref _hasBegun)))
                {
                    End(PlaybackReasons.StartTimedOut); // Unless it was stopped: then it has ended already.
                }
                else if (Playback.State is not PlaybackState.Ended)
                {
                    var how = await HowItEndedAsync(player);
                    PlaybackLog.PlayerDied(logger, Playback.Id, how);
                    End(PlaybackReasons.PlayerFailed);
                }
            }
            finally
            {
                await over.CancelAsync();
                player.Kill();
                await Task.WhenAll(writing, reading);
                if (_seat is { } seat)
                {
                    await seat.DisposeAsync();
                }
            }
        }
    }

    /// <summary>Called when it has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await _cancelling;
        _ending.Dispose();
    }

    private async Task<string> HowItEndedAsync(IWorker player)
    {
        try
        {
            return await player.WhenEndedAsync(CancellationToken.None).WaitAsync(EndPatience, time);
        }
        catch (TimeoutException)
        {
            return "it closed its connection and did not end";
        }
    }

    private async Task WriteAsync(Stream stream, CancellationToken over)
    {
        var output = new ArrayBufferWriter<byte>(4_096);
        try
        {
            WireJson.Write(
                WireKind.Play,
                new WirePlay(PlaybackWire.CurrentVersion, Playback.Url)
                {
                    PrivateNetworks = [.. options.PrivateNetworks.Select(network => network.ToString())],
                    VolumeDb = Playback.VolumeDb,
                    SeekMs = Playback.Position.TotalMilliseconds,
                    StallMs = (int)options.StallTimeout.TotalMilliseconds,
                },
                output);
            while (true)
            {
                await stream.WriteAsync(output.WrittenMemory, over);
                output.ResetWrittenCount();
                WireJson.Write(WireKind.Command, await _wishes.TakeAsync(over), output);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // It is over, which its reading tells.
        }
    }

    /// <summary>Reads until nothing more can come.</summary>
    private async Task ReadAsync(Stream stream, IPlaybackStage stage, CancellationToken starting)
    {
        var buffer = new WireBuffer();
        try
        {
            while (true)
            {
                var count = await stream.ReadAsync(buffer.Room, CancellationToken.None);
                if (count == 0)
                {
                    return;
                }

                buffer.Added(count);
                while (true)
                {
                    var status = TakePackets(buffer, out var playing);
                    if (playing is not null)
                    {
                        await TakeAsync(playing, stage, starting);
                    }
                    else if (status is OperationStatus.NeedMoreData)
                    {
                        break;
                    }
                    else
                    {
                        return; // What no player of this build says.
                    }
                }
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The process has ended, or was ended.
        }
    }

    /// <summary>Shows what packets there are, up to the next news of the player.</summary>
    private OperationStatus TakePackets(WireBuffer buffer, out WirePlaying? playing)
    {
        playing = null;
        while (true)
        {
            var status = buffer.TryRead(out var kind, out var body);
            if (status is not OperationStatus.Done)
            {
                return status;
            }

            switch (kind)
            {
                case WireKind.Rtp or WireKind.Rtcp:
                    _seat?.Send(body, kind is WireKind.Rtcp);
                    break;
                case WireKind.Playing when WireJson.TryRead(body, out playing):
                    return OperationStatus.Done;
                default:
                    return OperationStatus.InvalidData;
            }
        }
    }

    private async ValueTask TakeAsync(WirePlaying playing, IPlaybackStage stage, CancellationToken starting)
    {
        if (playing.HasEnded)
        {
            if (playing.Fault is { } fault && fault.StartsWith(PlaybackReasons.PlayerFailed, StringComparison.Ordinal))
            {
                PlaybackLog.PlayerDied(logger, Playback.Id, fault);
            }

            End(PlaybackReasons.Told(playing.Fault));
            return;
        }

        if (_seat is null)
        {
            _seat = await stage.EnterAsync(Playback, playing.HasSound, playing.HasPicture, this, starting);
            if (_seat is null)
            {
                End(PlaybackReasons.SessionNotOpen);
                return;
            }
        }

        lock (_lock)
        {
            if (_playback.State is PlaybackState.Ended)
            {
                return;
            }

            // What it says of before the last wish is out of date; what was wished has been told.
            var hasBegun = _hasBegun;
            if (hasBegun && playing.Done < _asked)
            {
                return;
            }

            Volatile.Write(ref _hasBegun, true);
            var now = _playback with
            {
                State = playing.IsPaused ? PlaybackState.Paused : PlaybackState.Playing,
                Position = TimeSpan.FromMilliseconds(Math.Max(0, playing.PositionMs)),
                Length = playing.LengthMs is { } length ? TimeSpan.FromMilliseconds(length) : null,
                IsSeekable = playing.LengthMs is not null,
                VolumeDb = playing.VolumeDb,
                StartedAt = _playback.StartedAt ?? time.GetUtcNow(),
            };
            if (!hasBegun || now != (_playback with { Position = now.Position, ToldAt = now.ToldAt }) || (now.Position - PositionNow()).Duration() > PositionTolerance)
            {
                Tell(now);
            }
        }
    }

    /// <summary>
    /// Asks the player something. How it stands with that is told at once, and once for each: the player does several at a time.
    /// </summary>
    private void Ask(PlayerAct act, double value, Func<SessionPlayback, SessionPlayback> change)
    {
        lock (_lock)
        {
            _wishes.Add(new WireCommand(act, value, ++_asked));
            if (_hasBegun && _playback.State is not PlaybackState.Ended)
            {
                Tell(change(_playback with { Position = PositionNow() }));
            }
        }
    }

    private TimeSpan PositionNow() =>
        _playback.State is PlaybackState.Playing ? _playback.Position + time.GetElapsedTime(_toldAt) : _playback.Position;

    private void Tell(SessionPlayback now)
    {
        _toldAt = time.GetTimestamp();
        now = now with { ToldAt = time.GetUtcNow() };
        Volatile.Write(ref _playback, now);
        changed(now);
    }
}
