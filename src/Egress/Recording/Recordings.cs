using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording.Interactive;
using Roomcast.Egress.Recording.Pages;
using Roomcast.Egress.Recording.Tracks;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.Storage.Outbound;

namespace Roomcast.Egress.Recording;

/// <summary>What is to be recorded.</summary>
/// <param name="AppId">The app.</param>
/// <param name="MeetingId">The meeting; that the app has it is known.</param>
/// <param name="Kind">Composed, or each track.</param>
/// <param name="Plan">How, and where it goes.</param>
/// <param name="AllowsOthers">Whether it may run beside another of the meeting.</param>
/// <param name="Reason">Why.</param>
/// <param name="Caller">Who asked; null for nobody.</param>
public sealed record RecordingWish(
    AppId AppId, Guid MeetingId, RecordingKind Kind, RecordingPlan Plan, bool AllowsOthers, RecordingStartReason Reason, RecordingCaller? Caller)
{
    /// <summary>A web page (http or https) that is recorded in place of the meeting's composition; null for none. May hold secrets.</summary>
    public Uri? Page { get; init; }

    /// <summary>Says nothing of the page.</summary>
    public override string ToString() => nameof(RecordingWish);
}

/// <summary>Why a recording does not begin, or does not change.</summary>
public enum RecordingRefusal
{
    /// <summary>Nobody is in the meeting.</summary>
    NoSession,

    /// <summary>One is running.</summary>
    AlreadyRunning,

    /// <summary>The app has no such recording.</summary>
    NotFound,

    /// <summary>It is not in a state for that.</summary>
    IllegalChange,

    /// <summary>It cannot be composed, or the server has too much to do, or the disk is full. The message says which.</summary>
    Unavailable,
}

/// <summary>How a request went.</summary>
/// <param name="Recording">The recording after it; null when it was refused.</param>
/// <param name="Refusal">Why it was refused; null when it was not.</param>
/// <param name="Message">For a person; null when it was not refused.</param>
public sealed record RecordingAnswer(RecordingRecord? Recording, RecordingRefusal? Refusal, string? Message)
{
    internal static RecordingAnswer Of(RecordingRecord recording) => new(recording, null, null);

    internal static RecordingAnswer Refuse(RecordingRefusal refusal, string message) => new(null, refusal, message);
}

