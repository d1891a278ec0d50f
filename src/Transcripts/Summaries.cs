using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.Transcripts.Records;
using Roomcast.Transcripts.Services;

namespace Roomcast.Transcripts;

/// <summary>Why no summary is made.</summary>
public enum SummaryRefusal
{
    /// <summary>The session has no transcript, or none any more, or it is not whole yet.</summary>
    NoTranscript,

    /// <summary>The app uses no service for summaries.</summary>
    NoService,
}

/// <summary>
/// Has transcripts summarised: each app's one after the other, apps beside each other, so that a service that is slow or gone holds up
/// its own app alone. What a restart interrupts is done again.
/// </summary>
/// <remarks>
/// What may succeed later is tried again, less and less often: a service's passing fault <see cref="MostAttempts"/> times, one of the
/// database until the transcript is deleted.
/// </remarks>
public sealed class Summaries(
    TranscriptStore store,
    AiServices services,
    ISummariser summariser,
    MeetingStore meetings,
    SessionRecordStore sessions,
    TimeProvider clock,
    ILogger<Summaries> logger) : BackgroundService
{
    /// <summary>How often a service is asked for one summary, some two hours long, before it has failed.</summary>
    internal const int MostAttempts = 8;

    /// <summary>Most characters of a transcript that are summarised; what was said later is left out.</summary>
    private const int MaxTranscriptLength = 400_000;

    // Of all apps together, for the memory that transcripts take.
    private const int MostAtOnce = 32;

    private static readonly TimeSpan ClearInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<AppId, Task> _lanes = new();
    private readonly SemaphoreSlim _places = new(MostAtOnce);

    // Rung by a lane that found no more, when what came meanwhile may have found the lane still there.
    private readonly Channel<bool> _laneEnded = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Asks for the summary of a session that has ended, or for the one that is being made.</summary>
    /// <returns>How far it is; or why none is made.</returns>
    public async Task<(Summary? Summary, SummaryRefusal? Refusal)> AskAsync(
        Meeting meeting, SessionId sessionId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        var transcript = await store.FindAsync(sessionId, cancellationToken);
        if (transcript is not { Status: TranscriptStatus.Ready } || transcript.ExpiresAt <= clock.GetUtcNow() || !await store.HasLinesAsync(sessionId, cancellationToken))
        {
            return (null, SummaryRefusal.NoTranscript);
        }

        if (await store.FindSummaryAsync(sessionId, cancellationToken) is { Status: not SummaryStatus.Failed } known)
        {
            return (known, null);
        }

        if (await services.FindAsync(meeting.AppId, AiServiceKind.Summary, cancellationToken) is null)
        {
            return (null, SummaryRefusal.NoService);
        }

        var queued = new Summary(sessionId, SummaryStatus.Queued, null, AiWishes.SummaryOf(meeting).IsMarkdown, null);
        await store.SaveSummaryAsync(queued, cancellationToken);
        return (queued, null);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _places.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(MakeAllAsync(stoppingToken), ClearAsync(stoppingToken));
        }
        finally
        {
            await Task.WhenAll(_lanes.Values);
        }
    }

    private static TimeSpan DelayAfter(int attempts) =>
        TimeSpan.FromTicks(Math.Min(LongestDelay.Ticks, FirstDelay.Ticks << Math.Min(2 * attempts, 20)));

    private async Task MakeAllAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                foreach (var app in await store.ListAppsWithSummariesDueAsync(stoppingToken))
                {
                    if (!_lanes.ContainsKey(app))
                    {
                        _lanes[app] = Task.Run(() => RunLaneAsync(app, stoppingToken), CancellationToken.None);
                    }
                }
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                TranscriptLog.NotLookedUp(logger, fault);
            }

            await WaitAsync(stoppingToken);
        }
    }

    // For something new, or for a while: what failed comes due without a bell.
    private async Task WaitAsync(CancellationToken stoppingToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        await Task.WhenAny(
            store.Bell.WaitToReadAsync(either.Token).AsTask(),
            _laneEnded.Reader.WaitToReadAsync(either.Token).AsTask(),
            Task.Delay(LookInterval, clock, either.Token));
        store.Bell.TryRead(out _);
        _laneEnded.Reader.TryRead(out _);
        await either.CancelAsync();
        stoppingToken.ThrowIfCancellationRequested();
    }

    private async Task RunLaneAsync(AppId app, CancellationToken stoppingToken)
    {
        var isDone = false;
        try
        {
            while (await store.FindSummaryDueAsync(app, stoppingToken) is { } task)
            {
                await _places.WaitAsync(stoppingToken);
                try
                {
                    await MakeOrDeferAsync(task, stoppingToken);
                }
                finally
                {
                    _places.Release();
                }
            }

            isDone = true;
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was being made is made after the next start.
        }
        catch (Exception fault)
        {
            // The database's; the next look begins anew.
            TranscriptLog.NotLookedUp(logger, fault);
        }
        finally
        {
            _lanes.TryRemove(app, out _);
            if (isDone)
            {
                _laneEnded.Writer.TryWrite(true);
            }
        }
    }

    private async Task MakeOrDeferAsync(SummaryTask task, CancellationToken stoppingToken)
    {
        try
        {
            await MakeAsync(task.SessionId, stoppingToken);
        }
        catch (AiServiceException fault)
        {
            TranscriptLog.NotSummarised(logger, task.SessionId.ToString(), fault.Message);
            if (fault.IsPassing && task.Attempts + 1 < MostAttempts)
            {
                await DeferAsync(task, fault.Message, stoppingToken);
            }
            else
            {
                await FailAsync(task, fault.Message, stoppingToken);
            }
        }
        catch (StorageException fault) when (fault.IsPassing)
        {
            TranscriptLog.SummaryFailed(logger, fault, task.SessionId.ToString());
            await DeferAsync(task, "The server could not reach its storage.", stoppingToken);
        }
        catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
        {
            TranscriptLog.SummaryFailed(logger, fault, task.SessionId.ToString());
            await FailAsync(task, "The server failed to make the summary.", stoppingToken);
        }
    }

    private Task DeferAsync(SummaryTask task, string error, CancellationToken stoppingToken) =>
        store.DeferSummaryAsync(task, error, clock.GetUtcNow() + DelayAfter(task.Attempts), stoppingToken);

    private Task FailAsync(SummaryTask task, string error, CancellationToken stoppingToken) =>
        store.SaveSummaryAsync(new Summary(task.SessionId, SummaryStatus.Failed, null, IsMarkdown: false, error), stoppingToken);

    private async Task MakeAsync(SessionId sessionId, CancellationToken stoppingToken)
    {
        var session = await sessions.FindAsync(sessionId, stoppingToken)
            ?? throw new InvalidOperationException("A summary has no session.");
        var meeting = await meetings.FindAsync(session.AppId, session.MeetingId, stoppingToken)
            ?? throw new InvalidOperationException("A session has no meeting.");
        var service = await services.FindAsync(session.AppId, AiServiceKind.Summary, stoppingToken)
            ?? throw new AiServiceException("The app uses no service for summaries.", isPassing: false);
        var wish = AiWishes.SummaryOf(meeting);
        var summary = new Summary(sessionId, SummaryStatus.InProgress, null, wish.IsMarkdown, null);
        await store.SaveSummaryAsync(summary, stoppingToken);
        var content = await summariser.SummariseAsync(service, await ReadAsync(sessionId, stoppingToken), wish, stoppingToken);
        await store.SaveSummaryAsync(summary with { Status = SummaryStatus.Completed, Content = content }, stoppingToken);
    }

    private async Task<string> ReadAsync(SessionId sessionId, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (var line in await store.ListAsync(sessionId, cancellationToken))
        {
            if (text.Length + line.Text.Length > MaxTranscriptLength)
            {
                break;
            }

            text.Append(line.Name).Append(": ").Append(line.Text).Append('\n');
        }

        return text.ToString();
    }

    private async Task ClearAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(ClearInterval, clock);
        do
        {
            try
            {
                while (await store.DeleteOldAsync(stoppingToken) > 0)
                {
                    // A bounded number at a time, so that other writers come in between.
                }
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                TranscriptLog.NotCleared(logger, fault);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
