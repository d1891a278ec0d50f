using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Roomcast.Storage;

namespace Roomcast.Egress.Recording;

/// <summary>What a recording under way needs of its surroundings.</summary>
internal sealed record RecordingParts(
    RecordingStore Store,
    RecordingDelivery Delivery,
    RecordingFolder Folder,
    RecordingDisk Disk,
    IRecordedSessions Sessions,
    IReadOnlyList<IRecordingListener> Listeners,
    RecordingMetrics Metrics,
    TimeProvider Clock,
    ILogger Logger);

/// <summary>One recording from its start until its files are stored. One loop owns it; others post to its queue and wait for the answer.</summary>
internal sealed class RecordingJob
{
    private const int MaxQueue = 64; // A writer waits when it is full.

    /// <summary>A recording stops when nobody was in the session for this long.</summary>
    public static readonly TimeSpan EmptyPatience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SaveRetry = TimeSpan.FromSeconds(2);

    private readonly Channel<Command> _inbox = Channel.CreateBounded<Command>(MaxQueue);
    private readonly RecordingParts _parts;
    private readonly CancellationToken _stopping;

    private RecordingRecord _record;
    private SessionPresenceBox _presence = new(new SessionPresence(1, false));
    private volatile bool _isUnsaved;
    private long _notSavedAt;

    // Media must not wait for a database: that it has come, and what could not be kept before, is kept beside it, one after the other.
    private Task _keeping = Task.CompletedTask;
    private Task _kept = Task.CompletedTask;

    public RecordingJob(RecordingRecord record, RecordingParts parts, CancellationToken stopping)
    {
        _record = record;
        _parts = parts;
        _stopping = stopping;
    }

    /// <summary>How it stands now.</summary>
    public RecordingRecord Record => Volatile.Read(ref _record);

    /// <summary>Ends when the recording is stored or given up, or the server stops.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    private bool IsToBeSaved => _isUnsaved && _keeping.IsCompleted;

    // Single tracks may be silent for as long as their people like; a composition is never.
    private bool IsAwaitingPicture => Record is { Status: RecordingStatus.Invoked, Kind: RecordingKind.Composite };

    /// <summary>Ends when the database has been told of the newest change of state, or could not be.</summary>
    public Task Kept => Volatile.Read(ref _kept);

    /// <summary>Begins to record.</summary>
    public void Start(ICapture capture) => Completion = Task.Run(() => RunAsync(capture), CancellationToken.None);

    /// <summary>Goes on with one that was left behind: it is stored.</summary>
    public void Deliver() => Completion = Task.Run(FinishAsync, CancellationToken.None);

