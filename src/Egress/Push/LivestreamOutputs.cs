using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Push.Records;
using Roomcast.Feeds;
using Roomcast.Storage;

namespace Roomcast.Egress.Push;

/// <summary>The outputs of livestreams: kept, and pushed while their livestream is on air.</summary>
/// <remarks>
/// Who calls has made sure that the livestream is theirs. An output that is added while the livestream is on air starts at
/// once; one that is deleted says goodbye to its target. How the last push of an output ended can be asked for until the
/// livestream is next on air, for <see cref="StatusKept"/>, or until the server stops. What pushed, with its feed and its keys, is let go
/// before that: the livestream of a meeting is another one each time, and would never be on air again.
/// </remarks>
public sealed class LivestreamOutputs : IHostedService, IDisposable
{
    /// <summary>How long after a livestream was on air its outputs say how that went; then they wait, as before the first time.</summary>
    public static readonly TimeSpan StatusKept = TimeSpan.FromDays(1);

    private const int ReadAttempts = 5;

    private static readonly TimeSpan TidyInterval = TimeSpan.FromMinutes(1);

    private readonly OutputStore _store;
    private readonly IPushableFeeds _feeds;
    private readonly PushJobs _jobs;
    private readonly PushOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    // Adding, deleting and going on air, one after the other: none sees the half of another.
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Lock _runsLock = new();
    private readonly Dictionary<Guid, Run> _runs = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task _tidying = Task.CompletedTask;

    internal LivestreamOutputs(
        OutputStore store, IPushableFeeds feeds, PushJobs jobs, IOptions<PushOptions> options, TimeProvider time, ILogger<LivestreamOutputs> logger)
    {
        _store = store;
        _feeds = feeds;
        _jobs = jobs;
        _options = options.Value;
        _time = time;
        _logger = logger;
    }

    /// <summary>Most outputs of one livestream.</summary>
    public int MaxOutputs => _options.MaxOutputs;

    /// <summary>Whether an address may be pushed to; see <see cref="PushJobs.MayPushTo"/>.</summary>
    public bool MayPushTo(PushAddress address) => _jobs.MayPushTo(address);

    /// <summary>Adds an output; null when the livestream has <see cref="MaxOutputs"/>.</summary>
    /// <param name="livestreamId">The livestream.</param>
    /// <param name="name">1 to 256 characters, or null.</param>
    /// <param name="address">Where to.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public async Task<LivestreamOutput?> CreateAsync(Guid livestreamId, string? name, PushAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var output = await _store.CreateAsync(livestreamId, name, address, _options.MaxOutputs, cancellationToken);
            if (output is not null && _feeds.Find(livestreamId) is { } feed)
            {
                Start(feed, [output]);
            }

            return output;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Finds one; null when the livestream has none of this id.</summary>
    public Task<LivestreamOutput?> FindAsync(Guid livestreamId, OutputId id, CancellationToken cancellationToken) =>
        _store.FindAsync(livestreamId, id, cancellationToken);

    /// <summary>Lists by page.</summary>
    public Task<Page<LivestreamOutput>> ListAsync(Guid livestreamId, PageRequest page, SortOrder order, CancellationToken cancellationToken) =>
        _store.ListAsync(livestreamId, page, order, cancellationToken);

    /// <summary>Deletes one and ends its push; returns what was deleted and how its push ended, or null.</summary>
    public async Task<(LivestreamOutput Output, PushStatus Status)?> DeleteAsync(Guid livestreamId, OutputId id, CancellationToken cancellationToken)
    {
        LivestreamOutput? output;
        PushJob? job = null;
        var told = PushStatus.Waiting;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            output = await _store.DeleteAsync(livestreamId, id, cancellationToken);
            lock (_runsLock)
            {
                if (_runs.TryGetValue(livestreamId, out var run))
                {
                    told = run.StatusOf(id);
                    run.Told.Remove(id);
                    run.Jobs.Remove(id, out job);
                }
            }
        }
        finally
        {
            _gate.Release();
        }

        if (job is not null)
        {
            await job.DisposeAsync();
        }

