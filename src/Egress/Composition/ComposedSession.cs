using Microsoft.Extensions.Logging;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Feeds;
using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Time;

namespace Roomcast.Egress.Composition;

/// <summary>The composition of one session: its feed, and one worker after the other.</summary>
/// <remarks>
/// One task runs it from start to end. Frames are published by the task that reads the worker's socket; there is never more than one.
/// </remarks>
internal sealed class ComposedSession : IWorkerEvents, IDisposable
{
    private const int MaxHeldFrames = 256;

    private readonly CompositionParts _parts;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CompositionTimeline _timeline = new();
    private readonly RestartPolicy _restarts = new();
    private readonly FeedPublisher _publisher;
    private readonly List<(WireFrame Frame, byte[] Payload)> _held = [];
    private readonly Track?[] _tracks = new Track?[2];
    private readonly long _createdAt;
    private ICompositionReturn? _return;
    private Track[] _announced = [];
    private bool _isContinued;
    private bool _isOpen;
    private Lateness _lateness = new();
    private int _processId;
    private long _startedAt;
    private long _readyAt;

    /// <summary>Makes it; nothing runs before <see cref="RunAsync"/>.</summary>
    public ComposedSession(Guid sessionId, CompositionFormat format, CompositionParts parts)
    {
        SessionId = sessionId;
        Format = format;
        _parts = parts;
        _createdAt = parts.Time.GetTimestamp();
        _publisher = Feed.TryBeginPublish()!;
    }

    /// <summary>The session.</summary>
    public Guid SessionId { get; }

    /// <summary>What it is encoded as.</summary>
    public CompositionFormat Format { get; }

    /// <summary>What comes out.</summary>
    public Feed Feed { get; } = new();

    /// <summary>Ends when the first worker composes; with a <see cref="CompositionException"/> when none ever did.</summary>
    public Task Started => _started.Task;

    /// <summary>Why it ended by itself; null while it has not, or was stopped.</summary>
    public CompositionException? Failure { get; private set; }

    /// <summary>What its worker told last; null before it did.</summary>
    public WireFigures? Figures { get; private set; }

    /// <summary>What it takes, as others are admitted by.</summary>
    public RunningComposition Running => new(Format, Figures?.Cpu, _lateness.Share) { IsSettled = _lateness.IsSettled };

    /// <summary>Composes until it is stopped, the session ends, or workers keep dying. Never throws.</summary>
    public async Task RunAsync()
    {
        var reason = "nobody wants it any more";
        try
        {
            Failure = await RunWorkersAsync();
            reason = Failure?.Message ?? reason;
        }
        catch (Exception fault)
        {
            // Ours: the composition is what can be thrown away.
            Failure = new CompositionException(CompositionRefusal.WorkerFailed, $"Composing failed: {fault.Message}", fault);
            reason = fault.ToString();
        }

        Feed.End();
        _started.TrySetException(Failure ?? new CompositionException(CompositionRefusal.Stopping, "It was stopped before it was ready."));
        _ = _started.Task.Exception; // Nobody may wait for it any more.
        CompositionLog.Ended(_parts.Logger, SessionId, reason);
    }