/// <summary>The recordings of all meetings: those under way, and those that were. Thread-safe.</summary>
public sealed class Recordings : IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<RecordingId, RecordingJob> _jobs = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly RecordingStore _store;
    private readonly RecordingParts _parts;
    private readonly RecordingFolder _folder;
    private readonly RecordingOptions _options;
    private readonly ICompositions? _compositions;
    private readonly ICompositionSource? _source;
    private readonly PushJobs? _pushes;
    private readonly WatermarkFetch _watermarks;
    private readonly RecordingConverter _converter;
    private readonly RecordedPages _pages;
    private readonly IBlobStore _blobs;
    private readonly ILogger _logger;
    private Task _clearing = Task.CompletedTask;
    private int _starting;

    internal Recordings(
        RecordingStore store,
        RecordingDelivery delivery,
        RecordingFolder folder,
        RecordingOutside outside,
        WatermarkFetch watermarks,
        RecordingConverter converter,
        RecordedPages pages,
        IBlobStore blobs,
        IOptions<RecordingOptions> options,
        RecordingMetrics metrics,
        TimeProvider clock,
        ILogger<Recordings> logger)
    {
        _store = store;
        _folder = folder;
        _options = options.Value;
        _compositions = outside.Compositions;
        _source = outside.Source;
        _pushes = outside.Pushes;
        _watermarks = watermarks;
        _converter = converter;
        _pages = pages;
        _blobs = blobs;
        _logger = logger;
        _parts = new RecordingParts(
            store, delivery, folder, new RecordingDisk(metrics, _options.MinFreeBytes), outside.Sessions, outside.Listeners, metrics, clock, logger);
        metrics.Observe(() => (
            _jobs.Values.Count(job => job.Record.IsActive), _jobs.Values.Count(job => job.Record.Status is RecordingStatus.Uploading)));
    }

    /// <summary>Whether <see cref="RecordingPlan.PushAddress"/> can be served.</summary>
    public bool CanPush => _pushes is not null;

    /// <summary>Whether an address may be <see cref="RecordingPlan.PushAddress"/>, as far as it tells.</summary>
    public bool MayPushTo(PushAddress address) => _pushes?.MayPushTo(address) is true;

    /// <summary>Whether a host may be stored at, as far as its name tells: what a name stands for is looked at when it is connected to.</summary>
    public bool MayStoreAt(string host) =>
        _options.AllowsPrivateTargets || WrittenAddress.Of(host) is not { } address || OpenInternet.IsPublic(address);

    /// <summary>Whether a page may be <see cref="RecordingWish.Page"/>, as far as its address tells.</summary>
    public bool MayShow(Uri page) => _pages.MayShow(page);

    /// <summary>Begins to record the session under way in a meeting.</summary>
    /// <exception cref="StorageException">It could not be kept.</exception>
    public async Task<RecordingAnswer> StartAsync(RecordingWish wish, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wish);
        if (_parts.Sessions.Find(wish.MeetingId) is not { } sessionId)
        {
            return RecordingAnswer.Refuse(RecordingRefusal.NoSession, "the meeting has no active session");
        }

        // What is being started counts, and holds up no other: a composition may take seconds to begin, a watermark longer. Of two that
        // may not be side by side, the store takes one.
        var starting = Interlocked.Increment(ref _starting);
        try
        {
            // Whoever has read that one has ended may begin the next.
            await Task.WhenAll(_jobs.Values.Where(job => job.Record.MeetingId == wish.MeetingId && !job.Record.IsActive).Select(job => job.Kept))
                .WaitAsync(cancellationToken);
            if (!wish.AllowsOthers
                && (await _store.FindActiveAsync(wish.AppId, wish.MeetingId, cancellationToken)).Any(other => other.Kind == wish.Kind))
            {
                return Running();
            }

            if (_stopping.IsCancellationRequested || _jobs.Values.Count(job => job.Record.IsActive) + starting > _options.MaxRecordings)
            {
                return RecordingAnswer.Refuse(
                    RecordingRefusal.Unavailable, $"the server records as many meetings as it may ({_options.MaxRecordings})");
            }

            return await BeginAsync(wish, sessionId, cancellationToken);
        }
        catch (CompositionException refused)
        {
            return refused.Refusal is CompositionRefusal.NoSession
                ? RecordingAnswer.Refuse(RecordingRefusal.NoSession, "the meeting has no active session")
                : RecordingAnswer.Refuse(RecordingRefusal.Unavailable, refused.Told);
        }
        catch (RecordingFault fault)
        {
            RecordingLog.NotBegun(_logger, fault.InnerException, wish.MeetingId, fault.Message);
            return RecordingAnswer.Refuse(RecordingRefusal.Unavailable, fault.Message);
        }
        finally
        {
            Interlocked.Decrement(ref _starting);
        }
    }

    /// <summary>
    /// Keeps that the session under way was to be recorded and is not, as a recording that has failed: whoever looks for it finds why.
    /// </summary>
    /// <param name="wish">What was to be recorded.</param>
    /// <param name="reason">Why it is not, for a person.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StorageException">It could not be kept.</exception>
    public async Task NoteFailureAsync(RecordingWish wish, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wish);
        if (_parts.Sessions.Find(wish.MeetingId) is { } sessionId)
        {
            var record = RecordOf(wish, sessionId) with { Status = RecordingStatus.Errored, ErrorMessage = reason, Plan = wish.Plan.Settled() };
            await _store.AddAsync(record, isAlone: false, cancellationToken);
        }
    }

    /// <summary>Holds a recording.</summary>
    public Task<RecordingAnswer> PauseAsync(AppId appId, RecordingId id, CancellationToken cancellationToken) =>
        AskAsync(appId, id, RecordingInput.Pause, null, cancellationToken);

    /// <summary>Goes on with a recording that is held.</summary>
    public Task<RecordingAnswer> ResumeAsync(AppId appId, RecordingId id, CancellationToken cancellationToken) =>
        AskAsync(appId, id, RecordingInput.Resume, null, cancellationToken);

    /// <summary>Stops a recording; its files are made and stored then.</summary>
    public Task<RecordingAnswer> StopAsync(AppId appId, RecordingId id, RecordingCaller? caller, CancellationToken cancellationToken) =>
        AskAsync(appId, id, RecordingInput.Stop, caller, cancellationToken);

    /// <summary>Finds one of an app; null when the app has none of this id.</summary>
    public async Task<RecordingRecord?> FindAsync(AppId appId, RecordingId id, CancellationToken cancellationToken) =>
        _jobs.TryGetValue(id, out var job) && job.Record.AppId == appId
            ? job.Record // The database may not have been told yet.
            : await _store.FindAsync(appId, id, cancellationToken);

    /// <summary>The active recordings of a meeting, newest first.</summary>
    public Task<IReadOnlyList<RecordingRecord>> FindActiveAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken) =>
        _store.FindActiveAsync(appId, meetingId, cancellationToken);

    /// <summary>Lists an app's recordings by page.</summary>
    public Task<Page<RecordingRecord>> ListAsync(AppId appId, RecordingQuery query, CancellationToken cancellationToken) =>
        _store.ListAsync(appId, query, cancellationToken);

    /// <summary>The address of a recording's file; null when there is none, or its time is over.</summary>
    /// <param name="recording">The recording.</param>
    /// <param name="fileName">One of its files; null for none.</param>
    public string? AddressOf(RecordingRecord recording, string? fileName)
    {
        ArgumentNullException.ThrowIfNull(recording);
        return fileName is not null && recording.LinksExpireAt is { } expiry && expiry > _parts.Clock.GetUtcNow()
            ? _blobs.AddressOf(BlobName.Of(recording.Id.Value, fileName), expiry)
            : null;
    }

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _pages.Clear();
        foreach (var left in await _store.FindUnfinishedAsync(_folder.Node, cancellationToken))
        {
            RecordingLog.Repairing(_logger, left.Id);
            var stopped = left.IsActive ? await TakeUpAsync(left, cancellationToken) : left;
            var job = new RecordingJob(stopped, _parts, _stopping.Token);
            Keep(job, job.Deliver);
        }

        _clearing = Task.Run(() => ClearRegularlyAsync(_stopping.Token), CancellationToken.None);
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_jobs.Values.Select(job => job.Completion).Append(_clearing))
            .WaitAsync(cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Dispose();
    }

    /// <summary>Deletes the files whose time is over. A recording whose files cannot be deleted holds up no other and is tried again by the next call.</summary>
    internal async Task ClearAsync(CancellationToken cancellationToken)
    {
        RecordingRecord? last = null;
        var failed = new List<(RecordingRecord Recording, BlobException Fault)>();
        IReadOnlyList<RecordingRecord> expired;
        do
        {
            // A bounded number at a time, and each once: those after the last that was tried.
            expired = await _store.FindExpiredAsync(_folder.Node, last, cancellationToken);
            foreach (var recording in expired)
            {
                last = recording;
                if (await ClearAsync(recording, cancellationToken) is not { } fault)
                {
                    continue;
                }

                failed.Add((recording, fault));
                if (fault.IsWorthRetrying)
                {
                    expired = []; // The store is not to be reached, for whichever recording.
                    break;
                }
            }
        }
        while (expired.Count > 0);

        if (failed.Count > 0)
        {
            RecordingLog.SomeNotDeleted(_logger, failed[0].Fault, failed.Count, failed[0].Recording.Id);
        }
    }

    /// <returns>Why its files cannot be deleted; null when they are gone.</returns>
    private async Task<BlobException?> ClearAsync(RecordingRecord expired, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var file in new[] { expired.MediaFile, expired.AudioFile }.Concat(expired.TrackFiles.Select(track => track.FileName)))
            {
                if (file is not null)
                {
                    await _blobs.DeleteAsync(BlobName.Of(expired.Id.Value, file), cancellationToken);
                }
            }
        }
        catch (BlobException fault)
        {
            return fault;
        }

        await _store.SaveAsync(
            expired with { MediaFile = null, AudioFile = null, TrackFiles = [], UpdatedAt = StoredTime.Now(_parts.Clock) }, cancellationToken);
        return null;
    }

    private RecordingRecord RecordOf(RecordingWish wish, Guid sessionId)
    {
        var now = StoredTime.Now(_parts.Clock);
        return new RecordingRecord
        {
            Id = new RecordingId(Guid.NewGuid()),
            AppId = wish.AppId,
            MeetingId = wish.MeetingId,
            SessionId = sessionId,
            Kind = wish.Kind,
            ShowsPage = wish.Page is not null,
            Status = RecordingStatus.Invoked,
            OutputFileName = OutputFileNames.Of(wish, now),
            StartReason = wish.Reason,
            Starter = wish.Caller,
            Plan = wish.Plan,
            Node = _folder.Node,
            CreatedAt = now,
            UpdatedAt = now,
        };
    }

    private static RecordingAnswer Running() => RecordingAnswer.Refuse(
        RecordingRefusal.AlreadyRunning, "the meeting is being recorded; allow_multiple_recordings starts another one beside it");

    private async Task<RecordingAnswer> BeginAsync(RecordingWish wish, Guid sessionId, CancellationToken cancellationToken)
    {
        var record = RecordOf(wish, sessionId);
        var capture = await OpenAsync(record, wish.Page, cancellationToken);
        try
        {
            if (!await _store.AddAsync(record, !wish.AllowsOthers, cancellationToken))
            {
                await GiveUpAsync(record, capture);
                return Running();
            }
        }
        catch
        {
            await GiveUpAsync(record, capture);
            throw;
        }

        RecordingLog.Asked(_logger, record.Id, sessionId);
        var job = new RecordingJob(record, _parts, _stopping.Token);
        foreach (var listener in _parts.Listeners)
        {
            listener.Changed(record);
        }

        Keep(job, () => job.Start(capture));
        return RecordingAnswer.Of(record);
    }

    private async Task<ICapture> OpenAsync(RecordingRecord record, Uri? address, CancellationToken cancellationToken)
    {
        _folder.Make(record.Id);
        try
        {
            if (record.Kind is RecordingKind.Tracks)
            {
                return _source is { } source
                    ? await TrackCapture.OpenAsync(record, source, _parts, cancellationToken)
                    : throw new RecordingFault("This server records no single tracks.");
            }

            if (_compositions is not { } compositions)
            {
                throw new RecordingFault("This server composes no meetings.");
            }

            var target = FindTarget(record.Plan);
            await _converter.CheckAsync(record.Plan, cancellationToken);
            if (record.Plan.Watermark is { } watermark)
            {
                await _watermarks.ShowAsync(record, watermark, _folder.Of(record.Id), cancellationToken);
            }

            return address is null
                ? await OpenAsync(record, compositions, target, cancellationToken)
                : await OpenPageAsync(record, address, compositions, target, cancellationToken);
        }
        catch
        {
            await GiveUpAsync(record, capture: null);
            throw;
        }
    }

    private async Task<ICapture> OpenAsync(
        RecordingRecord record, ICompositions compositions, PushAddress? target, CancellationToken cancellationToken)
    {
        var lease = await AcquireAsync(record, compositions, cancellationToken);
        try
        {
            return Begin(record, lease, target);
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    // What could refuse it is asked at once: a browser, a place for it, and a composition that the machine can bear.
    private async Task<ICapture> OpenPageAsync(
        RecordingRecord record, Uri address, ICompositions compositions, PushAddress? target, CancellationToken cancellationToken)
    {
        var place = await _pages.TakeAsync(cancellationToken);
        ICompositionLease? lease = null;
        try
        {
            place.OpenStage(record.Id);
            lease = await AcquireAsync(record, compositions, cancellationToken);
            var page = place.Show(record, address, lease.Format.FrameRate);
            var held = lease;
            return new PageCapture(place, page, held, () => Begin(record, held, target));
        }
        catch
        {
            try
            {
                await (lease?.DisposeAsync() ?? default);
            }
            finally
            {
                await place.DisposeAsync();
            }

            throw;
        }
    }

    private static ValueTask<ICompositionLease> AcquireAsync(
        RecordingRecord record, ICompositions compositions, CancellationToken cancellationToken) =>
        compositions.AcquireAsync(record.SceneId, compositions.FormatOf(record.Plan.Width, record.Plan.Height), cancellationToken);

    // The lease goes to it; it stays the caller's when this throws.
    private CompositeCapture Begin(RecordingRecord record, ICompositionLease lease, PushAddress? target) => new(
        lease,
        record.Plan.KeepsFiles ? new RecordingFile(_folder.FragmentsOf(record.Id), _parts.Disk) : null,
        target is null ? null : _pushes!.Start($"recording {record.Id}", lease.Feed, target),
        record.Plan.HoldsMessages ? Hear(record.SessionId) : null,
        _parts.Clock);

    private CapturedMessages Hear(Guid sessionId)
    {
        var messages = new TimedMessages(_parts.Clock);
        return new CapturedMessages(messages, _parts.Sessions.Hear(sessionId, messages.Hear));
    }

    // Nothing may be left of one that does not begin.
    private async Task GiveUpAsync(RecordingRecord record, ICapture? capture)
    {
        if (record.Plan.Watermark is not null)
        {
            _parts.Sessions.ShowWatermark(record.SceneId, record.Id, null);
        }

        if (capture is not null)
        {
            await capture.DisposeAsync();
        }

        _folder.Delete(record.Id);
    }

    // Whoever made the plan has looked at the address, and told what is wrong with it.
    private PushAddress? FindTarget(RecordingPlan plan) => plan.PushAddress is not { } text ? null
        : PushAddress.TryParse(text, streamKey: null, out var address, out _) && MayPushTo(address) ? address
        : throw new RecordingFault("The recording's RTMP address cannot be pushed to.");

    private void Keep(RecordingJob job, Action start)
    {
        _jobs[job.Record.Id] = job;
        start();
        _ = job.Completion.ContinueWith(
            _ => _jobs.TryRemove(job.Record.Id, out var _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private async Task<RecordingAnswer> AskAsync(
        AppId appId, RecordingId id, RecordingInput input, RecordingCaller? caller, CancellationToken cancellationToken)
    {
        if (_jobs.TryGetValue(id, out var job) && job.Record.AppId == appId
            && await job.AskAsync(input, RecordingStopReason.Asked, caller, cancellationToken) is { } changed)
        {
            return RecordingAnswer.Of(changed);
        }

        return await FindAsync(appId, id, cancellationToken) is { } record
            ? RecordingAnswer.Refuse(
                RecordingRefusal.IllegalChange,
                $"a recording that is {RecordingRow.Write(record.Status)} cannot be {(input switch { RecordingInput.Pause => "paused", RecordingInput.Resume => "resumed", _ => "stopped" })}")
            : RecordingAnswer.Refuse(RecordingRefusal.NotFound, "recording not found");
    }

    // It ended with the server; when, its file knows better than the database.
    private async Task<RecordingRecord> TakeUpAsync(RecordingRecord left, CancellationToken cancellationToken)
    {
        var stopped = left with
        {
            Status = RecordingStatus.Uploading,
            StopReason = RecordingStopReason.ServerStopped,
            StoppedAt = StoredTime.Of(_folder.LastWrittenAt(left.Id) ?? left.UpdatedAt),
            UpdatedAt = StoredTime.Now(_parts.Clock),
        };
        await _store.SaveAsync(stopped, cancellationToken);
        foreach (var listener in _parts.Listeners)
        {
            listener.Changed(stopped);
        }

        return stopped;
    }

    private async Task ClearRegularlyAsync(CancellationToken stopping)
    {
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromHours(1), _parts.Clock);
            do
            {
                try
                {
                    await ClearAsync(stopping);
                }
                catch (StorageException fault)
                {
                    RecordingLog.NotLookedUp(_logger, fault);
                }
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }
}

/// <summary>What recording is given by others, and may lack.</summary>
internal sealed record RecordingOutside(
    IRecordedSessions Sessions,
    ICompositions? Compositions,
    ICompositionSource? Source,
    PushJobs? Pushes,
    IReadOnlyList<IRecordingListener> Listeners);

/// <summary>How the files of recordings are called.</summary>
internal static class OutputFileNames
{
    public static string Of(RecordingWish wish, DateTimeOffset now)
    {
        var prefix = wish.Plan.FileNamePrefix is { Length: > 0 } given ? $"{given}_" : "";
        var milliseconds = now.ToUnixTimeMilliseconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        return wish.Kind is RecordingKind.Tracks
            ? $"{prefix}<user_id>_<peer_id>_<stream_kind>_<media_kind>_{milliseconds}.webm"
            : $"{prefix}{wish.MeetingId:D}_{milliseconds}.{(wish.Plan.HoldsMessages ? "tar" : wish.Plan.VideoCodec is RecordingVideoCodec.H264 ? "mp4" : "webm")}";
    }
}
