using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.Transcripts.Records;
using Roomcast.Transcripts.Services;

namespace Roomcast.Transcripts;

/// <summary>Why no summary is made.</summary>
public enum SummaryRefusal
{
    /// <summary>The session has no transcript, or it is not whole yet.</summary>
    NoTranscript,

    /// <summary>The app uses no service for summaries.</summary>
    NoService,
}

/// <summary>Has transcripts summarised, one after the other. What a restart interrupts is done again.</summary>
public sealed class Summaries(
    TranscriptStore store,
    AiServices services,
    ISummariser summariser,
    MeetingStore meetings,
    SessionRecordStore sessions,
    TimeProvider clock,
    ILogger<Summaries> logger) : BackgroundService
{
    /// <summary>Most characters of a transcript that are summarised; what was said later is left out.</summary>
    private const int MaxTranscriptLength = 400_000;

    private static readonly TimeSpan ClearInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan StartRetry = TimeSpan.FromSeconds(5);

    /// <summary>Asks for the summary of a session that has ended, or for the one that is being made.</summary>
    /// <returns>How far it is; or why none is made.</returns>
    public async Task<(Summary? Summary, SummaryRefusal? Refusal)> AskAsync(
        Meeting meeting, SessionId sessionId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        var transcript = await store.FindAsync(sessionId, cancellationToken);
        if (transcript is not { Status: TranscriptStatus.Ready } || (await store.ListAsync(sessionId, cancellationToken)).Count == 0)
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
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(MakeAllAsync(stoppingToken), ClearAsync(stoppingToken));
    }

    private async Task MakeAllAsync(CancellationToken stoppingToken)
    {
        await QueueUnfinishedAsync(stoppingToken);
        await foreach (var sessionId in store.Queue.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await MakeAsync(sessionId, stoppingToken);
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                TranscriptLog.SummaryFailed(logger, fault, sessionId.ToString());
            }
        }
    }

    private async Task QueueUnfinishedAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                foreach (var unfinished in await store.ListUnfinishedAsync(stoppingToken))
                {
                    store.Queue.Writer.TryWrite(unfinished);
                }

                return;
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                TranscriptLog.NotLookedUp(logger, fault);
                await Task.Delay(StartRetry, clock, stoppingToken);
            }
        }
    }

    private async Task MakeAsync(SessionId sessionId, CancellationToken stoppingToken)
    {
        if (await store.FindSummaryAsync(sessionId, stoppingToken) is not { Status: SummaryStatus.Queued or SummaryStatus.InProgress } summary
            || await sessions.FindAsync(sessionId, stoppingToken) is not { } session
            || await meetings.FindAsync(session.AppId, session.MeetingId, stoppingToken) is not { } meeting)
        {
            return;
        }

        await store.SaveSummaryAsync(summary with { Status = SummaryStatus.InProgress }, stoppingToken);
        try
        {
            var service = await services.FindAsync(session.AppId, AiServiceKind.Summary, stoppingToken)
                ?? throw new AiServiceException("The app uses no service for summaries.", isPassing: false);
            var wish = AiWishes.SummaryOf(meeting);
            var content = await summariser.SummariseAsync(service, await ReadAsync(sessionId, stoppingToken), wish, stoppingToken);
            await store.SaveSummaryAsync(
                summary with { Status = SummaryStatus.Completed, Content = content, IsMarkdown = wish.IsMarkdown }, stoppingToken);
        }
        catch (AiServiceException fault)
        {
            TranscriptLog.NotSummarised(logger, sessionId.ToString(), fault.Message);
            await store.SaveSummaryAsync(summary with { Status = SummaryStatus.Failed, Error = fault.Message }, stoppingToken);
        }
        catch (Exception fault) when (fault is not StorageException && !stoppingToken.IsCancellationRequested)
        {
            TranscriptLog.SummaryFailed(logger, fault, sessionId.ToString());
            await store.SaveSummaryAsync(
                summary with { Status = SummaryStatus.Failed, Error = "The server failed to make the summary." }, stoppingToken);
        }
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