        return output is null ? null : (output, job?.Status ?? told);
    }

    /// <summary>Deletes all outputs of a livestream that is itself deleted: what they hold is not kept for longer than it is of use.</summary>
    public async Task DeleteAllAsync(Guid livestreamId, CancellationToken cancellationToken)
    {
        Run? run;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            await _store.DeleteAllAsync(livestreamId, cancellationToken);
            lock (_runsLock)
            {
                _runs.Remove(livestreamId, out run);
            }
        }
        finally
        {
            _gate.Release();
        }

        await StopAsync(run, PushReason.Removed);
    }

    /// <summary>How the push of an output stands.</summary>
    public PushStatus StatusOf(LivestreamOutput output)
    {
        ArgumentNullException.ThrowIfNull(output);
        lock (_runsLock)
        {
            return _runs.TryGetValue(output.LivestreamId, out var run) ? run.StatusOf(output.Id) : PushStatus.Waiting;
        }
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken)
    {
        _feeds.WentLive += OnWentLive;
        _tidying = Task.Run(TidyRegularlyAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    async Task IHostedService.StopAsync(CancellationToken cancellationToken)
    {
        _feeds.WentLive -= OnWentLive;
        await _stopping.CancelAsync();
        Run[] runs;
        lock (_runsLock)
        {
            runs = [.. _runs.Values];
            _runs.Clear();
        }

        await Task.WhenAll(runs.Select(run => StopAsync(run, PushReason.ServerStopping)).Append(_tidying));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Dispose();
        _gate.Dispose();
    }

    private static async Task StopAsync(Run? run, PushReason reason)
    {
        await Task.WhenAll(run?.Jobs.Values.Select(job => job.StopAsync(reason)) ?? []);
        foreach (var job in run?.Jobs.Values ?? Enumerable.Empty<PushJob>())
        {
            await job.DisposeAsync();
        }
    }

    private async Task TidyRegularlyAsync()
    {
        using var timer = new PeriodicTimer(TidyInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (var job in Tidy())
                {
                    await job.DisposeAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    /// <returns>What has ended and is of no more use.</returns>
    private List<PushJob> Tidy()
    {
        var now = _time.GetUtcNow();
        var over = new List<PushJob>();
        lock (_runsLock)
        {
            foreach (var (livestreamId, run) in _runs)
            {
                if (run.EndedAt is { } endedAt && now - endedAt >= StatusKept)
                {
                    _runs.Remove(livestreamId);
                }
                else if (run is { EndedAt: null, IsOver: true })
                {
                    over.AddRange(run.Settle(now));
                }
            }
        }

        return over;
    }

    private void OnWentLive(Guid livestreamId, Feed feed) => _ = Task.Run(() => StartAllAsync(livestreamId, feed));

    private async Task StartAllAsync(Guid livestreamId, Feed feed)
    {
        for (var attempt = 1; !feed.IsEnded && !_stopping.IsCancellationRequested; attempt++)
        {
            await _gate.WaitAsync();
            try
            {
                Start(feed, await _store.ListAllAsync(livestreamId, _stopping.Token));
                return;
            }
            catch (StorageException fault) when (attempt < ReadAttempts)
            {
                PushLog.OutputsUnreadable(_logger, fault, livestreamId);
            }
            catch (StorageException fault)
            {
                PushLog.OutputsGivenUp(_logger, fault, livestreamId);
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            finally
            {
                _gate.Release();
            }

            await Task.Delay(TimeSpan.FromSeconds(1), _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Start(Feed feed, IReadOnlyList<LivestreamOutput> outputs)
    {
        Run? earlier = null;
        lock (_runsLock)
        {
            if (_stopping.IsCancellationRequested || outputs.Count == 0)
            {
                return;
            }

            var livestreamId = outputs[0].LivestreamId;
            if (!_runs.TryGetValue(livestreamId, out var run) || run.Feed != feed)
            {
                earlier = run;
                run = _runs[livestreamId] = new Run(feed);
            }

            foreach (var output in outputs.Where(output => !run.Jobs.ContainsKey(output.Id)))
            {
                run.Jobs.Add(output.Id, _jobs.Start($"livestream {livestreamId}", feed, output.Address));
            }
        }

        // Those of the time on air before have ended with its feed.
        _ = StopAsync(earlier, PushReason.LivestreamEnded);
    }

    /// <summary>The pushes of one livestream for one time on air, and then how they ended. Guarded by the lock of all.</summary>
    private sealed class Run(Feed feed)
    {
        /// <summary>What is pushed; null once it is over.</summary>
        public Feed? Feed { get; private set; } = feed;

        public Dictionary<OutputId, PushJob> Jobs { get; } = [];

        /// <summary>How those that are over ended.</summary>
        public Dictionary<OutputId, PushStatus> Told { get; } = [];

        /// <summary>When it was noticed that it is over; null before.</summary>
        public DateTimeOffset? EndedAt { get; private set; }

        public bool IsOver => Feed is null or { IsEnded: true } && Jobs.Values.All(static job => job.Completion.IsCompleted);

        public PushStatus StatusOf(OutputId id) =>
            Jobs.TryGetValue(id, out var job) ? job.Status : Told.GetValueOrDefault(id, PushStatus.Waiting);

        /// <summary>Keeps how they ended and nothing more.</summary>
        /// <returns>What pushed; it is to be disposed of.</returns>
        public PushJob[] Settle(DateTimeOffset now)
        {
            foreach (var (id, job) in Jobs)
            {
                Told[id] = job.Status;
            }

            PushJob[] over = [.. Jobs.Values];
            Jobs.Clear();
            (Feed, EndedAt) = (null, now);
            return over;
        }
    }
}