    /// <summary>Asks it to end.</summary>
    public void Stop()
    {
        try
        {
            _ = _stopping.CancelAsync(); // Nothing that follows from it runs under the caller's lock.
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    /// <inheritdoc/>
    public void Ready(int processId)
    {
        _processId = processId;
        _readyAt = _parts.Time.GetTimestamp();
        CompositionLog.Began(
            _parts.Logger,
            SessionId,
            processId,
            Math.Round(_parts.Time.GetElapsedTime(_startedAt).TotalMilliseconds),
            Format.Width,
            Format.Height,
            Format.FrameRate);
        _started.TrySetResult();
    }

    /// <inheritdoc/>
    public void TakeTrack(in WireTrack track)
    {
        if (TrackFactory.TryCreate(track.Id, track.Codec, track.Configuration, out var made, out _))
        {
            _tracks[track.Id] = made;
        }

        if (_isOpen || _tracks is not [{ } video, { } audio])
        {
            return;
        }

        _isOpen = true;
        _timeline.BeginWorker();
        Track[] tracks = [video, audio];
        if (_isContinued)
        {
            _publisher.MarkDiscontinuity();
        }

        if (_announced.Length == 0 || !_announced.Zip(tracks).All(pair => pair.First.IsSameFormatAs(pair.Second)))
        {
            _announced = tracks;
            _publisher.SetTracks(tracks);
        }

        _isContinued = true;
        foreach (var (frame, payload) in _held)
        {
            Publish(frame, payload);
        }

        _held.Clear();
    }

    /// <inheritdoc/>
    public void TakeFrame(in WireFrame frame, ReadOnlySpan<byte> payload)
    {
        if (_isOpen)
        {
            Publish(frame, payload);
        }
        else if (_held.Count < MaxHeldFrames)
        {
            // One of the two is told a little later than the other's first frame.
            _held.Add((frame, payload.ToArray()));
        }
    }

    /// <inheritdoc/>
    public void TakeWish(in WireWish wish)
    {
        if (wish.Height is { } height)
        {
            _return?.PreferHeight(wish.Ssrc, height);
        }
        else
        {
            _return?.WantKeyframe(wish.Ssrc);
        }
    }

    /// <inheritdoc/>
    public void TakeFigures(WireFigures figures)
    {
        var before = Figures ?? new WireFigures();
        _parts.Metrics.Told(before, figures);
        _lateness.Take(_parts.Time.GetElapsedTime(_readyAt), figures.Ticks, figures.LateTicks);
        Figures = figures;
        _parts.Load.Sample();
    }

    private async Task<CompositionException?> RunWorkersAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            _startedAt = _parts.Time.GetTimestamp();
            using var life = new WorkerLife(this, Format, _parts.Options, _parts.Metrics, _parts.Logger, _parts.Time);
            WorkerOutcome outcome;
            try
            {
                var way = await _parts.Source.ConnectAsync(SessionId, life, _stopping.Token);
                if (way is null)
                {
                    return new CompositionException(CompositionRefusal.NoSession, "There is no such session, or it has ended.");
                }

                _return = way;
                outcome = await life.RunAsync(_parts.Launcher, _stopping.Token);
            }
            catch (CompositionException refusal)
            {
                return refusal; // The session's: another worker would meet with the same.
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return null;
            }
            finally
            {
                if (_return is { } left)
                {
                    _return = null;
                    await left.DisposeAsync();
                }

                ForgetWorker();
            }

            switch (outcome.End)
            {
                case WorkerEnd.Stopped:
                    return null;
                case WorkerEnd.SessionEnded:
                    return new CompositionException(CompositionRefusal.NoSession, "The session has ended.");
                case WorkerEnd.CannotCompose:
                    return new CompositionException(CompositionRefusal.NoLibraries, outcome.Text);
            }

            _parts.Metrics.WorkerDied();
            var pause = _restarts.OnDeath(outcome.RanFor);
            if (pause is null || (!_started.Task.IsCompleted && _restarts.Deaths > 1))
            {
                // Somebody waits for the first to start: what fails twice is said at once.
                CompositionLog.GaveUp(_parts.Logger, SessionId, _restarts.Deaths, outcome.Text);
                return new CompositionException(CompositionRefusal.WorkerFailed, $"The composing worker died {_restarts.Deaths} times in a row: {outcome.Text}");
            }

            CompositionLog.WorkerDied(
                _parts.Logger, SessionId, _processId, Math.Round(outcome.RanFor.TotalMilliseconds), outcome.Text, pause.Value.TotalMilliseconds);
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause.Value, _parts.Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return null;
    }

    private void ForgetWorker()
    {
        Array.Clear(_tracks);
        _held.Clear();
        _isOpen = false;
        Figures = null;
        _lateness = new Lateness();
    }

    private void Publish(in WireFrame frame, ReadOnlySpan<byte> payload)
    {
        var at = _timeline.Place(frame.At, _parts.Time.GetElapsedTime(_createdAt));
        var duration = frame.TrackId == CompositionFormat.AudioTrackId
            ? MediaTime.FromTimescale(1_024, 48_000).SinceStart
            : TimeSpan.FromSeconds(1) / Format.FrameRate;
        var made = Frame.CopyOf(frame.TrackId, at, at, duration, frame.IsKeyframe, payload);
        _publisher.Publish(made);
        made.Release();
        _parts.Metrics.Composed(frame.TrackId);
    }
}

/// <summary>What every composition is made with.</summary>
internal sealed record CompositionParts(
    ICompositionSource Source,
    IWorkerLauncher Launcher,
    CompositionOptions Options,
    IMachineLoad Load,
    CompositionMetrics Metrics,
    ILogger Logger,
    TimeProvider Time);