    /// <summary>Asks for a change.</summary>
    /// <returns>How it stands after it; null when it is not in a state for it.</returns>
    public async Task<RecordingRecord?> AskAsync(
        RecordingInput input, RecordingStopReason reason, RecordingCaller? caller, CancellationToken cancellationToken)
    {
        var command = new Command(input, reason, caller);
        try
        {
            await _inbox.Writer.WriteAsync(command, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return null;
        }

        return await command.Answer.WaitAsync(cancellationToken);
    }

    private async Task RunAsync(ICapture capture)
    {
        try
        {
            try
            {
                await RecordAsync(capture);
            }
            finally
            {
                _parts.Metrics.Dropped(capture.DroppedFrames);
                if (capture.DroppedFrames > 0)
                {
                    RecordingLog.Dropped(_parts.Logger, Record.Id, capture.DroppedFrames);
                }

                _parts.Metrics.DroppedMessages(capture.DroppedMessages);
                if (capture.DroppedMessages > 0)
                {
                    RecordingLog.DroppedMessages(_parts.Logger, Record.Id, capture.DroppedMessages);
                }

                if (Record.Plan.Watermark is not null)
                {
                    _parts.Sessions.ShowWatermark(Record.SceneId, Record.Id, null);
                }

                await capture.DisposeAsync();
            }
        }
        catch (Exception fault)
        {
            // The loop itself is at fault; what it wrote is on the disk.
            RecordingLog.Failed(_parts.Logger, fault, Record.Id, "its loop failed");
            await FailInsideAsync();
        }

        CloseInbox();
        await FinishAsync();
    }

    private async Task RecordAsync(ICapture capture)
    {
        using var watch = _parts.Sessions.Watch(Record.SessionId, TakePresence);
        using var stopping = _stopping.Register(() => _inbox.Writer.TryWrite(Command.Wake));
        var timing = new Timing(_parts.Clock.GetTimestamp());
        Task<bool>? reading = null;
        var commands = _inbox.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        while (Record.IsActive)
        {
            reading ??= timing.FeedEndedAt is null ? capture.WaitAsync().AsTask() : null;
            await WaitAsync([reading, commands, _keeping.IsCompleted ? null : _keeping], DueAfter(capture, timing));
            try
            {
                if (reading is { IsCompleted: true })
                {
                    reading = null;
                    TakeMedia(capture, timing);
                }

                if (commands.IsCompleted)
                {
                    while (Record.IsActive && _inbox.Reader.TryRead(out var command))
                    {
                        await ObeyAsync(command, capture);
                    }

                    commands = _inbox.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
                }

                await LookAtClockAsync(capture, timing);
            }
            catch (RecordingFault fault)
            {
                RecordingLog.Failed(_parts.Logger, fault.InnerException, Record.Id, fault.Message);
                await FailAsync(fault.Message, capture.Recorded);
            }

            if (IsToBeSaved && HasPassed(Volatile.Read(ref _notSavedAt), SaveRetry))
            {
                KeepBeside(SaveAsync);
            }
        }
    }

    private async Task WaitAsync(Task?[] tasks, TimeSpan due)
    {
        if (due == TimeSpan.Zero)
        {
            return;
        }

        using var cancelling = new CancellationTokenSource();
        var timer = due == Timeout.InfiniteTimeSpan ? null : Task.Delay(due, _parts.Clock, cancelling.Token);
        await Task.WhenAny(tasks.Append(timer).OfType<Task>());
        await cancelling.CancelAsync();
    }

    // When, if nothing else happens, the loop must look again.
    private TimeSpan DueAfter(ICapture capture, Timing timing)
    {
        var due = Timeout.InfiniteTimeSpan;
        var now = _parts.Clock.GetTimestamp();
        Add(capture.RunsByClock ? now : null, Record.Plan.MaxLength - capture.Recorded);
        Add(timing.EmptySince, EmptyPatience);
        Add(timing.FeedEndedAt, EndPatience);
        Add(IsAwaitingPicture ? timing.BeganAt : null, capture.StartPatience);
        Add(IsToBeSaved ? Volatile.Read(ref _notSavedAt) : null, SaveRetry);
        return due;

        void Add(long? since, TimeSpan patience)
        {
            if (since is { } start)
            {
                var rest = patience - _parts.Clock.GetElapsedTime(start);
                rest = rest < TimeSpan.Zero ? TimeSpan.Zero : rest;
                due = due == Timeout.InfiniteTimeSpan || rest < due ? rest : due;
            }
        }
    }

    private void TakeMedia(ICapture capture, Timing timing)
    {
        var found = capture.Read();
        if (found.HasMedia && Record.Status is RecordingStatus.Invoked)
        {
            RecordingLog.Began(_parts.Logger, Record.Id);
            if (Advance(RecordingInput.FirstFrame, record => record with { StartedAt = StartOf(capture) ?? StoredTime.Now(_parts.Clock) }))
            {
                KeepBeside(KeepAsync);
            }
        }

        timing.IsOver |= found.IsOver;
        if (found.HasEnded)
        {
            timing.FeedEndedAt ??= _parts.Clock.GetTimestamp();
        }
    }

    private async Task LookAtClockAsync(ICapture capture, Timing timing)
    {
        if (Record.ErrorMessage is null && capture.PushFault is { } given)
        {
            // It goes on being recorded: its owner learns why nothing arrives.
            await _keeping;
            Show(Record with { ErrorMessage = given, UpdatedAt = StoredTime.Now(_parts.Clock) });
            await SaveAsync();
        }

        var presence = Volatile.Read(ref _presence).Value;
        timing.EmptySince = presence.PeerCount > 0 ? null : timing.EmptySince ?? _parts.Clock.GetTimestamp();
        RecordingStopReason? reason =
            presence.HasEnded ? RecordingStopReason.SessionEnded
            : _stopping.IsCancellationRequested ? RecordingStopReason.ServerStopped
            : capture.Recorded >= Record.Plan.MaxLength ? RecordingStopReason.MaxLength
            : timing.IsOver || HasPassed(timing.EmptySince, EmptyPatience) ? RecordingStopReason.AllPeersLeft
            : HasPassed(timing.FeedEndedAt, EndPatience) ? RecordingStopReason.InternalError
            : null;
        if (reason is { } why)
        {
            await StopAsync(capture, why, caller: null);
        }
        else if (IsAwaitingPicture && HasPassed(timing.BeganAt, capture.StartPatience))
        {
            throw new RecordingFault(string.Create(
                CultureInfo.InvariantCulture, $"There was nothing to record for {capture.StartPatience.TotalSeconds:F0} s after the start."));
        }
    }

    private bool HasPassed(long? since, TimeSpan patience) => since is { } start && _parts.Clock.GetElapsedTime(start) >= patience;

    private async Task ObeyAsync(Command command, ICapture capture)
    {
        if (command.Input is not { } input)
        {
            return;
        }

        if (RecordingLifecycle.Next(Record.Status, input) is null)
        {
            command.Refuse();
            return;
        }

        try
        {
            switch (input)
            {
                case RecordingInput.Pause:
                    capture.Pause();
                    await MoveAsync(input, record => record with { Duration = capture.Recorded });
                    break;

                case RecordingInput.Resume:
                    capture.Resume();
                    await MoveAsync(input, record => record);
                    break;

                default:
                    await StopAsync(capture, command.Reason, command.Caller);
                    break;
            }
        }
        catch (RecordingFault fault)
        {
            RecordingLog.Failed(_parts.Logger, fault.InnerException, Record.Id, fault.Message);
            await FailAsync(fault.Message, capture.Recorded);
        }

        command.Done(Record);
    }

    private async Task StopAsync(ICapture capture, RecordingStopReason reason, RecordingCaller? caller)
    {
        capture.Close();
        RecordingLog.Stopped(_parts.Logger, Record.Id, reason, capture.Recorded.TotalSeconds);
        await MoveAsync(RecordingInput.Stop, record => record with
        {
            StopReason = reason,
            Stopper = caller,
            StartedAt = record.StartedAt ?? StartOf(capture), // What came last of all may have been written only now.
            StoppedAt = StoredTime.Now(_parts.Clock),
            Duration = capture.Recorded,
        });
    }

    private static DateTimeOffset? StartOf(ICapture capture) => capture.BeganAt is { } began ? StoredTime.Of(began) : null;

    private async Task FailAsync(string message, TimeSpan? recorded = null) => await MoveAsync(RecordingInput.Fail, record => record with
    {
        StopReason = RecordingStopReason.InternalError,
        StoppedAt = record.StoppedAt ?? StoredTime.Now(_parts.Clock),
        Duration = recorded ?? record.Duration,
        ErrorMessage = message,
    });

    // What follows it must happen in any case: others wait for answers.
    private async Task FailInsideAsync()
    {
        try
        {
            await FailAsync("The recording failed inside the server.");
        }
        catch (Exception fault)
        {
            RecordingLog.Failed(_parts.Logger, fault, Record.Id, "that it failed could not be told");
        }
    }

    private async Task MoveAsync(RecordingInput input, Func<RecordingRecord, RecordingRecord> change)
    {
        await _keeping;
        var kept = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _kept, kept.Task);
        try
        {
            if (Advance(input, change))
            {
                await KeepAsync();
            }
        }
        finally
        {
            kept.SetResult();
        }
    }

