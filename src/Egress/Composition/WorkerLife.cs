using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Microsoft.Extensions.Logging;
using Roomcast.Egress.Composition.Wire;

namespace Roomcast.Egress.Composition;

/// <summary>How a worker's life ended.</summary>
internal enum WorkerEnd
{
    /// <summary>Because it was told to.</summary>
    Stopped,

    /// <summary>The session is over.</summary>
    SessionEnded,

    /// <summary>It lacks what it needs to compose.</summary>
    CannotCompose,

    /// <summary>By itself, or it hung.</summary>
    Died,
}

/// <summary>How a worker's life ended, and what is to be said of it.</summary>
internal sealed record WorkerOutcome(WorkerEnd End, string Text, TimeSpan RanFor);

/// <summary>What a worker's life needs of the composition it works for.</summary>
internal interface IWorkerEvents
{
    /// <summary>It composes from now on.</summary>
    void Ready(int processId);

    /// <summary>A track.</summary>
    void TakeTrack(in WireTrack track);

    /// <summary>A frame.</summary>
    void TakeFrame(in WireFrame frame, ReadOnlySpan<byte> payload);

    /// <summary>What it asks of a track's sender.</summary>
    void TakeWish(in WireWish wish);

    /// <summary>What the last second came to.</summary>
    void TakeFigures(WireFigures figures);
}