    private bool Advance(RecordingInput input, Func<RecordingRecord, RecordingRecord> change)
    {
        if (RecordingLifecycle.Next(Record.Status, input) is not { } next)
        {
            return false;
        }

        Show(change(Record) with { Status = next, UpdatedAt = StoredTime.Now(_parts.Clock) });
        return true;
    }

    private async Task KeepAsync()
    {
        await SaveAsync();
        Tell();
    }

    private void KeepBeside(Func<Task> keep)
    {
        var before = _keeping;
        _keeping = Task.Run(async () =>
        {
            await before;
            try
            {
                await keep();
            }
            catch (Exception fault)
            {
                NoteUnsaved(fault);
            }
        });
    }

    private void NoteUnsaved(Exception fault)
    {
        RecordingLog.NotKept(_parts.Logger, fault, Record.Id);
        Volatile.Write(ref _notSavedAt, _parts.Clock.GetTimestamp());
        _isUnsaved = true;
    }

    private void Show(RecordingRecord record) => Volatile.Write(ref _record, record);

    private void Tell()
    {
        foreach (var listener in _parts.Listeners)
        {
            listener.Changed(Record);
        }
    }

    // A database that does not answer must not stop the media: what it should know it is told again.
    private async Task SaveAsync()
    {
        try
        {
            await _parts.Store.SaveAsync(Record, CancellationToken.None);
            _isUnsaved = false;
        }
        catch (StorageException fault)
        {
            NoteUnsaved(fault);
        }
    }

    private async Task FinishAsync()
    {
        try
        {
            var before = Record.Status;
            var (delivered, isStored) = await _parts.Delivery.DeliverAsync(Record, _stopping);
            Show(delivered with { UpdatedAt = StoredTime.Now(_parts.Clock) });
            await SaveAsync();
            while (_isUnsaved)
            {
                await Task.Delay(SaveRetry, _parts.Clock, _stopping);
                await SaveAsync();
            }

            // What could not be stored anywhere stays where it is: somebody may fetch it by hand.
            if (isStored || _parts.Folder.HoldsNothing(delivered.Id))
            {
                _parts.Folder.Delete(delivered.Id);
            }

            _parts.Metrics.Ended(delivered.Status);
            if (delivered.Status is RecordingStatus.Uploaded)
            {
                RecordingLog.Stored(_parts.Logger, delivered.Id, delivered.FileSize ?? 0);
            }
            else if (before is not RecordingStatus.Errored)
            {
                RecordingLog.Failed(_parts.Logger, null, delivered.Id, delivered.ErrorMessage ?? "");
            }

            Tell();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Gone on with at the next start.
        }
        catch (Exception fault)
        {
            RecordingLog.Failed(_parts.Logger, fault, Record.Id, "its delivery failed");
            await FailInsideAsync();
        }
    }

    private void TakePresence(SessionPresence presence)
    {
        Volatile.Write(ref _presence, new SessionPresenceBox(presence));
        _inbox.Writer.TryWrite(Command.Wake); // A full queue wakes the loop as well.
    }

    private void CloseInbox()
    {
        _inbox.Writer.TryComplete();
        while (_inbox.Reader.TryRead(out var command))
        {
            command.Refuse();
        }
    }

    private sealed record SessionPresenceBox(SessionPresence Value);

    /// <summary>Moments the loop counts from, as timestamps of its clock; null while it does not.</summary>
    private sealed class Timing(long beganAt)
    {
        public long BeganAt => beganAt;

        public long? EmptySince { get; set; }

        public long? FeedEndedAt { get; set; }

        public bool IsOver { get; set; }
    }

    private sealed class Command(RecordingInput? input, RecordingStopReason reason, RecordingCaller? caller)
    {
        public static readonly Command Wake = new(null, default, null);

        private readonly TaskCompletionSource<RecordingRecord?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public RecordingInput? Input => input;

        public RecordingStopReason Reason => reason;

        public RecordingCaller? Caller => caller;

        public Task<RecordingRecord?> Answer => _answer.Task;

        public void Done(RecordingRecord record) => _answer.TrySetResult(record);

        public void Refuse() => _answer.TrySetResult(null);
    }
}