/// <summary>One worker from its start to its end: writes what the session says, reads what it composes, and sees to it that it does.</summary>
internal sealed class WorkerLife(
    IWorkerEvents events, CompositionFormat format, CompositionOptions options, CompositionMetrics metrics, ILogger logger, TimeProvider time)
    : ICompositionInput, IDisposable
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);

    private readonly PacketOutbox _outbox = new();
    private readonly CancellationTokenSource _sessionEnd = new();
    private readonly long _began = time.GetTimestamp();
    private volatile bool _isReady;
    private volatile bool _hasFrame;
    private long _readyAt;
    private long _lastFrameAt;
    private long _lastPingAt;
    private long _reportedDropped;
    private string? _fault;

    /// <inheritdoc/>
    public void SetScene(Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        _outbox.SetScene(scene);
    }

    /// <inheritdoc/>
    public void TakePacket(ReadOnlySpan<byte> packet, bool isRtcp)
    {
        // What comes while the worker starts would reach it in one burst, and tell it wrong times. It asks for keyframes when it is ready.
        if (_isReady)
        {
            _outbox.Add(packet, isRtcp);
        }
    }

    /// <inheritdoc/>
    public void End()
    {
        try
        {
            _ = _sessionEnd.CancelAsync(); // Nothing that follows from it runs on the caller.
        }
        catch (ObjectDisposedException)
        {
            // The worker has ended, and another is being started, which will find no session.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _sessionEnd.Dispose();

    /// <summary>Lives it.</summary>
    /// <param name="launcher">Starts the process.</param>
    /// <param name="stopping">Ends it in good order.</param>
    public async Task<WorkerOutcome> RunAsync(IWorkerLauncher launcher, CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping, _sessionEnd.Token);
        IWorker worker;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
            limit.CancelAfter(options.StartTimeout);
            worker = await launcher.StartAsync(limit.Token);
        }
        catch (CompositionException fault)
        {
            return new WorkerOutcome(WorkerEnd.Died, fault.Message, TimeSpan.Zero);
        }
        catch (OperationCanceledException)
        {
            return ending.IsCancellationRequested
                ? Orderly(stopping)
                : new WorkerOutcome(WorkerEnd.Died, $"It did not connect within {options.StartTimeout}.", TimeSpan.Zero);
        }

        try
        {
            return await LiveAsync(worker, stopping, ending.Token);
        }
        finally
        {
            await worker.DisposeAsync();
        }
    }

    private async Task<WorkerOutcome> LiveAsync(IWorker worker, CancellationToken stopping, CancellationToken ending)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ending);
        var writing = WriteAsync(worker.Stream, over.Token);
        var reading = ReadAsync(worker.Stream);
        var watching = WatchAsync(worker, over.Token);
        var first = await Task.WhenAny(reading, watching, writing);
        if (first == writing && await writing is null)
        {
            first = await Task.WhenAny(reading, watching);
        }

        WorkerOutcome outcome;
        if (first != reading && await (first == writing ? writing : watching) is { } fault)
        {
            worker.Kill();
            outcome = new WorkerOutcome(WorkerEnd.Died, fault, RanFor());
        }
        else if (ending.IsCancellationRequested)
        {
            await EndInOrderAsync(worker, reading);
            outcome = Orderly(stopping);
        }
        else
        {
            outcome = await OutcomeOfEndAsync(worker, await reading);
        }

        await over.CancelAsync();
        // Its stream is closed by ending the process, so that both tasks come to their end.
        worker.Kill();
        await Task.WhenAll(writing, watching, reading).WaitAsync(CancellationToken.None);
        return outcome;
    }

    private async Task<WorkerOutcome> OutcomeOfEndAsync(IWorker worker, string? broken)
    {
        if (broken is not null)
        {
            return new WorkerOutcome(WorkerEnd.Died, broken, RanFor());
        }

        if (_fault is not null && !_isReady)
        {
            return new WorkerOutcome(WorkerEnd.CannotCompose, _fault, TimeSpan.Zero);
        }

        try
        {
            var ended = await worker.WhenEndedAsync(CancellationToken.None).WaitAsync(EndPatience, time);
            return new WorkerOutcome(WorkerEnd.Died, _fault is null ? $"It ended with {ended}." : $"{_fault} ({ended}).", RanFor());
        }
        catch (TimeoutException)
        {
            return new WorkerOutcome(WorkerEnd.Died, "It closed its connection and did not end.", RanFor());
        }
    }

    private WorkerOutcome Orderly(CancellationToken stopping) => stopping.IsCancellationRequested
        ? new WorkerOutcome(WorkerEnd.Stopped, "nobody wants it any more", RanFor())
        : new WorkerOutcome(WorkerEnd.SessionEnded, "the session is over", RanFor());

    private TimeSpan RanFor() => _isReady ? time.GetElapsedTime(_readyAt) : TimeSpan.Zero;

    private async Task EndInOrderAsync(IWorker worker, Task reading)
    {
        try
        {
            _outbox.Stop();
            await WriteOnceAsync(worker.Stream, new ArrayBufferWriter<byte>(), CancellationToken.None).WaitAsync(EndPatience, time);
            await reading.WaitAsync(EndPatience, time);
        }
        catch (Exception fault) when (fault is TimeoutException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            CompositionLog.EndedBadly(logger, fault);
        }
    }

    /// <summary>Says why it can be told nothing more, where the fault is ours; null when it is over.</summary>
    private async Task<string?> WriteAsync(Stream stream, CancellationToken over)
    {
        try
        {
            var spare = new ArrayBufferWriter<byte>(64 * 1024);
            WireJson.Write(WireKind.Start, new WireStart(WireStart.CurrentVersion, format, options.Preset, options.EncoderThreads), spare);
            await stream.WriteAsync(spare.WrittenMemory, over);
            spare.ResetWrittenCount();
            while (true)
            {
                await _outbox.WaitAsync(over);
                spare = await WriteOnceAsync(stream, spare, over);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException or ObjectDisposedException)
        {
            return null; // Whoever reads tells why it is over.
        }
        catch (Exception fault)
        {
            // Ours, and the worker is what can be thrown away: it would go on with a picture that nothing changes any more.
            return $"What it is to be told cannot be written: {fault.Message}";
        }
    }

    private async Task<ArrayBufferWriter<byte>> WriteOnceAsync(Stream stream, ArrayBufferWriter<byte> spare, CancellationToken over)
    {
        var taken = _outbox.Take(spare);
        await stream.WriteAsync(taken.WrittenMemory, over);
        taken.ResetWrittenCount();
        return taken;
    }

    /// <summary>Says what hangs; null when nothing does and it is over.</summary>
    private async Task<string?> WatchAsync(IWorker worker, CancellationToken over)
    {
        var silence = new SilenceWatch();
        using var timer = new PeriodicTimer(WatchInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                if (!_isReady && time.GetElapsedTime(_began) > options.StartTimeout)
                {
                    return $"It was not ready within {options.StartTimeout}.";
                }

                if (!_isReady)
                {
                    continue;
                }

                // The first picture takes its code and its encoder's tables into memory.
                var patience = _hasFrame ? options.Silence : options.StartTimeout;
                if (silence.IsTooLong(time.GetElapsedTime(0), time.GetElapsedTime(0, Volatile.Read(ref _lastFrameAt)), worker.WaitedToRun, patience))
                {
                    return $"It gave no frame for {patience}.";
                }

                if (time.GetElapsedTime(_lastPingAt) >= TimeSpan.FromSeconds(1))
                {
                    _lastPingAt = time.GetTimestamp();
                    _outbox.Ping((ulong)_lastPingAt);
                    metrics.Dropped(_outbox.Dropped - _reportedDropped);
                    _reportedDropped = _outbox.Dropped;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }

        return null;
    }

    /// <summary>Reads until the connection ends; returns what the worker said that no worker says, or null.</summary>
    private async Task<string?> ReadAsync(Stream stream)
    {
        var buffer = new WireBuffer();
        try
        {
            while (true)
            {
                var count = await stream.ReadAsync(buffer.Room, CancellationToken.None);
                if (count == 0)
                {
                    return null;
                }

                buffer.Added(count);
                while (true)
                {
                    var status = buffer.TryRead(out var kind, out var body);
                    if (status is OperationStatus.NeedMoreData)
                    {
                        break;
                    }

                    if (status is not OperationStatus.Done || !Take(kind, body))
                    {
                        return $"It said what no worker says: kind {(byte)kind} with {body.Length} bytes.";
                    }
                }

                if (_fault is not null)
                {
                    return null;
                }
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            return null;
        }
    }

    private bool Take(WireKind kind, ReadOnlySpan<byte> body)
    {
        switch (kind)
        {
            case WireKind.Ready when !_isReady && WireJson.TryRead<WireReady>(body, out var ready):
                TakeReady(ready);
                return true;
            case WireKind.Track when WireTrack.TryRead(body, out var track):
                events.TakeTrack(track);
                return true;
            case WireKind.Frame when WireFrame.TryRead(body, out var frame, out var payload):
                Volatile.Write(ref _lastFrameAt, time.GetTimestamp());
                _hasFrame = true;
                events.TakeFrame(frame, payload);
                return true;
            case WireKind.WantKeyframe or WireKind.PreferHeight when WireWish.TryRead(kind, body, out var wish):
                events.TakeWish(wish);
                return true;
            case WireKind.Figures when WireJson.TryRead<WireFigures>(body, out var figures):
                events.TakeFigures(figures);
                return true;
            case WireKind.Pong when body.Length == 8:
                metrics.RoundTrip(time.GetElapsedTime((long)BinaryPrimitives.ReadUInt64BigEndian(body)));
                return true;
            case WireKind.Fault:
                _fault = WireFault.Read(body);
                return true;
            default:
                return false;
        }
    }

    private void TakeReady(WireReady ready)
    {
        if (ready.Missing is not null || ready.Version != WireStart.CurrentVersion)
        {
            _fault = ready.Missing is { } missing
                ? WireFault.Read(Encoding.UTF8.GetBytes(missing))
                : $"The worker speaks version {ready.Version}, the server {WireStart.CurrentVersion}: they are of different builds.";
            return;
        }

        _readyAt = time.GetTimestamp();
        Volatile.Write(ref _lastFrameAt, _readyAt);
        _lastPingAt = _readyAt;
        _isReady = true;
        events.Ready(ready.ProcessId);
    }
}
